"""What libraries written against the standard ask of its namespace beyond the standard's text."""

import numpy as np
import pytest

import arraygrad.xp as xp
from arraygrad import Variable, no_grad, using_config
from arraygrad.errors import DtypeError, LostGradientWarning, MixedBackendError


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


@pytest.mark.parametrize("convert", [float, bool, complex, int, Variable.item])
def test_a_number_made_of_a_tracked_variable_is_warned_of_if_asked_for(convert) -> None:
    x = Variable(np.array(2.0), name="x")
    convert(x)  # without a word
    with using_config("warn_lost_gradients", True):
        with pytest.warns(LostGradientWarning, match=rf"{convert.__name__}\(\) .* 'x'") as seen:
            assert convert(x) == (True if convert is bool else 2)
        assert seen[0].filename == __file__
        convert(x.detach())
        with no_grad():
            convert(x)


def test_special_functions_of_scipy_itself_are_differentiable() -> None:
    special = pytest.importorskip("scipy.special")
    z = Variable(np.array([0.5, 1.5]))
    special.jv(1, z).sum().backward()
    np.testing.assert_allclose(z.grad.data, special.jvp(1, z.data), rtol=1e-12)
    with pytest.raises(DtypeError, match="wofz"):
        special.wofz(z)
    with pytest.raises(DtypeError, match="exp"):
        np.exp(z)


@pytest.mark.parametrize("two", [np.float64(2), np.float32(2), np.int64(2)])
def test_numbers_of_numpy_are_numbers_among_arrays_of_other_libraries(two) -> None:
    strict = pytest.importorskip("array_api_strict")
    x = Variable(strict.asarray([1, 3]), requires_grad=False)
    x = x if isinstance(two, np.integer) else x.astype(strict.float32)
    y = two * (x * two)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(np.asarray(y.data), [4, 12])
    with pytest.raises(MixedBackendError, match="of different libraries"):
        x * np.asarray(two)


def test_a_mask_without_axes_is_a_mask() -> None:
    leaf = Variable(np.array([1.0, 2.0]))
    x = leaf * 3
    x[xp.asarray(False)] = 9.0
    np.testing.assert_array_equal(x.data, [3, 6])
    y = xp.sum(x)
    y[y > 5] = x[0]
    y.backward()
    np.testing.assert_array_equal(leaf.grad.data, [3, 0])
