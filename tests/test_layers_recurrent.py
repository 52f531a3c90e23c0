"""RNN, LSTM and GRU: against their equations, over time, and what the book does with them."""

import copy
import pickle

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Parameter, Variable, no_grad, optimizers, weights
from arraygrad.backend import using_backend
from arraygrad.config import using_config
from arraygrad.errors import DtypeError, LayerError, ShapeError
from arraygrad.models import Model
from arraygrad.optimizers import SGD, Adam, ClipGrad

LAYERS = [L.RNN, L.LSTM, L.GRU]
every_layer = pytest.mark.parametrize("cls", LAYERS, ids=[c.__name__ for c in LAYERS])


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def affine(layer, gate, x, h):
    """x2<gate>(x) + h2<gate>(h), from the parameters by their names."""
    x2, h2 = getattr(layer, f"x2{gate}"), getattr(layer, f"h2{gate}")
    assert h2.b is None
    return x @ np.array(x2.W.data) + np.array(x2.b.data) + h @ np.array(h2.W.data)


def rnn_step(layer, x, h, c):
    return np.tanh(affine(layer, "h", x, h)), c


def lstm_step(layer, x, h, c):
    """Equations 60.1 to 60.3."""
    f, i, o = (sigmoid(affine(layer, gate, x, h)) for gate in "fio")
    u = np.tanh(affine(layer, "u", x, h))
    c = f * c + i * u
    return o * np.tanh(c), c


def gru_step(layer, x, h, c):
    z, r = sigmoid(affine(layer, "z", x, h)), sigmoid(affine(layer, "r", x, h))
    u = np.tanh(affine(layer, "u", x, r * h) + 0)
    return z * h + (1 - z) * u, c


STEPS = {L.RNN: rnn_step, L.LSTM: lstm_step, L.GRU: gru_step}


def in_float64(layer, seed=0):
    """The layer with weights that can be compared to many digits, and biases that are not zero."""
    for k, p in enumerate(layer.params()):
        p.data = numbers(*p.shape, seed=seed + k)
    return layer


# Forward


@every_layer
@pytest.mark.parametrize("in_size", [3, None])
def test_equations(cls, in_size):
    layer = cls(5, in_size=in_size)
    h, c = np.zeros((2, 5)), np.zeros((2, 5))
    for t in range(4):
        x = numbers(2, 3, seed=t, dtype=np.float32)
        y = layer(x)
        h, c = STEPS[cls](layer, x, h, c)
        np.testing.assert_allclose(y.data, h, atol=1e-5)
        assert y.dtype == np.float32
        assert layer.h is y
    if cls is L.LSTM:
        np.testing.assert_allclose(layer.c.data, c, atol=1e-5)
    assert layer.in_size == 3


@every_layer
def test_equations_to_the_last_digits(cls):
    layer = in_float64(cls(5, in_size=3))
    h, c = np.zeros((2, 5)), np.zeros((2, 5))
    for t in range(4):
        x = numbers(2, 3, seed=t)
        h, c = STEPS[cls](layer, x, h, c)
        np.testing.assert_allclose(layer(x).data, h, rtol=1e-12)


@every_layer
def test_float64_data_into_float32_weights(cls):
    layer = cls(4, in_size=3)
    x = numbers(2, 3)
    for _ in range(2):
        y = layer(x)
    assert y.dtype == np.float64
    y.sum().backward()
    assert all(p.grad.dtype == np.float32 for p in layer.params())


def test_the_second_step_of_an_rnn_with_in_size():
    rnn = L.RNN(5, in_size=3)
    x = numbers(2, 3, dtype=np.float32)
    rnn(x)
    assert rnn(x).shape == (2, 5)
    assert rnn.h2h.W.shape == (5, 5)


@every_layer
def test_reset_state(cls):
    layer = cls(4, in_size=3)
    assert layer.h is None
    x = numbers(2, 3, dtype=np.float32)
    first, second = layer(x).data, layer(x).data
    assert np.any(first != second)
    layer.reset_state()
    assert layer.h is None
    np.testing.assert_array_equal(layer(x).data, first)
    layer.reset_state()
    assert layer(x[:1]).shape == (1, 4)


def test_the_state_of_an_lstm_can_be_given():
    """As a decoder goes on from the state of an encoder."""
    encoder, decoder = in_float64(L.LSTM(4, in_size=3)), in_float64(L.LSTM(4, in_size=3), seed=50)
    x = numbers(2, 3)
    encoder(x)
    decoder.h, decoder.c = encoder.h, encoder.c
    expected, c = lstm_step(decoder, x, encoder.h.data, encoder.c.data)
    y = decoder(x)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12)
    np.testing.assert_allclose(decoder.c.data, c, rtol=1e-12)
    y.sum().backward()
    assert np.any(encoder.x2i.W.grad.data != 0)
    decoder.reset_state()
    decoder.c = np.ones((2, 4))
    expected, _ = lstm_step(decoder, x, np.zeros((2, 4)), np.ones((2, 4)))
    np.testing.assert_allclose(decoder(x).data, expected, rtol=1e-12)
    decoder.c = None
    decoder.h = None
    assert decoder.h is decoder.c is None


