"""The functions of the array API standard, 2025.12: their signatures and which have gradients.

Functions of the extensions are written with their prefix (`linalg.`, `fft.`). `arraygrad.xp` is
made from this table; what its functions do is for the array library and the ops to say.
"""

from __future__ import annotations

VERSION = "2025.12"

CREATION = """
    arange(start, /, stop=None, step=1, *, dtype=None, device=None)
    asarray(obj, /, *, dtype=None, device=None, copy=None)
    empty(shape, *, dtype=None, device=None)
    empty_like(x, /, *, dtype=None, device=None)
    eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
    from_dlpack(x, /, *, device=None, copy=None)
    full(shape, fill_value, *, dtype=None, device=None)
    full_like(x, /, fill_value, *, dtype=None, device=None)
    linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
    meshgrid(*arrays, indexing="xy")
    ones(shape, *, dtype=None, device=None)
    ones_like(x, /, *, dtype=None, device=None)
    tril(x, /, *, k=0)
    triu(x, /, *, k=0)
    zeros(shape, *, dtype=None, device=None)
    zeros_like(x, /, *, dtype=None, device=None)
"""

DTYPES = """
    astype(x, dtype, /, *, copy=True, device=None)
    can_cast(from_, to, /)
    finfo(type, /)
    iinfo(type, /)
    isdtype(dtype, kind)
    result_type(*arrays_and_dtypes)
"""

ONE_ARRAY = """
    abs(x, /)
    acos(x, /)
    acosh(x, /)
    asin(x, /)
    asinh(x, /)
    atan(x, /)
    atanh(x, /)
    bitwise_invert(x, /)
    ceil(x, /)
    clip(x, /, min=None, max=None)
    conj(x, /)
    cos(x, /)
    cosh(x, /)
    exp(x, /)
    expm1(x, /)
    floor(x, /)
    imag(x, /)
    isfinite(x, /)
    isinf(x, /)
    isnan(x, /)
    log(x, /)
    log10(x, /)
    log1p(x, /)
    log2(x, /)
    logical_not(x, /)
    negative(x, /)
    positive(x, /)
    real(x, /)
    reciprocal(x, /)
    round(x, /)
    sign(x, /)
    signbit(x, /)
    sin(x, /)
    sinh(x, /)
    sqrt(x, /)
    square(x, /)
    tan(x, /)
    tanh(x, /)
    trunc(x, /)
"""

TWO_ARRAYS = """
    add(x1, x2, /)
    atan2(x1, x2, /)
    bitwise_and(x1, x2, /)
    bitwise_left_shift(x1, x2, /)
    bitwise_or(x1, x2, /)
    bitwise_right_shift(x1, x2, /)
    bitwise_xor(x1, x2, /)
    copysign(x1, x2, /)
    divide(x1, x2, /)
    equal(x1, x2, /)
    floor_divide(x1, x2, /)
    greater(x1, x2, /)
    greater_equal(x1, x2, /)
    hypot(x1, x2, /)
    less(x1, x2, /)
    less_equal(x1, x2, /)
    logaddexp(x1, x2, /)
    logical_and(x1, x2, /)
    logical_or(x1, x2, /)
    logical_xor(x1, x2, /)
    maximum(x1, x2, /)
    minimum(x1, x2, /)
    multiply(x1, x2, /)
    nextafter(x1, x2, /)
    not_equal(x1, x2, /)
    pow(x1, x2, /)
    remainder(x1, x2, /)
    subtract(x1, x2, /)
"""

MANIPULATION = """
    broadcast_arrays(*arrays)
    broadcast_shapes(*shapes)
    broadcast_to(x, /, shape)
    concat(arrays, /, *, axis=0)
    expand_dims(x, /, axis)
    flip(x, /, *, axis=None)
    moveaxis(x, source, destination, /)
    permute_dims(x, /, axes)
    repeat(x, repeats, /, *, axis=None)
    reshape(x, /, shape, *, copy=None)
    roll(x, /, shift, *, axis=None)
    squeeze(x, /, axis)
    stack(arrays, /, *, axis=0)
    tile(x, repetitions, /)
    unstack(x, /, *, axis=0)
"""

PICKING = """
    argmax(x, /, *, axis=None, keepdims=False)
    argmin(x, /, *, axis=None, keepdims=False)
    argsort(x, /, *, axis=-1, descending=False, stable=True)
    count_nonzero(x, /, *, axis=None, keepdims=False)
    isin(x1, x2, /, *, invert=False)
    nonzero(x, /)
    searchsorted(x1, x2, /, *, side="left", sorter=None)
    sort(x, /, *, axis=-1, descending=False, stable=True)
    take(x, indices, /, *, axis=None)
    take_along_axis(x, indices, /, *, axis=-1)
    unique_all(x, /)
    unique_counts(x, /)
    unique_inverse(x, /)
    unique_values(x, /)
    where(condition, x1, x2, /)
"""

