"""What libraries written against the standard ask of its namespace beyond the standard's text."""

import numpy as np
import pytest

import arraygrad.xp as xp
from arraygrad import Variable


def test_a_namespace_has_no_more_than_the_standard() -> None:
    # SciPy does without what is not there, by other functions, and these are differentiable.
    for name in ("median", "roots", "convolve", "put_along_axis"):
        assert hasattr(np, name)
        assert not hasattr(xp, name)
    assert hasattr(np.linalg, "cond")
    assert not hasattr(xp.linalg, "cond")
    with pytest.raises(AttributeError, match=r"median.*standard has not.*x\.data"):
        xp.median  # noqa: B018


def test_writing_to_another_shape_of_an_array_writes_to_it() -> None:
    leaf = Variable(np.arange(6.0))
    x = leaf * 2
    low, high = xp.reshape(x, (2, 3))
    high *= 3
    np.testing.assert_array_equal(x.data, [0, 2, 4, 18, 24, 30])
    xp.sum(x).backward()
    np.testing.assert_array_equal(leaf.grad.data, [2, 2, 2, 6, 6, 6])
    np.testing.assert_array_equal(low.data, [0, 2, 4])


def test_writing_to_a_copy_in_another_shape_does_not() -> None:
    x = xp.asarray(np.arange(6.0).reshape(2, 3))
    xp.reshape(x, (6,), copy=True)[0] = 9
    xp.reshape(x.T, (6,))[0] = 9  # of which NumPy makes a copy
    np.testing.assert_array_equal(x.data, np.arange(6.0).reshape(2, 3))


def test_writing_to_a_flipped_array_writes_to_it() -> None:
    x = Variable(np.arange(4.0).reshape(2, 2)) * 1
    xp.flip(x, axis=1)[0, 0] = 9
    np.testing.assert_array_equal(x.data, [[0, 9], [2, 3]])