@every_layer
def test_what_does_not_fit_is_refused(cls):
    layer = cls(4, in_size=3)
    x = numbers(2, 3, dtype=np.float32)
    before = layer(x)
    with pytest.raises(LayerError, match=r"x has the shape \(2, 4\); .* the size 3 that"):
        layer(numbers(2, 4))
    with pytest.raises(LayerError, match=r"x has the shape \(5, 2, 3\)"):
        layer(numbers(5, 2, 3))
    with pytest.raises(LayerError, match=r"x has 1 rows and the state 2; .* reset_state\(\)"):
        layer(x[:1])
    assert layer.h is before
    with pytest.raises(LayerError, match="hidden_size"):
        cls(0)
    fresh = cls(4)
    for x in (np.ones((5, 2, 3)), np.float32(1)):
        with pytest.raises(LayerError, match=r"expected one time step, \(N, I\)"):
            fresh(x)
    with pytest.raises(DtypeError):
        fresh(None)
    assert fresh.in_size is None
    assert fresh.h is None


def test_cells_refuse_what_does_not_fit():
    x, h, W = np.ones((2, 3)), np.ones((2, 4)), np.ones((8, 4))
    with pytest.raises(ShapeError, match=r"rnn_cell: got x \(2, 3\), a state \(1, 4\) and W"):
        F.rnn_cell(x, h[:1], W)
    with pytest.raises(ShapeError, match="lstm_cell: got x"):
        F.lstm_cell(x, h, W)
    with pytest.raises(ShapeError, match=r"gru_cell: .* expected .* \(I \+ H \+ 1, 3 H\)"):
        F.gru_cell(x, h, W)


# Gradients


def written_out(layer, xs):
    """The layer as the book writes it, with a Linear for each gate, from the same parameters."""

    def gate(name, x, h, act):
        return act(getattr(layer, f"x2{name}")(x) + getattr(layer, f"h2{name}")(h))

    h = c = np.zeros((xs[0].shape[0], layer.hidden_size), xs[0].dtype)
    for x in xs:
        if isinstance(layer, L.RNN):
            h = gate("h", x, h, F.tanh)
        elif isinstance(layer, L.LSTM):
            f, i, o = (gate(name, x, h, F.sigmoid) for name in "fio")
            c = f * c + i * gate("u", x, h, F.tanh)
            h = o * F.tanh(c)
        else:
            z, r = gate("z", x, h, F.sigmoid), gate("r", x, h, F.sigmoid)
            u = F.tanh(layer.x2u(x) + layer.h2u(r * h))
            h = z * h + (1 - z) * u
    return h


@every_layer
def test_gradients_through_time(cls):
    layer = in_float64(cls(4, in_size=3))
    xs = [Variable(numbers(2, 3, seed=t)) for t in range(5)]
    g = numbers(2, 4, seed=9)

    def gradients(run):
        layer.cleargrads()
        for x in xs:
            x.cleargrad()
        F.sum(run() * g).backward()
        return [v.grad.data.copy() for v in (*layer.params(), *xs)]

    expected = gradients(lambda: written_out(layer, xs))

    def stepwise():
        layer.reset_state()
        return [layer(x) for x in xs][-1]

    for got, right in zip(gradients(stepwise), expected, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-9, atol=1e-12)


@every_layer
def test_second_order_through_time(cls):
    layer = in_float64(cls(3, in_size=2))
    xs = [Variable(numbers(2, 2, seed=t)) for t in range(3)]

    def penalty(run):
        layer.cleargrads()
        for x in xs:
            x.cleargrad()
        run().sum().backward(create_graph=True)
        g = xs[0].grad
        layer.cleargrads()
        for x in xs:
            x.cleargrad()
        F.sum(g * g).backward()
        return [p.grad.data.copy() for p in layer.params()]

    def stepwise():
        layer.reset_state()
        return [layer(x) for x in xs][-1]

    got, expected = penalty(stepwise), penalty(lambda: written_out(layer, xs))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


# What changes the parameters between steps


