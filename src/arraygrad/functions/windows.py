"""Windows over images: their geometry, and the columns (im2col) that products are made of.

Convolution is a product with the columns of all windows, and what the windows overlap is added
up again by the adjoint, col2im. Both are linear, and each is the gradient of the other, so that
everything made of them can be differentiated to any order.
"""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError, DtypeError, ShapeError
from arraygrad.functions.shape import permute_dims, reshape
from arraygrad.op import arr, case, in_rule, op
from arraygrad.variable import Variable, as_array

__all__ = ["col2im", "im2col"]

Pair = tuple[int, int]


def pair(x: Any) -> Pair:
    """A number for both of height and width, or the two given.

    >>> pair(3), pair((1, 2))
    ((3, 3), (1, 2))
    """
    if isinstance(x, tuple | list):
        if len(x) != 2:
            raise ArgumentError(f"pair: got {x!r}, expected one number or two (height, width)")
        return x[0], x[1]
    return x, x


def get_conv_outsize(
    input_size: int, kernel_size: int, stride: int, pad: int, dilation: int = 1
) -> int:
    """The number of windows along one side: (size + 2 pad - kernel) // stride + 1.

    >>> get_conv_outsize(4, 3, 1, 1)
    4
    """
    return (input_size + 2 * pad - dilation * (kernel_size - 1) - 1) // stride + 1


def get_deconv_outsize(size: int, k: int, s: int, p: int, dilation: int = 1) -> int:
    """The side of the smallest image with `size` windows: stride (size - 1) + kernel - 2 pad.

    >>> get_deconv_outsize(4, 3, 1, 1)
    4
    """
    return s * (size - 1) + dilation * (k - 1) + 1 - 2 * p


def checked_pair(who: str, what: str, value: Any, least: int) -> Pair:
    """A parameter as (height, width), both whole numbers from `least` on."""
    if type(value) is int and value >= least:
        return value, value
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) == 2:
        try:
            both = tuple(v.__index__() for v in both)
            if both[0] >= least and both[1] >= least:
                return both
        except (AttributeError, TypeError):
            pass
    raise ArgumentError(
        f"{who}: got {what} {value!r}, expected a whole number from {least} on, or two of them "
        f"(height, width)"
    )


def shape_of(who: str, what: str, x: Any, form: str) -> tuple[int, ...]:
    """The shape of an array with as many axes as `form`, such as "(N, C, H, W)", names."""
    if not hasattr(x, "shape"):
        raise DtypeError(f"{who}: got {type(x)} for {what}, expected an array or a Variable")
    shape = tuple(x.shape)
    if len(shape) != form.count(",") + (form[-2] != ","):
        raise ShapeError(
            f"{who}: got {what} of shape {shape}, expected {form}; "
            f"reshape it, or add the missing axes with F.expand_dims"
        )
    return shape


def windows(who: str, size: Any, kernel: Pair, stride: Pair, pad: Pair, dilation: Pair) -> Pair:
    """The numbers of windows (OH, OW), checked: at least one must fit."""
    out = tuple(map(get_conv_outsize, size, kernel, stride, pad, dilation))
    if out[0] < 1 or out[1] < 1:
        wide = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        padded = tuple(n + 2 * p for n, p in zip(size, pad, strict=True))
        raise ShapeError(
            f"{who}: got a window of {wide[0]} x {wide[1]} for images of {size[0]} x {size[1]}, "
            f"{padded[0]} x {padded[1]} with the padding, expected a window that fits; use a "
            f"smaller kernel, more padding or larger images"
        )
    return out[0], out[1]


def padded(xp: Any, x: Any, pad: Pair, value: Any = 0) -> Any:
    """`x` (..., H, W) with `pad` rows and columns of `value` around it."""
    device = backend_of(x).device(x)
    for axis, n in ((-2, pad[0]), (-1, pad[1])):
        if n:
            shape = list(x.shape)
            shape[axis] = n
            edge = xp.full(tuple(shape), value, dtype=x.dtype, device=device)
            x = xp.concat([edge, x, edge], axis=axis)
    return x


