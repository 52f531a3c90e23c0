"""Model, Sequential, MLP."""

import copy
import pickle

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad.errors import LayerError
from arraygrad.layers import Linear
from arraygrad.models import MLP, Model, Sequential
from arraygrad.optimizers import SGD
from arraygrad.variable import Parameter, Variable


def names(model):
    return [name for name, _ in model.named_params()]


def test_mlp_is_linear_layers_with_an_activation_between():
    model = MLP((10, 3))
    x = np.random.rand(5, 2).astype(np.float32)
    y = model(x)
    assert y.shape == (5, 3)
    l0, l1 = model.layers
    assert l0 is model.l0
    assert l1 is model.l1
    np.testing.assert_array_equal(y.data, l1(F.sigmoid(l0(x))).data)
    assert names(model) == ["l0/W", "l0/b", "l1/W", "l1/b"]
    assert model.layers[1].W.data.shape == (10, 3)


def test_mlp_takes_another_activation():
    model = MLP([4, 4, 1], activation=F.relu)
    x = np.random.rand(5, 2).astype(np.float32)
    expected = model.l2(F.relu(model.l1(F.relu(model.l0(x)))))
    np.testing.assert_array_equal(model(x).data, expected.data)


@pytest.mark.parametrize(
    ("sizes", "said"), [((), "empty"), (10, "sizes of all layers"), ((0,), "out_size")]
)
def test_mlp_refuses_odd_sizes(sizes, said):
    with pytest.raises(LayerError, match=said):
        MLP(sizes)


def test_sequential_calls_one_after_the_other():
    first, last = Linear(4), Linear(1)
    model = Sequential(first, F.relu, last)
    x = np.random.rand(5, 2).astype(np.float32)
    np.testing.assert_array_equal(model(x).data, last(F.relu(first(x))).data)
    assert model.layers == [first, F.relu, last]
    assert names(model) == ["l0/W", "l0/b", "l2/W", "l2/b"]


def test_sequential_refuses_what_cannot_be_called():
    with pytest.raises(LayerError, match="number 1 is a list"):
        Sequential(F.relu, [Linear(1)])


def test_model_takes_attributes_as_the_book_sets_them():
    model = Model()
    model.l1 = Linear(5)
    model.param = Parameter(np.array(1.0))
    assert names(model) == ["l1/W", "l1/b", "param"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("make", [lambda: MLP((4, 2)), lambda: Sequential(Linear(4), F.tanh)])
def test_copies_after_a_call_give_the_same(copied, make):
    model = make()
    x = Variable(np.random.rand(5, 2).astype(np.float32))
    y = model(x)
    other = copied(model)
    np.testing.assert_array_equal(other(x).data, y.data)
    assert other.layers[0] is other.l0
    assert other.l0.W is not model.l0.W


def test_a_shared_layer_is_updated_once():
    shared = Linear(2, nobias=True, in_size=2)
    model = Sequential(shared, shared)
    W = shared.W.data.copy()
    optimizer = SGD(lr=0.5).setup(model)
    shared.W.grad = np.ones((2, 2), dtype=np.float32)
    optimizer.update()
    np.testing.assert_allclose(shared.W.data, W - 0.5)


def test_repr_shows_what_it_is_made_of():
    model = Sequential(Linear(3, in_size=2), F.relu)
    assert repr(model) == "Sequential(Linear(3, in_size=2), relu)"
    assert repr(MLP((3, 1))) == "MLP((3, 1), activation=sigmoid)"


def test_the_books_regression_reaches_its_losses():
    # Step 44 and the post on it: float32 weights, float64 data, lr 0.2, 10000 iterations.
    np.random.seed(0)
    x = np.random.rand(100, 1)
    y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
    model = MLP((10, 1))
    optimizer = SGD(lr=0.2).setup(model)
    losses = []
    for i in range(9001):
        loss = F.mean_squared_error(y, model(x))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if i % 1000 == 0:
            losses.append(float(loss))
    expected = [
        0.8165178492839196, 0.24990280802148895, 0.24609876581126014, 0.23721590814318072,
        0.20793216413350174, 0.12311905720649353, 0.07888166506355153, 0.07655073683421634,
        0.07637803086238225, 0.07618764131185568,
    ]  # fmt: skip
    assert losses[0] == pytest.approx(expected[0], abs=1e-6)
    assert losses == pytest.approx(expected, abs=3e-4)
