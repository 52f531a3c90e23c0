"""The book's steps, with the numbers that its readers see (as far as the first version goes)."""

import contextlib
import gc
import io
import weakref

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import (
    Function,
    Layer,
    Model,
    Parameter,
    Variable,
    as_variable,
    no_grad,
    optimizers,
    using_config,
)


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        x = self.inputs[0].data
        return np.exp(x) * gy


def square(x):
    return Square()(x)


def exp(x):
    return Exp()(x)


def numerical_diff(f, x, eps=1e-4):
    x0, x1 = Variable(x.data - eps), Variable(x.data + eps)
    return (f(x1).data - f(x0).data) / (2 * eps)


def composition(x):
    return square(exp(square(x)))


def test_step_04_numerical_differentiation():
    dy = numerical_diff(composition, Variable(np.array(0.5)))
    assert dy == pytest.approx(3.2974426293330694, abs=1e-8)
    dy = numerical_diff(square, Variable(np.array(2.0)))
    assert dy == pytest.approx(4.000000000004, abs=1e-8)


@pytest.mark.parametrize("given", [False, True])
def test_step_09_backward(given):
    x = Variable(np.array(0.5))
    y = composition(x)
    if given:
        y.grad = np.array(1.0)
    y.backward()
    assert x.grad.item() == pytest.approx(3.297442541400256, abs=1e-15)


def test_step_09_only_arrays():
    Variable(np.array(1.0))
    Variable(None)
    with pytest.raises(TypeError, match="<class 'float'>"):
        Variable(1.0)


def test_step_07_creators():
    x = Variable(np.array(0.5))
    a = square(x)
    b = exp(a)
    y = square(b)
    assert y.creator.inputs[0].creator is b.creator
    assert b.creator.inputs[0].creator is a.creator
    assert a.creator.inputs[0].creator is None
    assert y.creator.inputs[0] == b
    assert a.creator.inputs[0] == x


def test_step_10_tests_of_square():
    assert square(Variable(np.array(2.0))).data == 4.0
    x = Variable(np.array(3.0))
    square(x).backward()
    assert x.grad.data == 6.0
    x = Variable(np.random.default_rng(0).random(1))
    square(x).backward()
    assert np.allclose(x.grad.data, numerical_diff(square, x))


def test_step_14_one_variable_several_times():
    x = Variable(np.array(3.0))
    y = F.add(F.add(x, x), x)
    y.backward()
    assert repr(x.grad) == "variable(3.0)"
    x.cleargrad()
    F.add(x, x).backward()
    assert repr(x.grad) == "variable(2.0)"


def test_step_16_order_of_a_branched_graph():
    x = Variable(np.array(2.0))
    a = square(x)
    y = F.add(square(a), square(a))
    y.backward()
    assert (y.item(), x.grad.item()) == (32.0, 64.0)


def test_step_17_no_garbage():
    gc.collect()
    gc.disable()
    try:
        x = Variable(np.ones(10))
        y = composition(x)
        node, data = weakref.ref(y.creator), weakref.ref(y.data)
        del y
        assert (node(), data()) == (None, None)
    finally:
        gc.enable()


def test_step_18_memory():
    x0, x1 = Variable(np.array(1.0)), Variable(np.array(1.0))
    t = F.add(x0, x1)
    y = F.add(x0, t)
    y.backward()
    assert (y.grad, t.grad) == (None, None)
    assert (x0.grad.item(), x1.grad.item()) == (2.0, 1.0)
    for block in (using_config("enable_backprop", False), no_grad()):
        with contextlib.suppress(ZeroDivisionError), block:
            assert square(x0).creator is None
            raise ZeroDivisionError
        assert square(x0).creator is not None


def test_step_19_like_an_array():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]), "x")
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.int64, 2)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print(x)
        print(Variable(np.array([1, 2, 3])))
    assert out.getvalue() == "variable([[1 2 3]\n          [4 5 6]])\nvariable([1 2 3])\n"


def test_step_20_operators():
    a, b, c = (Variable(np.array(v)) for v in (3.0, 2.0, 1.0))
    y = a * b + c
    y.backward()
    assert repr(y) == "variable(7.0)"
    assert repr(a.grad) == "variable(2.0)"
    assert repr(b.grad) == "variable(3.0)"


