"""Layers where it is easy to be nearly right: names, what they remember, what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.layers as L
from arraygrad import Variable, no_grad
from arraygrad.errors import DtypeError
from arraygrad.testing.core_samples import LAYERS


@pytest.mark.parametrize("name", LAYERS)
def test_parameters_have_the_names_of_their_attributes(name):
    for sample in LAYERS[name]:
        layer = sample.make()
        for path, p in layer.named_params():
            assert p.name == path.rpartition("/")[2]


def test_buffers_have_the_names_of_their_attributes():
    layer = L.BatchNorm()
    assert (layer.avg_mean.name, layer.avg_var.name) == ("avg_mean", "avg_var")


def test_what_a_layer_says_of_itself():
    assert repr(L.Dropout(0.25)) == "Dropout(0.25)"


def test_a_summary_draws_no_numbers():
    class Noisy(L.Layer):
        def __init__(self):
            self.linear = L.Linear(2)

        def forward(self, x):
            return self.linear(x) + np.random.random()

    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    assert "linear" in Noisy().summary((1, 4))
    assert np.random.random() == expected


def test_a_layer_remembers_its_last_call():
    layer = L.Linear(2, in_size=3)
    x = Variable(np.ones((1, 3), np.float32))
    y = layer(x)
    assert layer.inputs[0]() is x
    assert layer.outputs[0]() is y
    with no_grad():
        z = layer(x)
    assert layer.outputs[0]() is z
    del z
    assert layer.outputs[0]() is None


def test_layers_that_give_back_what_they_get():
    class Same(L.Layer):
        def forward(self, x):
            return x

    layer, x = Same(), Variable(np.ones(2))
    assert layer(x) is x
    assert layer.outputs[0]() is x


def test_whole_numbers_in_a_layer_norm():
    layer = L.LayerNorm()
    layer(np.ones((2, 3), np.float32))
    with pytest.raises(DtypeError):
        layer(np.ones((2, 3), np.int64))


def test_a_mask_is_for_all_heads_or_for_each():
    layer = L.MultiHeadAttention(4, heads=2)
    x = np.random.default_rng(0).normal(size=(1, 3, 4)).astype(np.float32)
    mask = np.tril(np.ones((1, 3, 3), bool))
    y = layer(x, mask=mask).data
    np.testing.assert_array_equal(y, layer(x, mask=mask[:, None]).data)
    np.testing.assert_array_equal(y, layer(x, mask=np.stack([mask, mask], axis=1)).data)
    np.testing.assert_allclose(y, layer(x, causal=True).data, rtol=1e-6)
    assert np.abs(y - layer(x).data).max() > 1e-3