@every_layer
def test_parameters_written_in_place_count_at_the_next_step(cls):
    layer = in_float64(cls(4, in_size=3))
    x = numbers(2, 3)
    layer(x)
    for p in layer.params():
        p.data *= 0.5
    first = next(layer.params())
    first.data[0] = 7.0
    h, c = layer.h.data, layer.c.data if cls is L.LSTM else None
    np.testing.assert_allclose(layer(x).data, STEPS[cls](layer, x, h, c)[0], rtol=1e-12)


@every_layer
def test_new_arrays_and_new_parameters_count_at_the_next_step(cls):
    layer = in_float64(cls(4, in_size=3))
    x = numbers(2, 3)
    for change in range(3):
        layer(x)
        name = "x2h" if cls is L.RNN else "x2u"
        if change == 0:
            getattr(layer, name).W.data = numbers(3, 4, seed=100)
        elif change == 1:
            getattr(layer, name).b = Parameter(numbers(4, seed=101))
        else:
            setattr(layer, name, L.Linear(4, in_size=3))
        h, c = layer.h.data, layer.c.data if cls is L.LSTM else None
        y = layer(x)
        np.testing.assert_allclose(y.data, STEPS[cls](layer, x, h, c)[0], rtol=1e-7)
    y.sum().backward()
    assert getattr(layer, name).W.grad is not None


@every_layer
def test_a_graph_from_before_an_update_stays_right(cls):
    def run(update):
        layer = in_float64(cls(4, in_size=3))
        x = Variable(numbers(2, 3))
        y = layer(x)
        if update:
            for p in layer.params():
                p.grad = np.ones(p.shape)
            SGD(lr=1.0).setup(layer).update()
        y.sum().backward()
        return x.grad.data

    np.testing.assert_array_equal(run(True), run(False))


@every_layer
def test_after_a_step_without_a_graph_the_next_one_has_one(cls):
    layer = cls(4, in_size=3)
    x = numbers(2, 3, dtype=np.float32)
    with no_grad():
        assert layer(x).creator is None
    layer.reset_state()
    with using_config("enable_backprop", False):
        layer(x)
    layer(x).sum().backward()
    assert all(p.grad is not None for p in layer.params())


# Truncated backpropagation, as in steps 59 and 60


@every_layer
def test_unchain_backward_cuts_at_the_state(cls):
    layer = in_float64(cls(4, in_size=3))
    early = Variable(numbers(2, 3, seed=0))
    loss = F.sum(layer(early))
    loss.backward()
    loss.unchain_backward()
    h = layer.h.data.copy()
    c = layer.c.data.copy() if cls is L.LSTM else None
    early.cleargrad()
    layer.cleargrads()
    late = Variable(numbers(2, 3, seed=1))
    F.sum(layer(late)).backward()
    assert early.grad is None
    assert all(np.any(p.grad.data != 0) for p in layer.params())
    np.testing.assert_allclose(layer.h.data, STEPS[cls](layer, late.data, h, c)[0], rtol=1e-12)
    # The gradients are those of one step from a constant state.
    got = [p.grad.data.copy() for p in layer.params()]
    layer.cleargrads()
    layer.reset_state()
    layer.h = Variable(h, requires_grad=False)
    if cls is L.LSTM:
        layer.c = Variable(c, requires_grad=False)
    F.sum(layer(late.data)).backward()
    for a, p in zip(got, layer.params(), strict=True):
        np.testing.assert_allclose(a, p.grad.data, rtol=1e-12)


class Net(Model):
    def __init__(self, cls, hidden_size):
        super().__init__()
        self.rnn = cls(hidden_size)
        self.fc = L.Linear(1)

    def reset_state(self):
        self.rnn.reset_state()

    def forward(self, x):
        return self.fc(self.rnn(x))


@every_layer
def test_a_sine_is_learnt_as_the_book_does(cls):
    np.random.seed(0)
    wave = np.sin(np.linspace(0, 6 * np.pi, 121)).astype(np.float32)[:, None]
    model = Net(cls, 10)
    optimizer = Adam(0.01).setup(model)
    optimizer.add_hook(ClipGrad(1.0))
    losses = []
    for _ in range(12):
        model.reset_state()
        loss, total = 0, 0.0
        for t in range(120):
            loss += F.mean_squared_error(model(wave[t : t + 1]), wave[t + 1 : t + 2])
            if (t + 1) % 30 == 0:
                model.cleargrads()
                loss.backward()
                loss.unchain_backward()
                optimizer.update()
                total += float(loss)
                loss = 0
        losses.append(total / 120)
    assert losses[-1] < losses[0] / 5


# Names, files, copies, other libraries


