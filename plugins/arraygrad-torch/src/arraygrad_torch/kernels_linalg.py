"""The fully connected layer, and the loss of classes that stands at the end of most networks."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as tf

from arraygrad.functions import linalg, loss
from arraygrad_torch.kernels import aten, floating, forward, rule


def linear(x: Any, W: Any, b: Any) -> Any:
    if b is None or not floating(x, W, b) or x.ndim < 2:
        return forward(linalg.linear, x, W, b)
    return torch.addmm(b, x, W) if x.ndim == 2 else tf.linear(x, W.mT, b)


def linear_b(g: Any, b_shape: Any, xp: Any) -> Any:
    return g.sum(tuple(range(g.ndim - 1))) if g.ndim > 1 else g


def softmax_cross_entropy(x: Any, t: Any) -> Any:
    if t.shape == x.shape or not floating(x):
        return forward(loss._softmax_cross_entropy, x, t)
    logp = torch.log_softmax(x, -1)
    return tf.nll_loss(logp.reshape(-1, x.shape[-1]), t.reshape(-1).long()), logp


def softmax_cross_entropy_x(g: Any, logp: Any, t: Any, backend: Any, xp: Any) -> Any:
    if t.shape == logp.shape:
        return rule(loss._softmax_cross_entropy, "x")(g, logp, t, backend, xp)
    rows = logp.reshape(-1, logp.shape[-1])
    # The sum of the losses (2), with all labels (-100), each of weight 1.
    share, unread = g / len(rows), g
    glogp = aten.nll_loss_backward.default(share, rows, t.reshape(-1).long(), None, 2, -100, unread)
    return aten._log_softmax_backward_data.default(glogp, rows, 1, rows.dtype).reshape(logp.shape)
