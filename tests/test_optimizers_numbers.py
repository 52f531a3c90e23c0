"""What the optimizers compute: formulas, other libraries, large arrays in blocks, memory."""

import tracemalloc

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Parameter, Variable
from arraygrad.errors import DtypeError, GradientShapeError, MixedBackendError
from arraygrad.layers import Layer
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
    blocks,
)

LARGE = 3 * blocks.BLOCK + 5


# Each algorithm as its paper has it, one gradient at a time, in float64.


def sgd(x, grads):
    for g in grads:
        x = x - 0.1 * g
    return x


def momentum(x, grads):
    v = 0
    for g in grads:
        v = 0.8 * v - 0.1 * g
        x = x + v
    return x


def adagrad(x, grads):
    h = 0
    for g in grads:
        h = h + g**2
        x = x - 0.1 * g / (np.sqrt(h) + 1e-8)
    return x


def rmsprop(x, grads):
    h = 0
    for g in grads:
        h = 0.8 * h + 0.2 * g**2
        x = x - 0.1 * g / (np.sqrt(h) + 1e-8)
    return x


def adadelta(x, grads):
    gradients = steps = 0
    for g in grads:
        gradients = 0.9 * gradients + 0.1 * g**2
        step = -np.sqrt(steps + 1e-6) / np.sqrt(gradients + 1e-6) * g
        steps = 0.9 * steps + 0.1 * step**2
        x = x + step
    return x


def adam(x, grads, decay=0.0):
    m = v = 0
    for t, g in enumerate(grads, 1):
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g**2
        lr = 0.1 * np.sqrt(1 - 0.95**t) / (1 - 0.8**t)
        x = (1 - 0.1 * decay) * x - lr * m / (np.sqrt(v) + 1e-8)
    return x


def adamw(x, grads):
    return adam(x, grads, 0.3)


ALL = {
    "sgd": (lambda: SGD(0.1), sgd),
    "momentum": (lambda: MomentumSGD(0.1, 0.8), momentum),
    "adagrad": (lambda: AdaGrad(0.1), adagrad),
    "adadelta": (lambda: AdaDelta(0.9), adadelta),
    "rmsprop": (lambda: RMSprop(0.1, rho=0.8), rmsprop),
    "adam": (lambda: Adam(0.1, 0.8, 0.95), adam),
    "adamw": (lambda: AdamW(0.1, 0.8, 0.95, weight_decay=0.3), adamw),
}
every = pytest.mark.parametrize(("make", "formula"), ALL.values(), ids=ALL)
every_optimizer = pytest.mark.parametrize("make", [make for make, _ in ALL.values()], ids=ALL)


def layer_of(*arrays):
    layer = Layer()
    for i, x in enumerate(arrays):
        setattr(layer, f"p{i}", Parameter(x, name=f"p{i}"))
    return layer


def random(shape, seed, dtype=np.float64):
    return np.asarray(np.random.default_rng(seed).normal(size=shape).astype(dtype))


def as_c(x):
    return x


def as_fortran(x):
    return np.asfortranarray(x)


def as_strided(x):
    return np.repeat(x, 2, axis=0)[::2]


@every
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_formulas(make, formula, shape):
    layer = layer_of(random(shape, 0))
    optimizer = make().setup(layer)
    grads = [random(shape, i) for i in range(1, 6)]
    for g in grads:
        layer.p0.grad = g
        optimizer.update()
    expected = formula(random(shape, 0), grads)
    np.testing.assert_allclose(layer.p0.data, expected, rtol=1e-12, atol=1e-14)
    assert optimizer.updates == 5


@every
@pytest.mark.parametrize("x_as", [as_c, as_fortran, as_strided])
@pytest.mark.parametrize("g_as", [as_c, as_fortran])
def test_formulas_on_large_arrays(make, formula, x_as, g_as):
    shape = (7, LARGE // 7)
    layer = layer_of(x_as(random(shape, 0, np.float32)))
    optimizer = make().setup(layer)
    grads = [random(shape, i, np.float32) for i in range(1, 4)]
    for g in grads:
        layer.p0.grad = g_as(g)
        optimizer.update()
    expected = formula(random(shape, 0, np.float32).astype(float), [g.astype(float) for g in grads])
    assert layer.p0.dtype == np.float32
    np.testing.assert_allclose(layer.p0.data, expected, rtol=2e-4, atol=2e-6)


@every_optimizer
def test_blocks_change_nothing(make, monkeypatch):
    def run():
        layer = layer_of(random(LARGE, 0, np.float32))
        optimizer = make().setup(layer)
        for i in range(1, 4):
            layer.p0.grad = random(LARGE, i, np.float32)
            optimizer.update()
        return layer.p0.data, optimizer.state_dict()

    x, state = run()
    monkeypatch.setattr(blocks, "BLOCK", 10 * LARGE)
    y, expected = run()
    np.testing.assert_array_equal(x, y)
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array)


