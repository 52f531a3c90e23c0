"""In-place operations where it is easy to be nearly right: memory of others, views, dtypes."""

from __future__ import annotations

from weakref import ref

import numpy as np
import pytest

from arraygrad import Variable, no_grad
from arraygrad import xp as numpy_xp
from arraygrad.errors import DtypeError


def constant(x):
    return Variable(np.asarray(x), requires_grad=False)


def test_a_part_of_somebody_elses_array_is_not_written():
    whole = np.zeros(4)
    x = Variable(whole[1:], requires_grad=False)
    x[0] = 1.0
    np.testing.assert_array_equal(whole, 0.0)
    np.testing.assert_array_equal(x.data, [1, 0, 0])


def test_through_a_view_an_array_of_nobody_else_is_not_copied():
    x = numpy_xp.zeros(1000)
    address = x.data.ctypes.data
    view = x[10:]
    view[0] = 1.0
    view[1:][0] = 2.0
    assert x.data.ctypes.data == address
    np.testing.assert_array_equal(x.data[9:13], [0, 1, 2, 0])


def test_read_only_memory_is_left_alone():
    data = np.zeros(3)
    x = Variable(data, requires_grad=False)
    del data
    x.data.flags.writeable = False
    x[1] = 1.0
    np.testing.assert_array_equal(x.data, [0, 1, 0])


def test_views_that_are_gone_leave_nothing_behind():
    x = constant(np.zeros((3, 4)))
    kept = x[0]
    for _ in range(1000):
        x[1]
    assert len(x._views) < 20
    x[0, 0] = 5.0
    assert kept.data[0] == 5.0


def test_a_view_does_not_keep_what_it_is_a_view_of(without_gc):
    x = constant(np.zeros(3))
    view, gone = x[:2], ref(x)
    del x
    assert gone() is None
    view[0] = 1.0
    np.testing.assert_array_equal(view.data, [1, 0])


def test_a_view_in_between_stays_as_long_as_its_views():
    x = constant(np.zeros((2, 3)))
    corner = x[0][:2]
    corner[0] = 1.0
    np.testing.assert_array_equal(x.data, [[1, 0, 0], [0, 0, 0]])
    x[0, 1] = 2.0
    np.testing.assert_array_equal(corner.data, [1, 2])


@pytest.mark.parametrize("value", [(1.0, 2.0), [1.0, 2.0], np.array([1.0, 2.0])])
def test_what_may_be_assigned(value):
    for x in (constant(np.zeros(3)), Variable(np.zeros(3)) * 1):
        x[1:] = value
        np.testing.assert_array_equal(x.data, [0, 1, 2])


def test_numbers_with_a_fraction_are_cut_off_in_whole_numbers():
    """As NumPy does it, where no gradient can be lost."""
    x = constant([1, 2])
    x[0] = constant(2.5)
    np.testing.assert_array_equal(x.data, [2, 2])
    assert x.dtype == np.int64


def test_tracked_whole_numbers_go_into_whole_numbers():
    x = constant([1, 2])
    x[0] = Variable(np.array(7))
    np.testing.assert_array_equal(x.data, [7, 2])


@pytest.mark.parametrize(
    ("left", "right", "dtype"),
    [
        ("float32", "float64", "float32"),
        ("int32", "int64", "int32"),
        ("float32", "int64", "float32"),
        ("complex64", "float64", "complex64"),
    ],
)
def test_the_left_side_keeps_its_dtype(left, right, dtype):
    x = constant(np.ones(2, left))
    x += constant(np.ones(2, right))
    assert x.dtype == dtype
    np.testing.assert_array_equal(x.data, 2)


@pytest.mark.parametrize(("left", "right"), [("int64", "float64"), ("float64", "complex128")])
def test_a_result_of_another_kind_is_refused(left, right):
    x = constant(np.ones(2, left))
    with pytest.raises(DtypeError, match=f"got dtype {left} on the left and {right}"):
        x += constant(np.ones(2, right))
    np.testing.assert_array_equal(x.data, 1)


def test_a_result_that_becomes_a_constant_has_no_name_and_no_gradient():
    x = Variable(np.ones(2))
    y = x * 2
    y.name = "double"
    with no_grad():
        y += 1.0
    assert (y.requires_grad, y.name, y.creator) == (False, None, None)
    np.testing.assert_array_equal(y.data, 3)


def test_a_constant_keeps_its_name():
    x = Variable(np.ones(2), name="x", requires_grad=False)
    x += 1.0
    x[0] = 5.0
    assert x.name == "x"


def test_new_data_make_a_view_a_variable_of_its_own():
    x = constant(np.zeros(3))
    view, other = x[:2], x[1:]
    view.data = np.array([8.0, 9.0])
    held = x.data  # so that x gets another array
    x[:] = 1.0
    np.testing.assert_array_equal(held, 0)
    np.testing.assert_array_equal(view.data, [8, 9])
    np.testing.assert_array_equal(other.data, [1, 1])
    view[0] = 7.0
    np.testing.assert_array_equal(x.data, 1)


@pytest.mark.parametrize("data", [np.zeros(5), None])
def test_new_data_of_another_shape_let_views_go(data):
    x = constant(np.zeros(3))
    view = x[:2]
    x.data = data
    view[0] = 7.0
    np.testing.assert_array_equal(view.data, [7, 0])
    if data is not None:
        np.testing.assert_array_equal(x.data, 0)
        x[:] = 1.0
        np.testing.assert_array_equal(view.data, [7, 0])


def test_new_data_of_another_shape_in_a_view():
    x = constant(np.zeros((2, 3)))
    row = x[0]
    row.data = np.ones(7)
    assert row.shape == (7,)
    np.testing.assert_array_equal(x.data, 0)
