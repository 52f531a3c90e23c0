"""The book's helpers: gradients checked by differences, comparisons, shapes."""

import os

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Function, Variable, downloads, utils
from arraygrad.backend import get_backend
from arraygrad.errors import ArraygradError, AxisIndexError, DtypeError, GradientShapeError

EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]
LIBRARIES = ["numpy", "array_api_strict", *EXTRA]


@pytest.fixture(params=LIBRARIES)
def library(request):
    return get_backend(request.param)


def some(*shape):
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)


# -- numerical_grad


def test_numerical_grad_of_the_book():
    # Step 4: the digits of a central difference with the step 1e-4.
    x = np.array(0.5)
    f = lambda x: np.exp(x**2) ** 2
    assert utils.numerical_grad(f, x) == pytest.approx(3.2974426293330694, abs=1e-8)
    gx = utils.numerical_grad(lambda x: x**2, np.array([1.0, 2.0, 3.0]))
    assert type(gx) is np.ndarray
    np.testing.assert_allclose(gx, [2.0, 4.0, 6.0], rtol=1e-8)


def test_numerical_grad_on_every_library(library):
    values = some(2, 3)
    x = library.from_numpy(values.copy())
    gx = utils.numerical_grad(lambda x, c, k=1: F.sin(x) * c * k, x, 2.0, k=3)
    assert type(gx) is type(x)
    assert gx.dtype == x.dtype
    np.testing.assert_allclose(library.to_numpy(gx), 6 * np.cos(values), rtol=1e-6)
    np.testing.assert_array_equal(library.to_numpy(x), values)


def test_what_f_is_given(library):
    seen = []

    def f(x):
        seen.append(x)
        return x

    x = library.from_numpy(np.array([1, 2], dtype=np.int32))
    gx = utils.numerical_grad(f, x)
    # Whole numbers move by 1e-4 too: in the original they could not.
    assert {type(v) for v in seen} == {type(x)}
    assert {str(v.dtype).rpartition(".")[2] for v in (*seen, gx)} == {"float64"}
    np.testing.assert_allclose(library.to_numpy(gx), [1.0, 1.0])
    moves = sorted(float(library.to_numpy(v)[0]) for v in seen[:2])
    assert moves == pytest.approx([1 - 1e-4, 1 + 1e-4], abs=1e-12)


def test_numerical_grad_leaves_its_argument_alone():
    x = some(3)
    x.flags.writeable = False
    v = Variable(x)
    utils.numerical_grad(lambda x: x * x, v)
    assert v.data is x
    assert v.grad is None

    def changes(x):
        x[:] = 7.0
        return x

    x = some(3)
    before = x.copy()
    utils.numerical_grad(changes, x)
    np.testing.assert_array_equal(x, before)


def test_numerical_grad_in_float32_is_computed_in_float64():
    x = some(4).astype(np.float32)
    gx = utils.numerical_grad(lambda x: x**3, x)
    assert gx.dtype == np.float32
    np.testing.assert_allclose(gx, 3 * x.astype(float) ** 2, rtol=1e-6)


def test_results_of_every_kind():
    x = some(2)
    for f in (lambda x: 2 * x, lambda x: F.sum(2 * x), lambda x: float((2 * x).sum()),
              lambda x: [x, F.exp(x) * 0 + x], lambda x: (Variable(x), x)):  # fmt: skip
        np.testing.assert_allclose(utils.numerical_grad(f, x), [2.0, 2.0], rtol=1e-8)
    assert utils.numerical_grad(lambda x: 3.0, x).tolist() == [0.0, 0.0]
    assert utils.numerical_grad(F.sum, np.zeros((0, 2))).shape == (0, 2)


def test_a_large_offset_does_not_drown_the_difference():
    x = np.array([1.0, 2.0])
    gx = utils.numerical_grad(lambda x: np.concatenate([x, [1e12]]), x)
    np.testing.assert_allclose(gx, [1.0, 1.0], rtol=1e-8)


@pytest.mark.parametrize("check", [utils.numerical_grad, utils.gradient_check])
def test_numbers_without_a_derivative(check):
    with pytest.raises(DtypeError, match=f"{check.__name__}: got complex128, expected real"):
        check(F.sum, np.ones(2, complex))
    with pytest.raises(ArraygradError):
        check(F.sum, "text")
    with pytest.raises(ArraygradError):
        check(F.sum, None)


