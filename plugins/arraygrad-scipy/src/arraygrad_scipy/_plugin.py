"""What arraygrad finds here: names of things, imported when somebody uses them."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"

FUNCTIONS = {
    "convolution": ("convolve", "correlate", "fftconvolve"),
    "exponential": ("expm",),
    "filters": ("lfilter",),
    "integrate": ("odeint",),
    "interpolation": ("interp", "map_coordinates"),
    "linalg": (
        "block_diag",
        "cho_factor",
        "cho_solve",
        "matmul_toeplitz",
        "solve_triangular",
    ),
    "ndimage": (
        "correlate1d",
        "laplace",
        "maximum_filter",
        "median_filter",
        "minimum_filter",
        "prewitt",
        "sobel",
        "uniform_filter",
    ),
    "smoothing": (
        "gaussian_filter",
        "gaussian_filter1d",
        "moving_mean",
        "moving_sum",
        "savgol_filter",
        "uniform_filter1d",
    ),
    "splines": ("CubicSpline", "PchipInterpolator", "cubic_spline", "pchip_interpolate"),
}

# Private primitives, whose definitions are for every library: what SciPy has for NumPy arrays.
NUMPY = ("_all_pole", "_convolve", "_solve_triangular", "_solve_tridiagonal")


@hookimpl
def arraygrad_register_ops(register: Any) -> None:
    for module, names in FUNCTIONS.items():
        for name in names:
            register(f"arraygrad_scipy.{module}:{name}")


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    for name in NUMPY:
        register(f"scipy:{name}", "numpy", f"arraygrad_scipy.numpy_kernels:{name[1:]}")
    target = "arraygrad_scipy.torch_kernels:solve_triangular"
    register("scipy:_solve_triangular", "torch", target)