def taps(kernel: Pair, stride: Pair, dilation: Pair, out: Pair) -> list[Any]:
    """For each place in the window, row by row: the key of its pixels in the padded image."""
    rows, cols = (
        [slice(i * d, i * d + (n - 1) * s + 1, s) for i in range(k)]
        for k, s, d, n in zip(kernel, stride, dilation, out, strict=True)
    )
    return [(..., row, col) for row in rows for col in cols]


@op(
    samples=[
        case(arr(2, 3, 5, 4), (2, 3)),
        case(arr(1, 2, 5, 6), (3, 2), (2, 1), (1, 0)),
        case(arr(1, 2, 7, 6), (2, 2), (2, 3), (0, 1), (3, 2)),
    ]
)
def _im2col(
    x: Any,
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    *,
    xp: Any = None,
) -> Any:
    """The windows of `x` (N, C, H, W), as (N, C, KH, KW, OH, OW); what `im2col` calls."""
    out = windows("im2col", x.shape[-2:], kernel, stride, pad, dilation)
    x = padded(xp, x, pad)
    col = xp.stack([x[key] for key in taps(kernel, stride, dilation, out)], axis=2)
    return xp.reshape(col, (*x.shape[:2], *kernel, *out))


@_im2col.rule
def _(g, x_shape, stride, pad, dilation):
    return in_rule(_col2im, g, x_shape[2:], stride, pad, dilation)


@op(
    samples=[
        case(arr(2, 3, 2, 3, 4, 2), (5, 4)),
        case(arr(1, 2, 3, 2, 3, 5), (6, 6), (2, 1), (1, 0)),
        case(arr(1, 2, 2, 2, 2, 2), (7, 6), (2, 3), (0, 1), (3, 2)),
    ]
)
def _col2im(
    col: Any,
    size: Pair,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    *,
    xp: Any = None,
) -> Any:
    """The sum of windows (N, C, KH, KW, OH, OW) where they lie; what `col2im` calls."""
    kh, kw = col.shape[2:4]
    h, w = size[0] + 2 * pad[0], size[1] + 2 * pad[1]
    rows: Any = None
    for i in range(kh):
        row: Any = None
        for j in range(kw):
            part = _placed(xp, col[:, :, i, j, :, :], w, j * dilation[1], stride[1])
            row = part if row is None else row + part
        part = _placed(xp, row.mT, h, i * dilation[0], stride[0]).mT
        rows = part if rows is None else rows + part
    return rows[:, :, pad[0] : pad[0] + size[0], pad[1] : pad[1] + size[1]]


@_col2im.rule
def _(g, col_shape, stride, pad, dilation):
    return in_rule(_im2col, g, col_shape[2:4], stride, pad, dilation)


def _placed(xp: Any, x: Any, length: int, start: int, step: int) -> Any:
    """Zeros (..., length) with the last axis of `x` at start, start + step, ...: no writing."""
    *lead, n = x.shape
    device = backend_of(x).device(x)

    def zeros(*shape: int) -> Any:
        return xp.zeros((*lead, *shape), dtype=x.dtype, device=device)

    if step > 1 and n > 1:
        gaps = xp.concat([xp.expand_dims(x, axis=-1), zeros(n, step - 1)], axis=-1)
        x = xp.reshape(gaps, (*lead, n * step))[..., : (n - 1) * step + 1]
    rest = length - start - x.shape[-1]
    return xp.concat([zeros(start), x, zeros(rest)], axis=-1)