def test_steps_21_and_22_mixed_operands():
    x = Variable(np.array(2.0))
    assert repr(x + np.array(3.0)) == "variable(5.0)"
    assert repr(3.0 * x + 1.0) == "variable(7.0)"
    assert repr(np.array([2.0]) + x) == "variable([4.])"
    assert repr(-x) == "variable(-2.0)"
    assert (repr(2.0 - x), repr(x - 1.0)) == ("variable(0.0)", "variable(1.0)")
    assert (repr(3.0 / x), repr(x / 4)) == ("variable(1.5)", "variable(0.5)")
    assert repr(x**3) == "variable(8.0)"


def sphere(x, y):
    return x**2 + y**2


def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein(x, y):
    return (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)) * (
        30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    )


@pytest.mark.parametrize(
    ("f", "gx", "gy"),
    [(sphere, 2.0, 2.0), (matyas, 0.04, 0.04), (goldstein, -5376.0, 8064.0)],
)
def test_step_24_functions_of_two_numbers(f, gx, gy):
    x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
    f(x, y).backward()
    assert (x.grad.item(), y.grad.item()) == pytest.approx((gx, gy), abs=1e-9)


@pytest.mark.parametrize(("threshold", "tolerance"), [(1e-4, 1e-5), (1e-150, 1e-15)])
def test_step_27_taylor_series_of_sin(threshold, tolerance):
    import math

    def my_sin(x):
        y = 0
        for i in range(100000):
            c = (-1) ** i / math.factorial(2 * i + 1)
            t = c * x ** (2 * i + 1)
            y = y + t
            if abs(t.data) < threshold:
                break
        return y

    x = Variable(np.array(np.pi / 4))
    y = F.sin(x)
    y.backward()
    assert (y.item(), x.grad.item()) == pytest.approx((0.7071067811865475,) * 2, abs=2e-16)
    x.cleargrad()
    my_sin(x).backward()
    assert x.grad.item() == pytest.approx(0.7071067811865476, abs=tolerance)


def rosenbrock(x0, x1):
    return 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2


def test_step_28_gradient_descent():
    x0, x1 = Variable(np.array(0.0)), Variable(np.array(2.0))
    rosenbrock(x0, x1).backward()
    assert (x0.grad.item(), x1.grad.item()) == (-2.0, 400.0)
    for _ in range(1000):
        y = rosenbrock(x0, x1)
        x0.cleargrad()
        x1.cleargrad()
        y.backward()
        x0.data -= 0.001 * x0.grad.data
        x1.data -= 0.001 * x1.grad.data
    assert (x0.item(), x1.item()) == pytest.approx((0.68371, 0.46595), abs=1e-5)


NEWTON = [
    2.0,
    1.4545454545454546,
    1.1510467893775467,
    1.0253259289766978,
    1.0009084519430513,
    1.0000012353089454,
    1.000000000002289,
    1.0,
    1.0,
    1.0,
]


def test_step_29_newton_by_hand():
    x, path = Variable(np.array(2.0)), []
    for _ in range(10):
        path.append(x.item())
        y = x**4 - 2 * x**2
        x.cleargrad()
        y.backward()
        x.data -= x.grad.data / (12 * x.data**2 - 4)
    assert path == pytest.approx(NEWTON, abs=1e-14)


def test_step_33_newton_by_double_backprop():
    x, path = Variable(np.array(2.0)), []
    for _ in range(10):
        path.append(x.item())
        y = x**4 - 2 * x**2
        x.cleargrad()
        y.backward(create_graph=True)
        gx = x.grad
        x.cleargrad()
        gx.backward()
        gx2 = x.grad
        x.data -= gx.data / gx2.data
    assert path == pytest.approx(NEWTON, abs=1e-14)


def test_step_33_second_backward():
    x = Variable(np.array(2.0))
    y = x**4 - 2 * x**2
    y.backward(create_graph=True)
    assert repr(x.grad) == "variable(24.0)"
    gx = x.grad
    gx.backward()
    assert repr(x.grad) == "variable(68.0)"
    x.cleargrad()
    gx.backward()
    assert repr(x.grad) == "variable(44.0)"


