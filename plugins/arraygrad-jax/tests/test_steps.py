"""`ag.jit`: compiled steps do what steps do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, models, optimizers
from arraygrad.errors import ArgumentError, ArraygradError, BackendError
from arraygrad.optimizers import Optimizer

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy


def batch(n: int = 12) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, 4)).astype("float32"), np.arange(n) % 3


class Run:
    """A model in training on a backend, step by step or compiled."""

    def __init__(
        self,
        backend: str,
        compiled: bool = False,
        make: Callable[[], Any] = lambda: models.MLP((5, 3)),
        optimizer: Callable[[], Optimizer] = optimizers.SGD,
        hook: Any = None,
    ) -> None:
        self.traces = 0
        with ag.using_backend(backend) as library:
            np.random.seed(0)
            self.model = make()
            self.x, self.t = (library.asarray(a) for a in batch())
            self.model(self.x)
        for layer in self.model.params():
            assert layer.data is not None
        self.optimizer = optimizer().setup(self.model)
        if hook is not None:
            self.optimizer.add_hook(hook)
        self.run = ag.jit(self.step, self.optimizer) if compiled else self.step

    def step(self, x: Any, t: Any) -> Any:
        self.traces += 1
        y = self.model(x)
        loss = F.softmax_cross_entropy(y, t)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return loss, F.accuracy(y, t)

    def losses(self, n: int = 6) -> list[float]:
        return [float(self.run(self.x, self.t)[0]) for _ in range(n)]


OPTIMIZERS: dict[str, tuple[Any, Any]] = {
    "Adam": (lambda: optimizers.Adam(alpha=0.05), None),
    "AdamW, decay": (lambda: optimizers.AdamW(alpha=0.05), optimizers.WeightDecay(1e-2)),
    "AdaDelta": (optimizers.AdaDelta, None),
    "AdaGrad": (optimizers.AdaGrad, None),
    "RMSprop": (optimizers.RMSprop, None),
    "MomentumSGD, clipped": (lambda: optimizers.MomentumSGD(lr=0.3), optimizers.ClipGrad(0.1)),
    "SGD, not clipped": (lambda: optimizers.SGD(lr=0.3), optimizers.ClipGrad(1e3)),
    "SGD, schedule": (lambda: optimizers.SGD(lr=0.5 * optimizers.StepDecay(every=2)), None),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str) -> None:
    optimizer, hook = OPTIMIZERS[name]
    expected = Run("numpy", optimizer=optimizer, hook=hook)
    run = Run("jax", compiled=True, optimizer=optimizer, hook=hook)
    np.testing.assert_allclose(run.losses(), expected.losses(), rtol=1e-5)
    assert run.traces <= 3  # as it is, and once for each form of the optimizer's state
    assert run.optimizer.updates == expected.optimizer.updates == 6
    ours, theirs = run.optimizer.state_dict(), expected.optimizer.state_dict()
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        np.testing.assert_allclose(value, theirs[key], rtol=1e-3, atol=1e-6)
    for p, q in zip(run.model.params(), expected.model.params(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-4, atol=1e-6)
        got, wanted = (ag.backend_of(a).to_numpy(a) for a in (p.grad.data, q.grad.data))
        np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-6)


def with_norm() -> Any:
    return models.Sequential(L.Linear(6), L.BatchNorm(), F.relu, L.LayerNorm(), L.Linear(3))


def with_convolution() -> Any:
    return models.Sequential(
        lambda x: F.reshape(x, (-1, 1, 2, 2)), L.Conv2d(4, 2, pad=1), F.relu,
        lambda x: F.pooling(x, 2, 1), L.Flatten(), L.Linear(3),
    )  # fmt: skip


@pytest.mark.parametrize("make", [with_norm, with_convolution])
def test_models_with_buffers_and_images(make: Any) -> None:
    expected = Run("numpy", make=make)
    run = Run("jax", compiled=True, make=make)
    np.testing.assert_allclose(run.losses(), expected.losses(), rtol=1e-4)
    for (name, p), (_, q) in zip(
        run.model.named_weights(), expected.model.named_weights(), strict=True
    ):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-3, atol=1e-5, err_msg=name)


def test_it_is_compiled_once_for_each_shape() -> None:
    run = Run("jax", compiled=True)
    run.losses(4)
    assert run.traces == 2
    run.run(run.x[:6], run.t[:6])
    run.run(run.x[:6], run.t[:6])
    assert run.traces == 3
    run.losses(1)
    assert run.traces == 3


def test_a_learning_rate_may_change_without_compiling_anew() -> None:
    results = []
    for compiled in (False, True):
        run = Run("jax", compiled=compiled, optimizer=lambda: optimizers.SGD(lr=0.1))
        losses = run.losses(3)
        run.optimizer.lr = 0.9  # type: ignore[attr-defined]
        results.append(losses + run.losses(3))
    np.testing.assert_allclose(*results, rtol=1e-5)
    assert run.traces == 2


def test_training_and_testing_are_two_programs() -> None:
    model = models.Sequential(L.Linear(50), lambda x: F.dropout(x, 0.5))
    x = jnp.ones((2, 4))
    predict = ag.jit(lambda x: model(x), model)
    predict(x)
    noisy = [np.asarray(predict(x).data) for _ in range(3)]
    assert not np.array_equal(noisy[1], noisy[2])  # drawn anew, not compiled in
    np.random.seed(5)
    again = np.asarray(predict(x).data)
    np.random.seed(5)
    np.testing.assert_array_equal(again, predict(x).data)
    with ag.test_mode():
        np.testing.assert_allclose(predict(x).data, model(x).data, rtol=1e-6)
        np.testing.assert_array_equal(predict(x).data, predict(x).data)


def test_state_of_recurrent_layers() -> None:
    results = []
    for compiled in (False, True):
        np.random.seed(0)
        with ag.using_backend("jax"):
            model = models.Sequential(L.LSTM(4, in_size=2), L.Linear(1, in_size=4))

        def step(x: Any, model: Any = model) -> Any:
            return model(x)

        run = ag.jit(step, model) if compiled else step
        xs = jnp.array(np.random.default_rng(0).normal(size=(5, 3, 2)).astype("float32"))
        results.append([np.asarray(run(x).data) for x in xs])
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_the_state_is_found_in_what_the_function_names() -> None:
    with ag.using_backend("jax"):
        np.random.seed(0)
        model = L.Linear(1, in_size=4)
    optimizer = optimizers.SGD(lr=0.1).setup(model)
    x, _ = batch()
    scale = Variable(jnp.array(2.0))

    @ag.jit
    def step(x: Any) -> Any:
        loss = F.mean((model(x) * scale) ** 2)
        model.cleargrads()
        scale.cleargrad()
        loss.backward()
        optimizer.update()
        return {"loss": loss, "rows": len(x)}

    results = [step(x) for _ in range(4)]  # NumPy's arrays are taken as they come
    losses = [float(result["loss"]) for result in results]
    assert losses == sorted(losses, reverse=True)
    assert results[0]["rows"] == results[-1]["rows"] == 12
    assert isinstance(model.W.data, jax.Array)
    assert float(results[-1]["loss"]) > 0
    scale.data = jnp.array(0.0)  # what is changed outside is seen inside
    assert float(step(x)["loss"]) == 0
    assert isinstance(step(x)["loss"].data, jax.Array)


def test_a_method_and_its_object() -> None:
    class Trainer:
        def __init__(self) -> None:
            with ag.using_backend("jax"):
                self.model = L.Linear(1, in_size=4)
            self.optimizer = optimizers.SGD(lr=0.1).setup(self.model)

        def step(self, x: Any) -> Any:
            loss = F.mean(self.model(x) ** 2)
            self.model.cleargrads()
            loss.backward()
            self.optimizer.update()
            return loss

    trainer = Trainer()
    run = ag.jit(trainer.step)
    losses = [float(run(batch()[0])) for _ in range(4)]
    assert losses[-1] < losses[1] < losses[0]
    assert trainer.optimizer.updates == 4


def test_gradients_may_add_up_over_steps() -> None:
    results = []
    for compiled in (False, True):
        with ag.using_backend("jax"):
            np.random.seed(0)
            model: Any = L.Linear(1, in_size=4)

        def add(x: Any, model: Any = model) -> Any:
            loss = F.mean(model(x) ** 2)
            loss.backward()
            return loss

        run = ag.jit(add, model) if compiled else add
        for _ in range(3):
            run(jnp.array(batch()[0]))
        results.append(np.asarray(model.W.grad.data))
        model.cleargrads()
        run(jnp.array(batch()[0]))
        np.testing.assert_allclose(np.asarray(model.W.grad.data) * 3, results[-1], rtol=1e-5)
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_after_an_error_all_is_as_before() -> None:
    run = Run("jax", compiled=True)
    run.losses(2)
    before = [np.asarray(p.data) for p in run.model.params()]
    with pytest.raises(ArraygradError):
        run.run(run.x[:, :2], run.t)
    for p, data in zip(run.model.params(), before, strict=True):
        np.testing.assert_array_equal(p.data, data)
    assert run.optimizer.updates == 2
    assert len(run.losses(2)) == 2


def test_what_needs_values_says_so() -> None:
    model = L.Linear(3, in_size=4)
    model.to("jax")

    def look(x: Any) -> Any:
        y = model(x).sum()
        return y if float(y) > 0 else -y

    run = ag.jit(look)
    run(jnp.ones((2, 4)))
    with pytest.raises(BackendError, match="no values yet"):
        run(jnp.ones((2, 4)))
    assert isinstance(model.W.data, jax.Array)


def test_an_optimizer_that_reads_its_count_says_so() -> None:
    class Decaying(Optimizer):
        def update_one(self, param: Any) -> None:
            param.data = param.data - 0.1 / (1 + self.updates) * param.grad.data

    class Plain(Optimizer):
        def update_one(self, param: Any) -> None:
            param.data = param.data - 0.1 * param.grad.data

    run = Run("jax", compiled=True, optimizer=Decaying)
    with pytest.raises(BackendError, match="one with a formula"):
        run.losses(2)
    assert run.optimizer.updates == 1
    run = Run("jax", compiled=True, optimizer=Plain)
    np.testing.assert_allclose(run.losses(4), Run("numpy", optimizer=Plain).losses(4), rtol=1e-5)
    assert type(run.optimizer.updates) is int
    assert run.optimizer.updates == 4


def test_labels_are_checked_in_the_first_call() -> None:
    run = Run("jax", compiled=True)
    with pytest.raises(ArgumentError, match="labels from 0 to 7"):
        run.run(run.x, run.t * 0 + jnp.array([0, 7] * 6))


def test_saving_and_going_on() -> None:
    whole, first, second = (
        Run("jax", compiled=True, optimizer=lambda: optimizers.Adam(alpha=0.05)) for _ in range(3)
    )
    expected = whole.losses(6)
    first.losses(3)
    for p, q in zip(second.model.params(), first.model.params(), strict=True):
        p.data = q.data
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    np.testing.assert_allclose(second.losses(3), expected[3:], rtol=1e-5)


def test_other_backends_say_who_compiles() -> None:
    def double(x: Any) -> Any:
        return x * 2

    with pytest.raises(BackendError, match=r"arrays of numpy.*jax of arraygrad-jax"):
        ag.jit(double)(np.ones(2))
    with pytest.raises(ArgumentError, match="expected a function"):
        ag.jit(3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="got a int as state"):
        ag.jit(double, 3)  # type: ignore[arg-type]
