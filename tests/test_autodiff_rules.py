"""checkpoint, custom, stop_gradient, check_grads."""

import gc
import os
import tracemalloc
import weakref

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Parameter, Variable, no_grad, op
from arraygrad.errors import ArgumentError, GradientError

X = np.array([0.3, -0.7, 1.1])
W = np.array([[0.2, -0.5, 0.3], [0.1, 0.9, -0.4], [0.6, 0.2, 0.8]])


def close(x, expected, rtol=1e-12):
    np.testing.assert_allclose(x, expected, rtol=rtol, atol=1e-14)


def block(x):
    for _ in range(3):
        x = F.tanh(x @ W) * 2.0
    return x


def loss(f):
    return lambda x: (f(f(x)) ** 2).sum()


# -- checkpoint


@pytest.mark.parametrize("of", [ag.grad, ag.hessian, lambda f: ag.hessian(ag.checkpoint(f))])
def test_a_checkpoint_changes_nothing(of):
    close(of(loss(ag.checkpoint(block)))(X), of(loss(block))(X))


def test_a_checkpoint_in_forward_mode_and_inside_out():
    close(ag.jacfwd(ag.checkpoint(block))(X), ag.jacobian(block)(X))
    inner = ag.checkpoint(lambda x: ag.grad(lambda y: (y**3).sum())(x))
    close(ag.jacobian(inner)(X), np.diag(6 * X))


def test_third_order_through_a_checkpoint():
    f = ag.checkpoint(lambda x: F.sin(x) * x)
    assert float(ag.grad(ag.grad(ag.grad(f)))(0.7)) == pytest.approx(
        -3 * np.sin(0.7) - 0.7 * np.cos(0.7), rel=1e-12
    )


def test_a_checkpoint_of_containers():
    def f(p, scale=1.0):
        return {"a": F.sin(p["x"]) * p["y"], "b": (p["x"], 3, None), "c": np.ones(2), "s": scale}

    g = ag.checkpoint(f)

    def number(f):
        def total(p):
            y = f(p, scale=2.0)
            return (y["a"] * y["b"][0] * y["b"][1] * y["s"]).sum()

        return total

    p = {"x": X, "y": X + 1}
    for key in p:
        close(ag.grad(number(g))(p)[key], ag.grad(number(f))(p)[key])
        close(ag.hessian(number(g))(p)[key]["x"], ag.hessian(number(f))(p)[key]["x"])


def test_a_checkpoint_reaches_what_it_closes_over():
    w = Parameter(W)
    f = lambda x: F.tanh(x @ w)
    grads = []
    for g in (f, ag.checkpoint(f)):
        w.cleargrad()
        (g(g(Variable(X))) ** 2).sum().backward()
        grads.append(w.grad.data)
    close(*grads)
    # ... also where no argument is tracked, and to second order.
    w.cleargrad()
    y = ag.checkpoint(f)(X)
    assert y.requires_grad
    y.sum().backward(create_graph=True)
    g = w.grad
    w.cleargrad()
    (g * g).sum().backward()
    second = w.grad.data
    w.cleargrad()
    f(X).sum().backward(create_graph=True)
    g = w.grad
    w.cleargrad()
    (g * g).sum().backward()
    close(second, w.grad.data)


def test_a_checkpoint_outside_of_recording_is_the_function():
    with no_grad():
        assert not ag.checkpoint(block)(Variable(X)).requires_grad
    close(ag.checkpoint(block)(X).data, block(X).data)


def test_a_checkpoint_computes_again_with_the_same_noise_and_switches():
    f = ag.checkpoint(lambda x: F.dropout(x, 0.5))
    x = Variable(np.ones(50))
    np.random.seed(0)
    y = f(x)
    drawn = np.random.random()
    with ag.test_mode():
        y.backward()
    close(x.grad.data, y.data)  # dropout is linear: the same mask
    np.random.seed(0)
    F.dropout(np.ones(50), 0.5)
    assert np.random.random() == drawn  # the generator is where it was


def test_a_checkpoint_keeps_the_values_of_its_call():
    w = Parameter(np.array(3.0))
    y = ag.checkpoint(lambda w: w * w)(w)
    w.data = np.array(100.0)
    y.backward()
    assert w.grad.item() == 6.0


def test_a_checkpoint_keeps_nothing_inside(without_gc):
    seen = []

    def f(x):
        y = F.exp(x)
        seen.append(weakref.ref(y.creator))
        return F.sin(y)

    y = ag.checkpoint(f)(Variable(X))
    assert seen[0]() is None
    node = weakref.ref(y.creator)
    y.backward()
    del y
    assert node() is None


def test_a_checkpoint_needs_less_memory():
    def deep(x):
        for _ in range(8):
            x = F.tanh(x)
        return x

    def peak(f):
        def loss(x):
            for _ in range(8):
                x = f(x)
            return x.sum()

        ag.grad(loss)(np.ones(2))
        x = np.ones(20_000)
        gc.collect()
        tracemalloc.start()
        try:
            ag.grad(loss)(x)
            return tracemalloc.get_traced_memory()[1] / x.nbytes
        finally:
            tracemalloc.stop()

    assert peak(deep) > 60  # arrays of the size of x
    assert peak(ag.checkpoint(deep)) < 20