@op(
    samples=[
        case(arr(2, 3, 5, 4), (2, 3)),
        case(arr(2, 3, 5, 4), 3, 2, 1),
        case(arr(1, 2, 5, 4), (3, 1), (2, 1), (0, 1), False),
    ]
)
def im2col(
    x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0, to_matrix: bool = True
) -> Variable:
    """The windows of images as rows of a matrix.

    x: (N, C, H, W). kernel_size, stride, pad: one number, or two (height, width).
    Result: (N * OH * OW, C * KH * KW), or with to_matrix=False (N, C, KH, KW, OH, OW).
    Raises ShapeError where no window fits, ArgumentError for a stride or pad out of range.

    Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks".

    >>> im2col(np.ones((1, 3, 7, 7)), kernel_size=5).shape
    (9, 75)
    """
    n, *_, h, w = shape_of("im2col", "x", x, "(N, C, H, W)")
    kernel = checked_pair("im2col", "kernel_size", kernel_size, 1)
    steps = checked_pair("im2col", "stride", stride, 1)
    edges = checked_pair("im2col", "pad", pad, 0)
    oh, ow = windows("im2col", (h, w), kernel, steps, edges, (1, 1))
    col = _im2col(x, kernel, steps, edges)
    if not to_matrix:
        return col
    width = col.shape[1] * kernel[0] * kernel[1]
    return reshape(permute_dims(col, (0, 4, 5, 1, 2, 3)), (n * oh * ow, width))


@op(
    samples=[
        case(arr(16, 18), (2, 3, 5, 4), (2, 3)),
        case(arr(12, 27), (2, 3, 5, 4), 3, 2, 1),
        case(arr(1, 2, 3, 1, 2, 6), (1, 2, 5, 4), (3, 1), (2, 1), (0, 1), False),
    ]
)
def col2im(
    x: Any,
    input_shape: Any,
    kernel_size: Any,
    stride: Any = 1,
    pad: Any = 0,
    to_matrix: bool = True,
) -> Variable:
    """Windows put back where they lie in images of `input_shape`, overlaps added: im2col's adjoint.

    x: what `im2col` of images (N, C, H, W) = input_shape gives. Raises as `im2col`, and
    ShapeError where x has not the shape that belongs to the images.

    >>> col2im(np.ones((4, 4)), (1, 1, 3, 3), kernel_size=2)
    variable([[[[1. 2. 1.]
                [2. 4. 2.]
                [1. 2. 1.]]]])
    """
    shape = tuple(input_shape)
    if len(shape) != 4:
        raise ShapeError(f"col2im: got the input_shape {shape}, expected (N, C, H, W)")
    n, c, h, w = shape
    kh, kw = kernel = checked_pair("col2im", "kernel_size", kernel_size, 1)
    steps = checked_pair("col2im", "stride", stride, 1)
    edges = checked_pair("col2im", "pad", pad, 0)
    oh, ow = windows("col2im", (h, w), kernel, steps, edges, (1, 1))
    expected = (n * oh * ow, c * kh * kw) if to_matrix else (n, c, kh, kw, oh, ow)
    got = shape_of("col2im", "x", x, "(N OH OW, C KH KW)" if to_matrix else "(N,C,KH,KW,OH,OW)")
    if got != expected:
        raise ShapeError(
            f"col2im: got x of shape {got}, expected {expected} for images of shape {shape}; "
            f"give the shape, kernel, stride and pad that im2col had"
        )
    if to_matrix:
        x = permute_dims(reshape(x, (n, oh, ow, c, kh, kw)), (0, 3, 4, 5, 1, 2))
    return _col2im(x, (h, w), steps, edges)


def im2col_array(
    img: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0, to_matrix: bool = True
) -> Any:
    """`im2col` of an array, as an array of the same library.

    >>> im2col_array(np.ones((10, 3, 7, 7)), 5, 1, 0).shape
    (90, 75)
    """
    return im2col(as_array(img), kernel_size, stride, pad, to_matrix).data


def col2im_array(
    col: Any,
    img_shape: Any,
    kernel_size: Any,
    stride: Any = 1,
    pad: Any = 0,
    to_matrix: bool = True,
) -> Any:
    """`col2im` of an array, as an array of the same library.

    >>> col2im_array(np.ones((90, 75)), (10, 3, 7, 7), 5, 1, 0).shape
    (10, 3, 7, 7)
    """
    return col2im(as_array(col), img_shape, kernel_size, stride, pad, to_matrix).data