@pytest.mark.parametrize(
    ("cls", "gates"), [(L.RNN, "h"), (L.LSTM, "fiou"), (L.GRU, "zru")], ids=["rnn", "lstm", "gru"]
)
def test_parameters_have_the_names_of_the_book(cls, gates):
    layer = cls(4, in_size=3)
    expected = [f"x2{gate}/{name}" for gate in gates for name in "Wb"]
    expected += [f"h2{gate}/W" for gate in gates]
    assert [name for name, _ in layer.named_params()] == expected
    layer(np.ones((2, 3), np.float32))
    assert [name for name, _ in layer.named_params()] == expected
    assert layer._params == {name.partition("/")[0] for name in expected}


@every_layer
def test_weights_are_saved_and_loaded(cls, tmp_path):
    layer, x = cls(4), numbers(2, 3, dtype=np.float32)
    expected = [layer(x).data for _ in range(3)]
    path = layer.save_weights(tmp_path / "w")
    assert weights.read_arrays(path)[next(iter(layer.named_params()))[0]].shape == (3, 4)
    for other in (cls(4), cls(4, in_size=3)):
        if other.in_size:
            other(x)
            other.reset_state()
        other.load_weights(path)
        for y in expected:
            np.testing.assert_array_equal(other(x).data, y)


@every_layer
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_copies_go_on_by_themselves(cls, copied):
    layer, x = in_float64(cls(4, in_size=3)), numbers(2, 3)
    layer(x)
    other = copied(layer)
    np.testing.assert_array_equal(other(x).data, layer(x).data)
    for p in other.params():
        p.data *= 2
    layer.reset_state()
    other.reset_state()
    assert np.any(other(x).data != layer(x).data)
    other.h.sum().backward()
    assert all(p.grad is not None for p in other.params())
    assert all(p.grad is None for p in layer.params())


@every_layer
@pytest.mark.parametrize("name", ["array_api_strict", "torch"])
def test_on_another_library(cls, name):
    xp = pytest.importorskip(name)
    here, there = in_float64(cls(4, in_size=3)), cls(4)
    xs = [numbers(2, 3, seed=t, dtype=np.float32) for t in range(3)]
    for p in here.params():
        p.data = p.data.astype(np.float32)
    there(xp.asarray(xs[0]))
    there.reset_state()
    for p, q in zip(here.params(), there.params(), strict=True):
        q.data = xp.asarray(p.data)
    for _ in range(2):
        y = [here(x) for x in xs][-1]
        z = [there(xp.asarray(x)) for x in xs][-1]
        for model, out in ((here, y), (there, z)):
            model.cleargrads()
            out.sum().backward()
            out.unchain_backward()
            SGD(lr=0.1).setup(model).update()
        np.testing.assert_allclose(np.asarray(z.data), y.data, rtol=1e-4, atol=1e-5)
    for p, q in zip(here.params(), there.params(), strict=True):
        np.testing.assert_allclose(np.asarray(q.data), p.data, rtol=1e-4, atol=1e-5)


def test_born_on_the_current_backend():
    pytest.importorskip("array_api_strict")
    with using_backend("array_api_strict") as backend:
        layer = L.LSTM(4, in_size=3)
        y = layer(backend.asarray(np.ones((2, 3), np.float32)))
    assert type(y.data) is type(layer.h2o.W.data)
    assert type(y.data) is not np.ndarray


def test_equal_seeds_give_equal_weights():
    def drawn(make, x=None):
        np.random.seed(0)
        layer = make()
        if x is not None:
            layer(x)
        return [p.data.copy() for p in layer.params()]

    x = np.ones((2, 3), np.float32)
    for a, b in zip(drawn(lambda: L.LSTM(4, in_size=3)), drawn(lambda: L.LSTM(4), x), strict=True):
        np.testing.assert_array_equal(a, b)


@every_layer
def test_parameters_can_be_shared_by_two_layers(cls):
    a, b = in_float64(cls(4, in_size=3)), cls(4, in_size=3)
    for name in (n.partition("/")[0] for n, _ in a.named_params()):
        setattr(b, name, getattr(a, name))
    x = numbers(2, 3)
    for _ in range(2):
        np.testing.assert_array_equal(a(x).data, b(x).data)
    (a.h + b.h).sum().backward()
    for p in a.params():
        p.data = p.data + 1
    np.testing.assert_array_equal(a(x).data, b(x).data)


def test_optimizers_see_the_parameters_of_the_layer():
    layer = L.LSTM(4, in_size=3)
    optimizer = optimizers.MomentumSGD(0.1).setup(layer)
    x = np.ones((2, 3), np.float32)
    for _ in range(2):
        before = [p.data.copy() for p in layer.params()]
        layer.cleargrads()
        layer(x)
        (layer(x) ** 2).sum().backward()
        optimizer.update()
        assert all(np.any(p.data != b) for p, b in zip(layer.params(), before, strict=True))
    assert "x2f/W/v" in optimizer.state_dict()