def test_step_34_derivatives_of_sin():
    x = Variable(np.linspace(-7, 7, 200))
    y = F.sin(x)
    y.backward(create_graph=True)
    logs = []
    for _ in range(4):
        logs.append(x.grad.data)
        gx = x.grad
        x.cleargrad()
        gx.backward(create_graph=True)
    sin, cos = np.sin(x.data), np.cos(x.data)
    np.testing.assert_allclose(logs, [cos, -sin, -cos, sin], atol=1e-12)


def test_step_35_derivatives_of_tanh():
    x = Variable(np.array(1.0))
    y = F.tanh(x)
    y.backward(create_graph=True)
    found = []
    for _ in range(6):
        gx = x.grad
        found.append(gx.item())
        x.cleargrad()
        gx.backward(create_graph=True)
    t, p = np.tanh(1.0), np.polynomial.Polynomial([0.0, 1.0])
    expected = []
    for _ in range(6):
        p = p.deriv() * np.polynomial.Polynomial([1.0, 0.0, -1.0])
        expected.append(p(t))
    assert found == pytest.approx(expected, abs=1e-9)


def test_step_36_a_gradient_in_a_computation():
    x = Variable(np.array(2.0))
    y = x**2
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    z = gx**3 + y
    z.backward()
    assert repr(x.grad) == "variable(100.0)"


def test_step_37_tensors():
    assert repr(F.sin(Variable(np.array(1.0)))) == "variable(0.8414709848078965)"
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    np.testing.assert_allclose(
        F.sin(x).data, [[0.841, 0.909, 0.141], [-0.757, -0.959, -0.279]], atol=6e-4
    )
    c = Variable(np.array([[10, 20, 30], [40, 50, 60]]))
    y = x + c
    assert repr(y) == "variable([[11 22 33]\n          [44 55 66]])"
    z = F.sum(y)
    z.backward(retain_grad=True)
    ones = "variable([[1 1 1]\n          [1 1 1]])"
    assert [repr(v.grad) for v in (x, c, y)] == [ones] * 3
    assert repr(z.grad) == "variable(1)"


def test_step_38_reshape_and_transpose():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    y = F.reshape(x, (6,))
    y.backward(retain_grad=True)
    assert repr(x.grad) == "variable([[1 1 1]\n          [1 1 1]])"
    x = Variable(np.random.default_rng(0).normal(size=(1, 2, 3)))
    for y in (x.reshape((2, 3)), x.reshape([2, 3]), x.reshape(2, 3)):
        assert y.shape == (2, 3)
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    y = F.transpose(x)
    y.backward()
    assert repr(y) == "variable([[1 4]\n          [2 5]\n          [3 6]])"
    assert x.grad.shape == (2, 3)
    assert (x.transpose().shape, x.T.shape) == ((3, 2), (3, 2))
    x = Variable(np.ones((1, 2, 3, 4)))
    y = x.transpose(1, 0, 3, 2)
    y.backward()
    assert (y.shape, x.grad.shape) == ((2, 1, 4, 3), (1, 2, 3, 4))


def test_step_39_sum():
    x = Variable(np.array([1, 2, 3, 4, 5, 6]))
    y = F.sum(x)
    y.backward()
    assert (repr(y), repr(x.grad)) == ("variable(21)", "variable([1 1 1 1 1 1])")
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    y = F.sum(x, axis=0)
    y.backward()
    assert repr(y) == "variable([5 7 9])"
    assert repr(x.grad) == "variable([[1 1 1]\n          [1 1 1]])"
    x = Variable(np.ones((2, 3, 4, 5)))
    assert x.sum(keepdims=True).shape == (1, 1, 1, 1)


def test_step_40_broadcasting():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = F.broadcast_to(x, (2, 3))
    gy = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    y.grad = gy
    y.backward()
    np.testing.assert_allclose(x.grad.data, F.sum_to(gy, (3,)).data, atol=1e-9)
    y = Variable(gy)
    s = F.sum_to(y, (1, 3))
    s.grad = np.array([[1.0, 2.0, 3.0]])
    s.backward()
    np.testing.assert_allclose(y.grad.data, [[1.0, 2.0, 3.0]] * 2, atol=1e-9)
    x0, x1 = Variable(np.array([1, 2, 3])), Variable(np.array([10]))
    y = x0 + x1
    assert repr(y) == "variable([11 12 13])"
    y.backward()
    assert (repr(x0.grad), repr(x1.grad)) == ("variable([1 1 1])", "variable([3])")


