"""Spiral: three interleaved spiral arms, the book's first classification problem."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.datasets.dataset import Dataset


class Spiral(Dataset):
    """Three interleaved spiral arms of 100 points each, with noise; as in step 48 of the book.

    data: (300, 2) float32; label: (300,) int, 0 to 2. The same points in every process and on
    every machine; those for training and those for testing differ in noise and order.

    >>> spiral = Spiral()
    >>> x, t = spiral[0]
    >>> x.shape, len(spiral)
    ((2,), 300)
    """

    def prepare(self) -> None:
        self.data, self.label = get_spiral(self.train)


def get_spiral(train: bool = True) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points x: (300, 2) float32 and classes t: (300,) int of three spiral arms.

    >>> x, t = get_spiral()
    >>> x.shape, x.dtype.name, sorted(set(t.tolist()))
    ((300, 2), 'float32', [0, 1, 2])
    """
    n_points, n_classes = 100, 3
    # A generator of its own with the book's seeds: the same points, and NumPy's global generator,
    # which decides the initial weights, stays as the user set it.
    random = np.random.RandomState(1984 if train else 2020)
    t = np.arange(n_classes).repeat(n_points)
    radius = np.tile(np.arange(n_points) / n_points, n_classes)
    theta = t * 4.0 + 4.0 * radius + random.randn(n_classes * n_points) * 0.2
    x = np.stack([radius * np.sin(theta), radius * np.cos(theta)], axis=1).astype(np.float32)
    order = random.permutation(n_classes * n_points)
    return x[order], t[order]
