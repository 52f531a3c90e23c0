"""Optimizers and hooks: numbers, state, and what is left alone."""

import copy
import pickle

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import backend as backends
from arraygrad import weights
from arraygrad.dataloaders import DataLoader
from arraygrad.datasets import Spiral
from arraygrad.errors import ArgumentError, DtypeError, GradientShapeError, LayerError
from arraygrad.layers import Layer, Linear
from arraygrad.models import MLP, Model
from arraygrad.optimizers import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    ClipGrad,
    FreezeParam,
    MomentumSGD,
    Optimizer,
    RMSprop,
    WeightDecay,
)
from arraygrad.variable import Parameter, Variable

MAKERS = {
    "sgd": lambda: SGD(lr=0.1),
    "momentum": lambda: MomentumSGD(lr=0.1, momentum=0.8),
    "adagrad": lambda: AdaGrad(lr=0.1),
    "adadelta": lambda: AdaDelta(rho=0.9, eps=0.01),
    "rmsprop": lambda: RMSprop(lr=0.01, rho=0.8),
    "adam": lambda: Adam(alpha=0.1, beta1=0.8, beta2=0.95),
    "adamw": lambda: AdamW(alpha=0.1, beta1=0.8, beta2=0.95, weight_decay=0.02),
}
every_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


class Point(Layer):
    """Two parameters of unlike shapes."""

    def __init__(self, dtype=np.float64):
        self.a = Parameter(np.array([1.0, -2.0, 3.0], dtype=dtype), name="a")
        self.b = Parameter(np.array(0.5, dtype=dtype), name="b")


def push(layer, seed=0):
    """Give all parameters a gradient."""
    random = np.random.RandomState(seed)
    for p in layer.params():
        p.grad = Variable(np.asarray(random.standard_normal(p.shape), dtype=p.dtype))


def numbers(layer):
    return {name: np.array(p.data) for name, p in layer.named_params()}


def assert_same(a, b):
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


# Dtypes, and arrays of others


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_dtypes_stay(make, dtype):
    point = Point(dtype)
    optimizer = make().setup(point)
    for name in ("lr", "alpha", "momentum"):
        if name in vars(optimizer):
            setattr(optimizer, name, np.float64(0.1))
    optimizer.add_hook(WeightDecay(np.float64(0.1)))
    optimizer.add_hook(ClipGrad(np.float64(0.1)))
    for i in range(2):
        push(point, i)
        optimizer.update()
    for p in point.params():
        assert p.dtype == dtype
        assert isinstance(p.data, np.ndarray)
        for array in optimizer.state(p).values():
            assert array.dtype == dtype


@every_optimizer
def test_a_gradient_of_another_dtype_is_cast(make):
    point = Point(np.float32)
    point.a.grad = np.ones(3)
    make().setup(point).update()
    assert point.a.dtype == np.float32


@every_optimizer
def test_arrays_that_others_hold_stay_as_they_are(make):
    point = Point()
    held = [p.data for p in point.params()]
    before = [array.copy() for array in held]
    for array in held:
        array.flags.writeable = False
    optimizer = make().setup(point)
    optimizer.add_hook(WeightDecay(0.1))
    optimizer.add_hook(ClipGrad(0.1))
    for i in range(2):
        push(point, i)
        grads = [p.grad for p in point.params()]
        gxs = [g.data.copy() for g in grads]
        optimizer.update()
        for g, gx in zip(grads, gxs, strict=True):
            np.testing.assert_array_equal(g.data, gx)
    for array, expected in zip(held, before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_a_graph_from_before_an_update_stays_right():
    x, W = Variable(np.array([3.0])), Parameter(np.array([2.0]))
    layer = Layer()
    layer.W = W
    y = x * W
    W.grad = np.ones(1)
    SGD(lr=1.0).setup(layer).update()
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [2.0])


@every_optimizer
def test_it_learns(make):
    np.random.seed(0)
    x = np.random.rand(50, 2).astype(np.float32)
    t = (x[:, :1] - 2 * x[:, 1:]).astype(np.float32)
    model = MLP((8, 1), activation=F.tanh)
    optimizer = make().setup(model)
    losses = []
    for _ in range(60):
        loss = F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 4


# What is left alone


@every_optimizer
def test_parameters_without_gradient_or_data(make):
    model = Model()
    model.used = Linear(1, in_size=2)
    model.unused = Linear(1, in_size=2)
    model.later = Linear(1)
    before = numbers(model.unused)
    optimizer = make().setup(model)
    for hook in (WeightDecay(0.1), ClipGrad(1.0), FreezeParam(model.later)):
        optimizer.add_hook(hook)
    F.sum(model.used(np.ones((1, 2), dtype=np.float32))).backward()
    optimizer.update()
    assert_same(numbers(model.unused), before)
    assert model.later.W.data is None


