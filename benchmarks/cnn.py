"""One training step of a small convolutional network on 32 pictures of 28x28, SGD.

conv 16 (3x3, pad 1), relu, max pool 2x2, conv 32 (3x3, pad 1), relu, max pool 2x2, linear 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .harness import Case, Run, Target

LR = 0.05
BATCH, SIDE, CLASSES = 32, 28, 10
CHANNELS = (1, 16, 32)
FLAT = CHANNELS[2] * (SIDE // 4) ** 2


def data(dtype: str = "float32") -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    """Ten batches of pictures with labels, and the first weights."""
    rng = np.random.default_rng(0)
    batches = [
        (
            rng.random((BATCH, CHANNELS[0], SIDE, SIDE)).astype("float32").astype(dtype),
            rng.integers(0, CLASSES, BATCH),
        )
        for _ in range(10)
    ]
    weights: list[np.ndarray] = []
    for c, oc in pairwise(CHANNELS):
        weights += [rng.normal(size=(oc, c, 3, 3)) / np.sqrt(9 * c), np.zeros(oc)]
    weights += [rng.normal(size=(FLAT, CLASSES)) / np.sqrt(FLAT), np.zeros(CLASSES)]
    return batches, [w.astype("float32").astype(dtype) for w in weights]


def by_hand(dtype: str = "float32") -> Run:
    """Channels last throughout, columns kept for the gradient, one product for each."""
    batches, (W0, b0, W1, b1, W2, b2) = data(dtype)
    stream = cycle([(x.transpose(0, 2, 3, 1), t) for x, t in batches])
    # Weights as matrices (KH KW C, OC); those of the last layer in the order (H, W, C).
    K0, K1 = (W.transpose(2, 3, 1, 0).reshape(-1, W.shape[0]).copy() for W in (W0, W1))
    side = SIDE // 4
    W2 = W2.reshape(CHANNELS[2], side, side, -1).transpose(1, 2, 0, 3).reshape(FLAT, -1).copy()
    rows = np.arange(BATCH)

    def columns(x):
        n, h, w, c = x.shape
        padded = np.zeros((n, h + 2, w + 2, c), x.dtype)
        padded[:, 1:-1, 1:-1] = x
        views = sliding_window_view(padded, (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        return views.reshape(n * h * w, 9 * c)

    def conv_relu_pool(x, K, b):
        col = columns(x)
        y = np.dot(col, K)
        y += b
        np.maximum(y, 0, out=y)
        y = y.reshape(*x.shape[:3], -1)
        left = y[:, :, 0::2] >= y[:, :, 1::2]
        line = np.maximum(y[:, :, 0::2], y[:, :, 1::2])
        upper = line[:, 0::2] >= line[:, 1::2]
        z = np.maximum(line[:, 0::2], line[:, 1::2])
        return z, (col, y, left, upper)

    def back(g, kept):
        col, y, left, upper = kept
        gline = np.empty((*y.shape[:2], y.shape[2] // 2, y.shape[3]), y.dtype)
        gline[:, 0::2] = g * upper
        gline[:, 1::2] = g - gline[:, 0::2]
        gy = np.empty_like(y)
        gy[:, :, 0::2] = gline * left
        gy[:, :, 1::2] = gline - gy[:, :, 0::2]
        gy *= y > 0
        flat = gy.reshape(len(col), -1)
        return gy, np.dot(col.T, flat), np.add.reduce(flat, axis=0)

    def run():
        x, t = next(stream)
        h0, kept0 = conv_relu_pool(x, K0, b0)
        h1, kept1 = conv_relu_pool(h0, K1, b1)
        flat = h1.reshape(BATCH, -1)
        y = np.dot(flat, W2) + b2
        y -= np.maximum.reduce(y, axis=1, keepdims=True)
        p = np.exp(y)
        z = np.add.reduce(p, axis=1, keepdims=True)
        loss = np.add.reduce(np.log(z[:, 0]) - y[rows, t]) / BATCH
        p /= z
        p[rows, t] -= 1
        p *= LR / BATCH
        gy1, gK1, gb1 = back(np.dot(p, W2.T).reshape(h1.shape), kept1)
        turned = K1.reshape(3, 3, CHANNELS[1], -1)[::-1, ::-1].transpose(0, 1, 3, 2)
        g0 = np.dot(columns(gy1), turned.reshape(-1, CHANNELS[1])).reshape(h0.shape)
        _, gK0, gb0 = back(g0, kept0)
        grads = (gK0, gb0, gK1, gb1, np.dot(flat.T, p), np.add.reduce(p, axis=0))
        for param, g in zip((K0, b0, K1, b1, W2, b2), grads, strict=True):
            param -= g
        return loss

    return run


def exact() -> Run:
    return by_hand("float64")


def torch_eager() -> Run:
    import torch
    from torch import nn

    batches, weights = data()
    stream = cycle([(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches])
    _, c1, c2 = CHANNELS
    model = nn.Sequential(
        nn.Conv2d(1, c1, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(c1, c2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(FLAT, CLASSES),
    )  # fmt: skip
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(torch.from_numpy(w.T if w.ndim == 2 else w))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def run():
        x, t = next(stream)
        loss = nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run


def dezero_() -> Run:
    if not hasattr(np, "int"):
        np.int = int  # what the released package still asks for, and NumPy has no more
    import dezero
    import dezero.functions as F

    batches, weights = data()
    stream = cycle(batches)
    params = [dezero.Parameter(w) for w in weights]
    W0, b0, W1, b1, W2, b2 = params

    def run():
        x, t = next(stream)
        h = F.pooling(F.relu(F.conv2d(x, W0, b0, 1, 1)), 2, 2)
        h = F.pooling(F.relu(F.conv2d(h, W1, b1, 1, 1)), 2, 2)
        loss = F.softmax_cross_entropy(F.linear(F.flatten(h), W2, b2), t)
        for p in params:
            p.cleargrad()
        loss.backward()
        for p in params:
            p.data -= np.float32(LR) * p.grad.data.astype("float32")
        return loss.data

    return run


def arraygrad_() -> Run:
    import arraygrad.functions as F
    from arraygrad import Layer, Parameter, optimizers

    class Net(Layer):
        def forward(self, x):
            h = F.pooling(F.relu(F.conv2d(x, self.W0, self.b0, pad=1)), 2, 2)
            h = F.pooling(F.relu(F.conv2d(h, self.W1, self.b1, pad=1)), 2, 2)
            return F.linear(F.flatten(h), self.W2, self.b2)

    batches, weights = data()
    stream = cycle(batches)
    model = Net()
    model.W0, model.b0, model.W1, model.b1, model.W2, model.b2 = map(Parameter, weights)
    optimizer = optimizers.SGD(lr=LR).setup(model)

    def run():
        x, t = next(stream)
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return run


def cases(*, quick: bool) -> Iterator[Case]:
    yield Case(
        "CNN training step (32x1x28x28: conv 16, pool, conv 32, pool, linear 10, SGD)",
        {
            "numpy": by_hand,
            "torch": torch_eager,
            "dezero": dezero_,
            "arraygrad": arraygrad_,
        },
        exact,
        targets=(Target("torch", 1.3), Target("dezero", 1.0)),
        checks=5,
    )
