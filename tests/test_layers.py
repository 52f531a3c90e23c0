"""Layer, Linear, Dropout: where parameters are found, and what a call leaves behind."""

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad.config import test_mode as testing_mode
from arraygrad.errors import BackendError, DtypeError, LayerError
from arraygrad.layers import Dropout, Layer, Linear
from arraygrad.variable import Parameter, Variable


def p(value=0.0):
    return Parameter(np.array(value))


def names(layer):
    return [name for name, _ in layer.named_params()]


class Bare(Layer):
    """Layers of the tests take their attributes from the call."""

    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x):
        return x


# Finding parameters


def test_parameters_come_in_order_of_definition():
    layer = Bare(z=p(), a=p(), m=Bare(y=p(), b=p()), c=p())
    assert names(layer) == ["z", "a", "m/y", "m/b", "c"]


def test_order_is_the_same_under_every_hash_seed():
    code = (
        "from arraygrad.models import MLP\n"
        "import numpy as np\n"
        "model = MLP((4, 3, 2)); model(np.ones((1, 2), dtype=np.float32))\n"
        "print([name for name, p in model.named_params()])"
    )
    printed = set()
    for seed in ("0", "1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
        )
        printed.add(run.stdout.strip())
    assert printed == {"['l0/W', 'l0/b', 'l1/W', 'l1/b', 'l2/W', 'l2/b']"}


def test_parameters_in_lists_tuples_and_dicts():
    layer = Bare(ps=[p(), (p(), Bare(W=p()))], by_name={"left": p(), "right": [p()]})
    assert names(layer) == ["ps/0", "ps/1/0", "ps/1/1/W", "by_name/left", "by_name/right/0"]


def test_what_has_an_attribute_of_its_own_goes_by_that_name():
    l0 = Bare(W=p())
    assert names(Bare(layers=[l0, Bare(W=p())], l0=l0)) == ["layers/1/W", "l0/W"]


def test_shared_layers_and_parameters_count_once():
    shared, W = Bare(W=p()), p()
    layer = Bare(a=shared, b=shared, c=W, d=Bare(W=W))
    assert names(layer) == ["a/W", "c"]
    assert len(list(layer.params())) == 2


def test_a_layer_may_know_its_parent():
    child = Bare(W=p())
    parent = Bare(child=child)
    child.parent = parent
    assert names(parent) == ["child/W"]


def test_a_list_may_contain_itself():
    items = [p()]
    items.append(items)
    assert names(Bare(items=items)) == ["items/0"]


def test_layers_in_a_set_are_refused():
    with pytest.raises(LayerError, match=r"Bare\.bad is a set .* use a list"):
        names(Bare(bad={Bare(W=p())}))
    assert names(Bare(fine={1, 2}, W=p())) == ["W"]


def test_equal_names_are_refused():
    layer = Bare(a={"1": p(), 1: p()})
    with pytest.raises(LayerError, match=r"two parameters are both called a/1"):
        names(layer)


def test_changes_are_seen_at_once():
    layer = Bare(a=p(), items=[p()], by_name={"x": p()}, inner=Bare(W=p()))
    assert names(layer) == ["a", "items/0", "by_name/x", "inner/W"]
    layer.items.append(p())
    assert names(layer) == ["a", "items/0", "items/1", "by_name/x", "inner/W"]
    new = p()
    layer.items[0] = new
    assert next(q for name, q in layer.named_params() if name == "items/0") is new
    layer.by_name["y"] = p()
    layer.inner.b = p()
    assert names(layer)[-3:] == ["by_name/y", "inner/W", "inner/b"]
    del layer.a
    layer.inner.W = None
    layer.items.clear()
    assert names(layer) == ["by_name/x", "by_name/y", "inner/b"]


def test_a_place_in_a_list_that_was_empty_is_seen_when_filled():
    layer = Bare(slots=[None, None])
    assert names(layer) == []
    layer.slots[1] = Bare(W=p())
    assert names(layer) == ["slots/1/W"]


def test_none_instead_of_a_parameter():
    layer = Linear(2, nobias=True, in_size=3)
    assert layer.b is None
    layer.cleargrads()
    assert names(layer) == ["W"]