@pytest.mark.parametrize(
    ("make", "name", "settings", "rtol"),
    [
        (lambda: SGD(0.1), "SGD", {}, 1e-12),
        (lambda: MomentumSGD(0.1, 0.8), "SGD", {"momentum": 0.8}, 1e-12),
        (lambda: AdaGrad(0.1, eps=1e-9), "Adagrad", {"eps": 1e-9}, 1e-12),
        (lambda: AdaDelta(0.9, eps=1e-6), "Adadelta", {"lr": 1.0, "rho": 0.9, "eps": 1e-6}, 1e-12),
        (lambda: RMSprop(0.1, 0.8), "RMSprop", {"alpha": 0.8}, 1e-12),
        # Both of these add eps before the bias of v is corrected.
        (lambda: Adam(0.1, 0.8, 0.95), "Adam", {"betas": (0.8, 0.95)}, 1e-6),
        (
            lambda: AdamW(0.1, 0.8, 0.95, weight_decay=0.3),
            "AdamW",
            {"betas": (0.8, 0.95), "weight_decay": 0.3},
            1e-6,
        ),
    ],
    ids=ALL,
)
def test_the_same_as_torch(make, name, settings, rtol):
    torch = pytest.importorskip("torch")
    ours, theirs = layer_of(random(5, 0)), torch.nn.Parameter(torch.from_numpy(random(5, 0)))
    optimizer = make().setup(ours)
    other = getattr(torch.optim, name)([theirs], **{"lr": 0.1, **settings})
    for i in range(1, 6):
        ours.p0.grad = random(5, i)
        theirs.grad = torch.from_numpy(random(5, i))
        optimizer.update()
        other.step()
    np.testing.assert_allclose(ours.p0.data, theirs.detach().numpy(), rtol=rtol)


# Arrays that others hold


@every_optimizer
@pytest.mark.parametrize("size", [3, LARGE])
@pytest.mark.parametrize("hold", [as_c, lambda x: x[1:2], memoryview, np.atleast_2d])
def test_arrays_and_views_that_others_hold_stay(make, size, hold):
    layer = layer_of(random(size, 0, np.float32))
    optimizer = make().setup(layer)
    optimizer.add_hook(WeightDecay(0.1))
    optimizer.add_hook(ClipGrad(0.1))
    held, grads = [], []
    for i in range(4):
        layer.p0.grad = random(size, i + 1, np.float32)
        grads.append(layer.p0.grad)
        for array in (layer.p0.data, layer.p0.grad.data):
            view = hold(array)
            held.append((view, np.array(view)))
        optimizer.update()
    for view, before in held:
        np.testing.assert_array_equal(np.asarray(view), before)
    for i, g in enumerate(grads):
        np.testing.assert_array_equal(g.data, random(size, i + 1, np.float32))


@pytest.mark.parametrize("size", [3, LARGE])
def test_a_graph_from_before_updates_has_the_old_numbers(size):
    x = Variable(np.ones(size))
    layer = layer_of(random(size, 0))
    optimizer = Adam(0.1).setup(layer)
    graphs = []
    for i in range(4):
        graphs.append((F.sum(x * layer.p0), layer.p0.data.copy()))
        layer.p0.grad = random(size, i)
        optimizer.update()
    for y, before in graphs:
        x.cleargrad()
        y.backward()
        np.testing.assert_array_equal(x.grad.data, before)


@every_optimizer
def test_an_update_asks_for_no_memory_but_blocks(make):
    size = 1 << 21
    layer = layer_of(np.ones(size, np.float32))
    layer.p0.grad = np.ones(size, np.float32)
    optimizer = make().setup(layer)
    for _ in range(3):
        optimizer.update()
    tracemalloc.start()
    try:
        optimizer.update()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * size / 2


# Which parameters, and when


@every_optimizer
def test_a_parameter_in_two_places_is_updated_once(make):
    once, twice = layer_of(random(3, 0)), Layer()
    twice.a, twice.b = layer_of(random(3, 0)), Layer()
    twice.b.W = twice.a.p0
    for layer, p in ((once, once.p0), (twice, twice.a.p0)):
        optimizer = make().setup(layer)
        for i in range(3):
            p.grad = random(3, i)
            optimizer.update()
    np.testing.assert_array_equal(twice.a.p0.data, once.p0.data)
    assert {name.rpartition("/")[0] for name in optimizer.state_dict()} <= {"", "a/p0"}


