"""Calls at random, for the tests that compare kernels with definitions, and both with PyTorch.

Shapes, parameters, dtypes and the order of arrays in memory are drawn; each call says what
PyTorch function of the same arrays should give the same.
"""

import functools
import importlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable


class Torch:
    """PyTorch, or what is in it at a path; imported when it is called or its value is asked for."""

    def __init__(self, *path):
        self.path = path

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Torch(*self.path, name)

    def __call__(self, *args, **kwargs):
        return self.value(*args, **kwargs)

    @property
    def value(self):
        """What stands at the path."""
        return functools.reduce(getattr, self.path, importlib.import_module("torch"))


torch = Torch()


class Call(NamedTuple):
    """A function of some arrays, PyTorch's, and the arrays; only those of floats have gradients."""

    what: Any
    function: Callable[..., Any]
    theirs: Callable[..., Any] | None
    arrays: list[Any]

    def unlike(self, x, y):
        """How two results differ, apart from rounding; None where they agree."""
        if x is None and y is None:
            return None
        if x is None or y is None:  # PyTorch has no zeros where nothing arrives
            x, y = (np.zeros_like(y) if x is None else x), (np.zeros_like(x) if y is None else y)
        x, y = np.asarray(x), np.asarray(y)
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{x.dtype} {x.shape}, expected {y.dtype} {y.shape}"
        single = any(a.dtype == np.float32 for a in self.arrays)
        limit = (2e-3 if single else 1e-8) * (np.abs(y).max(initial=0) + 0.1)
        wrong = ~(np.abs(x.astype(float) - y) <= limit)
        if not wrong.any():
            return None
        i = np.argmax(wrong)
        return f"{x.ravel()[i]}, expected {y.ravel()[i]} (element {i} of {x.shape}, {x.dtype})"


def of_dtype(rng, *shape):
    dtype = rng.choice(["float32", "float64"])
    return rng.standard_normal(shape).astype(dtype)


def in_other_memory(rng, a):
    """The same values, in another order or place of memory, or read-only."""
    way = rng.integers(0, 7)
    if way == 1 and a.ndim > 1:
        order = rng.permutation(a.ndim)
        return np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order))
    if way == 2 and a.ndim == 4:
        return np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if way == 3 and a.ndim:
        key = tuple(slice(1, 2 * n + 1, 2) for n in a.shape)
        wide = np.full([2 * n + 1 for n in a.shape], 7, a.dtype)
        wide[key] = a
        return wide[key]
    if way == 4 and a.ndim:
        return np.ascontiguousarray(a[..., ::-1])[..., ::-1]
    y = np.array(a)
    y.flags.writeable = way != 5
    return y


def results(call, seeds):
    """The result, gradients, and gradients of gradients; what must not change is looked at."""
    arrays = [np.array(a) for a in call.arrays]
    tracked = [a.dtype.kind == "f" for a in arrays]

    def variables():
        xs = [Variable(a) if t else a for a, t in zip(call.arrays, tracked, strict=True)]
        return xs, [x for x in xs if isinstance(x, Variable)]

    xs, leaves = variables()
    y = call.function(*xs)
    if not seeds:
        rng = np.random.default_rng(0)
        shapes = [(y.shape, y.dtype), *((x.shape, x.dtype) for x in leaves)]
        seeds += [np.asarray(rng.standard_normal(shape), dtype) for shape, dtype in shapes]
    y.grad = seeds[0]
    y.backward()
    first = [x.grad.data for x in leaves]
    apart([g for g in first if g.size], [*call.arrays, *seeds, y.data])
    found = [y.data, *map(np.array, first)]

    xs, leaves = variables()
    seed = Variable(seeds[0])
    y = call.function(*xs)
    y.grad = seed
    y.backward(create_graph=True)
    gs = [x.grad for x in leaves]
    total = sum(F.sum(g * s) for g, s in zip(gs, seeds[1:], strict=True))
    for x in [*leaves, seed]:
        x.cleargrad()
    if total.creator is not None:
        total.backward()
    found += [g.data for g in gs]
    found += [None if x.grad is None else x.grad.data for x in [*leaves, seed]]
    for a, before in zip(call.arrays, arrays, strict=True):
        np.testing.assert_array_equal(a, before, "an input has changed")
    return found