REDUCTION = """
    all(x, /, *, axis=None, keepdims=False)
    any(x, /, *, axis=None, keepdims=False)
    cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False)
    cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False)
    diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
    max(x, /, *, axis=None, keepdims=False)
    mean(x, /, *, axis=None, keepdims=False)
    min(x, /, *, axis=None, keepdims=False)
    prod(x, /, *, axis=None, dtype=None, keepdims=False)
    std(x, /, *, axis=None, correction=0.0, keepdims=False)
    sum(x, /, *, axis=None, dtype=None, keepdims=False)
    var(x, /, *, axis=None, correction=0.0, keepdims=False)
"""

LINALG = """
    matmul(x1, x2, /)
    matrix_transpose(x, /)
    tensordot(x1, x2, /, *, axes=2)
    vecdot(x1, x2, /, *, axis=-1)
    linalg.cholesky(x, /, *, upper=False)
    linalg.cross(x1, x2, /, *, axis=-1)
    linalg.det(x, /)
    linalg.diagonal(x, /, *, offset=0)
    linalg.eig(x, /)
    linalg.eigh(x, /)
    linalg.eigvals(x, /)
    linalg.eigvalsh(x, /)
    linalg.inv(x, /)
    linalg.matmul(x1, x2, /)
    linalg.matrix_norm(x, /, *, keepdims=False, ord="fro")
    linalg.matrix_power(x, n, /)
    linalg.matrix_rank(x, /, *, rtol=None)
    linalg.matrix_transpose(x, /)
    linalg.outer(x1, x2, /)
    linalg.pinv(x, /, *, rtol=None)
    linalg.qr(x, /, *, mode="reduced")
    linalg.slogdet(x, /)
    linalg.solve(x1, x2, /)
    linalg.svd(x, /, *, full_matrices=True)
    linalg.svdvals(x, /)
    linalg.tensordot(x1, x2, /, *, axes=2)
    linalg.trace(x, /, *, offset=0, dtype=None)
    linalg.vecdot(x1, x2, /, *, axis=-1)
    linalg.vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
"""

FFT = """
    fft.fft(x, /, *, n=None, axis=-1, norm="backward")
    fft.fftfreq(n, /, *, d=1.0, dtype=None, device=None)
    fft.fftn(x, /, *, s=None, axes=None, norm="backward")
    fft.fftshift(x, /, *, axes=None)
    fft.hfft(x, /, *, n=None, axis=-1, norm="backward")
    fft.ifft(x, /, *, n=None, axis=-1, norm="backward")
    fft.ifftn(x, /, *, s=None, axes=None, norm="backward")
    fft.ifftshift(x, /, *, axes=None)
    fft.ihfft(x, /, *, n=None, axis=-1, norm="backward")
    fft.irfft(x, /, *, n=None, axis=-1, norm="backward")
    fft.irfftn(x, /, *, s=None, axes=None, norm="backward")
    fft.rfft(x, /, *, n=None, axis=-1, norm="backward")
    fft.rfftfreq(n, /, *, d=1.0, dtype=None, device=None)
    fft.rfftn(x, /, *, s=None, axes=None, norm="backward")
"""


def _by_name(*groups: str) -> dict[str, str]:
    words = [line.strip().partition("(") for group in groups for line in group.strip().split("\n")]
    return {name: f"({parameters}" for name, _, parameters in words}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Name -> its parameters in the table above, in order.
SIGNATURES = _by_name(
    CREATION,
    DTYPES,
    ONE_ARRAY,
    TWO_ARRAYS,
    MANIPULATION,
    PICKING,
    REDUCTION,
    LINALG,
    FFT,
)

PAIRWISE = frozenset(_by_name(TWO_ARRAYS))
ELEMENTWISE = PAIRWISE | frozenset(_by_name(ONE_ARRAY))

# Neither take part in differentiation nor give arrays; arrays among their arguments are asked
# for no more than dtype and shape.
PLAIN = _names("broadcast_shapes can_cast finfo iinfo isdtype result_type")

# New arrays, never tracked, from shapes and dtypes; those named *_like ask an array for no more.
NEW_ARRAYS = _names("empty empty_like eye ones ones_like zeros zeros_like")

# Step functions, whose derivative is zero wherever there is one, and functions with results that
# are truth values, indices or counts.
CONSTANT = _names("""
    all any argmax argmin argsort bitwise_and bitwise_invert bitwise_left_shift bitwise_or
    bitwise_right_shift bitwise_xor ceil count_nonzero equal floor floor_divide greater
    greater_equal isfinite isin isinf isnan less less_equal linalg.matrix_rank logical_and
    logical_not logical_or logical_xor nextafter nonzero not_equal round searchsorted signbit trunc
    """)

# Two names of one function.
ALIASES = {f"linalg.{name}": name for name in ("matmul", "matrix_transpose", "tensordot", "vecdot")}

# All others have a derivative: sign for complex numbers alone, unique_* for the values alone, and
# arange, fftfreq and rfftfreq none that is given here, so that tracked arguments are refused.
DIFFERENTIABLE = frozenset(SIGNATURES) - PLAIN - NEW_ARRAYS - CONSTANT
