"""One call of a layer: results and gradients as NumPy arrays, the same for equal seeds."""

from __future__ import annotations

import copy
import zlib
from typing import Any

import numpy as np

from arraygrad.backend import using_backend
from arraygrad.config import using_config
from arraygrad.interop import variables_in
from arraygrad.layers import Layer
from arraygrad.testing.places import Place, on_host
from arraygrad.testing.samples import Sample
from arraygrad.variable import Variable


class Made:
    """One sample of a layer: makes layers with equal weights, and calls them."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.arrays = sample.arrays()

    def layer(self, place: Place | None = None) -> Layer:
        """A new one, never called, moved to the place; equal seeds."""
        place = place or Place("numpy")
        np.random.seed(0)
        with using_backend(place.backend.name):
            layer: Layer = self.sample.make()
        if place.backend.name != "numpy":
            layer.to(place.backend.name, place.device)
        return layer

    def called(self) -> Layer:
        """One that has been called, so that all parameters have data; its state is fresh."""
        layer = self.layer()
        Call(self, layer)
        if hasattr(layer, "reset_state"):
            layer.reset_state()
        return layer

    def inputs(self, place: Place | None = None, dtype: str = "float32") -> list[Any]:
        """The arrays of one call; constants that are no arrays as they are."""
        place = place or Place("numpy")
        return [place.cast(x, dtype) if isinstance(x, np.ndarray) else x for x in self.arrays]


class Call:
    """What one call gives: `outs`, and gradients of a weighted sum of them, by name."""

    def __init__(
        self,
        made: Made,
        layer: Layer,
        place: Place | None = None,
        *,
        dtype: str = "float32",
        train: bool = True,
        seed: int = 1,
        backward: bool = True,
    ) -> None:
        self.place = place or Place("numpy")
        if seed:
            # Weights that are made at the first call come before; a mask does not depend on them.
            np.random.seed(seed)
        self.xs = [
            Variable(x) if is_real(x) else x for x in made.inputs(self.place, dtype)
        ]  # so that their gradients are computed too
        options = {
            k: self.place.cast(v, dtype) if isinstance(v, np.ndarray) else v
            for k, v in made.sample.options.items()
        }
        with using_backend(self.place.backend.name), using_config("train", train):
            self.result = layer(*self.xs, **options)
        self.ys = list(variables_in(self.result))
        self.outs = [on_host(y.data) for y in self.ys]
        if backward:
            self.backward(layer)

    def backward(self, layer: Layer) -> None:
        """Gradients of all parameters and inputs, the raw arrays and those on the host."""
        layer.cleargrads()
        total: Any = None
        for i, y in enumerate(self.ys):
            if y.requires_grad and self.outs[i].dtype.kind == "f":
                term = (y * self._weights(i, y)).sum()
                total = term if total is None else total + term
        self.differentiable = total is not None
        self.grads: dict[str, Any] = {}
        if total is not None:
            total.backward()
        for name, p in layer.named_params():
            self.grads[name] = None if p.grad is None else p.grad.data
        for i, x in enumerate(self.xs):
            if isinstance(x, Variable):
                self.grads[f"input {i}"] = None if x.grad is None else x.grad.data

    def loss(self) -> float:
        """The weighted sum of the results."""
        return sum(
            float(np.sum(out * weights(i, out.shape)))
            for i, out in enumerate(self.outs)
            if self.ys[i].requires_grad and out.dtype.kind == "f"
        )

    def _weights(self, i: int, y: Variable) -> Any:
        w = weights(i, y.shape)
        return self.place.cast(w, str(y.dtype).rpartition(".")[2])


def weights(i: int, shape: tuple[int, ...]) -> np.ndarray:
    """Fixed numbers, so that a sum of results has no symmetry that hides an error."""
    rng = np.random.default_rng(zlib.crc32(f"{i}{tuple(shape)}".encode()))
    return np.asarray(rng.uniform(0.5, 1.5, shape))


def is_real(x: Any) -> bool:
    """Whether it is an array of real numbers, which has a gradient."""
    return hasattr(x, "dtype") and "float" in str(x.dtype)


def as_float64(layer: Layer) -> Layer:
    """A copy with parameters and buffers in float64."""
    layer = copy.deepcopy(layer)
    layer.cleargrads()
    for _, p in layer.named_weights():
        if is_real(p.data):
            p.data = p.data.astype(np.float64)
    return layer