def apart(gradients, others):
    """Gradients can be written into, without changing anything else."""
    for i, g in enumerate(gradients):
        if isinstance(g, np.ndarray):
            assert g.flags.writeable
            assert not any(np.may_share_memory(g, a) for a in [*gradients[:i], *others])


def results_of_torch(call, seeds):
    """The same of PyTorch; the gradients come twice there too."""
    xs = [torch.tensor(np.array(a, order="C")) for a in call.arrays]
    leaves = [x.requires_grad_() for x in xs if x.is_floating_point()]
    y = call.theirs(*xs)
    seed, *weights = (torch.tensor(np.array(s, order="C")) for s in seeds)
    seed.requires_grad_()
    grad = torch.autograd.grad
    gs = grad(y, leaves, seed, create_graph=True)
    total = sum((g * s).sum() for g, s in zip(gs, weights, strict=True))
    second = [None] * (len(leaves) + 1)
    if total.requires_grad:
        second = grad(total, [*leaves, seed], allow_unused=True)
    return [None if t is None else t.detach().resolve_neg() for t in [y, *gs, *gs, *second]]


# -- what is called


def convolution(rng):
    dtype = rng.choice(["float32", "float64"])
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    c, oc = (int(rng.choice([1, 2, 3, 8, 9])) for _ in "io")
    kernel, stride, dilation, pad = (
        tuple(map(int, rng.integers(low, high, 2)))
        for low, high in ((1, 5), (1, 4), (1, 3), (0, 4))
    )
    n = int(rng.integers(0, 4))
    more = rng.integers(0, 7, 2)
    least = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, pad, strict=True)]
    size = [max(m, 1) + int(e) for m, e in zip(least, more, strict=True)]
    what = (n, c, oc, groups, size, kernel, stride, dilation, pad)

    def arrays(*shapes):
        return [rng.standard_normal(shape).astype(dtype) for shape in shapes]

    yield Call(
        ("conv2d", what),
        lambda x, W, b: F.conv2d(x, W, b, stride, pad, dilation, groups),
        lambda x, W, b: torch.nn.functional.conv2d(x, W, b, stride, pad, dilation, groups),
        arrays((n, c * groups, *size), (oc * groups, c, *kernel), (oc * groups,)),
    )
    rows, extra = rng.integers(1, 6, 2), [int(rng.integers(0, s)) for s in stride]
    out = tuple(
        int(s * (r - 1) + m + e) for s, r, m, e in zip(stride, rows, least, extra, strict=True)
    )
    if min(out) > 0:
        yield Call(
            ("deconv2d", what, out),
            lambda x, W, b: F.deconv2d(x, W, b, stride, pad, out, dilation, groups),
            lambda x, W, b: torch.nn.functional.conv_transpose2d(
                x, W, b, stride, pad, extra, groups, dilation
            ),
            arrays((n, c * groups, *rows), (c * groups, oc, *kernel), (oc * groups,)),
        )


def windows(rng):
    kernel, stride = (tuple(map(int, rng.integers(1, 5, 2))) for _ in "ks")
    pad = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
    size = [max(k - 2 * p, 1) + int(rng.integers(0, 8)) for k, p in zip(kernel, pad, strict=True)]
    x = of_dtype(rng, int(rng.integers(1, 4)), int(rng.integers(1, 6)), *size)
    x = np.round(x) if rng.integers(0, 2) else x  # with ties
    what, t = (x.shape, kernel, stride, pad), torch.nn.functional
    yield Call(
        ("pooling", what),
        lambda x: F.pooling(x, kernel, stride, pad),
        lambda x: t.max_pool2d(x, kernel, stride, pad),
        [x],
    )
    yield Call(
        ("average_pooling", what),
        lambda x: F.average_pooling(x, kernel, stride, pad),
        lambda x: t.avg_pool2d(x, kernel, stride, pad),
        [x],
    )
    out, corners = tuple(map(int, rng.integers(1, 8, 2))), bool(rng.integers(0, 2))
    yield Call(
        ("adaptive_average_pooling", x.shape, out),
        lambda x: F.adaptive_average_pooling(x, out),
        lambda x: t.adaptive_avg_pool2d(x, out),
        [x],
    )
    yield Call(
        ("resize", x.shape, out, corners),
        lambda x: F.resize(x, out, align_corners=corners),
        lambda x: t.interpolate(x, out, mode="bilinear", align_corners=corners),
        [x],
    )


