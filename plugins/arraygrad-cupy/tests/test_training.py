"""Whole training steps on CuPy: the same losses as on NumPy, and nothing that travels unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, cuda, get_backend, models, optimizers, using_backend
from arraygrad.datasets import Dataset

pytestmark = pytest.mark.usefixtures("cupy")


class Recurrent(models.Model):
    def __init__(self, cell: Any) -> None:
        self.cell, self.out = cell, L.Linear(3)

    def forward(self, x: Any) -> Any:
        self.cell.reset_state()
        for _ in range(3):
            h = self.cell(x)
        return self.out(h)


def cnn() -> Any:
    return models.Sequential(
        L.Conv2d(16, 3, pad=1), L.BatchNorm(), F.relu, lambda x: F.pooling(x, 2, 2),
        L.Conv2d(4, 3, pad=1), L.GroupNorm(2), F.gelu, lambda x: F.average_pooling(x, 2, 2),
        lambda x: F.resize(x, 3), L.Deconv2d(2, 2, stride=2), L.Flatten(), L.Linear(3),
    )  # fmt: skip


VECTOR, IMAGE, TOKENS = (6, 5), (6, 2, 8, 8), (6, 4)
MODELS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "mlp": (lambda: models.MLP((8, 3)), VECTOR),
    "cnn": (cnn, IMAGE),
    "rnn": (lambda: Recurrent(L.RNN(4)), VECTOR),
    "lstm": (lambda: Recurrent(L.LSTM(4)), VECTOR),
    "gru": (lambda: Recurrent(L.GRU(4)), VECTOR),
    "transformer": (lambda: models.Transformer(7, size=8, heads=2, depth=1, length=4), TOKENS),
}
OPTIMIZERS = {
    "mlp": lambda: optimizers.SGD(0.1),
    "cnn": lambda: optimizers.Adam(),
    "rnn": lambda: optimizers.MomentumSGD(0.1),
    "lstm": lambda: optimizers.RMSprop(),
    "gru": lambda: optimizers.AdaGrad(),
    "transformer": lambda: optimizers.AdamW(),
}


def data(backend: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    if shape == TOKENS:
        tokens = backend.asarray(rng.integers(0, 7, shape))
        return tokens, tokens
    return backend.asarray(rng.normal(size=shape).astype("float32")), backend.asarray(
        np.arange(shape[0]) % 3
    )


def steps(name: str, where: str, after_each: Callable[[], None] = lambda: None) -> list[Any]:
    """The losses of three steps, as Variables: nobody has read them."""
    make, shape = MODELS[name]
    np.random.seed(0)
    losses = []
    with using_backend(where) as backend:
        x, t = data(backend, shape)
        model = make()
        optimizer = OPTIMIZERS[name]().setup(model)
        optimizer.add_hook(optimizers.WeightDecay(1e-3))
        optimizer.add_hook(optimizers.ClipGrad(0.5))
        for _ in range(3):
            y = model(x)
            loss = F.softmax_cross_entropy(y, t)
            F.accuracy(y, t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            losses.append(loss)
            after_each()
    return losses


@pytest.fixture
def traffic(standin: Any) -> Iterator[list[str]]:
    standin.traffic.clear()
    yield standin.traffic
    standin.traffic.clear()


@pytest.mark.parametrize("name", MODELS)
def test_losses_are_those_on_numpy(name: str) -> None:
    losses = [[float(loss) for loss in steps(name, where)] for where in ("numpy", "cupy")]
    assert losses[1] == pytest.approx(losses[0], rel=2e-4)
    assert losses[0][0] != losses[0][2]


@pytest.mark.parametrize("name", MODELS)
def test_nothing_travels_in_a_training_step(name: str, traffic: list[str]) -> None:
    """After the first one, which makes the weights on the host."""
    seen: list[list[str]] = []

    def look() -> None:
        seen.append(list(traffic))
        traffic.clear()

    losses = steps(name, "cupy", look)
    assert seen[1:] == [[], []]
    assert any(seen[0])  # the weights: so it counts
    float(losses[0])
    assert traffic


def test_the_count_sees_what_a_backend_hides(
    traffic: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the masks and checks of a backend that does nothing about it, the count is not zero."""
    from arraygrad.backend import Backend
    from arraygrad_cupy.backend import CupyBackend

    x, t = data(get_backend("cupy"), VECTOR)
    F.softmax_cross_entropy(F.dropout(x[:, :3], 0.5), t)
    traffic.clear()
    F.softmax_cross_entropy(F.dropout(x[:, :3], 0.5), t)
    assert traffic == []
    monkeypatch.setattr(CupyBackend, "keep_mask", Backend.keep_mask)
    F.dropout(x[:, :3], 0.5)
    assert traffic == ["from host: array"]
    traffic.clear()
    monkeypatch.setattr(CupyBackend, "concrete", Backend.concrete)
    F.softmax_cross_entropy(x[:, :3], t)
    assert traffic == ["to host: int", "to host: int"]


# -- dropout and labels


