"""What a clumsy caller gets: errors of ours that name the culprit, and nothing half changed."""

import copy
import math
import pickle

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, datasets, models, optimizers, transforms, weights
from arraygrad.errors import ArgumentError, ArraygradError, DtypeError, LayerError, NoDataError

F32 = np.float32
X, IMAGES = np.ones((4, 3), F32), np.ones((2, 4, 6, 6), F32)
LABELS, STEPS = np.array([0, 1, 2, 1]), np.ones((2, 5, 4), F32)

CALLS = {
    F.accuracy: (X, LABELS),
    F.adaptive_average_pooling: (IMAGES, 2),
    F.average: (X, 0, True),
    F.average_pooling: (IMAGES, 2, 2, 0),
    F.batch_norm: (X, X[0], X[0], X[0], X[0], 0.9, 1e-5),
    F.binary_cross_entropy: (X, X),
    F.broadcast_to: (X, (2, 4, 3)),
    F.clip: (X, 0.0, 1.0),
    F.conv2d: (IMAGES, np.ones((2, 2, 3, 3), F32), None, 1, 1, 1, 2),
    F.cumsum: (X, 0),
    F.deconv2d: (IMAGES, np.ones((4, 2, 3, 3), F32), None, 1, 1, None, 1, 2),
    F.dropout: (X, 0.5),
    F.einsum: ("ij,kj->ik", X, X),
    F.embed_id: (LABELS, X),
    F.expand_dims: (X, 0),
    F.flatten: (X,),
    F.gelu: (X, "none"),
    F.group_norm: (IMAGES, 2, IMAGES[0, :, 0, 0], IMAGES[0, :, 0, 0]),
    F.gru_cell: (X, X, np.ones((7, 9), F32)),
    F.huber_loss: (X, X, 1.0),
    F.im2col: (IMAGES, 3, 1, 0, True),
    F.layer_norm: (X, X[0], X[0], -1),
    F.linear: (X, X.T, X[:, 0]),
    F.log_softmax: (X, 1),
    F.lstm_cell: (X, np.stack([X, X]), np.ones((7, 12), F32)),
    F.matmul: (X, X.T),
    F.max: (X, 0, False),
    F.mean_squared_error: (X, X),
    F.nll_loss: (X, LABELS),
    F.pad: (X, ((1, 1), (0, 2))),
    F.pooling: (IMAGES, 2, 2, 0),
    F.reshape: (X, (3, 4)),
    F.resize: (IMAGES, 3, "bilinear", False),
    F.rnn_cell: (X, X, np.ones((7, 3), F32)),
    F.scaled_dot_product_attention: (STEPS, STEPS, STEPS, None, False, 0.0, None),
    F.sigmoid_cross_entropy: (X, X),
    F.softmax: (X, 1),
    F.softmax_cross_entropy: (X, LABELS),
    F.sort: (X, 0),
    F.split: (X, 2, 0),
    F.sum: (X, 0, False),
    F.sum_to: (X, (1, 3)),
    F.take: (X, LABELS),
    F.topk: (X, 2, 0),
    F.transpose: (X, (1, 0)),
    F.where: (X > 0, X, X),
}