@every_optimizer
def test_a_frozen_parameter_keeps_data_and_state(make):
    layer = layer_of(random(3, 0), random(3, 1))
    optimizer = make().setup(layer)

    def update():
        for p in layer.params():
            p.grad = random(3, 2)
        optimizer.update()

    update()
    before, state = layer.p0.data, optimizer.state_dict()
    freeze = FreezeParam(layer.p0)
    optimizer.add_hook(freeze)
    update()
    assert layer.p0.data is before
    for name, array in optimizer.state_dict().items():
        if name.startswith("p0/"):
            np.testing.assert_array_equal(array, state[name])
    optimizer.hooks.remove(freeze)
    update()
    assert np.all(layer.p0.data != before)


@every
def test_a_parameter_that_gets_its_data_later(make, formula):
    layer = Layer()
    layer.p0 = Parameter(None)
    optimizer = make().setup(layer)
    optimizer.update()
    layer.p0.data = random(3, 0)
    layer.p0.grad = random(3, 1)
    optimizer.update()
    np.testing.assert_allclose(layer.p0.data, formula(random(3, 0), [random(3, 1)]), rtol=1e-12)


@every
def test_a_parameter_that_comes_later_or_was_frozen_has_a_count_of_its_own(make, formula):
    layer = Layer()
    layer.all = [Parameter(random(3, 0))]
    optimizer = make().setup(layer)
    grads = [random(3, i) for i in range(1, 8)]

    def update(*params, g):
        for p in layer.all:
            p.cleargrad()
        for p in params:
            p.grad = g
        optimizer.update()

    old = layer.all[0]
    for g in grads[:4]:
        update(old, g=g)
    new = Parameter(random(3, 9))
    layer.all.insert(0, new)  # in front: the old one has another name from here on
    update(new, g=grads[4])
    for g in grads[5:]:
        update(new, old, g=g)
    seen = grads[:4] + grads[5:]
    np.testing.assert_allclose(old.data, formula(random(3, 0), seen), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(new.data, formula(random(3, 9), grads[4:]), rtol=1e-12, atol=1e-14)
    # And a saved run has it too.
    state = optimizer.state_dict()
    other = make().setup(layer)
    other.load_state_dict(state)
    update(new, old, g=grads[0])
    expected = [p.data for p in layer.all]
    assert optimizer.state_dict().keys() == other.state_dict().keys()
    np.testing.assert_allclose(
        expected[0], formula(random(3, 9), [*grads[4:], grads[0]]), rtol=1e-9
    )


@every
def test_state_of_another_shape_starts_anew(make, formula):
    layer = layer_of(random(3, 0))
    optimizer = make().setup(layer)
    layer.p0.grad = random(3, 1)
    optimizer.update()
    layer.p0.cleargrad()
    layer.p0.data = random((2, 3), 0)
    layer.p0.grad = random((2, 3), 1)
    optimizer.update()
    expected = formula(random((2, 3), 0), [random((2, 3), 1)])
    np.testing.assert_allclose(layer.p0.data, expected, rtol=1e-12)


@every
def test_state_follows_the_dtype_of_the_parameter(make, formula):
    layer = layer_of(random(3, 0, np.float32))
    optimizer = make().setup(layer)
    for i, dtype in enumerate((np.float32, np.float64), 1):
        layer.p0.cleargrad()
        layer.p0.data = layer.p0.data.astype(dtype)
        layer.p0.grad = random(3, i, dtype)
        optimizer.update()
        assert all(a.dtype == dtype for a in optimizer.state(layer.p0).values())
    expected = formula(random(3, 0), [random(3, 1), random(3, 2)])
    np.testing.assert_allclose(layer.p0.data, expected, rtol=1e-3)


@every_optimizer
def test_an_update_that_is_refused_changes_nothing(make):
    layer = layer_of(random(3, 0), random(3, 1))
    optimizer = make().setup(layer)
    for p in layer.params():
        p.grad = random(3, 2)
    optimizer.update()
    before, state = [p.data for p in layer.params()], optimizer.state_dict()
    layer.p1.data = random((3, 1), 1)  # its gradient stays that of the old shape
    with pytest.raises(GradientShapeError, match="'p1'"):
        optimizer.update()
    layer.p1.data = np.arange(3)
    with pytest.raises(DtypeError, match="'p1' has the dtype int64"):
        optimizer.update()
    assert layer.p0.data is before[0]
    for name, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


# Optimizers of one's own


def test_an_optimizer_by_formula():
    class Nesterov(Optimizer):
        slots = ("v",)

        def __init__(self, lr):
            super().__init__()
            self.lr = lr

        def formula(self, number, xp, t):
            lr, rest = number(self.rate(self.lr)), number(0.9)

            def step(x, g, v):
                v = v * rest - g * lr
                return x + rest * v - lr * g, v

            return step

    for size in (3, LARGE):
        layer = layer_of(random(size, 0))
        optimizer = Nesterov(0.1).setup(layer)
        x, v = random(size, 0), 0
        for i in range(1, 4):
            layer.p0.grad = g = random(size, i)
            optimizer.update()
            v = 0.9 * v - 0.1 * g
            x = x + 0.9 * v - 0.1 * g
        np.testing.assert_allclose(layer.p0.data, x, rtol=1e-12)
        np.testing.assert_allclose(optimizer.state_dict()["p0/v"], v, rtol=1e-12)


def test_adam_as_the_book_writes_it():
    """With a counter of its own, called t, too."""

    class BookAdam(Optimizer):
        def __init__(self, alpha=0.1, beta1=0.8, beta2=0.95, eps=1e-8):
            super().__init__()
            self.t = 0
            self.alpha, self.beta1, self.beta2, self.eps = alpha, beta1, beta2, eps
            self.ms, self.vs = {}, {}

        def update(self, *args, **kwargs):
            self.t += 1
            super().update(*args, **kwargs)

        @property
        def lr(self):
            return self.alpha * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)

        def update_one(self, param):
            key = id(param)
            if key not in self.ms:
                self.ms[key] = np.zeros_like(param.data)
                self.vs[key] = np.zeros_like(param.data)
            m, v = self.ms[key], self.vs[key]
            grad = param.grad.data
            m += (1 - self.beta1) * (grad - m)
            v += (1 - self.beta2) * (grad * grad - v)
            param.data -= self.lr * m / (np.sqrt(v) + self.eps)

    layer = layer_of(random(3, 0))
    optimizer = BookAdam().setup(layer)
    grads = [random(3, i) for i in range(1, 5)]
    for g in grads:
        layer.p0.grad = g
        optimizer.update()
    assert optimizer.t == 4
    np.testing.assert_allclose(layer.p0.data, adam(random(3, 0), grads), rtol=1e-12)


