"""Optimizers where it is easy to be nearly right: first updates, late parameters, odd gradients."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

import arraygrad.optimizers as O
from arraygrad import Parameter, no_grad
from arraygrad.errors import ArgumentError, GradientShapeError, LayerError, NonFiniteError
from arraygrad.layers import Layer
from arraygrad.optimizers import blocks, hooks


class Holds(Layer):
    def __init__(self, **arrays):
        super().__init__()
        for name, x in arrays.items():
            setattr(self, name, Parameter(x, name=name))


def give(p, *values):
    p.grad = np.array(values, p.dtype)


@pytest.mark.parametrize("kind", [O.Adam, O.AdamW])
def test_betas(kind):
    layer = Holds(w=np.zeros(1))
    optimizer = kind(0.5, beta1=0.0, beta2=0.0).setup(layer)
    give(layer.w, 3.0)
    optimizer.update()
    np.testing.assert_allclose(layer.w.data, [-0.5], rtol=1e-6)
    for name in ("beta1", "beta2"):
        for beta in (-0.1, 1.0):
            with pytest.raises(ArgumentError, match=f"{name} is {beta}"):
                kind(**{name: beta})


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, "eps") for kind in (O.Adam, O.AdamW, O.RMSprop, O.AdaGrad, O.AdaDelta)]
    + [(O.RMSprop, "rho"), (O.AdaDelta, "rho"), (O.MomentumSGD, "momentum"), (O.SGD, "lr")],
)
def test_settings_that_are_no_numbers(kind, name):
    for value in ("small", None, float("nan")):
        with pytest.raises(ArgumentError, match=name):
            kind(**{name: value})


def test_a_schedule_starts_at_its_first_rate():
    layer = Holds(w=np.zeros(1))
    optimizer = O.SGD(lr=lambda n: [1.0, 0.5, 0.25][n]).setup(layer)
    assert optimizer.rate(optimizer.lr) == 1.0
    for now in (-1.0, -1.5, -1.75):
        give(layer.w, 1.0)
        optimizer.update()
        np.testing.assert_array_equal(layer.w.data, [now])


@pytest.mark.parametrize("kind", [O.Adam, O.AdamW])
def test_a_parameter_that_comes_later_is_corrected_for_its_own_age(kind):
    layer = Holds(a=np.zeros(1), b=np.zeros(1))
    optimizer = kind().setup(layer)
    for _ in range(3):
        give(layer.a, 2.0)
        optimizer.update()
    before = layer.a.data.copy()
    give(layer.b, 2.0)
    optimizer.update()
    alone = Holds(b=np.zeros(1))
    give(alone.b, 2.0)
    kind().setup(alone).update()
    np.testing.assert_array_equal(layer.b.data, alone.b.data)
    assert (layer.a.data != before).all()


def test_views_of_a_parameter_follow():
    layer = Holds(w=np.zeros((2, 2)))
    with no_grad():
        row = layer.w[0]
    layer.w.grad = np.ones((2, 2))
    O.SGD(1.0).setup(layer).update()
    np.testing.assert_array_equal(row.data, [-1, -1])


def test_a_gradient_of_another_shape_changes_nothing():
    layer = Holds(a=np.zeros(2), b=np.zeros(2))
    give(layer.a, 1.0, 1.0)
    give(layer.b, 1.0, 1.0)
    with no_grad():
        layer.b.data = np.zeros(3)
    optimizer = O.SGD(1.0).setup(layer)
    with pytest.raises(GradientShapeError, match="b"):
        optimizer.update()
    np.testing.assert_array_equal(layer.a.data, 0)
    assert optimizer.updates == 0


def test_states_with_too_little_and_too_much():
    layer = Holds(w=np.zeros(1))
    optimizer = O.Adam().setup(layer)
    give(layer.w, 1.0)
    optimizer.update()
    state = optimizer.state_dict()
    assert set(state) == {"updates", "w/m", "w/v", "w/updates"}
    for name in state:
        less = {key: value for key, value in state.items() if key != name}
        with pytest.raises(LayerError, match=f"{name}: missing"):
            optimizer.load_state_dict(less)
    with pytest.raises(LayerError, match="w/updates: nothing in the model or optimizer has that"):
        O.SGD().setup(layer).load_state_dict({"updates": 1, "w/updates": 1})


def test_the_number_of_wrong_elements():
    layer = Holds(w=np.zeros(3))
    give(layer.w, np.nan, 1.0, np.inf)
    optimizer = O.SGD().setup(layer)
    optimizer.add_hook(O.CheckFinite())
    with pytest.raises(NonFiniteError, match="has 2 elements that are nan or infinite"):
        optimizer.update()


def test_large_arrays_of_a_library_without_numpys_memory(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 4)
    results = []
    for make in (np.asarray, array_api_strict.asarray):
        layer = Holds(w=make(np.arange(10.0)))
        optimizer = O.Adam().setup(layer)
        for _ in range(2):
            layer.w.grad = make(np.ones(10))
            optimizer.update()
        results.append(np.asarray(layer.w.data))
    np.testing.assert_allclose(*results)


@pytest.mark.parametrize("transposed", [False, True])
def test_blocks_keep_the_order_in_memory(monkeypatch, transposed):
    monkeypatch.setattr(blocks, "BLOCK", 4)
    x = np.arange(12.0).reshape(3, 4)
    x = x.T if transposed else x
    y = blocks.apply(lambda x, g: x - g, (x, np.ones(x.shape)))
    np.testing.assert_array_equal(y, x - 1)
    assert (y.flags.c_contiguous, y.flags.f_contiguous) == (not transposed, transposed)


@pytest.mark.parametrize("size", [1.1e-21, 1.0, 1e30])
def test_norms_near_the_ends_of_float32(size):
    p = Parameter(np.zeros(10_000, np.float32))
    p.grad = np.full(10_000, size, np.float32)
    O.ClipGrad(size / 10)([p])  # the norm is 100 * size
    np.testing.assert_allclose(p.grad.data / np.float32(size), 1e-3, rtol=1e-5)


def test_clipping_while_a_step_is_traced_is_the_same():
    gradients = [np.array([3.0]), np.zeros(0), np.array([[0.0, 4.0], [0.0, 12.0]])]
    for limit in (1.0, 20.0):
        found = []
        for clip in (O.ClipGrad(limit), lambda ps, n=limit: hooks._clip_traced(ps, n)):
            ps = [Parameter(np.zeros(g.shape)) for g in gradients]
            for p, g in zip(ps, gradients, strict=True):
                p.grad = g.copy()
            clip(ps)
            found.append(np.concatenate([p.grad.data.ravel() for p in ps]))
        np.testing.assert_allclose(*found)
        assert np.linalg.norm(found[0]) == pytest.approx(min(limit, 13.0))