# -- gradient_check


def test_gradient_check_passes(library):
    x = library.from_numpy(some(3, 2))
    assert utils.gradient_check(lambda x: F.tanh(x) ** 2, x) is True
    assert utils.gradient_check(F.matmul, x, library.from_numpy(some(2, 4)))
    assert utils.gradient_check(F.softmax, x, axis=0)


def test_gradient_check_does_not_touch_its_argument():
    # The original made it float64 and left a gradient: the second call returned False.
    x = Variable(some(3).astype(np.float32), name="x")
    data, before = x.data, x.data.copy()
    x.grad = np.ones(3, np.float32)
    given = x.grad
    for _ in range(2):
        assert utils.gradient_check(F.sin, x)
    assert x.data is data
    np.testing.assert_array_equal(data, before)
    assert x.grad is given
    y = F.exp(x)  # nor what it was computed from
    assert utils.gradient_check(F.sin, y)
    assert y.creator is not None
    assert x.grad is given


def test_gradient_check_leaves_the_parameters_of_a_layer_alone():
    layer = L.Linear(2, in_size=3)
    W, b = layer.W, layer.b
    assert utils.gradient_check(layer, some(4, 3))
    assert (W.grad, b.grad) == (None, None)
    assert utils.gradient_check(lambda W: F.linear(some(4, 3), W, b), W)
    assert W.dtype == np.float32
    assert W.grad is None


class Wrong(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        return gy * 3.0


def test_gradient_check_fails_as_in_the_book(capsys):
    assert utils.gradient_check(lambda x: Wrong()(x), np.array([[1.0, 2.0]])) is False
    assert capsys.readouterr().out.splitlines() == [
        "",
        "========== FAILED (Gradient Check) ==========",
        "Numerical Grad",
        " shape: (1, 2)",
        " values: 2. 4. ...",
        "Backprop Grad",
        " shape: (1, 2)",
        " values: 3. 3. ...",
        "=============================================",
    ]


def test_tolerances():
    x = np.array([1.0])
    assert not utils.gradient_check(lambda x: Wrong()(x), x, rtol=0.1)
    assert utils.gradient_check(lambda x: Wrong()(x), x, rtol=0.6)
    assert utils.gradient_check(lambda x: Wrong()(x), x, rtol=0.0, atol=1.1)


def test_a_gradient_of_the_wrong_shape_says_so():
    class Flat(Function):
        def forward(self, x):
            return x * 2.0

        def backward(self, gy):
            return gy.reshape(-1)

    with pytest.raises(GradientShapeError, match="Flat"):
        utils.gradient_check(lambda x: Flat()(x), some(2, 2))


def test_gradient_check_of_whole_numbers_constants_and_several_results():
    assert utils.gradient_check(F.sin, np.array([1, 2]))
    assert utils.gradient_check(lambda x: np.ones(2), np.array([1.0, 2.0]))
    assert utils.gradient_check(lambda x: [F.sin(x), x * x], np.array([1.0, 2.0]))
    assert utils.gradient_check(lambda x: F.sin(x).sum(), np.array(0.3))


# -- comparisons


def test_array_equal_and_allclose(library):
    x = library.from_numpy(np.array([1.0, 2.0]))
    assert utils.array_equal(x, np.array([1.0, 2.0]))
    assert utils.array_equal(Variable(x), [1, 2])
    assert not utils.array_equal(x, [1.0])
    assert not utils.array_equal(x, [1.0, 2.5])
    assert utils.array_allclose(Variable(x), np.array([1.0, 2.00001]))
    assert not utils.array_allclose(x, [1.0, 2.1])
    assert utils.array_allclose(x, [1.0, 2.1], rtol=0.1)
    assert utils.array_allclose(x, [1.0, 2.1], rtol=0.0, atol=0.2)
    assert type(utils.array_equal(x, x)) is type(utils.array_allclose(x, x)) is bool


# -- shapes


@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (2, 1), (3,), (1,), ()])
def test_sum_to(library, shape):
    values = some(4, 2, 3)
    expected = np.add.reduce(np.broadcast_to(values, values.shape), axis=0)
    lead = 2 - len(shape)
    axes = tuple(i for i in range(2) if i < lead or shape[i - lead] == 1)
    expected = expected.sum(axis=axes).reshape(shape)
    y = utils.sum_to(library.from_numpy(values), shape)
    np.testing.assert_allclose(library.to_numpy(y), expected)
    v = utils.sum_to(Variable(library.from_numpy(values)), shape)
    assert v.creator is not None
    assert utils.array_allclose(v, expected)