def test_the_seed_of_numpy_decides_masks() -> None:
    backend = get_backend("cupy")

    def mask(seed: int, ratio: float = 0.3) -> Any:
        np.random.seed(seed)
        return backend.to_numpy(backend.keep_mask((50, 40), ratio))

    assert mask(0).dtype == bool
    np.testing.assert_array_equal(mask(0), mask(0))
    assert (mask(0) != mask(1)).any()
    assert mask(0).mean() == pytest.approx(0.7, abs=0.03)
    assert mask(0, 0.0).all()
    assert not mask(0, 1.0).any()
    # These are the same numbers on every GPU, and here.
    np.random.seed(3)
    seed = int(np.random.randint(0, 2**64 - 1, dtype=np.uint64))
    assert mask(3, 0.25)[0].tolist() == [split_mix(seed, i) >= 0.25 for i in range(40)]
    np.random.seed(0)
    one, two = (backend.to_numpy(backend.keep_mask((200,), 0.5)) for _ in range(2))
    assert (one != two).any()
    # Neighbours, and rows, know nothing of each other.
    many = mask(5, 0.5).astype(float) - 0.5
    assert abs((many[:, 1:] * many[:, :-1]).mean()) < 0.02
    assert abs((many[1:] * many[:-1]).mean()) < 0.02


def split_mix(seed: int, i: int) -> float:
    """Number i of the sequence of that seed, from 0 to 1, as it is published."""
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return ((z ^ z >> 31) >> 11) / 2**53


def test_dropout_keeps_the_mean() -> None:
    x = Variable(get_backend("cupy").asarray(np.ones((100, 100), "float32")))
    y = F.dropout(x, 0.4)
    kept = cuda.as_numpy(y)
    assert set(np.unique(kept).tolist()) == {0.0, float(np.float32(1 / 0.6))}
    assert kept.mean() == pytest.approx(1, abs=0.03)
    y.sum().backward()
    np.testing.assert_array_equal(cuda.as_numpy(x.grad), kept)


@pytest.mark.parametrize("wrong", [3, -1, 100])
def test_labels_out_of_range_give_nan(wrong: int) -> None:
    backend = get_backend("cupy")
    x = Variable(backend.asarray(np.ones((2, 3), "float32")))
    t = backend.asarray(np.array([0, wrong]))
    for on in (True, False):
        x.cleargrad()
        with ag.using_kernels(on):
            loss = F.softmax_cross_entropy(x, t)
            loss.backward()
        assert np.isnan(float(loss))
        np.testing.assert_array_equal(np.isnan(cuda.as_numpy(x.grad)), [[False] * 3, [True] * 3])
    rows = cuda.as_numpy(F.embed_id(t, Variable(backend.asarray(np.ones((3, 2), "float32")))))
    np.testing.assert_array_equal(rows, [[1, 1], [np.nan, np.nan]])


# -- the book's doors


class Numbers(Dataset):
    def prepare(self) -> None:
        self.data = np.arange(12, dtype="float32").reshape(6, 2)
        self.label = np.arange(6) % 3


def test_the_books_text_for_the_gpu(cupy: Any) -> None:
    loader = ag.DataLoader(Numbers(), 3, gpu=True)
    model = models.MLP((4, 3))
    assert cuda.gpu_enable
    loader.to_gpu()
    model.to_gpu()
    optimizer = optimizers.SGD().setup(model)
    for x, t in loader:
        assert type(x) is type(t) is cupy.ndarray
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    assert {type(p.data) for p in model.params()} == {cupy.ndarray}
    model.to_cpu()
    loader.to_cpu()
    x, t = next(iter(loader))
    assert type(x) is type(model(x).data) is np.ndarray
    assert {type(p.data) for p in model.params()} == {np.ndarray}
    assert {type(p.grad.data) for p in model.params() if p.grad is not None} == {np.ndarray}


def test_moves(cupy: Any) -> None:
    x = Variable(np.array([1.0, 2.0]))
    (x * x).sum().backward()
    x.to_gpu()
    assert type(x.data) is type(x.grad.data) is cupy.ndarray  # type: ignore[union-attr]
    assert type(cuda.as_cupy(np.ones(2))) is cupy.ndarray
    assert cuda.as_cupy(x) is x.data
    assert type(cuda.as_numpy(x)) is np.ndarray
    assert cuda.get_array_module(x) is get_backend("cupy").xp
    assert cuda.get_array_module(x).sum(x.data).shape == ()
    assert type(x.to_cpu().data) is np.ndarray


def test_weights_go_to_a_file_and_back(tmp_path: Any) -> None:
    with using_backend("cupy") as backend:
        x, _ = data(backend, VECTOR)
        model, other = models.MLP((4, 3)), models.MLP((4, 3))
        y = model(x)
        other(x)
        model.save_weights(tmp_path / "weights.npz")
        other.load_weights(tmp_path / "weights.npz")
        np.testing.assert_array_equal(cuda.as_numpy(other(x)), cuda.as_numpy(y))


def test_gradients_of_gradients() -> None:
    x = Variable(get_backend("cupy").asarray(np.array([0.5, 2.0])))
    y = F.gelu(x).sum()
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.sum().backward()  # type: ignore[union-attr]
    z = Variable(np.array([0.5, 2.0]))
    F.gelu(z).sum().backward(create_graph=True)
    gz = z.grad
    z.cleargrad()
    gz.sum().backward()  # type: ignore[union-attr]
    np.testing.assert_allclose(cuda.as_numpy(x.grad), z.grad.data, rtol=1e-6)  # type: ignore[union-attr]