def test_step_41_matmul():
    rng = np.random.default_rng(0)
    x, W, gy = (rng.normal(size=s) for s in ((2, 3), (3, 4), (2, 4)))
    vx, vW = Variable(x), Variable(W)
    y = F.matmul(vx, vW)
    y.grad = gy
    y.backward()
    np.testing.assert_allclose(y.data, x @ W, atol=1e-9)
    np.testing.assert_allclose(vx.grad.data, gy @ W.T, atol=1e-9)
    np.testing.assert_allclose(vW.grad.data, x.T @ gy, atol=1e-9)


@pytest.fixture
def seed():
    """The book draws from NumPy's global generator; afterwards it is as it was."""
    state = np.random.get_state()
    yield np.random.seed
    np.random.set_state(state)


@pytest.mark.parametrize("loss", [F.mean_squared_error, F.mean_squared_error_simple])
def test_step_42_linear_regression(seed, loss):
    seed(0)
    x = np.random.rand(100, 1)
    y = 5 + 2 * x + np.random.rand(100, 1)
    x, y = Variable(x), Variable(y)
    W, b = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
    for _ in range(100):
        value = loss(y, F.matmul(x, W) + b)
        W.cleargrad()
        b.cleargrad()
        value.backward()
        W.data -= 0.1 * W.grad.data
        b.data -= 0.1 * b.grad.data
    assert W.item() == pytest.approx(2.11807369, abs=1e-8)
    assert b.item() == pytest.approx(5.46608905, abs=1e-8)
    assert value.item() == pytest.approx(0.07908606512411756, abs=1e-12)


def sine_data():
    x = np.random.rand(100, 1)
    return x, np.sin(2 * np.pi * x) + np.random.rand(100, 1)


@pytest.mark.parametrize("linear", [F.linear, F.linear_simple])
@pytest.mark.parametrize("sigmoid", [F.sigmoid, F.sigmoid_simple])
def test_step_43_a_network_by_hand(seed, linear, sigmoid):
    seed(0)
    x, y = sine_data()
    W1, b1 = Variable(0.01 * np.random.randn(1, 10)), Variable(np.zeros(10))
    W2, b2 = Variable(0.01 * np.random.randn(10, 1)), Variable(np.zeros(1))
    for i in range(9001):
        loss = F.mean_squared_error(y, linear(sigmoid(linear(x, W1, b1)), W2, b2))
        for p in (W1, b1, W2, b2):
            p.cleargrad()
        loss.backward()
        if i == 0:
            assert loss.item() == pytest.approx(0.8473695850105871, abs=1e-12)
        for p in (W1, b1, W2, b2):
            p.data -= 0.2 * p.grad.data
    assert loss.item() == pytest.approx(0.07722132399559317, abs=1e-6)


def test_step_43_linear_and_sigmoid():
    rng = np.random.default_rng(0)
    x, W, b = (Variable(rng.normal(size=s)) for s in ((5, 3), (3, 2), (2,)))
    np.testing.assert_allclose(F.linear(x, W, b).data, F.linear_simple(x, W, b).data, atol=1e-9)
    np.testing.assert_allclose(F.linear(x, W).data, F.linear_simple(x, W).data, atol=1e-9)
    extremes = F.sigmoid(Variable(np.array([-1000.0, 1000.0])))
    np.testing.assert_array_equal(extremes.data, [0.0, 1.0])


def test_step_44_parameters():
    x, p = Variable(np.array(1.0)), Parameter(np.array(2.0))
    y = x * p
    assert repr(p * x) == "variable(2.0)"
    assert [isinstance(v, Parameter) for v in (p, x, y)] == [True, False, False]


def test_step_44_a_layer_knows_its_parameters():
    layer = Layer()
    layer.p1 = Parameter(np.array(1))
    layer.p2 = Parameter(np.array(2))
    layer.p3 = Variable(np.array(3))
    layer.p4 = "test"
    assert set(layer._params) == {"p1", "p2"}
    assert [repr(layer.p1), repr(layer.p2)] == ["variable(1)", "variable(2)"]