@every_optimizer
def test_parameters_that_come_later_are_updated(make):
    model = Model()
    model.l0 = Linear(1, in_size=2)
    model.more = []
    optimizer = make().setup(model)
    push(model.l0)
    optimizer.update()
    model.l1 = Linear(1, in_size=2)
    model.more.append(Linear(1, in_size=2))
    before = numbers(model)
    push(model)
    optimizer.update()
    after = numbers(model)
    for name in before:
        assert np.all(before[name] != after[name])


@every_optimizer
def test_without_setup(make):
    optimizer = make()
    with pytest.raises(LayerError, match=r"call setup\(model\) first"):
        optimizer.update()
    assert getattr(optimizer, "t", 0) == 0
    with pytest.raises(LayerError, match="expected the layer or model"):
        optimizer.setup([Parameter(np.ones(1))])


@every_optimizer
def test_a_gradient_of_another_shape_is_refused(make):
    point = Point()
    with pytest.raises(GradientShapeError, match=r"got shape \(3, 1\), expected .* \(3,\)"):
        point.a.grad = np.ones((3, 1))
    point.a.grad = np.ones(3)
    point.a.data = np.ones((3, 1))  # the gradient is that of the old data
    with pytest.raises(GradientShapeError, match=r"'a' has the shape \(3, 1\) .* \(3,\)"):
        make().setup(point).update()
    np.testing.assert_array_equal(point.a.data, np.ones((3, 1)))


@every_optimizer
def test_integer_parameters_are_refused(make):
    layer = Layer()
    layer.W = Parameter(np.array([1, 2]), name="W")
    layer.W.grad = np.ones(2, dtype=np.int64)
    with pytest.raises(DtypeError, match=r"'W' has the dtype int64"):
        make().setup(layer).update()
    np.testing.assert_array_equal(layer.W.data, [1, 2])


def test_an_optimizer_needs_update_one():
    point = Point()
    push(point)
    optimizer = Optimizer().setup(point)
    with pytest.raises(NotImplementedError, match="Optimizer has no update_one"):
        optimizer.update()


def test_an_optimizer_in_the_style_of_the_book():
    class Momentum(Optimizer):
        def __init__(self, lr):
            super().__init__()
            self.lr = lr
            self.vs = {}

        def update_one(self, param):
            v_key = id(param)
            if v_key not in self.vs:
                self.vs[v_key] = np.zeros_like(param.data)
            v = self.vs[v_key]
            v *= 0.9
            v -= self.lr * param.grad.data
            param.data += v

    point, other = Point(), Point()
    mine, ours = Momentum(0.1).setup(point), MomentumSGD(0.1).setup(other)
    for i in range(3):
        push(point, i)
        push(other, i)
        mine.update()
        ours.update()
    np.testing.assert_allclose(point.a.data, other.a.data, rtol=1e-12)


# Adam


def test_adam_lr_before_and_after_the_first_update():
    optimizer = Adam(alpha=0.1)
    first = 0.1 * np.sqrt(1 - 0.999) / (1 - 0.9)
    assert optimizer.t == 0
    assert optimizer.lr == pytest.approx(first)
    point = Point()
    push(point)
    optimizer.setup(point).update()
    assert optimizer.t == 1
    assert optimizer.lr == pytest.approx(first)


@pytest.mark.parametrize("beta", [-0.1, 1.0, 2])
def test_adam_refuses_odd_betas(beta):
    with pytest.raises(ArgumentError, match="beta1"):
        Adam(beta1=beta)
    with pytest.raises(ArgumentError, match="beta2"):
        Adam(beta2=beta)


# Hooks


def test_weight_decay():
    p1, p2 = Parameter(np.array(1.0)), Parameter(np.array(1.0))
    layer = Layer()
    layer.p1, layer.p2 = p1, p2
    F.sum((p1 + p2) * 1).backward()
    WeightDecay(0.5)(list(layer.params()))
    assert float(p1.grad) == float(p2.grad) == 1.5


def test_weight_decay_on_a_broadcast_gradient():
    layer = Linear(2, in_size=3)
    F.sum(layer.W).backward()
    WeightDecay(0.5)([layer.W])
    np.testing.assert_allclose(layer.W.grad.data, 1 + 0.5 * layer.W.data)


