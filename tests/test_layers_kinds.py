"""Conv2d, Deconv2d, EmbedID, BatchNorm and others: what each one is."""

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import weights
from arraygrad.config import test_mode as testing_mode
from arraygrad.errors import ArraygradError, LayerError, WeightsError
from arraygrad.models import Sequential
from arraygrad.optimizers import SGD
from arraygrad.variable import Buffer, Parameter, Variable

f32 = np.float32


# Conv2d and Deconv2d


def test_conv2d_draws_the_books_weights():
    np.random.seed(0)
    layer = L.Conv2d(8, 3, in_channels=3)
    np.random.seed(0)
    expected = np.random.randn(8, 3, 3, 3).astype(f32) * f32(np.sqrt(1 / 27))
    np.testing.assert_array_equal(layer.W.data, expected)
    np.testing.assert_array_equal(layer.b.data, np.zeros(8))
    assert layer.W.dtype == layer.b.dtype == f32
    assert layer.in_channels == 3


def test_deconv2d_draws_the_books_weights():
    np.random.seed(0)
    layer = L.Deconv2d(8, (2, 3), in_channels=3)
    np.random.seed(0)
    expected = np.random.randn(3, 8, 2, 3).astype(f32) * f32(np.sqrt(1 / 18))
    np.testing.assert_array_equal(layer.W.data, expected)
    assert layer.in_channels == 3


def test_large_weights_are_the_same_as_drawn_at_once():
    np.random.seed(0)
    layer = L.Linear(1100, in_size=1100)
    np.random.seed(0)
    expected = np.random.randn(1100, 1100).astype(f32) * f32(np.sqrt(1 / 1100))
    np.testing.assert_array_equal(layer.W.data, expected)


def test_linear_draws_w_anew_under_the_books_name():
    layer = L.Linear(3)
    with pytest.raises(LayerError, match="in_size is None"):
        layer._init_W()
    layer = L.Linear(3, in_size=2)
    np.random.seed(0)
    layer._init_W(np)
    np.random.seed(0)
    np.testing.assert_array_equal(layer.W.data, L.Linear(3, in_size=2).W.data)


@pytest.mark.parametrize("cls", [L.Conv2d, L.Deconv2d])
def test_convolutions_are_those_of_functions(cls):
    function = F.conv2d if cls is L.Conv2d else F.deconv2d
    layer = cls(4, (2, 3), 2, (0, 1), groups=2, dilation=(1, 2))
    x = np.random.rand(2, 6, 5, 7).astype(f32)
    y = layer(x)
    layer.b.data = np.arange(4, dtype=f32)
    expected = function(x, layer.W.data, layer.b.data, 2, (0, 1), dilation=(1, 2), groups=2)
    assert y.shape == expected.shape
    np.testing.assert_array_equal(layer(x).data, expected.data)
    assert layer.in_channels == 6


def test_convolutions_learn_their_channels_at_the_first_call():
    layer = L.Conv2d(4, 3, pad=1)
    assert layer.in_channels is None
    assert layer.W.data is None
    assert [name for name, _ in layer.named_params()] == ["W", "b"]
    assert layer(np.ones((1, 2, 5, 5), dtype=f32)).shape == (1, 4, 5, 5)
    assert layer.in_channels == 2
    assert L.Conv2d(4, 3, nobias=True).b is None


@pytest.mark.parametrize("cls", [L.Conv2d, L.Deconv2d])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"out_channels": 0}, "out_channels is 0"),
        ({"kernel_size": (1, 2, 3)}, r"kernel_size is \(1, 2, 3\)"),
        ({"kernel_size": (1, 0)}, "kernel_size is 0"),
        ({"stride": 0}, "stride is 0"),
        ({"pad": -1}, "pad is -1"),
        ({"dilation": 0}, "dilation is 0"),
        ({"groups": 2, "out_channels": 3}, "multiple of groups=2"),
        ({"groups": 2, "in_channels": 3}, "input channels is 3.* multiple of groups=2"),
        ({"in_channels": True}, "in_channels is True"),
        ({"dtype": np.int32}, "int32; weights should have a floating-point dtype"),
    ],
)
def test_convolutions_refuse_odd_parameters(cls, arguments, said):
    with pytest.raises(LayerError, match=f"{cls.__name__}: .*{said}"):
        cls(**{"out_channels": 2, "kernel_size": 3, **arguments})


