"""CheckFinite: a hook that stops before numbers that are none reach the parameters."""

from __future__ import annotations

from collections.abc import Iterable

from arraygrad.backend import backend_of
from arraygrad.errors import NonFiniteError
from arraygrad.variable import Parameter


class CheckFinite:
    """A hook that raises NonFiniteError where a gradient has a nan or an infinity.

    No parameter has changed then. Each update reads all gradients once more for it, on a GPU with
    a wait for the device, so it is for training that goes wrong, not for every training.

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> from arraygrad.optimizers import SGD
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = SGD(lr=0.1).setup(layer)
    >>> optimizer.add_hook(CheckFinite())
    >>> layer.b.grad = np.array([np.nan], dtype=np.float32)
    >>> optimizer.update()
    Traceback (most recent call last):
    ...
    arraygrad.errors.NonFiniteError: CheckFinite: the gradient of parameter 'b' ...
    >>> layer.b
    variable([0.])
    """

    def __call__(self, params: Iterable[Parameter]) -> None:
        for p in params:
            g = p.grad.data  # type: ignore[union-attr]
            xp = backend_of(g).xp
            finite = xp.isfinite(g)
            if not bool(xp.all(finite)):
                wrong = g.size - int(xp.count_nonzero(finite))
                name = f"parameter {p.name!r}" if p.name else "a parameter"
                raise NonFiniteError(
                    f"CheckFinite: the gradient of {name} of shape {tuple(p.shape)} has {wrong} "
                    f"elements that are nan or infinite, expected none; no "
                    f"parameter was changed: look at the loss and the data of "
                    f"this step, use a smaller learning rate, or clip the gradients with ClipGrad"
                )