def test_clip_grad():
    point = Point()
    point.a.grad = np.array([0.0, 3.0, 0.0])
    point.b.grad = np.array(4.0)
    clip = ClipGrad(1.0)
    clip(point.params())
    np.testing.assert_allclose(point.a.grad.data, [0, 0.6, 0])
    np.testing.assert_allclose(point.b.grad.data, 0.8)
    clip(point.params())
    np.testing.assert_allclose(point.b.grad.data, 0.8)
    clip([])


def test_clip_grad_at_the_extremes():
    point = Point(np.float32)
    point.a.grad = np.array([1e30, 0, 0], dtype=np.float32)
    point.b.grad = np.array(0, dtype=np.float32)
    ClipGrad(1.0)(point.params())
    np.testing.assert_allclose(point.a.grad.data, [1, 0, 0], rtol=1e-6)
    point.a.grad = np.zeros(3, dtype=np.float32)
    ClipGrad(1.0)(point.params())
    np.testing.assert_array_equal(point.a.grad.data, np.zeros(3))
    for odd in (np.nan, np.inf):
        point.a.grad = np.array([odd, 1, 2], dtype=np.float32)
        ClipGrad(1.0)(point.params())
        np.testing.assert_array_equal(point.a.grad.data, [odd, 1, 2])


def test_freeze_param():
    model = MLP((3, 2))
    optimizer = SGD(lr=1.0).setup(model)
    optimizer.add_hook(FreezeParam(model.l0, model.l1.b))
    optimizer.add_hook(WeightDecay(0.1))
    model(np.ones((1, 2), dtype=np.float32))
    before = numbers(model)
    push(model)
    optimizer.update()
    after = numbers(model)
    changed = [name for name in before if np.any(before[name] != after[name])]
    assert changed == ["l1/W"]
    with pytest.raises(LayerError, match="expected layers or parameters"):
        FreezeParam("l0")


def test_hooks_are_called_in_order_with_the_parameters_that_have_a_gradient():
    point, seen = Point(), []
    point.a.grad = np.ones(3)
    optimizer = SGD().setup(point)
    optimizer.add_hook(seen.append)
    optimizer.add_hook(FreezeParam(point.a))
    optimizer.add_hook(seen.append)
    assert len(optimizer.hooks) == 3
    optimizer.update()
    assert [len(params) for params in seen] == [1, 0]
    assert seen[0][0] is point.a


# State


def steps(optimizer, layer, seeds):
    for seed in seeds:
        push(layer, seed)
        optimizer.update()


@every_optimizer
def test_a_run_goes_on_bit_by_bit_from_saved_state(make, tmp_path):
    whole, first, second = MLP((3, 2)), MLP((3, 2)), MLP((3, 2))
    x = np.ones((1, 2), dtype=np.float32)
    for model in (whole, first, second):
        np.random.seed(0)
        model(x)
    steps(make().setup(whole), whole, range(6))

    optimizer = make().setup(first)
    steps(optimizer, first, range(3))
    first.save_weights(tmp_path / "weights.npz")
    path = weights.write_arrays(tmp_path / "state.npz", optimizer.state_dict())

    resumed = make().setup(second)
    second.load_weights(tmp_path / "weights.npz")
    resumed.load_state_dict(weights.read_arrays(path))
    steps(resumed, second, range(3, 6))
    assert_same(numbers(second), numbers(whole))


def test_state_has_the_names_of_the_parameters():
    point = Point()
    optimizer = Adam().setup(point)
    assert list(optimizer.state_dict()) == ["updates"]
    steps(optimizer, point, [0])
    state = optimizer.state_dict()
    assert list(state) == ["updates", "a/m", "a/v", "a/updates", "b/m", "b/v", "b/updates"]
    assert all(type(array) is np.ndarray for array in state.values())
    assert state["updates"] == 1
    before = {name: array.copy() for name, array in state.items()}
    steps(optimizer, point, [1])
    assert_same(state, before)


def test_restored_state_is_a_copy():
    point = Point()
    optimizer = Adam().setup(point)
    steps(optimizer, point, [0])
    state = optimizer.state_dict()
    before = {name: array.copy() for name, array in state.items()}
    other = Adam().setup(point)
    other.load_state_dict(state)
    steps(other, point, [1])
    assert_same(state, before)


