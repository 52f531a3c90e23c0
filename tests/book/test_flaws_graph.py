"""What the original gets wrong in the graph and in its engine, and is right here."""

from __future__ import annotations

import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import (
    Config,
    Function,
    Layer,
    Parameter,
    Variable,
    as_variable,
    no_grad,
    optimizers,
    using_config,
    utils,
)
from arraygrad.errors import GradientError

# shared gradients; read-only gradients


def test_inputs_of_an_addition_have_gradients_of_their_own():
    p1, p2 = Parameter(np.ones(3)), Parameter(np.ones(3))
    F.sum((p1 + p2) * 1).backward()
    assert p1.grad is not p2.grad
    assert not np.shares_memory(p1.grad.data, p2.grad.data)


def test_weight_decay_changes_each_gradient_once():
    p1, p2 = Parameter(np.ones(3)), Parameter(np.ones(3))
    F.sum((p1 + p2) * 1).backward()
    optimizers.WeightDecay(0.5)([p1, p2])
    for p in (p1, p2):
        np.testing.assert_array_equal(p.grad.data, [1.5, 1.5, 1.5])


@pytest.mark.parametrize("hook", [optimizers.WeightDecay(0.5), optimizers.ClipGrad(0.1)])
def test_hooks_change_the_gradient_of_a_sum(hook):
    p = Parameter(np.ones(3))
    F.sum(p).backward()
    hook([p])
    assert not np.array_equal(p.grad.data, [1.0, 1.0, 1.0])


def test_the_gradient_of_a_sum_can_be_written_to():
    x = Variable(np.ones((2, 3)))
    F.sum(x).backward()
    x.grad.data[0] = 7.0
    np.testing.assert_array_equal(x.grad.data, [[7.0] * 3, [1.0] * 3])


# no graph


def test_backward_of_a_leaf_says_so():
    with pytest.raises(GradientError, match="leaf"):
        Variable(np.array(1.0)).backward()


def test_backward_of_a_result_without_a_graph_says_so():
    x = Variable(np.array(1.0))
    with no_grad():
        y = x * 2
    with pytest.raises(GradientError, match="no_grad"):
        y.backward()
    assert x.grad is None


def test_a_leaf_can_be_drawn():
    text = utils.get_dot_graph(Variable(np.array(1.0), "x"))
    assert text.startswith("digraph")
    assert "x" in text


# several outputs


class Both(Function):
    """x0 + x1 and x0 * x1."""

    def forward(self, x0, x1):
        return x0 + x1, x0 * x1

    def backward(self, ga, gm):
        x0, x1 = self.inputs
        return ga + gm * x1, ga + gm * x0


def test_an_output_that_was_dropped_counts_as_zero():
    x0, x1 = Variable(np.array(2.0)), Variable(np.array(3.0))
    total, product = Both()(x0, x1)
    del total
    gc.collect()
    product.backward()
    assert (x0.grad.item(), x1.grad.item()) == (3.0, 2.0)


def test_an_output_that_was_not_used_counts_as_zero():
    x0, x1 = Variable(np.array(2.0)), Variable(np.array(3.0))
    total, _product = Both()(x0, x1)
    (total * 2).backward()
    assert (x0.grad.item(), x1.grad.item()) == (2.0, 2.0)


def test_a_layer_may_return_what_a_function_returns():
    class Two(Layer):
        def forward(self, x0, x1):
            return Both()(x0, x1)

    layer = Two()
    total, product = layer(Variable(np.array(2.0)), Variable(np.array(3.0)))
    assert (total.item(), product.item()) == (5.0, 6.0)
    assert [output() is y for output, y in zip(layer.outputs, (total, product), strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["shape", "dtype", "name", "grad", "data", "parent", "index"])
def test_a_function_may_use_any_name(name):
    class Scale(Function):
        def __init__(self, factor):
            setattr(self, name, factor)

        def forward(self, x):
            return x * getattr(self, name)

        def backward(self, gy):
            return gy * getattr(self, name)

    x = Variable(np.array([1.0, 2.0]))
    y = Scale(3.0)(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [3.0, 6.0])
    np.testing.assert_array_equal(x.grad.data, [3.0, 3.0])


def test_the_one_name_that_the_graph_needs_is_refused():
    class Scale(Function):
        def __init__(self):
            self.seq = 3.0

        def forward(self, x):
            return x * self.seq

    with pytest.raises(AttributeError, match="seq"):
        Scale()(np.ones(2))


# Layer.__call__


class Anything(Layer):
    def forward(self, x=None, scale=1.0):
        return scale if x is None else [v * scale for v in x] if isinstance(x, list) else x * scale


def test_a_layer_takes_none_lists_and_keywords():
    layer = Anything()
    assert layer(None) == 1.0
    assert layer([1.0, 2.0]) == [1.0, 2.0]
    assert layer(as_variable(np.array(2.0)), scale=3.0).item() == 6.0


def test_a_model_can_be_pickled_after_a_call():
    layer = L.Linear(2, in_size=3)
    x = np.ones((1, 3), np.float32)
    y = layer(x)
    again = pickle.loads(pickle.dumps(layer))
    np.testing.assert_array_equal(again(x).data, y.data)


# Config


def test_a_switch_in_one_thread_is_not_seen_in_another():
    inside, done, seen = threading.Event(), threading.Event(), []

    def turn_off():
        with no_grad():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=turn_off)
    thread.start()
    inside.wait(10)
    seen.append(Config.enable_backprop)
    done.set()
    thread.join()
    assert (seen, Config.enable_backprop) == ([True], True)


def test_interleaved_threads_leave_the_switch_as_it_was():
    entered, left, after = threading.Event(), threading.Event(), []

    def first():
        with using_config("train", False):
            entered.set()
            left.wait(10)
        after.append(Config.train)

    def second():
        entered.wait(10)
        with using_config("train", False):
            pass
        left.set()
        after.append(Config.train)

    threads = [threading.Thread(target=f) for f in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (after, Config.train) == ([True, True], True)


# the order of backprop; cycles


def test_backprop_asks_each_function_once_however_wide_the_graph():
    calls = []

    class Sine(Function):
        def forward(self, x):
            return np.sin(x)

        def backward(self, gy):
            calls.append(self.generation)
            return F.cos(self.inputs[0]) * gy

    x = Variable(np.array(0.5))
    ys = [Sine()(x) for _ in range(2000)]
    while len(ys) > 1:
        ys = [a + b for a, b in zip(ys[::2], ys[1::2], strict=False)] + ys[len(ys) & ~1 :]
    ys[0].backward()
    assert calls == sorted(calls, reverse=True)
    assert len(set(calls)) == 2000
    assert x.grad.item() == pytest.approx(2000 * np.cos(0.5))


def test_create_graph_leaves_no_cycle(without_gc):
    x = Variable(np.ones(3))
    y = F.sin(x)
    y.backward(create_graph=True)
    gx = x.grad
    node = weakref.ref(gx.creator)
    data = weakref.ref(y.data)
    x.cleargrad()
    del gx, y
    assert (node(), data()) == (None, None)
    y = F.sin(x)
    y.backward(create_graph=True)
    gone = weakref.ref(x)
    del x, y
    assert gone() is None
