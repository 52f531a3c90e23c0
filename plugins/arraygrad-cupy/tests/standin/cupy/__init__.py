"""A stand-in for CuPy on machines without a GPU: NumPy behind a wall, see `cupy._array`.

It has the names that CuPy has of those that arraygrad and array-api-compat ask for; a test
compares them with CuPy's own where that is installed.
"""

from functools import partial

import numpy as np

from cupy import cublas as cublas
from cupy import cuda as cuda
from cupy import fft as fft
from cupy import lib as lib
from cupy import linalg as linalg
from cupy._array import fresh, here, holds_arrays, inside, ndarray, of_arrays, run
from cupy._array import traffic as traffic
from cupy._kernel import ElementwiseKernel as ElementwiseKernel

__version__ = "14.0.0"

_AS_THEY_ARE = """
bool_ complex64 complex128 complexfloating dtype finfo float16 float32 float64 floating generic
iinfo inexact int8 int16 int32 int64 integer intp issubdtype number result_type signedinteger
uint8 uint16 uint32 uint64 unsignedinteger can_cast e inf nan newaxis pi isscalar
""".split()  # noqa: SIM905
_FUNCTIONS = """
all allclose amax amin any append broadcast_shapes argmax argmin argsort argwhere around
array_equal array_split atleast_1d atleast_2d average bincount broadcast_arrays broadcast_to clip
column_stack compress concatenate conj conjugate count_nonzero cross cumprod cumsum diag diagonal
diff digitize dot dstack ediff1d einsum expand_dims extract flip fliplr flipud gradient hstack
imag inner interp isclose isin kron lexsort matmul max mean median meshgrid min moveaxis
nan_to_num nanmax nanmean nanmin nansum ndim nonzero outer pad partition percentile prod ptp put
quantile ravel real repeat reshape roll rollaxis rot90 round searchsorted shape size sort split
squeeze stack std sum swapaxes tensordot tile trace transpose tri tril triu unique unravel_index
vander var vdot vsplit vstack where arange empty_like eye full full_like identity linspace
logspace ones ones_like zeros zeros_like tril_indices triu_indices indices isdtype
matrix_transpose promote_types
""".split()  # noqa: SIM905
# For the others the first argument is an array, or a sequence of arrays.
_OF_ANYTHING = """
allclose arange array_equal broadcast_shapes einsum empty_like eye full full_like identity indices
isclose isdtype linspace logspace ndim ones ones_like promote_types shape size tri tril_indices
triu_indices unravel_index where zeros zeros_like
""".split()  # noqa: SIM905
_UFUNCS = """
absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or
bitwise_xor cbrt ceil copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1 fabs
floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside hypot invert isfinite
isinf isnan lcm ldexp left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2
logical_and logical_not logical_or logical_xor maximum minimum modf multiply negative nextafter
not_equal positive power rad2deg radians reciprocal remainder right_shift rint sign signbit sin
sinh sqrt square subtract tan tanh true_divide trunc
""".split()  # noqa: SIM905


class ufunc:
    """One of NumPy's, on these arrays; `at` for addition alone, as it is used."""

    def __init__(self, name):
        self.__name__, self._ufunc = name, getattr(np, name)

    def __call__(self, *args, **kwargs):
        return run(self._ufunc, *args, **kwargs)

    def at(self, x, key, values=None):
        if x.dtype.char not in "fdilqILQ":  # what CuPy's atomicAdd takes
            raise TypeError(f"atomicAdd: {x.dtype}")
        self._ufunc.at(here(x), inside(key), here(values))


for _name in _AS_THEY_ARE:
    globals()[_name] = getattr(np, _name)
for _name in _FUNCTIONS:
    if hasattr(np, _name):
        _kind = run if _name in _OF_ANYTHING else of_arrays
        globals()[_name] = partial(_kind, getattr(np, _name))
for _name in _UFUNCS:
    globals()[_name] = ufunc(_name)
abs = absolute  # noqa: F821


def sign(x):
    y = run(np.sign, x)
    return where(y == y, y, x.dtype.type(0)) if x.dtype.kind == "f" else y  # noqa: F821


def array(obj, dtype=None, copy=True, order="K", **kwargs):
    if isinstance(obj, ndarray):
        if obj.device != cuda.Device():
            return fresh(obj._a.astype(obj.dtype if dtype is None else dtype))
        return obj.astype(obj.dtype if dtype is None else dtype, copy=bool(copy))
    if holds_arrays(obj):
        return stack([array(x, dtype) for x in obj])  # noqa: F821
    if hasattr(obj, "__array_namespace__") and not isinstance(obj, (np.ndarray, np.generic)):
        raise TypeError(f"Unsupported type {type(obj)}")
    a = np.array(obj, dtype=dtype)
    if a.dtype.kind not in "fciub":
        raise ValueError(f"Unsupported dtype {a.dtype}")
    if a.ndim:
        traffic.append("from host: array")
    return fresh(a)


def asarray(obj, dtype=None, order=None, **kwargs):
    return array(obj, dtype, copy=False)


def ascontiguousarray(x, dtype=None):
    return run(np.ascontiguousarray, x, dtype)


def copy(x, order="K"):
    return x.copy()


def empty(shape, dtype=float, order="C"):
    return ndarray(shape, dtype, order)


def asnumpy(x, **kwargs):
    return x.get() if isinstance(x, ndarray) else np.asarray(x)


def take(x, indices, axis=None):
    return x.take(indices, axis)


def take_along_axis(x, indices, axis):
    places = indices.astype(np.int64) % x.shape[axis]  # CuPy does not look
    return run(np.take_along_axis, x, places, axis)


def astype(x, dtype, copy=True):
    return x.astype(dtype, copy=copy)


__all__ = [name for name in globals() if name[0] != "_"]
