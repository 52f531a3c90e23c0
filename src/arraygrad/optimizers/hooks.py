"""Hooks: what is done to the gradients before an update."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from arraygrad.backend import backend_of
from arraygrad.errors import LayerError
from arraygrad.layers import Layer
from arraygrad.optimizers.blocks import apply
from arraygrad.optimizers.gradient import gradient
from arraygrad.variable import Parameter


class WeightDecay:
    """A hook that adds rate * p to each gradient: the gradient of rate / 2 * |p|^2.

    Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization" (1991).

    >>> from arraygrad.optimizers import SGD
    >>> optimizer = SGD(lr=0.1)
    >>> optimizer.add_hook(WeightDecay(rate=1e-4))
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, params: Iterable[Parameter]) -> None:
        rate = float(self.rate)
        for p in params:
            p.grad = apply(lambda g, x: x * rate + g, (gradient(p), p.data))


class ClipGrad:
    """A hook that scales all gradients so that their norm together is at most max_norm.

    Gradients that are not finite are left as they are.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013),
    arXiv:1211.5063.

    >>> from arraygrad.optimizers import SGD
    >>> optimizer = SGD(lr=0.1)
    >>> optimizer.add_hook(ClipGrad(max_norm=1.0))
    """

    def __init__(self, max_norm: float) -> None:
        self.max_norm = max_norm

    def __call__(self, params: Iterable[Parameter]) -> None:
        params = list(params)
        if not all(backend_of(p.grad.data).concrete(p.grad.data) for p in params):  # type: ignore[union-attr]
            _clip_traced(params, self.max_norm)
            return
        norm = math.hypot(*(_norm(p) for p in params))
        if self.max_norm < norm < math.inf:
            factor = float(self.max_norm / norm)
            for p in params:
                p.grad = apply(lambda g: g * factor, (gradient(p),))


class FreezeParam:
    """A hook that keeps parameters, or all of some layers, from being updated.

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> from arraygrad.optimizers import SGD
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = SGD(lr=0.1).setup(layer)
    >>> optimizer.add_hook(FreezeParam(layer))
    >>> layer.b.grad = np.ones(1, dtype=np.float32)
    >>> optimizer.update()
    >>> layer.b
    variable([0.])
    """

    def __init__(self, *layers: Layer | Parameter) -> None:
        for layer in layers:
            if not isinstance(layer, (Layer, Parameter)):
                raise LayerError(
                    f"FreezeParam: got a {type(layer).__name__}; expected layers or parameters"
                )
        self.layers = layers

    def __call__(self, params: Iterable[Parameter]) -> None:
        # Asked for anew each time: a layer may get its parameters after the hook was made.
        for layer in self.layers:
            if isinstance(layer, Layer):
                layer.cleargrads()
            else:
                layer.cleargrad()


def _clip_traced(params: list[Parameter], max_norm: float) -> None:
    """The same without looking at values, while a step is traced to compile it."""
    gs = [gradient(p) for p in params]
    xp = backend_of(gs[0]).xp
    largest = [xp.max(xp.abs(g)) for g in gs if 0 not in g.shape]
    top = xp.max(xp.stack(largest))
    # Scaled, so that no square overflows or vanishes.
    scale = xp.where((top > 0) & xp.isfinite(top), top, xp.ones_like(top))
    squares = [xp.sum(xp.abs(g / scale) ** 2) for g in gs]
    norm = xp.sqrt(xp.sum(xp.stack(squares))) * scale
    clips = (norm > max_norm) & xp.isfinite(norm)
    factor = xp.where(clips, max_norm / norm, xp.ones_like(norm))
    for p, g in zip(params, gs, strict=True):
        p.grad = xp.astype(g * factor, g.dtype)


def _norm(param: Parameter) -> float:
    """The Euclidean norm of a gradient."""
    g = gradient(param)
    xp = backend_of(g).xp
    flat = xp.reshape(g, (-1,))
    if flat.shape == (0,):
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        square = abs(complex(xp.vecdot(flat, flat)))
    info = xp.finfo(flat.dtype)
    if float(info.smallest_normal) / float(info.eps) < square < math.inf:
        return math.sqrt(square)
    # Squares overflow, and vanish, far from the ends of what the dtype can hold.
    largest = float(xp.max(xp.abs(g)))
    if largest == 0 or not math.isfinite(largest):
        return largest
    scaled = flat / largest
    return largest * math.sqrt(abs(complex(xp.vecdot(scaled, scaled))))
