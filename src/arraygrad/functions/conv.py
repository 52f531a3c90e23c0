"""Convolution in two dimensions and its transpose: three primitives, closed under gradients.

Each of `_conv2d` (images with weights), `_deconv2d` (the adjoint in the images) and
`_conv2d_weight` (the adjoint in the weights) has the other two as its gradients, so that every
order of derivatives is made of the same three, and of a library's fast kernels for them.
"""

from __future__ import annotations

from typing import Any

from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.functions.linalg import linear, promoted
from arraygrad.functions.shape import permute_dims, reshape
from arraygrad.functions.windows import (
    Pair,
    _col2im,
    _im2col,
    checked_pair,
    get_conv_outsize,
    get_deconv_outsize,
    im2col,
    pair,
    shape_of,
    windows,
)
from arraygrad.op import arr, case, in_rule, op
from arraygrad.variable import Variable

__all__ = ["conv2d", "conv2d_simple", "deconv2d"]

_ONE, _NONE = (1, 1), (0, 0)


@op(
    samples=[
        case(arr(2, 3, 5, 4), arr(4, 3, 3, 3), arr(4), pad=(1, 1)),
        case(arr(2, 2, 5, 6), arr(3, 2, 2, 3), stride=(2, 1), pad=(0, 1)),
        case(arr(2, 4, 6, 5), arr(6, 2, 2, 2), arr(6), (1, 2), (1, 1), (2, 1), 2),
        case(arr(2, 3, 4, 4), arr(3, 1, 3, 3), None, (1, 1), (1, 1), (1, 1), 3),
        case(arr(2, 3, 3, 3), arr(2, 3, 1, 1), arr(2)),
        case(arr(1, 2, 5, 5), arr(2, 2, 1, 1), stride=(2, 2)),
    ]
)
def _conv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Pair = _ONE,
    pad: Pair = _NONE,
    dilation: Pair = _ONE,
    groups: int = 1,
    *,
    xp: Any = None,
) -> Any:
    """The convolution of checked arguments, with the bias in one go; what `conv2d` calls."""
    x, W = promoted(xp, x, W)
    col, out = _columns(xp, x, W.shape[2:], stride, pad, dilation, groups)
    n, oc = x.shape[0], W.shape[0]
    y = xp.reshape(W, (groups, oc // groups, col.shape[2])) @ col
    y = xp.reshape(y, (n, oc, *out))
    return y if b is None else y + xp.reshape(b, (1, -1, 1, 1))


@_conv2d.rule("x")
def _(g, W, x_shape, stride, pad, dilation, groups):
    return in_rule(_deconv2d, g, W, None, x_shape[2:], stride, pad, dilation, groups)


@_conv2d.rule("W")
def _(g, x, W_shape, stride, pad, dilation, groups):
    return in_rule(_conv2d_weight, x, g, W_shape[2:], stride, pad, dilation, groups)


@_conv2d.rule("b")
def _(g, xp):
    return xp.sum(g, axis=(0, 2, 3))


@op(
    samples=[
        case(arr(2, 4, 5, 4), arr(4, 3, 3, 3), arr(3), (5, 4), pad=(1, 1)),
        case(arr(2, 3, 2, 6), arr(3, 2, 2, 3), None, (5, 6), stride=(2, 1), pad=(0, 1)),
        case(arr(2, 6, 6, 3), arr(6, 2, 2, 2), arr(4), (6, 5), (1, 2), (1, 1), (2, 1), 2),
        case(arr(2, 3, 3, 3), arr(3, 2, 1, 1), arr(2), (3, 3)),
    ]
)
def _deconv2d(
    x: Any,
    W: Any,
    b: Any = None,
    size: Pair = _ONE,
    stride: Pair = _ONE,
    pad: Pair = _NONE,
    dilation: Pair = _ONE,
    groups: int = 1,
    *,
    xp: Any = None,
) -> Any:
    """The images (N, OC, *size) whose windows `x` weights; what `deconv2d` calls."""
    x, W = promoted(xp, x, W)
    n, c, oh, ow = x.shape
    ocg, kh, kw = W.shape[1:]
    rows = xp.reshape(W, (groups, c // groups, ocg * kh * kw))
    col = rows.mT @ xp.reshape(x, (n, groups, c // groups, oh * ow))
    col = xp.reshape(col, (n, groups * ocg, kh, kw, oh, ow))
    y = _col2im.definition.forward(col, size, stride, pad, dilation, xp=xp)
    return y if b is None else y + xp.reshape(b, (1, -1, 1, 1))


@_deconv2d.rule("x")
def _(g, W, stride, pad, dilation, groups):
    return in_rule(_conv2d, g, W, None, stride, pad, dilation, groups)


@_deconv2d.rule("W")
def _(g, x, W_shape, stride, pad, dilation, groups):
    return in_rule(_conv2d_weight, g, x, W_shape[2:], stride, pad, dilation, groups)


@_deconv2d.rule("b")
def _(g, xp):
    return xp.sum(g, axis=(0, 2, 3))


@op(
    samples=[
        case(arr(2, 3, 5, 4), arr(2, 4, 5, 4), (3, 3), pad=(1, 1)),
        case(arr(2, 2, 5, 6), arr(2, 3, 2, 6), (2, 3), stride=(2, 1), pad=(0, 1)),
        case(arr(2, 4, 6, 5), arr(2, 6, 6, 3), (2, 2), (1, 2), (1, 1), (2, 1), 2),
        case(arr(2, 3, 3, 3), arr(2, 2, 3, 3), (1, 1)),
    ]
)
def _conv2d_weight(
    x: Any,
    h: Any,
    kernel: Pair,
    stride: Pair = _ONE,
    pad: Pair = _NONE,
    dilation: Pair = _ONE,
    groups: int = 1,
    *,
    xp: Any = None,
) -> Any:
    """The weights (OC, C / groups, *kernel): `h` (N, OC, OH, OW) correlated with `x`."""
    x, h = promoted(xp, x, h)
    col, _ = _columns(xp, x, kernel, stride, pad, dilation, groups)
    n, oc, oh, ow = h.shape
    rows = xp.reshape(h, (n, groups, oc // groups, oh * ow))
    gW = xp.sum(rows @ col.mT, axis=0)
    return xp.reshape(gW, (oc, x.shape[1] // groups, *kernel))


@_conv2d_weight.rule("x")
def _(g, h, x_shape, stride, pad, dilation, groups):
    return in_rule(_deconv2d, h, g, None, x_shape[2:], stride, pad, dilation, groups)


@_conv2d_weight.rule("h")
def _(g, x, stride, pad, dilation, groups):
    return in_rule(_conv2d, x, g, None, stride, pad, dilation, groups)


def _columns(
    xp: Any, x: Any, kernel: Pair, stride: Pair, pad: Pair, dilation: Pair, groups: int
) -> tuple[Any, Pair]:
    """All windows, as (N, groups, C / groups * KH * KW, OH * OW), and (OH, OW)."""
    col = _im2col.definition.forward(x, kernel, stride, pad, dilation, xp=xp)
    n, c, kh, kw, oh, ow = col.shape
    return xp.reshape(col, (n, groups, c // groups * kh * kw, oh * ow)), (oh, ow)


def _checked(
    who: str, stride: Any, pad: Any, dilation: Any, groups: Any
) -> tuple[Pair, Pair, Pair]:
    if type(groups) is not int or groups < 1:
        raise ArgumentError(f"{who}: got groups {groups!r}, expected a whole number from 1 on")
    return (
        checked_pair(who, "stride", stride, 1),
        checked_pair(who, "pad", pad, 0),
        checked_pair(who, "dilation", dilation, 1),
    )


def _check_channels(
    who: str, x_shape: tuple[int, ...], c: int, W: Any, b: Any, oc: int, groups: int, form: str
) -> None:
    """Channels of x, weights and bias fit together; `c` and `oc` are what the weights take."""
    if x_shape[1] != c or x_shape[1] % groups or oc % groups:
        raise ShapeError(
            f"{who}: got x of shape {x_shape} and W of shape {tuple(W.shape)} with groups = "
            f"{groups}, expected x of {c} channels and W of shape {form}, both channel numbers "
            f"divisible by groups"
        )
    if b is not None and shape_of(who, "b", b, "(OC,)") != (oc,):
        raise ShapeError(
            f"{who}: got b of shape {tuple(b.shape)}, expected ({oc},), one for each output channel"
        )


@op(
    samples=[
        case(arr(2, 3, 5, 4), arr(4, 3, 3, 3), arr(4), pad=1),
        case(arr(2, 2, 5, 6), arr(3, 2, 2, 3), None, (2, 1), (0, 1)),
        case(arr(1, 4, 6, 6), arr(2, 2, 3, 2), arr(2), dilation=(1, 2), groups=2),
        case(arr(1, 2, 7, 7), arr(3, 2, 3, 3), arr(3), 2, 1),
    ]
)
def conv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Variable:
    """The two-dimensional convolution of images, by the kernel as it stands (not turned around).

    x: (N, C, H, W). W: (OC, C / groups, KH, KW). b: (OC,) or None. Result: (N, OC, OH, OW) with
    OH = (H + 2 pad - dilation (KH - 1) - 1) // stride + 1. stride, pad, dilation: one number or
    (height, width); the padding is zeros.
    Raises ShapeError where shapes do not fit or the kernel is larger than the padded image, and
    ArgumentError for a parameter out of range.

    LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition"; dilation:
    Yu and Koltun 2015, arXiv:1511.07122.

    >>> conv2d(Variable(np.ones((1, 1, 3, 3))), np.ones((1, 1, 3, 3)), pad=1)
    variable([[[[4. 6. 4.]
                [6. 9. 6.]
                [4. 6. 4.]]]])
    """
    x_shape = shape_of("conv2d", "x", x, "(N, C, H, W)")
    oc, cg, kh, kw = shape_of("conv2d", "W", W, "(OC, C / groups, KH, KW)")
    steps, edges, gaps = _checked("conv2d", stride, pad, dilation, groups)
    _check_channels("conv2d", x_shape, cg * groups, W, b, oc, groups, "(OC, C / groups, KH, KW)")
    windows("conv2d", x_shape[2:], (kh, kw), steps, edges, gaps)
    return _conv2d(x, W, b, steps, edges, gaps, groups)


@op(
    samples=[
        case(arr(2, 4, 3, 4), arr(4, 3, 3, 3), arr(3), pad=1),
        case(arr(2, 3, 2, 3), arr(3, 2, 2, 3), None, (2, 1), (0, 1)),
        case(arr(1, 2, 3, 3), arr(2, 3, 3, 3), arr(3), 2, 1, (6, 6)),
        case(arr(1, 4, 3, 3), arr(4, 2, 2, 2), arr(4), dilation=(1, 2), groups=2),
    ]
)
def deconv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    outsize: Any = None,
    dilation: Any = 1,
    groups: int = 1,
) -> Variable:
    """The transposed convolution: the gradient of `conv2d` in its images, as a function.

    x: (N, C, H, W). W: (C, OC / groups, KH, KW). b: (OC,) or None. Result: (N, OC, OH, OW) with
    OH = stride (H - 1) + dilation (KH - 1) + 1 - 2 pad, or `outsize`, one number or (OH, OW),
    which must be a size that `conv2d` would bring back to (H, W).
    Raises ShapeError where shapes do not fit, ArgumentError for a parameter out of range.

    Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, arXiv:1603.07285.

    >>> deconv2d(Variable(np.ones((1, 1, 2, 2))), np.ones((1, 1, 2, 2)))
    variable([[[[1. 2. 1.]
                [2. 4. 2.]
                [1. 2. 1.]]]])
    """
    x_shape = shape_of("deconv2d", "x", x, "(N, C, H, W)")
    c, ocg, kh, kw = shape_of("deconv2d", "W", W, "(C, OC / groups, KH, KW)")
    steps, edges, gaps = _checked("deconv2d", stride, pad, dilation, groups)
    _check_channels("deconv2d", x_shape, c, W, b, ocg * groups, groups, "(C, OC / groups, KH, KW)")
    sides = zip(x_shape[2:], (kh, kw), steps, edges, gaps, strict=True)
    oh, ow = (get_deconv_outsize(*side) for side in sides)
    size = (oh, ow)
    if outsize is not None:
        least, size = size, checked_pair("deconv2d", "outsize", outsize, 1)
        back = tuple(map(get_conv_outsize, size, (kh, kw), steps, edges, gaps))
        if back != x_shape[2:]:
            most = tuple(n + s - 1 for n, s in zip(least, steps, strict=True))
            raise ArgumentError(
                f"deconv2d: got the outsize {size}, which a convolution brings to {back}, "
                f"expected one that it brings to {x_shape[2:]}, the size of x: from {least} to "
                f"{most}"
            )
    if size[0] < 1 or size[1] < 1:
        raise ShapeError(
            f"deconv2d: got images of {x_shape[2]} x {x_shape[3]} with padding {edges}, whose "
            f"result would be {size[0]} x {size[1]}, expected at least 1 x 1; use less padding"
        )
    return _deconv2d(x, W, b, size, steps, edges, gaps, groups)


@op(
    samples=[
        case(arr(2, 3, 5, 4), arr(4, 3, 3, 3), arr(4), pad=1),
        case(arr(2, 2, 5, 6), arr(3, 2, 2, 3), None, (2, 1), (0, 1)),
    ]
)
def conv2d_simple(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0) -> Variable:
    """`conv2d` composed of `im2col` and `linear`, as the book first writes it."""
    n, _, h, w = shape_of("conv2d_simple", "x", x, "(N, C, H, W)")
    oc, _, *kernel = shape_of("conv2d_simple", "W", W, "(OC, C, KH, KW)")
    col = im2col(x, kernel, stride, pad, to_matrix=True)
    y = linear(col, permute_dims(reshape(W, (oc, -1)), (1, 0)), b)
    oh, ow = map(get_conv_outsize, (h, w), kernel, pair(stride), pair(pad))
    return permute_dims(reshape(y, (n, oh, ow, oc)), (0, 3, 1, 2))