def test_names_as_the_book_prints_them():
    layer = Layer()
    layer.p1 = Parameter(np.array(1))
    layer.p2 = Parameter(np.array(2))
    layer.p3 = Variable(np.array(3))
    layer.p4 = "test"
    assert layer._params == {"p1", "p2"}
    assert [repr(layer.__dict__[name]) for name in sorted(layer._params)] == [
        "variable(1)",
        "variable(2)",
    ]
    del layer.p1
    assert layer._params == {"p2"}


def test_flatten_params_of_the_book():
    layer = Bare(l0=Bare(W=p(), b=p()))
    flat = {}
    layer._flatten_params(flat)
    assert list(flat) == ["l0/W", "l0/b"]
    layer._flatten_params(flat, "net")
    assert list(flat)[2:] == ["net/l0/W", "net/l0/b"]


def test_cleargrads():
    layer = Bare(a=p(2.0), inner=[Bare(W=p(3.0))])
    for param in layer.params():
        (param * 2).backward()
    assert all(param.grad is not None for param in layer.params())
    layer.cleargrads()
    assert all(param.grad is None for param in layer.params())


# Calling


def test_inputs_and_outputs_of_the_last_call():
    layer = Linear(3)
    x = Variable(np.ones((2, 4), dtype=np.float32))
    y = layer(x)
    assert layer.inputs[0]() is x
    assert layer.outputs[0]() is y
    del y
    assert layer.outputs[0]() is None


class Odd(Layer):
    def forward(self, x, state=None, *, scale=1.0):
        return [x * scale, x if state is None else state]


def test_none_lists_and_keywords_are_taken():
    layer = Odd()
    x = Variable(np.ones(3))
    y, z = layer(x, None, scale=2.0)
    assert isinstance(layer(x), list)
    np.testing.assert_array_equal(y.data, [2.0, 2.0, 2.0])
    assert z is x
    layer(x, [x, x])
    assert [ref() for ref in layer.inputs] == [x, None]


def test_a_function_that_returns_a_list_can_be_a_layers_result():
    class Twice(Layer):
        def forward(self, x):
            return [x + 0, x * 2]

    x = Variable(np.ones(2))
    layer = Twice()
    y0, y1 = layer(x)
    assert layer.outputs[1]() is y1
    assert layer.outputs[0]() is y0


def test_a_tuple_of_one_is_unpacked_as_in_the_book():
    class One(Layer):
        def forward(self, x):
            return (x,)

    x = Variable(np.ones(2))
    assert One()(x) is x


def test_forward_is_asked_for():
    with pytest.raises(NotImplementedError, match="Layer has no forward"):
        Layer()(np.ones(2))


# Copies


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_after_a_call(copied):
    shared = Linear(4)
    layer = Bare(first=shared, again=shared, items=[shared])
    x = np.ones((2, 4), dtype=np.float32)
    y = shared(x)
    layer(Variable(x))
    names(layer)
    other = copied(layer)
    assert other.first is other.again is other.items[0]
    assert names(other) == names(layer) == ["first/W", "first/b"]
    assert other.first.W is not layer.first.W
    np.testing.assert_array_equal(other.first(x).data, y.data)
    other.first.W.data = other.first.W.data + 1
    np.testing.assert_array_equal(shared(x).data, y.data)


# Linear


def test_linear_draws_the_books_weights():
    np.random.seed(0)
    layer = Linear(10, in_size=3)
    np.random.seed(0)
    expected = np.random.randn(3, 10).astype(np.float32) * np.float32(np.sqrt(1 / 3))
    np.testing.assert_array_equal(layer.W.data, expected)
    assert layer.W.dtype == layer.b.dtype == np.float32
    np.testing.assert_array_equal(layer.b.data, np.zeros(10))


def test_linear_learns_in_size_from_the_last_axis():
    layer = Linear(5)
    assert layer.in_size is None
    assert layer.W.data is None
    assert names(layer) == ["W", "b"]
    assert layer(np.ones((2, 3, 4), dtype=np.float32)).shape == (2, 3, 5)
    assert layer.in_size == 4
    assert layer(np.ones(4, dtype=np.float32)).shape == (5,)