def test_update_one_by_itself():
    layer = layer_of(random(3, 0))
    optimizer = MomentumSGD(0.1).setup(layer)
    layer.p0.grad = random(3, 1)
    optimizer.update_one(layer.p0)
    np.testing.assert_allclose(layer.p0.data, random(3, 0) - 0.1 * random(3, 1), rtol=1e-12)


# Hooks on large gradients


def test_hooks_on_large_gradients():
    layer = layer_of(random(LARGE, 0, np.float32), random((), 1, np.float32))
    grads = [random(LARGE, 2, np.float32), random((), 3, np.float32)]
    for p, g in zip(layer.params(), grads, strict=True):
        p.grad = g
    WeightDecay(0.1)(layer.params())
    decayed = [g + 0.1 * np.array(p.data) for g, p in zip(grads, layer.params(), strict=True)]
    np.testing.assert_allclose(layer.p0.grad.data, decayed[0], rtol=1e-5, atol=1e-6)
    ClipGrad(2.0)(layer.params())
    norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in decayed))
    for p, g in zip(layer.params(), decayed, strict=True):
        np.testing.assert_allclose(p.grad.data, g * 2.0 / norm, rtol=1e-4, atol=1e-8)
        assert p.grad.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1.0, 1e4, 1e30])
def test_the_norm_that_clips_is_right_at_any_scale(dtype, scale):
    if dtype == np.float16 and not 1e-4 <= scale <= 1e4:
        scale = 1.0 if scale > 1 else 1e-3
    g = (random(4, 1) * scale).astype(dtype)
    layer = layer_of(np.zeros(4, dtype))
    layer.p0.grad = g
    norm = np.linalg.norm(g.astype(np.complex128))
    ClipGrad(norm / 2)(layer.params())
    rtol = 1e-2 if dtype == np.float16 else 1e-5
    np.testing.assert_allclose(
        layer.p0.grad.data, g / 2, rtol=rtol, atol=1e-7 if dtype == np.float16 else 0
    )


def test_a_gradient_of_another_library_is_refused():
    torch = pytest.importorskip("torch")
    layer = layer_of(random(3, 0))
    layer.p0.grad = torch.ones(3, dtype=torch.float64)
    with pytest.raises(MixedBackendError, match="'p0' is an array of numpy and its gradient one"):
        SGD().setup(layer).update()


def test_settings_may_be_arrays():
    layer = layer_of(random(3, 0, np.float32))
    layer.p0.grad = random(3, 1, np.float32)
    optimizer = MomentumSGD(np.array(0.1), momentum=np.array(0.8)).setup(layer)
    optimizer.update()
    assert layer.p0.dtype == np.float32
    np.testing.assert_allclose(layer.p0.data, random(3, 0) - 0.1 * random(3, 1), rtol=1e-5)