def test_repr_of_convolutions():
    assert repr(L.Conv2d(8, 3)) == "Conv2d(8, kernel_size=3, in_channels=None)"
    layer = L.Deconv2d(8, (3, 2), 2, (0, 1), nobias=True, in_channels=4, groups=2)
    assert repr(layer) == (
        "Deconv2d(8, kernel_size=(3, 2), stride=2, pad=(0, 1), groups=2, nobias=True, "
        "in_channels=4)"
    )


@pytest.mark.parametrize(
    ("layer", "name", "shape", "expected"),
    [
        (L.Conv2d(4, 3), "W", (4, 2, 3, 2), r"\(4, any, 3, 3\)"),
        (L.Conv2d(4, 3, groups=2), "b", (3,), r"\(4,\)"),
        (L.Deconv2d(4, (1, 2), groups=2), "W", (6, 4, 1, 2), r"\(any, 2, 1, 2\)"),
        (L.BatchNorm(), "avg_mean", (1, 3), r"\(any,\)"),
        (L.LayerNorm((1, 2)), "gamma", (3,), r"\(any, any\)"),
        (L.GroupNorm(2), "beta", (), r"\(any,\)"),
        (L.EmbedID(5, 3), "W", (5, 4), r"\(5, 3\)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_files_are_checked_before_the_first_call(layer, name, shape, expected, tmp_path):
    path = weights.write_arrays(tmp_path / "w.npz", {name: np.zeros(shape, dtype=f32)})
    with pytest.raises(WeightsError, match=rf"{name}: shape .* in the file, {expected} in"):
        layer.load_weights(path)


# EmbedID


def test_embed_id_looks_rows_up():
    np.random.seed(0)
    layer = L.EmbedID(6, 3)
    np.random.seed(0)
    np.testing.assert_array_equal(layer.W.data, np.random.randn(6, 3).astype(f32))
    assert layer.W.dtype == f32
    t = np.array([[0, 5], [5, 1]])
    y = layer(t)
    np.testing.assert_array_equal(y.data, layer.W.data[t])
    np.testing.assert_array_equal(layer(Variable(t)).data, y.data)
    F.sum(y).backward()
    np.testing.assert_array_equal(layer.W.grad.data[:, 0], [1, 1, 0, 0, 0, 2])
    assert layer.W.grad.dtype == f32
    for wrong in ([6], [-1]):
        with pytest.raises(ArraygradError):
            layer(np.array(wrong))
    assert repr(layer) == "EmbedID(6, 3)"


@pytest.mark.parametrize("sizes", [(0, 3), (3, 2.5)])
def test_embed_id_refuses_odd_sizes(sizes):
    with pytest.raises(LayerError, match=r"EmbedID: (in|out)_size is"):
        L.EmbedID(*sizes)


# BatchNorm


def test_batch_norm_while_training():
    layer = L.BatchNorm()
    x = np.random.default_rng(0).normal(3, 2, (50, 4)).astype(f32)
    y = layer(x)
    np.testing.assert_allclose(y.data.mean(axis=0), np.zeros(4), atol=1e-5)
    np.testing.assert_allclose(y.data.std(axis=0), np.ones(4), atol=1e-4)
    np.testing.assert_allclose(layer.avg_mean.data, 0.1 * x.mean(axis=0), rtol=1e-4)
    expected = 0.9 + 0.1 * x.var(axis=0, ddof=1)
    np.testing.assert_allclose(layer.avg_var.data, expected, rtol=1e-4)


def test_batch_norm_while_testing():
    layer = L.BatchNorm(decay=0.0)
    x = np.random.default_rng(0).normal(3, 2, (50, 4, 2, 2)).astype(f32)
    layer(x)
    before = layer.avg_mean.data.copy()
    with testing_mode():
        y = layer(Variable(x))
        F.sum(y * y).backward()
        assert layer(x[:1]).shape == (1, 4, 2, 2)
    np.testing.assert_array_equal(layer.avg_mean.data, before)
    np.testing.assert_allclose(y.data.mean(axis=(0, 2, 3)), np.zeros(4), atol=1e-5)
    assert layer.gamma.grad.shape == (4,)


def test_averages_of_batch_norm_are_buffers():
    layer = L.BatchNorm()
    assert isinstance(layer.avg_mean, Buffer)
    assert isinstance(layer.avg_var, Buffer)
    assert isinstance(layer.gamma, Parameter)
    assert layer.avg_mean.data is None
    assert [name for name, _ in layer.named_params()] == ["gamma", "beta"]
    assert [name for name, _ in layer.named_weights()] == ["avg_mean", "avg_var", "gamma", "beta"]
    layer(np.ones((2, 3), dtype=f32))
    for w, value in (("gamma", 1), ("beta", 0)):
        np.testing.assert_array_equal(getattr(layer, w).data, np.full(3, value))
    assert L.BatchNorm(in_size=4).avg_var.shape == (4,)


def test_batch_norm_keeps_averages_on_another_backend():
    xp = pytest.importorskip("array_api_strict")
    layer = L.BatchNorm()
    layer(xp.asarray([[1.0], [3.0]], dtype=xp.float32))
    np.testing.assert_allclose(layer.to_cpu().avg_mean.data, [0.2], rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: L.BatchNorm(decay=1.5),
        lambda: L.BatchNorm(eps=0),
        lambda: L.BatchNorm(in_size=0),
        lambda: L.BatchNorm(dtype=int),
        lambda: L.LayerNorm(eps=-1),
        lambda: L.LayerNorm(in_size=(2, 0)),
        lambda: L.GroupNorm(0),
        lambda: L.GroupNorm(2, in_channels=3),
        lambda: L.GroupNorm(2, eps=0),
    ],
)
def test_norms_refuse_odd_parameters(make):
    with pytest.raises(LayerError, match="should"):
        make()


def test_norms_know_their_sizes():
    assert repr(L.BatchNorm(in_size=3)) == "BatchNorm(in_size=3)"
    assert repr(L.LayerNorm(in_size=3)) == "LayerNorm(in_size=3)"
    assert repr(L.LayerNorm((-2, -1), in_size=(3, 4))) == "LayerNorm(axis=(-2, -1), in_size=(3, 4))"
    assert repr(L.GroupNorm(2)) == "GroupNorm(2, in_channels=None)"
    assert L.LayerNorm(in_size=3)(np.ones((2, 3), dtype=f32)).shape == (2, 3)
    assert L.GroupNorm(2, in_channels=4).in_channels == 4


# Together


def test_a_small_network_of_all_learns():
    np.random.seed(0)
    rng = np.random.default_rng(0)
    t = np.arange(24) % 2
    x = rng.normal(size=(24, 1, 8, 8)).astype(f32) + t[:, None, None, None] * 0.7
    model = Sequential(
        L.Conv2d(4, 3, nobias=True), L.BatchNorm(), F.relu,
        L.Conv2d(4, 3, stride=2), L.GroupNorm(2), F.relu,
        L.Flatten(), L.LayerNorm(), L.Linear(2),
    )  # fmt: skip
    optimizer = SGD(lr=0.1).setup(model)
    losses = []
    for _ in range(30):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss.data))
    assert losses[-1] < 0.2 < losses[0]
    with testing_mode():
        assert float(F.accuracy(model(x), t).data) > 0.9