def normalization(rng):
    shape = (int(rng.integers(2, 7)), *map(int, rng.integers(1, 6, rng.integers(1, 4))))
    x = of_dtype(rng, *shape)
    c, t = shape[1], torch.nn.functional
    gamma, beta = rng.standard_normal((2, c)).astype(x.dtype)
    mean, var = rng.standard_normal(c).astype(x.dtype), rng.random(c).astype(x.dtype) + 0.5

    def running():
        return torch.tensor(mean), torch.tensor(var)

    def evaluated(x, g, b):
        with ag.test_mode():
            return F.batch_norm(x, g, b, mean, var, eps=1e-3)

    yield Call(
        ("batch_norm", shape),
        lambda x, g, b: F.batch_norm(x, g, b, mean.copy(), var.copy(), eps=1e-3),
        lambda x, g, b: t.batch_norm(x, *running(), g, b, True, 0.1, 1e-3),
        [x, gamma, beta],
    )
    yield Call(
        ("batch_norm, test_mode", shape),
        evaluated,
        lambda x, g, b: t.batch_norm(x, *running(), g, b, False, 0.1, 1e-3),
        [x, gamma, beta],
    )
    groups = int(rng.choice([d for d in range(1, c + 1) if c % d == 0]))
    if math.prod(shape[2:]) * c // groups > 1:
        yield Call(
            ("group_norm", shape, groups),
            lambda x, g, b: F.group_norm(x, groups, g, b, 1e-3),
            lambda x, g, b: t.group_norm(x, groups, g, b, 1e-3),
            [x, gamma, beta],
        )
    axes = tuple(sorted(map(int, rng.permutation(x.ndim)[: rng.integers(1, x.ndim + 1)])))
    sizes = [shape[i] for i in axes]
    if math.prod(sizes) > 1:
        spread = [n if i in axes else 1 for i, n in enumerate(shape)]

        def theirs(x, g, b):
            d = x - x.mean(axes, keepdim=True)
            y = d / torch.sqrt((d * d).mean(axes, keepdim=True) + 1e-3)
            return y * g.reshape(spread) + b.reshape(spread)

        yield Call(
            ("layer_norm", shape, axes),
            lambda x, g, b: F.layer_norm(x, g, b, axes, 1e-3),
            theirs,
            [x, *rng.standard_normal((2, *sizes)).astype(x.dtype)],
        )


def attention(rng):
    lead = tuple(map(int, rng.integers(1, 4, rng.integers(0, 3))))
    n, m, d, e = map(int, rng.integers(1, 6, 4))
    some = tuple(1 if rng.integers(0, 4) == 0 else k for k in lead)
    q = of_dtype(rng, *lead, n, d)
    k, v = (rng.standard_normal((*some, m, w)).astype(q.dtype) for w in (d, e))
    causal = bool(rng.integers(0, 2)) and n <= m
    mask = rng.random((*some, n, m)) > 0.3
    mask[..., 0] = True
    bias = rng.standard_normal((*some, 1, m)).astype(q.dtype)

    def theirs(q, k, v, mask=None):
        scores = q @ k.mT / math.sqrt(d)
        if mask is not None and mask.is_floating_point():
            scores = scores + mask
        elif mask is not None:
            scores = torch.where(mask, scores, -math.inf)
        if causal:
            past = torch.tensor(np.tri(n, m, m - n, dtype=bool))
            scores = torch.where(past, scores, -math.inf)
        return torch.softmax(scores, -1) @ v

    for more in ([], [mask], [bias]):
        yield Call(
            ("attention", q.shape, k.shape, v.shape, causal, [a.dtype for a in more]),
            lambda *xs: F.scaled_dot_product_attention(*xs, causal=causal),
            theirs,
            [q, k, v, *more],
        )