NOT_FOR_ARRAYS = [
    None, "a", {}, object(), len, Variable(None), 10**30, X[:0], X[0, :0], np.array(["a", "b"]),
    np.ones((2, 2, 2, 2, 2)), np.array([1, None], object),
]  # fmt: skip
NOT_FOR_SETTINGS = [
    "a", {}, object(), len, -7, 1.5, math.nan, 10**30, (1, 2, 3), (-1, 0), (0.5, 2), [], np.ones(3),
    Variable(np.ones(3)),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # NumPy's, on the way to an error or of nan
@pytest.mark.parametrize("function", CALLS, ids=lambda f: f.__name__)
def test_functions_fail_with_errors_of_ours(function):
    good, refused = CALLS[function], 0
    for i, argument in enumerate(good):
        bad = NOT_FOR_ARRAYS if isinstance(argument, np.ndarray) else NOT_FOR_SETTINGS
        for value in bad:
            args = [*map(tracked, good[:i]), value, *map(tracked, good[i + 1 :])]
            try:
                y = function(*args)
                y = y[0] if isinstance(y, (tuple, list)) else y
                if y.creator is not None:
                    y.backward()
            except ArraygradError:
                refused += 1
    assert refused > 0
    function(*good)


def tracked(argument):
    floats = isinstance(argument, np.ndarray) and argument.dtype == F32
    return Variable(argument.copy()) if floats else argument


def test_what_passed_silently_once():
    x = Variable(X)
    with pytest.raises(ArraygradError, match="permute_dims"):
        x.transpose(0, 5)
    with pytest.raises(DtypeError, match="take"):
        F.take(x, np.array([True, True, True, True]))
    with pytest.raises(DtypeError, match="linear"):
        F.linear(x, 2.0)
    for condition in (np.array([1, 0]), np.array([2.0, 0.0])):
        a, b = Variable(np.ones(2)), Variable(np.ones(2))
        F.where(condition, a, b).backward()
        np.testing.assert_array_equal(a.grad.data, [1, 0])
        np.testing.assert_array_equal(b.grad.data, [0, 1])
    for order in "<>":
        with pytest.raises(ArraygradError, match="-1"):
            F.embed_id(np.array([-1], f"{order}i8"), X)


def test_the_adjoint_of_an_index_can_be_differentiated_on_strict_libraries():
    strict = pytest.importorskip("array_api_strict")
    W, seed = (Variable(strict.asarray(np.ones((n, 2)))) for n in (5, 3))
    y = F.embed_id(strict.asarray(np.array([0, 3, 3])), W)
    y.grad = seed
    y.backward(create_graph=True)
    F.sum(W.grad**2).backward()  # each row of W gets the sum of its rows of the seed
    np.testing.assert_array_equal(np.asarray(seed.grad.data._array), [[2, 2], [4, 4], [4, 4]])


def test_a_composition_says_who_and_what():
    with pytest.raises(DtypeError, match=r"topk: got x = an array \(4, 3\) float32, k = 'two'"):
        F.topk(X, "two")
    with pytest.raises(DtypeError, match=r"batch_norm: .*decay = 'slow'"):
        F.batch_norm(X, *X, decay="slow")


def test_numpy_raises_what_it_was_told_to_raise():
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        Variable(np.ones(2)) / 0.0
    with pytest.raises(RuntimeWarning):
        F.log(np.zeros(2))


MAKE = {
    "BatchNorm decay": lambda v: L.BatchNorm(decay=v),
    "Conv2d": lambda v: L.Conv2d(v, 3),
    "Conv2d kernel": lambda v: L.Conv2d(2, v),
    "Conv2d stride": lambda v: L.Conv2d(2, 3, stride=v),
    "Conv2d pad": lambda v: L.Conv2d(2, 3, pad=v),
    "Deconv2d": lambda v: L.Deconv2d(2, 3, in_channels=v),
    "Dropout": lambda v: L.Dropout(v),
    "EmbedID": lambda v: L.EmbedID(v, 3),
    "GRU": lambda v: L.GRU(v),
    "GroupNorm": lambda v: L.GroupNorm(v),
    "LSTM": lambda v: L.LSTM(3, in_size=v),
    "Linear": lambda v: L.Linear(v),
    "Linear dtype": lambda v: L.Linear(3, dtype=v),
    "MLP": lambda v: models.MLP(v),
    "MLP activation": lambda v: models.MLP((3, 2), activation=v),
    "MultiHeadAttention": lambda v: L.MultiHeadAttention(4, v),
    "RNN": lambda v: L.RNN(v),
}


@pytest.mark.parametrize("what", MAKE)
@pytest.mark.parametrize("value", ["x", -1, 1.5, math.nan, {}, np.array(3.5), np.ones(3)], ids=repr)
def test_layers_refuse_settings_when_they_are_made(what, value):
    with pytest.raises(ArraygradError, match=r"should|expected"):
        MAKE[what](value)


LAYERS = [
    lambda: L.BatchNorm(), lambda: L.Conv2d(2, 3), lambda: L.Deconv2d(2, 3), lambda: L.GRU(3),
    lambda: L.GroupNorm(2), lambda: L.LSTM(3), lambda: L.LayerNorm(), lambda: L.Linear(3),
    lambda: L.MultiHeadAttention(4, 2), lambda: L.RNN(3), lambda: models.MLP((3, 2)),
]  # fmt: skip


@pytest.mark.parametrize("make", LAYERS)
def test_a_layer_that_was_called_wrongly_is_as_it_was(make):
    layer = make()
    before = pickle.dumps(layer)
    wrong = [None, "a", Variable(None), {}, np.array(1.0), np.array(["a"]), np.ones((2, 0))]
    for x in [*wrong, np.array([[1, None, 2, 3]], object), np.array([["a", "b"]])]:
        with pytest.raises(ArraygradError):
            layer(x)
        assert pickle.dumps(layer) == before
    with pytest.raises(NoDataError):
        layer(Variable(None))


@pytest.mark.parametrize("kind", [L.RNN, L.LSTM, L.GRU])
def test_a_wrong_step_leaves_the_state_of_the_sequence(kind):
    layer = kind(3)
    layer(np.ones((2, 4), F32))
    h = layer.h
    for x in (np.ones((3, 4), F32), np.ones((2, 5), F32), np.ones(4, F32), "a", None):
        with pytest.raises(ArraygradError):
            layer(x)
        assert layer.h is h
    twin, again = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    expected = layer(np.ones((2, 4), F32)).data
    for other in (twin, again):
        np.testing.assert_array_equal(other(np.ones((2, 4), F32)).data, expected)


def test_wrong_batches_leave_running_averages():
    layer = L.BatchNorm()
    layer(np.random.randn(4, 3).astype(F32))
    mean, var = layer.avg_mean.data.copy(), layer.avg_var.data.copy()
    for x in (np.ones((4, 5), F32), np.ones((0, 3), F32), np.ones((4, 3), int), np.ones(3, F32)):
        with pytest.raises(ArraygradError):
            layer(x)
        np.testing.assert_array_equal(layer.avg_mean.data, mean)
        np.testing.assert_array_equal(layer.avg_var.data, var)


@pytest.mark.parametrize(
    "name", ["SGD", "MomentumSGD", "AdaGrad", "AdaDelta", "Adam", "AdamW", "RMSprop"]
)
def test_optimizers_refuse_settings_that_are_no_numbers(name):
    kind = getattr(optimizers, name)
    for value in ("a", None, [1], math.nan, np.ones(2), {}):
        with pytest.raises(ArgumentError, match=name):
            kind(value)
    with pytest.raises(LayerError, match="setup"):
        kind().update()


def test_a_rate_that_became_nan_changes_no_parameter():
    layer = L.Linear(2, in_size=3)
    optimizer = optimizers.SGD(lr=lambda updates: math.nan if updates else 0.1).setup(layer)
    F.sum(layer(X)).backward()
    optimizer.update()
    before = layer.W.data.copy()
    with pytest.raises(ArgumentError, match="SGD: the learning rate is nan"):
        optimizer.update()
    np.testing.assert_array_equal(layer.W.data, before)


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_damaged_weights_change_nothing(tmp_path, suffix):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    model = models.MLP((3, 2))
    model(X)
    path = weights.save_weights(model, tmp_path / f"w.{suffix}")
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    other = models.MLP((3, 2))
    other(X)
    before = [p.data for p in other.params()]
    for end in [0, 1, 7, 8, *map(int, rng.integers(9, len(whole), 20)), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(ArraygradError, match=r"load_weights|read"):
            other.load_weights(path)
        assert all(p.data is data for p, data in zip(other.params(), before, strict=True))
    for junk in (rng.bytes(200), b"PK\x03\x04" + rng.bytes(50)):
        path.write_bytes(junk)
        with pytest.raises(ArraygradError):
            other.load_weights(path)
    if suffix == "npz":  # which has checksums
        for place in map(int, rng.integers(0, len(whole), 60)):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << int(rng.integers(0, 8))
            path.write_bytes(damaged)
            try:
                other.load_weights(path)
            except ArraygradError:
                assert all(p.data is data for p, data in zip(other.params(), before, strict=True))
                continue
            for p, q in zip(model.params(), other.params(), strict=True):
                np.testing.assert_array_equal(p.data, q.data)
            before = [p.data for p in other.params()]


def test_summary_without_an_input_says_what_it_needs():
    with pytest.raises(LayerError, match=r"summary: MLP.forward got 0 inputs: .*'x'"):
        models.MLP((3, 2)).summary()


@pytest.mark.parametrize(
    "make",
    [
        lambda: transforms.Normalize("a"),
        lambda: transforms.Normalize(0, {}),
        lambda: transforms.AsType(-1),
        lambda: transforms.AsType(object),
        lambda: transforms.Compose(None),
        lambda: transforms.Compose("Flatten"),
        lambda: transforms.Compose([transforms.Flatten(), 3]),
        lambda: transforms.RandomHorizontalFlip(None),
        lambda: transforms.RandomHorizontalFlip(np.ones(2)),
        lambda: transforms.Normalize(1)("x"),
        lambda: transforms.AsType()(np.array([None])),
        lambda: datasets.random_split(datasets.Spiral(), None),
    ],
)
def test_transforms_and_splits_refuse_what_they_cannot_use(make):
    with pytest.raises(ArraygradError, match="expected"):
        make()


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda x: np.arcsin(x), "numpy.arcsin: got a Variable, expected arrays; call F.asin "),
        (lambda x: np.linalg.inv(x), "numpy.linalg.inv: .* call F.inv "),
        (lambda x: np.linalg.norm(x), "call F.vector_norm "),
        (lambda x: np.fft.fft(x), "numpy.fft.fft: .* call F.fft "),
        (lambda x: np.dot(x, x), "call F.matmul "),
        (lambda x: np.floor(x), "call arraygrad.xp.floor instead"),
        (lambda x: np.median(x), "has no op of that name; write it"),
    ],
)
def test_functions_of_numpy_say_what_to_call(call, advice):
    with pytest.raises(DtypeError, match=advice):
        call(Variable(np.eye(2)))


@pytest.mark.parametrize(
    "make",
    [
        ag.grad, ag.value_and_grad, ag.jacobian, ag.jacfwd, ag.hessian, ag.elementwise_grad,
        lambda y: ag.vjp(y, 1.0), lambda y: ag.jvp(y, (1.0,), (1.0,)),
    ],
)  # fmt: skip
def test_transforms_of_a_result_say_what_to_call(make):
    with pytest.raises(ArgumentError, match=r"got a Variable, expected a func.* y.backward\(\)"):
        make(F.sum(Variable(np.ones(2))))


def test_a_hook_that_cannot_be_called_is_refused_when_it_is_added():
    optimizer = ag.optimizers.SGD()
    with pytest.raises(LayerError, match=r"SGD.add_hook: got a float; expected a function"):
        optimizer.add_hook(1e-4)
    assert optimizer.hooks == []


def test_custom_needs_a_name():
    with pytest.raises(ArgumentError, match=r"custom: got a lambda, .* write it with def"):
        ag.custom(lambda x: x)
