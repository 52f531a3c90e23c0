"""Backpropagation: what it computes, what it leaves alone, and what it keeps alive."""

import gc
import weakref

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Parameter, Variable, no_grad
from arraygrad.engine import backprop
from arraygrad.errors import GradientError, GradientShapeError


def var(value, dtype=np.float64, **kwargs):
    return Variable(np.array(value, dtype), **kwargs)


def is_shared(a, b):
    return a is b or np.shares_memory(a.data, b.data)


def garbage_of_ours():
    """What only the collector can free, of our own types."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [x for x in gc.garbage if type(x).__module__.startswith("arraygrad")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


# -- gradients


def test_a_chain_and_a_diamond():
    x = var(3.0)
    y = x * x
    z = y * y + y * 2.0
    z.backward()
    assert x.grad.item() == 4 * 27.0 + 4 * 3.0


def test_an_input_used_several_times():
    x = var(3.0)
    (x + x + x).backward()
    assert x.grad.item() == 3.0
    x.cleargrad()
    (x + x).backward()
    assert x.grad.item() == 2.0


def test_gradients_accumulate_until_cleared():
    x, y = var([1.0, 2.0]), var([3.0, 4.0])
    for times in (1, 2, 3):
        (x * y).sum().backward()
        np.testing.assert_array_equal(x.grad.data, times * y.data)
    x.cleargrad()
    assert x.grad is None
    np.testing.assert_array_equal(y.grad.data, 3 * x.data)


def test_a_graph_serves_for_several_backwards():
    x = var(2.0)
    y = x**3
    for times in (1, 2):
        y.backward()
        assert x.grad.item() == 12.0 * times


def test_accumulating_does_not_write_into_an_earlier_gradient():
    x = var([1.0, 2.0])
    (x * 2.0).sum().backward()
    first = x.grad
    (x * 3.0).sum().backward()
    np.testing.assert_array_equal(first.data, [2.0, 2.0])
    np.testing.assert_array_equal(x.grad.data, [5.0, 5.0])


def test_backward_starts_from_the_gradient_that_is_there():
    x = var([1.0, 2.0])
    y = x * 3.0
    y.grad = np.array([1.0, 10.0])
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [3.0, 30.0])
    assert y.grad is None


def test_ones_are_the_start_of_a_result_of_any_shape():
    x = var([[1.0, 2.0]])
    (x * x).backward()
    np.testing.assert_array_equal(x.grad.data, [[2.0, 4.0]])


def test_retain_grad():
    x = var(2.0)
    y = x * 3.0
    z = y * y
    z.backward()
    assert (y.grad, z.grad) == (None, None)
    x.cleargrad()
    z.backward(retain_grad=True)
    assert (x.grad.item(), y.grad.item(), z.grad.item()) == (36.0, 12.0, 1.0)


def test_constants_get_no_gradient():
    x, c = var([1.0, 2.0]), var([3.0, 4.0], requires_grad=False)
    y = (x * c * np.array([5.0, 6.0])).sum()
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [15.0, 24.0])
    assert c.grad is None


def test_gradients_of_what_was_computed_inside_no_grad():
    x = var(3.0)
    with no_grad():
        scale = x * 2.0
    (x * scale).backward()
    assert x.grad.item() == 6.0


@pytest.mark.parametrize(
    ("shape", "other"), [((3,), (2, 3)), ((1, 3), (2, 3)), ((), (2, 3)), ((2, 1), (4, 2, 3))]
)
def test_broadcasting_is_undone(shape, other):
    x, y = Variable(np.full(shape, 2.0)), Variable(np.full(other, 3.0))
    z = x * y
    z.sum().backward()
    times = z.size // x.size
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 3.0 * times), strict=True)
    np.testing.assert_array_equal(y.grad.data, np.full(other, 2.0), strict=True)


def test_a_gradient_has_the_dtype_of_its_input():
    x, y = var([1.0, 2.0], np.float32), var([3.0, 4.0], np.float64)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_the_gradient_of_a_real_input_is_real():
    x = var([1.0, 2.0])
    F.real(x * (3 + 4j)).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.array([3.0, 3.0]), strict=True)


def test_whole_numbers_keep_whole_gradients():
    x, c = Variable(np.array([[1, 2, 3], [4, 5, 6]])), np.array([[10, 20, 30], [40, 50, 60]])
    y = F.sum(x + c)
    y.backward(retain_grad=True)
    assert repr(x.grad) == "variable([[1 1 1]\n          [1 1 1]])"
    assert repr(y.grad) == "variable(1)"


# -- gradients are the user's own


PAIRS = {
    "add": lambda a, b: a + b,
    "sum": lambda a, b: F.sum(a + b),
    "sub": lambda a, b: (a - b) + (b - a),
    "concat": lambda a, b: F.concat([a, b]),
    "stack": lambda a, b: F.stack([a, b]).sum(),
    "views": lambda a, b: (a.reshape(1, 3) + b.T).sum(),
    "broadcast": lambda a, b: F.broadcast_to(a, (2, 3)) + F.broadcast_to(b, (2, 3)),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_leaves_share_no_gradient(name, create_graph):
    a, b = Parameter(np.ones(3)), Parameter(np.ones(3))
    PAIRS[name](a, b).backward(create_graph=create_graph)
    assert a.grad is not b.grad
    assert not is_shared(a.grad, b.grad)
    if not create_graph:
        before = b.grad.data.copy()
        for p in (a, b):
            p.grad.data *= 0.5  # a broadcast view would refuse
        np.testing.assert_array_equal(b.grad.data, before / 2)


def test_the_gradient_given_by_the_user_stays_his():
    a, b = var([1.0, 2.0]), var([3.0, 4.0])
    y = a + b
    start = np.ones(2)
    y.grad = start
    y.backward()
    a.grad.data += 1.0
    b.grad.data += 2.0
    np.testing.assert_array_equal(start, [1.0, 1.0])


def test_retained_gradients_are_not_those_of_leaves():
    x = var([1.0, 2.0])
    y = x + 1.0
    y.sum().backward(retain_grad=True)
    x.grad.data += 5.0
    np.testing.assert_array_equal(y.grad.data, [1.0, 1.0])


# -- gradients of gradients


def test_double_backward():
    x = var(2.0)
    y = x**4 - 2 * x**2
    y.backward(create_graph=True)
    gx = x.grad
    assert (gx.item(), gx.requires_grad) == (24.0, True)
    gx.backward()
    assert x.grad.item() == 68.0  # not cleared: 24 + 44
    x.cleargrad()
    gx.backward()
    assert x.grad.item() == 44.0


def test_create_graph_accumulates_into_a_differentiable_sum():
    x = var(2.0)
    (x**3).backward(create_graph=True)
    (x**2).backward(create_graph=True)
    g = x.grad
    x.cleargrad()
    g.backward()
    assert (g.item(), x.grad.item()) == (16.0, 14.0)


def test_backward_without_create_graph_gives_constants():
    x = var(2.0)
    (x**3).backward()
    assert not x.grad.requires_grad
    with pytest.raises(GradientError, match="constant"):
        x.grad.backward()


def test_create_graph_inside_no_grad():
    x = var(2.0)
    y = x**3
    with no_grad():
        y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    assert x.grad.item() == 12.0


def test_a_gradient_as_part_of_a_later_computation():
    x = var(2.0)
    y = x**2
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    z = gx**3 + y
    z.backward()
    assert x.grad.item() == 100.0


# -- cutting


def test_unchain():
    x = var(2.0)
    y = x * 3.0
    y.name = "y"
    y.unchain()
    assert (y.creator, y.name) == (None, "y")
    (y * y).backward()
    assert y.grad.item() == 12.0
    assert x.grad is None


def test_truncated_backpropagation():
    xs = np.random.default_rng(0).normal(size=12)

    def run(cut):
        w, h, grads = var(0.5), var(0.0), []
        for i, x in enumerate(xs, 1):
            h = F.tanh(h * w + x)
            if i % 4 == 0:
                w.cleargrad()
                (h * h).backward()
                grads.append(w.grad.item())
                h = cut(h)
        return grads

    def unchain(h):
        h.unchain_backward()
        return h

    def all_but_last(h):
        before = h.creator.inputs[0]
        h.unchain_backward()
        assert before.creator is None
        return h

    # unchain_backward keeps the last operation itself, which then starts from constants.
    expected = run(lambda h: h.detach())
    whole = run(lambda h: h)
    np.testing.assert_allclose(run(unchain), expected, rtol=1e-15)
    np.testing.assert_allclose(run(all_but_last), expected, rtol=1e-15)
    assert abs(whole[-1] - expected[-1]) > 1e-6


def test_unchain_backward_frees_what_was_kept(without_gc):
    x = var([1.0, 2.0])
    y = F.tanh(x)
    kept = weakref.ref(y.data)
    z = F.tanh(y * 2.0)
    last = z * 2.0
    del y
    assert kept() is not None
    last.unchain_backward()
    del z
    assert kept() is None


def test_unchain_backward_makes_leaves_of_all_that_is_behind():
    x = var(2.0)
    first = x * 3.0
    second = first * first
    third = F.tanh(second) * first
    third.unchain_backward()
    assert third.creator is not None
    assert (first.creator, second.creator, x.creator) == (None, None, None)
    (first * second).backward()
    assert (first.grad.item(), second.grad.item(), x.grad) == (36.0, 6.0, None)


def test_unchain_backward_of_a_leaf_does_nothing():
    x = var(1.0)
    x.unchain_backward()
    (x * 2.0).backward()
    assert x.grad.item() == 2.0


# -- bad input: nothing changed


def test_backward_on_a_leaf():
    for x in (var(1.0), Parameter(np.ones(2)), Variable(None)):
        with pytest.raises(GradientError, match=r"backward.*leaf.*expected") as caught:
            x.backward()
        assert isinstance(caught.value, RuntimeError)
        assert x.grad is None


def test_backward_on_constants():
    x = var(1.0)
    with no_grad():
        y = x * 2.0
    for z in (y, x.detach(), x > 0.0, x.detach() + 1.0):
        with pytest.raises(GradientError, match=r"constant.*no_grad"):
            z.backward()
    assert x.grad is None


def test_the_name_of_a_variable_is_in_its_errors():
    with pytest.raises(GradientError, match="'weights'"):
        Variable(np.ones(2), "weights").backward()


def test_a_start_of_the_wrong_shape():
    for x in (var(1.0), var([1.0, 2.0])):
        y = x + x
        with pytest.raises(GradientShapeError, match=r"\(3,\)"):
            y.grad = np.ones(3)
        assert y.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_that_does_not_fit_the_leaf(create_graph):
    x, w = var([1.0, 2.0]), var([3.0, 4.0])

    def add_to_a_wrong_one():
        w.grad = np.ones(7)
        (x * w).sum().backward(create_graph=create_graph)

    with pytest.raises(GradientShapeError, match=r"\(7,\).*\(2,\)"):
        add_to_a_wrong_one()
    assert x.grad is None
    assert w.grad is None or w.grad.shape == (7,)


def test_an_error_on_the_way_changes_no_gradient():
    class Fails(ag.Function):
        def forward(self, x):
            return x * 2.0

        def backward(self, gy):
            raise ZeroDivisionError("in the rule")

    for create_graph in (False, True):
        x, w = var([1.0, 2.0]), var([3.0, 4.0])
        (x * w).sum().backward()
        before = x.grad, w.grad
        y = (Fails()(x) * w).sum()
        with pytest.raises(ZeroDivisionError):
            y.backward(create_graph=create_graph)
        assert x.grad is before[0]
        assert w.grad is before[1]
        assert (x * 2.0).creator is not None


# -- the loop itself


def test_backprop_returns_gradients_and_changes_nothing():
    x = var([1.0, 2.0])
    y = x * 3.0
    z = (y * y).sum()
    retained = {}
    found = backprop({z.creator: np.float64(1.0)}, retain=retained)
    assert len(found) == 1
    np.testing.assert_array_equal(next(iter(found.values())), 18.0 * x.data)
    assert set(retained) == {y.creator, z.creator, *z.creator.edges}
    assert (x.grad, y.grad, z.grad) == (None, None, None)


def test_backprop_from_several_nodes():
    x = var(2.0)
    y, z = x * 3.0, x * x
    w = y * z
    found = backprop({y.creator: np.float64(1.0), w.creator: np.float64(10.0)})
    assert list(found.values()) == [3.0 + 10.0 * 9 * 4.0]


@pytest.mark.parametrize("create_graph", [False, True])
def test_every_node_is_visited_once(create_graph):
    x = y = var(1.0)
    for _ in range(60):  # 2 ** 60 paths
        y = y + y
    one = np.float64(1.0)
    retained = {}
    start = Variable(one, requires_grad=False) if create_graph else one
    (g,) = backprop({y.creator: start}, create_graph=create_graph, retain=retained).values()
    assert float(g) == 2.0**60
    assert len(retained) == 60
    y.backward()
    assert x.grad.item() == 2.0**60


def test_the_order_is_right_where_paths_have_different_lengths():
    x = var(2.0)
    long = x
    for _ in range(5):
        long = long * 1.5
    y = long * x + x * long * x
    y.backward()
    c = 1.5**5
    assert x.grad.item() == pytest.approx(2 * c * 2 + 3 * c * 4, rel=1e-15)


def test_generations_grow():
    x = var(1.0)
    y = x + 1.0
    z = y * x
    assert x.generation == 0 < y.generation < z.generation
    assert z.creator.generation == z.generation


def test_creator_rebuilds_inputs_and_outputs():
    x = var(2.0)
    y = x * 3.0
    z = y * x
    first, second = z.creator.inputs
    assert (first.item(), second.item()) == (6.0, 2.0)
    assert first.creator is y.creator
    assert second.creator is None
    assert first.creator.inputs[0].creator is None
    z.backward()
    assert second.grad is x.grad  # the same place in the graph


# -- deep and wide


def test_a_chain_of_a_million_nodes(without_gc):
    n = 1_000_000
    x = y = var(1.0)
    for _ in range(n // 2):
        y = y + 1.0
        y = y * 1.0
    middle = weakref.ref(y.creator.edges[0])
    y.backward()
    assert (x.grad.item(), y.item()) == (1.0, 1.0 + n // 2)
    del y
    assert middle() is None


def test_a_fan_of_a_hundred_thousand_branches(without_gc):
    n = 100_000
    x = var(1.0)
    branches = [x * 2.0 for _ in range(n)]
    y = F.stack(branches).sum()
    dies = weakref.ref(branches[n // 2].creator)
    y.backward()
    assert x.grad.item() == 2.0 * n
    del y, branches
    assert dies() is None


def test_a_wide_sum_in_a_chain(without_gc):
    n = 100_000
    x = var(1.0)
    y = x * 0.0
    for _ in range(n):
        y = y + x * 2.0
    retained = {}
    backprop({y.creator: np.float64(1.0)}, retain=retained)
    assert len(retained) == 2 * n + 1
    y.backward()
    assert x.grad.item() == 2.0 * n


def test_a_deep_chain_with_create_graph_and_functions(without_gc):
    class Shift(ag.Function):
        def forward(self, x):
            return x + 1.0

        def backward(self, gy):
            return gy

    n = 30_000
    x = y = var(1.0)
    for _ in range(n):
        y = Shift()(y) * 1.0
    middle = weakref.ref(y.creator.edges[0])
    y.backward(create_graph=True)
    assert x.grad.item() == 1.0
    x.cleargrad()
    del y
    assert middle() is None


def test_a_long_chain_is_cut(without_gc):
    y = var(1.0)
    for _ in range(100_000):
        y = y * 1.0
    before = y.creator.edges[0]
    before_that = weakref.ref(before.edges[0])
    y.unchain_backward()
    assert before.is_leaf
    assert before_that() is None


# -- what lives, and what dies


def test_a_graph_dies_with_its_last_name(without_gc):
    x = var([1.0, 2.0])
    y = x * x
    node, data = weakref.ref(y.creator), weakref.ref(y.data)
    z = F.tanh(y)
    z.sum().backward()
    del y
    assert node() is not None
    del z
    assert (node(), data()) == (None, None)


def test_backward_makes_no_cycles(without_gc):
    x, W = var([[1.0, 2.0]]), Parameter(np.ones((2, 3)))

    def step():
        loss = F.mean_squared_error(F.tanh(x @ W), np.ones((1, 3)))
        loss.backward()
        W.data = W.data - 0.1 * W.grad.data
        W.cleargrad()

    step()  # compiles the ops
    garbage_of_ours()
    for _ in range(3):
        step()
    assert garbage_of_ours() == []


def test_create_graph_makes_one_cycle_that_cleargrad_breaks(without_gc):
    def run(clear):
        x = var([1.0, 2.0])
        y = F.sin(x).sum()
        y.backward(create_graph=True)
        del y
        node = weakref.ref(x.grad.creator)  # which refers to x
        if clear:
            x.cleargrad()
            assert node() is None
        return node

    run(True)
    garbage_of_ours()
    run(True)
    assert garbage_of_ours() == []
    assert run(False)() is not None
    gc.collect()
