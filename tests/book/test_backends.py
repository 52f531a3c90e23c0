"""The book's networks on every array library: equal seeds give equal weights and equal losses."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import get_backend, models, optimizers, using_backend

# JAX compiles each op for each shape, which takes seconds: one net is enough there.
CASES = [
    *((net, library) for net in ("spiral", "pictures", "RNN", "LSTM")
      for library in ("array_api_strict", "torch")),
    ("spiral", "jax"),
]  # fmt: skip


def spiral_net():
    return models.MLP((10, 3), activation=F.sigmoid), (30, 2)


def picture_net():
    layers = (
        L.Conv2d(4, 3, stride=1, pad=1), L.BatchNorm(), F.relu,
        lambda x: F.pooling(x, 2, 2), L.Conv2d(3, 3, pad=1),
        lambda x: F.average_pooling(x, 2, 2), F.flatten, L.Linear(3),
    )  # fmt: skip
    return models.Sequential(*layers), (6, 1, 8, 8)


class Recurrent(models.Model):
    def __init__(self, layer):
        super().__init__()
        self.rnn = layer(8)
        self.fc = L.Linear(3)

    def forward(self, x):
        self.rnn.reset_state()
        for i in range(x.shape[1]):
            h = self.rnn(x[:, i, :])
        return self.fc(h)


NETS = {
    "spiral": spiral_net,
    "pictures": picture_net,
    "RNN": lambda: (Recurrent(L.RNN), (5, 4, 2)),
    "LSTM": lambda: (Recurrent(L.LSTM), (5, 4, 2)),
}


def losses(net, backend, seed):
    """Four steps of Adam with weight decay, everything born on one library."""
    seed(0)
    with using_backend(backend.name):
        model, shape = NETS[net]()
        x = backend.from_numpy(np.random.randn(*shape).astype(np.float32))
        t = backend.from_numpy(np.arange(shape[0]) % 3)
        optimizer = optimizers.Adam(0.05).setup(model)
        optimizer.add_hook(optimizers.WeightDecay(1e-3))
        found = []
        for _ in range(4):
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            found.append(loss.item())
        assert {type(p.data) for p in model.params()} == {type(x)}
    return found


@pytest.mark.parametrize(("net", "library"), CASES)
def test_training_is_the_same_on_every_library(net, library, seed, backend_named):
    backend = backend_named(library)
    expected = losses(net, get_backend("numpy"), seed)
    assert losses(net, backend, seed) == pytest.approx(expected, rel=1e-4)
    assert expected[-1] < expected[0]