@pytest.mark.parametrize("shape", [(3, 2), (2, 2, 3), (1, 1, 2, 3), (4,)])
def test_sum_to_a_shape_that_does_not_fit(shape):
    for x in (some(2, 3), Variable(some(2, 3))):
        with pytest.raises(ArraygradError, match=r"sum_to: got .*\(2, 3\)"):
            utils.sum_to(x, shape)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (-1, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reshape_sum_backward(library, axis, keepdims):
    x = some(2, 3, 4)
    y = x.sum(axis=axis, keepdims=keepdims)
    for gy in (library.from_numpy(np.asarray(y)), Variable(library.from_numpy(np.asarray(y)))):
        back = utils.reshape_sum_backward(gy, x.shape, axis, keepdims)
        assert type(back) is type(gy)
        assert tuple(back.shape) == x.sum(axis=axis, keepdims=True).shape


def test_reshape_sum_backward_of_what_does_not_fit():
    with pytest.raises(AxisIndexError, match=r"axis 2 of shape \(2, 3\), expected -2 to 1"):
        utils.reshape_sum_backward(np.ones(3), (2, 3), 2, False)
    with pytest.raises(ArraygradError, match=r"got gy of shape \(2,\)"):
        utils.reshape_sum_backward(np.ones(2), (2, 3), 0, False)


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(None, [1, 1, 1]), (0, [1, 3, 4]), (-1, [2, 3, 1]), ((0, 1), [1, 1, 4]), ([2], [2, 3, 1])],
)
def test_max_backward_shape(axis, shape):
    for x in (some(2, 3, 4), Variable(some(2, 3, 4))):
        assert utils.max_backward_shape(x, axis) == shape
    with pytest.raises(AxisIndexError, match="max_backward_shape: got axis 3"):
        utils.max_backward_shape(some(2, 3, 4), 3)


def test_logsumexp(library):
    x = some(3, 4)
    for axis in (0, 1, -1, None):
        expected = np.log(np.exp(x).sum(axis=axis, keepdims=True))
        y = utils.logsumexp(library.from_numpy(x), axis)
        np.testing.assert_allclose(library.to_numpy(y), expected, rtol=1e-12)
    assert library.to_numpy(utils.logsumexp(library.from_numpy(x))).shape == (3, 1)
    big = utils.logsumexp(library.from_numpy(np.array([[1000.0, 1000.0], [-1000.0, -1000.0]])))
    np.testing.assert_allclose(
        library.to_numpy(big), [[1000 + np.log(2)], [-1000 + np.log(2)]], rtol=1e-12
    )


def test_logsumexp_of_infinities_dtypes_and_variables():
    with np.errstate(divide="ignore"):
        y = utils.logsumexp(np.array([[-np.inf, -np.inf], [np.inf, 0.0], [-np.inf, 0.0]]))
    np.testing.assert_array_equal(y, [[-np.inf], [np.inf], [0.0]])
    assert utils.logsumexp(np.ones((2, 2), np.float32)).dtype == np.float32
    assert utils.gradient_check(utils.logsumexp, some(2, 3))


def test_sizes_of_windows():
    assert utils.get_conv_outsize(4, 3, 1, 1) == 4
    assert utils.get_conv_outsize(7, 5, 1, 0) == 3
    assert utils.get_deconv_outsize(3, 5, 1, 0) == 7
    assert utils.pair(3) == (3, 3)
    assert utils.pair((1, 2)) == (1, 2)


def test_downloads_are_here_too(monkeypatch, tmp_path):
    assert utils.get_file is downloads.get_file
    assert utils.show_progress is downloads.show_progress
    monkeypatch.setenv("ARRAYGRAD_CACHE_DIR", str(tmp_path))
    assert utils.cache_dir == downloads.cache_dir == str(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'cache'"):
        utils.cache  # noqa: B018
