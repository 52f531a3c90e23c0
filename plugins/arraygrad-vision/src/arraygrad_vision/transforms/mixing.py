"""MixUp and CutMix: two samples of a batch become one, and so do their labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad_vision.transforms.augmentation import Array, numbers, restored


class MixUp:
    """Each sample of a batch mixed with another one, and their labels alike.

    Called with xs (N, ...), floats or integers, and t, (N,) classes or (N, classes) shares; result:
    xs as it came but mixed, and shares (N, classes) of float32, or of the dtype of the shares, for
    `F.softmax_cross_entropy`. The share of one sample is drawn from Beta(alpha, alpha), once for
    the batch; alpha = 0 mixes nothing.

    Raises ArgumentError for an odd alpha or number of classes, and for labels that do not fit.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2017), arXiv:1710.09412.

    >>> np.random.seed(2)
    >>> xs, t = MixUp(alpha=1, classes=2)(np.array([[[[0.0]]], [[[1.0]]]]), np.array([0, 1]))
    >>> xs.reshape(-1).round(2), t.round(2)
    (array([0.06, 0.94]), array([[0.94, 0.06],
           [0.06, 0.94]], dtype=float32))
    """

    def __init__(self, alpha: float = 0.2, classes: int = 1000) -> None:
        name = type(self).__name__
        if not isinstance(alpha, (int, float, np.number)) or not 0 <= alpha < np.inf:
            raise ArgumentError(f"{name}: alpha is {alpha!r}; expected a number from 0 on")
        if isinstance(classes, bool) or not isinstance(classes, (int, np.integer)) or classes < 1:
            raise ArgumentError(f"{name}: classes is {classes!r}; expected a number from 1 on")
        self.alpha, self.classes = alpha, int(classes)

    def __call__(self, xs: Any, t: Any) -> tuple[Array, Array]:
        xs = numbers(self, xs, 3)
        shares = self._shares(t, len(xs))
        share = float(np.random.beta(self.alpha, self.alpha)) if self.alpha else 1.0
        other = np.random.permutation(len(xs))
        mixed, share = self._mixed(xs, xs[other], share)
        return mixed, (share * shares + (1 - share) * shares[other]).astype(shares.dtype)

    def _mixed(self, xs: Array, ys: Array, share: float) -> tuple[Array, float]:
        work = xs.dtype if xs.dtype.kind == "f" else np.dtype(np.float32)
        one, other = work.type(share), work.type(1 - share)
        return restored(one * xs + other * ys, xs.dtype), share

    def _shares(self, t: Any, n: int) -> Array:
        t = np.asarray(t)
        if t.shape == (n, self.classes) and t.dtype.kind == "f":
            return t
        if t.shape != (n,) or t.dtype.kind not in "iu":
            raise ArgumentError(
                f"{type(self).__name__}: the labels have shape {t.shape} and dtype {t.dtype}; "
                f"expected ({n},) and integers, or ({n}, {self.classes}) and floats"
            )
        if n and not 0 <= t.min() <= t.max() < self.classes:
            raise ArgumentError(
                f"{type(self).__name__}: the labels go from {t.min()} to {t.max()}; expected 0 to "
                f"{self.classes - 1}: say how many classes there are"
            )
        return np.eye(self.classes, dtype=np.float32)[t]


class CutMix(MixUp):
    """A rectangle of each sample of a batch from another one; labels by the shares of the area.

    Called as `MixUp` with xs (N, ..., H, W). The share of the first sample is drawn from
    Beta(alpha, alpha), and a rectangle of the rest put anywhere; what is over the edge is cut off.

    Raises ArgumentError as `MixUp`.

    Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
    Features" (2019), arXiv:1905.04899.

    >>> np.random.seed(20)
    >>> xs = np.array([0, 9]).reshape(2, 1, 1, 1) * np.ones((2, 1, 3, 4), dtype=int)
    >>> mixed, t = CutMix(classes=2)(xs, np.array([0, 1]))
    >>> mixed[0, 0], t[0].round(2)
    (array([[0, 0, 0, 0],
           [9, 9, 0, 0],
           [9, 9, 0, 0]]), array([0.67, 0.33], dtype=float32))
    """

    def __init__(self, alpha: float = 1.0, classes: int = 1000) -> None:
        super().__init__(alpha, classes)

    def _mixed(self, xs: Array, ys: Array, share: float) -> tuple[Array, float]:
        height, width = xs.shape[-2:]
        side = np.sqrt(1 - share)
        middle = np.random.randint(height), np.random.randint(width)
        (top, bottom), (left, right) = (
            (max(0, m - round(n * side) // 2), min(n, m + (round(n * side) + 1) // 2))
            for m, n in zip(middle, (height, width), strict=True)
        )
        mixed = xs.copy()
        mixed[..., top:bottom, left:right] = ys[..., top:bottom, left:right]
        return mixed, 1 - (bottom - top) * (right - left) / (height * width)