def test_state_that_does_not_fit_is_refused_and_nothing_changes():
    point = Point()
    optimizer = Adam().setup(point)
    steps(optimizer, point, [0])
    state, before = optimizer.state_dict(), optimizer.state_dict()
    state["a/m"] = state["a/m"][:2]
    state["a/v"] = state["a/v"].astype(np.float32)
    state["c/m"] = np.zeros(3)
    del state["b/v"], state["updates"]
    with pytest.raises(LayerError) as caught:
        optimizer.load_state_dict(state)
    for text in (
        "updates: missing",
        "a/m: shape (2,), the parameter has (3,)",
        "a/v: dtype float32, the parameter has float64",
        "c/m: nothing in the model or optimizer has that name",
        "b/v: missing",
        "nothing was loaded",
    ):
        assert text in str(caught.value)
    assert_same(optimizer.state_dict(), before)
    with pytest.raises(LayerError, match="nothing in the model or optimizer"):
        SGD().setup(point).load_state_dict(before)
    with pytest.raises(LayerError, match=r"updates: got .* expected a whole number"):
        optimizer.load_state_dict({"updates": np.array(0.5)})


def test_state_for_parameters_without_data():
    model = MLP((2,))
    with pytest.raises(LayerError, match="no data yet"):
        MomentumSGD().setup(model).load_state_dict({"l0/W/v": np.zeros((3, 2))})


def test_a_new_parameter_does_not_inherit_the_state_of_an_old_one():
    layer = Layer()
    layer.W = Parameter(np.ones(2))
    optimizer = MomentumSGD(lr=1.0, momentum=0.9).setup(layer)
    steps(optimizer, layer, [0])
    for _ in range(20):
        layer.W = Parameter(np.ones(2))
        assert optimizer.state(layer.W) == {}
        layer.W.grad = np.ones(2)
        optimizer.update()
        np.testing.assert_array_equal(layer.W.data, [0.0, 0.0])


def test_state_stays_when_other_parameters_come():
    layer = Layer()
    layer.W = Parameter(np.ones(2))
    optimizer = MomentumSGD(lr=1.0, momentum=1.0).setup(layer)
    layer.W.grad = np.ones(2)
    optimizer.update()
    layer.b = Parameter(np.ones(2))
    optimizer.update()
    np.testing.assert_array_equal(layer.W.data, [1 - 1 - 2] * 2)


def test_state_of_a_parameter_of_another_model():
    optimizer = MomentumSGD().setup(Point())
    with pytest.raises(LayerError, match="no such parameter"):
        optimizer.state(Parameter(np.ones(1)))


@every_optimizer
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_go_on_by_themselves(make, copied):
    point = Point()
    optimizer = make().setup(point)
    steps(optimizer, point, [0, 1])
    other = copied(optimizer)
    assert other.target is not point
    steps(other, other.target, [2, 3])
    steps(optimizer, point, [2, 3])
    assert_same(numbers(point), numbers(other.target))


@every_optimizer
def test_on_another_backend(make):
    pytest.importorskip("array_api_strict")
    here, there = Point(np.float32), Point(np.float32)
    there.to("array_api_strict")
    mine, other = make().setup(here), make().setup(there)
    for optimizer in (mine, other):
        optimizer.add_hook(WeightDecay(0.1))
        optimizer.add_hook(ClipGrad(0.5))
    for i in range(3):
        push(here, i)
        for p, q in zip(here.params(), there.params(), strict=True):
            q.grad = type(q.data).__array_namespace__(q.data).asarray(p.grad.data)
        mine.update()
        other.update()
    state = other.state_dict()
    assert all(type(array) is np.ndarray for array in state.values())
    there.to_cpu()
    for p, q in zip(here.params(), there.params(), strict=True):
        np.testing.assert_allclose(q.data, p.data, rtol=1e-6)
    # The state follows the parameters that moved.
    steps(other, there, [9])
    steps(mine, here, [9])
    np.testing.assert_allclose(there.a.data, here.a.data, rtol=1e-6)


@every_optimizer
@pytest.mark.parametrize("name", ["array_api_strict", "torch"])
def test_training_is_the_same_on_every_backend(make, name):
    pytest.importorskip(name)

    def trained():
        np.random.seed(0)
        model = MLP((10, 3))
        optimizer = make().setup(model)
        optimizer.add_hook(ClipGrad(1.0))
        loader = DataLoader(Spiral(), 100, shuffle=False)
        for batch, labels in loader:
            loss = F.softmax_cross_entropy(model(batch), labels)
            model.cleargrads()
            loss.backward()
            optimizer.update()
        return model, optimizer

    expected, _ = trained()
    with backends.using_backend(name) as backend:
        got, optimizer = trained()
    for (key, p), q in zip(got.named_params(), expected.params(), strict=True):
        assert backends.backend_of(p.data) is backend
        np.testing.assert_allclose(backend.to_numpy(p.data), q.data, rtol=1e-3, err_msg=key)
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.update()


def test_repr_shows_the_settings():
    assert repr(SGD(lr=0.5)) == "SGD(lr=0.5)"
    assert repr(MomentumSGD()) == "MomentumSGD(lr=0.01, momentum=0.9)"
