"""Functions where it is easy to be nearly right: plain arrays, lists of axes, equal elements."""

from __future__ import annotations

import math

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad import xp as numpy_xp
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.testing.core import core_ops
from arraygrad.testing.truth import Truth, in_a_row

PUBLIC = [name for name in core_ops() if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
def test_results_of_plain_arrays_are_constants(name):
    op = core_ops()[name]
    for k, sample in enumerate(op.definition.samples):
        truth = Truth(op, sample, k)
        for y in in_a_row(truth.call(truth.values)):
            assert not isinstance(y, Variable) or not y.requires_grad


def test_a_mask_of_attention_and_the_past():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(3, 4)) for _ in range(3))
    mask = np.array([[True, True, True], [False, True, True], [True, False, True]])
    both = F.scaled_dot_product_attention(q, k, v, mask & np.tri(3, dtype=bool)).data
    np.testing.assert_allclose(F.scaled_dot_product_attention(q, k, v, mask, True).data, both)
    np.testing.assert_allclose(both[0], v[0])
    np.testing.assert_allclose(both[1], v[1])


@pytest.mark.parametrize("s", [(0, 3), (3, 0), (-2, 3)])
def test_lengths_of_transforms(s):
    with pytest.raises(ArgumentError, match="a length of 1 or more for each"):
        F.fftn(np.ones((2, 3)), s=s)


def test_lists_of_axes():
    x = np.arange(1.0, 7).reshape(1, 2, 3)
    for tracked in (False, True):
        found = F.vector_norm(Variable(x, requires_grad=tracked), axis=[1, 2])
        np.testing.assert_allclose(found.data, [np.sqrt(91)])


def test_unique_elements_are_found_where_they_come_first():
    x = np.random.default_rng(0).integers(0, 5, size=2000) * 0.5
    for y in (x, Variable(x)):
        found = F.unique_all(y)
        values, indices, inverse, counts = np.unique(
            x, return_index=True, return_inverse=True, return_counts=True
        )
        for mine, numpys in zip(found, (values, indices, inverse, counts), strict=True):
            np.testing.assert_array_equal(mine.data, numpys)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_masks_of_the_first_axes(axes):
    x = np.arange(24.0).reshape(2, 3, 4)
    mask = np.arange(math.prod(x.shape[:axes])).reshape(x.shape[:axes]) % 2 == 0
    y = Variable(x) * 1.0
    y[mask] = -1.0
    x[mask] = -1.0
    np.testing.assert_array_equal(y.data, x)


def test_power_transformations_at_zero():
    """There they are the logarithm and its inverse; the slope is the limit."""
    pytest.importorskip("scipy")
    special = numpy_xp.special
    for name, y in {
        "boxcox": 1.7,
        "boxcox1p": 0.7,
        "inv_boxcox": 0.6,
        "inv_boxcox1p": 0.6,
    }.items():
        f = getattr(special, name)
        at, near = (ag.grad(lambda a, f=f, y=y: f(y, a))(a) for a in (0.0, 1e-5))
        assert float(at) == pytest.approx(float(near), rel=1e-4)
        assert abs(float(at)) > 0.1


def test_the_slope_of_sinc_is_accurate_on_both_sides_of_its_series():
    pytest.importorskip("scipy")
    x = np.array([-0.0999, 0.06, 0.0999, 0.1001])
    exact = np.cos(np.pi * x) / x - np.sin(np.pi * x) / (np.pi * x * x)
    y = Variable(x)
    numpy_xp.special.sinc(y).sum().backward()
    np.testing.assert_allclose(y.grad.data, exact, rtol=1e-11)


def test_accuracy_of_labels_and_of_weights():
    y = np.array([[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
    assert float(F.accuracy(y, np.array([1, 1, 2]))) == pytest.approx(2 / 3)
    assert float(F.accuracy(y, np.eye(3)[[1, 1, 2]])) == pytest.approx(2 / 3)


def test_the_simple_forms_of_the_book():
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_allclose(F.sigmoid_simple(x).data, 1 / (1 + np.exp(-x)))


def test_one_number_of_repetitions():
    for times in (2, (2,), [2], np.int64(2)):
        np.testing.assert_array_equal(
            F.tile(Variable(np.array([1.0, 2.0])), times).data, [1, 2] * 2
        )


def test_arrays_full_of_a_variable():
    c = Variable(np.array(3.0))
    y = numpy_xp.full((2, 3), c)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, np.full((2, 3), 3.0))
    assert float(c.grad) == 6.0


def test_running_products_and_sums_from_the_start():
    x = Variable(np.array([2.0, 3.0]))
    for f, wanted, slopes in [
        (numpy_xp.cumulative_prod, [1, 2, 6], [4, 2]),
        (numpy_xp.cumulative_sum, [0, 2, 5], [2, 1]),
    ]:
        y = f(x, include_initial=True)
        np.testing.assert_array_equal(y.data, wanted)
        np.testing.assert_array_equal(f(x).data, wanted[1:])
        x.cleargrad()
        y.sum().backward()
        np.testing.assert_array_equal(x.grad.data, slopes)


def test_masked_elements_take_the_dtype_of_the_others():
    x = Variable(np.zeros(3, np.float32)) * 1.0
    x[np.array([True, False, True])] = np.float64(2.5)
    x[np.array([False, True, False])] = Variable(np.array(0.5))
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x.data, [2.5, 0.5, 2.5])


@pytest.mark.parametrize("ord", [None, "fro"])
def test_orders_of_norms_that_are_no_numbers(ord):
    with pytest.raises(ArgumentError, match="expected a number"):
        F.vector_norm(np.ones(2), ord=ord)


def test_the_pseudoinverse_is_of_matrices():
    for x in (np.ones(3), Variable(np.ones(3))):
        with pytest.raises(ShapeError):
            F.pinv(x)


def test_what_batch_norm_needs():
    x, c = np.ones((4, 2)), np.ones(2)
    for i in range(4):
        args = [c, c, c.copy(), c.copy()]
        args[i] = None
        with pytest.raises(ShapeError, match="expected four arrays"):
            F.batch_norm(x, *args)


def test_groups_of_channels_without_pictures():
    x = np.array([[1.0, 3.0, 10.0, 20.0]])
    np.testing.assert_allclose(F.group_norm(x, 2).data, [[-1, 1, -1, 1]], rtol=1e-4)


@pytest.mark.parametrize("endpoint", [True, False])
def test_steps_between_variables(endpoint):
    start, stop = Variable(np.array(1.0)), Variable(np.array(3.0))
    y = numpy_xp.linspace(start, stop, 4, endpoint=endpoint)
    y.sum().backward()
    np.testing.assert_allclose(y.data, np.linspace(1, 3, 4, endpoint=endpoint))
    part = np.linspace(0, 1, 4, endpoint=endpoint)
    slopes = [float(start.grad), float(stop.grad)]
    np.testing.assert_allclose(slopes, [np.sum(1 - part), np.sum(part)])