def test_linear_computes_x_w_plus_b():
    layer = Linear(2, dtype=np.float64, in_size=3)
    x = np.arange(6.0).reshape(2, 3)
    layer.b.data = np.array([1.0, -1.0])
    np.testing.assert_allclose(layer(x).data, x @ layer.W.data + layer.b.data)


def test_linear_stays_float32():
    layer = Linear(2)
    y = layer(np.ones((1, 3), dtype=np.float32))
    F.sum(y).backward()
    assert y.dtype == layer.W.grad.dtype == layer.b.grad.dtype == np.float32


def test_linear_of_float64_data_keeps_float32_weights():
    layer = Linear(2)
    F.sum(layer(np.ones((1, 3)))).backward()
    assert layer.W.dtype == layer.W.grad.dtype == np.float32


def test_linear_says_what_size_it_was_made_for():
    layer = Linear(2, in_size=3)
    with pytest.raises(LayerError, match=r"x has the shape \(2, 4\).* size 3"):
        layer(np.ones((2, 4), dtype=np.float32))


@pytest.mark.parametrize("sizes", [{"out_size": 0}, {"out_size": 2.5}, {"out_size": True}])
def test_linear_refuses_odd_sizes(sizes):
    with pytest.raises(LayerError, match="out_size"):
        Linear(**sizes)
    with pytest.raises(LayerError, match="in_size"):
        Linear(2, in_size=-1)


def test_linear_refuses_integer_weights():
    with pytest.raises(LayerError, match="int64; weights should have a floating-point dtype"):
        Linear(2, dtype=np.int64)


def test_linear_of_what_is_not_an_array_changes_nothing():
    layer = Linear(2)
    with pytest.raises(DtypeError):
        layer("text")
    with pytest.raises(LayerError, match="last axis"):
        layer(np.array(1.0))
    assert layer.W.data is None
    assert layer.b.data is None


# Other backends


def test_linear_is_born_beside_its_input():
    xp = pytest.importorskip("array_api_strict")
    device = xp.Device("device1")
    layer = Linear(2)
    y = layer(xp.ones((1, 3), dtype=xp.float32, device=device))
    assert y.data.device == layer.W.data.device == layer.b.data.device == device


def test_equal_seeds_give_equal_weights_on_every_backend():
    pytest.importorskip("array_api_strict")
    from arraygrad import backend as backends

    np.random.seed(1)
    here = Linear(2, in_size=3)
    np.random.seed(1)
    with backends.using_backend("array_api_strict") as backend:
        there = Linear(2, in_size=3)
    assert type(there.W.data) is not np.ndarray
    np.testing.assert_array_equal(backend.to_numpy(there.W.data), here.W.data)


def test_layers_move_between_backends():
    pytest.importorskip("array_api_strict")
    layer = Linear(2, in_size=3)
    W = layer.W.data.copy()
    F.sum(layer(np.ones((1, 3), dtype=np.float32))).backward()
    assert layer.to("array_api_strict") is layer
    assert type(layer.W.data) is type(layer.W.grad.data) is not np.ndarray
    layer.to_cpu()
    np.testing.assert_array_equal(layer.W.data, W)
    np.testing.assert_array_equal(layer.W.grad.data, np.ones((3, 2)))


def test_moving_to_a_missing_backend_changes_nothing():
    layer = Linear(2, in_size=3)
    with pytest.raises(BackendError):
        layer.to("nosuchlibrary")
    assert type(layer.W.data) is np.ndarray


# Dropout


def test_dropout_layer():
    np.random.seed(0)
    x = np.ones(10_000)
    layer = Dropout(0.6)
    y = layer(x).data
    assert set(np.unique(y)) == {0.0, 2.5}
    assert abs(y.mean() - 1) < 0.1
    with testing_mode():
        np.testing.assert_array_equal(layer(x).data, x)
    with pytest.raises(LayerError, match="dropout_ratio"):
        Dropout(1.5)