ELEMENTWISE = {
    "gelu": (F.gelu, lambda x: torch.nn.functional.gelu(x)),
    "gelu tanh": (
        lambda x: F.gelu(x, "tanh"),
        lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    ),
    "silu": (F.silu, lambda x: torch.nn.functional.silu(x)),
    "elu": (lambda x: F.elu(x, 0.7), lambda x: torch.nn.functional.elu(x, 0.7)),
    "softplus": (F.softplus, lambda x: torch.nn.functional.softplus(x)),
    "erf": (F.erf, lambda x: torch.erf(x)),
    "relu": (F.relu, lambda x: torch.relu(x)),
    "leaky_relu": (F.leaky_relu, lambda x: torch.nn.functional.leaky_relu(x, 0.2)),
    "sigmoid": (F.sigmoid, lambda x: torch.sigmoid(x)),
    "tanh": (F.tanh, lambda x: torch.tanh(x)),
    "clip": (lambda x: F.clip(x, -0.5, 1.0), lambda x: torch.clip(x, -0.5, 1.0)),
    "softmax": (lambda x: F.softmax(x, -1), lambda x: torch.softmax(x, -1)),
    "log_softmax": (lambda x: F.log_softmax(x, 0), lambda x: torch.log_softmax(x, 0)),
    "cumsum": (lambda x: F.cumsum(x, -1), lambda x: torch.cumsum(x, -1)),
    "sort": (lambda x: F.sort(x, 0), lambda x: torch.sort(x, dim=0, stable=True)[0]),
    "mean": (lambda x: F.mean(x, 0), lambda x: torch.mean(x, 0)),
    "prod": (lambda x: F.prod(x[:3], 0), lambda x: torch.prod(x[:3], 0)),
    "logsumexp": (lambda x: F.logsumexp(x, 0), lambda x: torch.logsumexp(x, 0)),
}


def elementwise(rng):
    # Below and above the sizes from which kernels work in blocks, and by bits.
    shape = [(7,), (3, 4), (2, 3, 5, 4), (50, 41), (130, 127)][rng.integers(0, 5)]
    x = of_dtype(rng, *shape) * 2
    for name, (ours, theirs) in ELEMENTWISE.items():
        yield Call((name, shape), ours, theirs, [x])
    x1, x2 = np.round(x), np.round(rng.standard_normal(shape)).astype(x.dtype)
    m = x2 > 0
    yield Call(("maximum", shape), F.maximum, lambda a, b: torch.maximum(a, b), [x1, x2])
    yield Call(("minimum", shape), F.minimum, lambda a, b: torch.minimum(a, b), [x1, x2])
    yield Call(("where", shape), F.where, lambda m, a, b: torch.where(m, a, b), [m, x1, x2])
    whole = m.astype("int64")
    yield Call(
        ("where 1", shape), F.where, lambda m, a, b: torch.where(m != 0, a, b), [whole, x, x2]
    )


def losses(rng):
    n, c = (100, 10) if rng.integers(0, 4) == 0 else map(int, rng.integers(1, 6, 2))
    x = of_dtype(rng, n, c) * 3
    y = rng.standard_normal((n, c)).astype(x.dtype)
    t, nn = rng.integers(0, c, n), torch.nn.functional
    p = 0.01 + 0.98 * rng.random((n, c)).astype(x.dtype)
    soft, hit = p / p.sum(1, keepdims=True), (p > 0.5).astype(x.dtype)
    tensor = torch.tensor
    summed = {"reduction": "sum"}
    yield Call(
        "softmax_cross_entropy", F.softmax_cross_entropy, lambda *a: nn.cross_entropy(*a), [x, t]
    )
    yield Call(
        "softmax_cross_entropy, soft",
        lambda x: F.softmax_cross_entropy(x, soft),
        lambda x: nn.cross_entropy(x, tensor(soft)),
        [x],
    )
    yield Call("nll_loss", F.nll_loss, lambda *a: nn.nll_loss(*a), [x, t])
    yield Call(
        "sigmoid_cross_entropy",
        lambda x: F.sigmoid_cross_entropy(x, hit),
        lambda x: nn.binary_cross_entropy_with_logits(x, tensor(hit), **summed) / n,
        [x],
    )
    yield Call(
        "binary_cross_entropy",
        lambda x: F.binary_cross_entropy(x, hit),
        lambda x: nn.binary_cross_entropy(x, tensor(hit), **summed) / n,
        [p],
    )
    yield Call(
        "huber_loss",
        lambda a, b: F.huber_loss(a, b, 0.7),
        lambda a, b: nn.huber_loss(a, b, delta=0.7, **summed) / n,
        [x, y],
    )
    yield Call(
        "mean_squared_error", F.mean_squared_error, lambda a, b: ((a - b) ** 2).sum() / n, [x, y]
    )