def test_a_checkpoint_in_a_compiled_step():
    if "jax" not in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(","):
        pytest.skip("ARRAYGRAD_TEST_BACKENDS does not name jax")
    jax = pytest.importorskip("jax")
    w = Parameter(jax.numpy.ones(50, "float32"))

    def step():
        y = ag.checkpoint(lambda: F.dropout(w, 0.5))()
        w.cleargrad()
        y.sum().backward()
        return y.data, w.grad.data

    jitted = ag.jit(step, w)
    jitted()
    y, g = jitted()
    np.testing.assert_array_equal(np.asarray(y), np.asarray(g))  # one mask, not two


def test_a_checkpoint_that_changes_its_mind():
    calls = []

    def f(x):
        calls.append(1)
        return (x * 2.0, x * 3.0) if len(calls) == 1 else x * 2.0

    with pytest.raises(GradientError, match=r"checkpoint\(f\).*another structure.*the same"):
        ag.grad(lambda x: ag.checkpoint(f)(x)[0])(1.0)


# -- custom


def test_custom_rules():
    @ag.custom
    def log1pexp(x):
        return np.logaddexp(0.0, x)

    @log1pexp.rule
    def _(g, x):
        return g * F.sigmoid(x)

    s = 1 / (1 + np.exp(-X))
    close(ag.elementwise_grad(log1pexp)(X), s)
    close(ag.jvp(log1pexp, (X,), (X,))[1], s * X)
    ag.check_grads(log1pexp, (X,), order=3)
    assert float(ag.grad(log1pexp)(1000.0)) == 1.0


def test_custom_rules_of_several_inputs_and_parameters():
    @ag.custom(broadcasts=True, constant=("t",))
    def scaled(x, y, t, *, power=2):
        return x * y**power * t

    @scaled.rule("x")
    def _(g, y, t, power):
        return g * y**power * t

    @scaled.rule("y")
    def _(g, x, y, t, power):
        return g * x * power * y ** (power - 1) * t

    f = lambda x, y: scaled(x, y, np.ones(3) * 0.5, power=3)
    ag.check_grads(f, (X, np.array(0.8)))
    close(ag.grad(lambda y: f(X, y).sum())(0.8), (X * 3 * 0.64 * 0.5).sum())


def test_custom_calls_anything_and_ops_too():
    @ag.custom
    def from_ops(x):
        assert type(x) is np.ndarray
        return F.exp(x)

    @from_ops.rule
    def _(g, out):
        return F.mul(g, out)

    y = from_ops(Variable(X))
    assert type(y.data) is np.ndarray
    close(ag.hessian(lambda x: from_ops(x).sum())(X), np.diag(np.exp(X)))


def test_custom_functions_are_in_no_table():
    @ag.custom
    def tanh(x):
        return x

    @ag.custom
    def only_here(x):
        return x

    assert op.table["tanh"] is F.tanh
    assert "only_here" not in op.table
    with pytest.raises(ArgumentError, match=r"only_here\.rule.*'z'.*\['x'\]"):
        only_here.rule("z")
    with pytest.raises(ArgumentError, match="asks for 'nothing'"):
        only_here.rule(lambda g, nothing: g)


def test_stop_gradient():
    close(ag.grad(lambda x: x * ag.stop_gradient(x * x))(3.0), 9.0)
    close(ag.jvp(lambda x: x + ag.stop_gradient(x), (3.0,), (1.0,))[1], 1.0)
    x = Variable(X)
    kept = ag.stop_gradient({"x": x, "list": [x, 2.0, "text", None]})
    assert not kept["x"].requires_grad
    assert kept["list"][1:] == [2.0, "text", None]
    assert ag.stop_gradient(X) is X
    close(ag.grad(lambda x: ag.grad(lambda y: y * ag.stop_gradient(y) * x)(x))(3.0), 3.0)


# -- check_grads


def test_check_grads_accepts_what_is_right():
    f = lambda p, s: (F.sin(p["a"]) * s, [p["a"].sum() ** 2])
    assert ag.check_grads(f, ({"a": X}, 2.0), order=3) is None
    ag.check_grads(lambda x: F.exp(x), (X.astype(np.float32),))
    z = np.array([1 + 2j, 0.5 - 1j])
    ag.check_grads(lambda z: F.real(z * z) * F.exp(z), (z,))
    ag.check_grads(lambda z: z * z, (1 + 2j,))


def wrong(order):
    """A function whose derivatives are right below that order."""

    @ag.custom
    def f(x):
        return np.sin(x)

    @f.rule
    def _(g, x):
        if order == 1:
            return g * x
        return g * ag.stop_gradient(F.cos(x)) if isinstance(x, Variable) else g * np.cos(x)

    return f


def test_check_grads_finds_what_is_wrong():
    with pytest.raises(GradientError, match=r"check_grads\(f\).*order 1 in reverse.*array 0"):
        ag.check_grads(wrong(1), (X,), order=1)
    ag.check_grads(wrong(2), (X,), order=1)
    with pytest.raises(GradientError, match=r"check_grads\(f\).*order 2 in reverse.*differences"):
        ag.check_grads(wrong(2), (X,))
    with pytest.raises(GradientError, match="array 1 of the arguments, shape \\(3,\\)"):
        ag.check_grads(lambda x, y: x * ag.stop_gradient(y) * y, (X, X + 1), order=1)


def test_check_grads_arguments():
    with pytest.raises(ArgumentError, match="order 0"):
        ag.check_grads(F.sin, (X,), order=0)
    with pytest.raises(ArgumentError, match="tuple"):
        ag.check_grads(F.sin, X)