def test_step_44_weights_of_linear(seed):
    seed(0)
    layer = L.Linear(10)
    layer(np.ones((4, 5), np.float32))
    seed(0)
    expected = np.random.randn(5, 10).astype(np.float32) * np.float32(np.sqrt(1 / 5))
    np.testing.assert_allclose(layer.W.data, expected, atol=1e-6)
    assert layer.W.dtype == np.float32
    np.testing.assert_array_equal(layer.b.data, np.zeros(10, np.float32))


LOSSES = [
    0.8165178492839196,
    0.24990280802148895,
    0.24609876581126014,
    0.23721590814318072,
    0.20793216413350174,
    0.12311905720649353,
    0.07888166506355153,
    0.07655073683421634,
    0.07637803086238225,
    0.07618764131185568,
]


def train(predict, update):
    """The loss every 1000 of 10000 steps."""
    x, y = sine_data()
    losses = []
    for i in range(9001):
        loss = F.mean_squared_error(y, predict(x))
        update(loss)
        if i % 1000 == 0:
            losses.append(loss.item())
    assert losses[0] == pytest.approx(LOSSES[0], abs=1e-6)
    assert losses == pytest.approx(LOSSES, abs=3e-4)


def test_step_44_two_layers(seed):
    seed(0)
    l1, l2 = L.Linear(10), L.Linear(1)

    def update(loss):
        l1.cleargrads()
        l2.cleargrads()
        loss.backward()
        for layer in (l1, l2):
            for p in layer.params():
                p.data -= 0.2 * p.grad.data

    train(lambda x: l2(F.sigmoid(l1(x))), update)


def test_step_46_a_model_and_an_optimizer(seed):
    class TwoLayerNet(Model):
        def __init__(self, hidden_size, out_size):
            super().__init__()
            self.l1 = L.Linear(hidden_size)
            self.l2 = L.Linear(out_size)

        def forward(self, x):
            return self.l2(F.sigmoid(self.l1(x)))

    seed(0)
    model = TwoLayerNet(10, 1)
    optimizer = optimizers.SGD(0.2).setup(model)

    def update(loss):
        model.cleargrads()
        loss.backward()
        optimizer.update()

    train(model, update)


def test_step_47_softmax_and_cross_entropy():
    x = Variable(np.array([[0.2, -0.4]]))
    p = F.softmax(x)
    assert p.sum().item() == pytest.approx(1.0)
    np.testing.assert_allclose(p.data, F.softmax_simple(x).data, rtol=1e-12)
    x = Variable(np.array([[0.2, -0.4], [0.3, 0.5], [1.3, -3.2], [2.1, 0.3]]))
    t = np.array([1, 0, 1, 0])
    loss = F.softmax_cross_entropy(x, t)
    simple = F.softmax_cross_entropy_simple(x, t)
    logs = np.log(np.exp(x.data) / np.exp(x.data).sum(1, keepdims=True))
    assert loss.item() == pytest.approx(-logs[np.arange(4), t].mean(), rel=1e-12)
    assert simple.item() == pytest.approx(loss.item(), rel=1e-9)
    assert repr(x[1]) == "variable([0.3 0.5])"
    assert x[:, 1].shape == (4,)


def test_step_50_accuracy():
    y = np.array([[0.2, 0.8, 0], [0.1, 0.9, 0], [0.8, 0.1, 0.1]])
    t = np.array([1, 2, 0])
    assert F.accuracy(y, t).item() == pytest.approx(2 / 3, abs=0)


def test_step_51_relu():
    x = Variable(np.array([-1.0, 0.0, 2.0]))
    y = F.relu(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [0.0, 0.0, 2.0])
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.0, 1.0])


def test_step_54_dropout(seed):
    from arraygrad import test_mode

    seed(0)
    x = np.ones(10000)
    y = F.dropout(x, 0.6)
    assert set(np.unique(y.data).tolist()) <= {0.0, 2.5, 1 / 0.4}
    assert y.data.mean() == pytest.approx(1.0, abs=0.1)
    with test_mode():
        np.testing.assert_array_equal(F.dropout(x, 0.6).data, x)


def test_step_59_truncated_backpropagation():
    h = as_variable(np.array(1.0))
    w = Parameter(np.array(0.5))
    for _ in range(3):
        h = F.tanh(h * w)
    h.unchain_backward()
    assert h.creator is not None
    assert h.creator.inputs[0].creator is None