EINSUM = (
    "ij,jk->ik", "bij,bjk->bik", "ij->ji", "ii->i", "i,j->ij", "ij,ij->", "bhtd,bhsd->bhts",
    "ij,k->ijk", "ijk->k", "...ij,...jk->...ik", "i,ij,j", "ij,jk,kl->il", "abc,cd,be->ade",
)  # fmt: skip


def products(rng):
    lead = tuple(map(int, rng.integers(1, 4, rng.integers(1, 3))))
    i, o = int(rng.integers(0, 6)), int(rng.integers(1, 6))
    x = of_dtype(rng, *lead, i)
    W, b = rng.standard_normal((i, o)).astype(x.dtype), rng.standard_normal(o).astype(x.dtype)
    yield Call(("linear", x.shape), F.linear, lambda x, W, b: x @ W + b, [x, W, b])
    yield Call(("matmul", x.shape), F.matmul, lambda x, W: x @ W, [x, W])
    text = str(rng.choice(EINSUM))
    sizes = {letter: int(rng.integers(1, 5)) for letter in "abcdehijklst"}
    terms = text.split("->")[0].split(",")
    shapes = [[*([2] * ("..." in a)), *(sizes[n] for n in a.replace("...", ""))] for a in terms]
    arrays = [rng.standard_normal(shape).astype(x.dtype) for shape in shapes]
    yield Call(
        ("einsum", text, shapes),
        lambda *xs: F.einsum(text, *xs),
        lambda *xs: torch.einsum(text, *xs),
        arrays,
    )
    rows = int(rng.integers(1, 50))
    ids = rng.integers(0, rows, tuple(rng.integers(1, 40, rng.integers(1, 3))))
    table = rng.standard_normal((rows, o)).astype(x.dtype)
    yield Call(
        ("embed_id", ids.shape, rows),
        F.embed_id,
        lambda i, W: torch.nn.functional.embedding(i, W),
        [ids, table],
    )
    at = rng.integers(0, rows, (5, o))
    yield Call(
        ("take_along_axis", rows),
        lambda W, i: F.take_along_axis(W, i, 0),
        lambda W, i: torch.gather(W, 0, i),
        [table, at],
    )


def cells(rng):
    n, i, h = (30, 20, 50) if rng.integers(0, 4) == 0 else map(int, rng.integers(1, 5, 3))
    x = of_dtype(rng, n, i)
    state, hc = (rng.standard_normal((*k, n, h)).astype(x.dtype) for k in ((), (2,)))
    W = rng.standard_normal((i + h + 1, 4 * h)).astype(x.dtype) / 2

    def joined(x, h):
        return torch.cat([x, h, torch.ones_like(x[:, :1])], 1)

    def lstm(x, hc, W):
        f, i, o, u = (joined(x, hc[0]) @ W).split(h, 1)
        c = torch.sigmoid(f) * hc[1] + torch.sigmoid(i) * torch.tanh(u)
        return torch.stack([torch.sigmoid(o) * torch.tanh(c), c])

    def gru(x, s, W):
        z, r = torch.sigmoid(joined(x, s) @ W[:, : 2 * h]).split(h, 1)
        u = torch.tanh(joined(x, r * s) @ W[:, 2 * h :])
        return z * s + (1 - z) * u

    size = (n, i, h)
    yield Call(
        ("rnn_cell", size),
        F.rnn_cell,
        lambda x, s, W: torch.tanh(joined(x, s) @ W),
        [x, state, W[:, :h]],
    )
    yield Call(("lstm_cell", size), F.lstm_cell, lstm, [x, hc, W])
    yield Call(("gru_cell", size), F.gru_cell, gru, [x, state, W[:, : 3 * h]])


FAMILIES = {
    "attention": (attention, 20),
    "cells": (cells, 20),
    "convolution": (convolution, 100),
    "elementwise": (elementwise, 8),
    "losses": (losses, 10),
    "normalization": (normalization, 40),
    "products": (products, 40),
    "windows": (windows, 50),
}


def calls(family):
    """All calls of a family, always the same."""
    draw, times = FAMILIES[family]
    rng = np.random.default_rng(sorted(FAMILIES).index(family))
    return [
        call._replace(arrays=[in_other_memory(rng, np.asarray(a)) for a in call.arrays])
        for _ in range(times)
        for call in draw(rng)
    ]
