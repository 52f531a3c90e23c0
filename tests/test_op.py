"""@op: rules by name, one text in two modes, what is kept, and how definitions go wrong."""

import gc
import inspect
import threading
import weakref

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, no_grad, op, opcode, registry, testing
from arraygrad.errors import (
    ArgumentError,
    ArraygradError,
    DtypeError,
    GradientError,
    GradientShapeError,
    NoDataError,
    ShapeError,
)
from arraygrad.op import arr, case


@pytest.fixture(autouse=True)
def _ops_of_tests_leave():
    before = dict(op.table)
    yield
    op.table.clear()
    op.table.update(before)


@pytest.fixture(autouse=True, scope="module")
def _without_gc():
    """What dies here dies at once."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def var(value, dtype=np.float64, **kwargs):
    return Variable(np.array(value, dtype), **kwargs)


def weighted(**options):
    """An op of two arrays and a number, with a log of the rules that ran."""
    log = []

    @op.op(samples=[case(arr(2, 3), arr(2, 3))], **options)
    def weighted(x, w, power=2):
        """x * w ** power."""
        return x * w**power

    @weighted.rule("x")
    def _(g, w, power):
        log.append("x")
        return g * w**power

    @weighted.rule("w")
    def _(g, x, w, power):
        log.append("w")
        return g * x * power * w ** (power - 1)

    weighted.log = log
    return weighted


# -- the public function


def test_the_public_function_is_like_the_definition():
    @op.op
    def scaled(x, factor=2.0, *, shift=0.0, xp=None):
        """A docstring."""
        return xp.asarray(x) * factor + shift

    @scaled.rule
    def _(g, factor):
        return g * factor

    assert (scaled.__name__, scaled.__doc__) == ("scaled", "A docstring.")
    assert scaled.__module__ == __name__
    assert str(inspect.signature(scaled)) == "(x, factor=2.0, *, shift=0.0)"
    assert scaled.definition.id.endswith(":scaled")
    x = var([1.0, 2.0])
    for y in (
        scaled(x, 3.0, shift=1.0),
        scaled(x=x, factor=3.0, shift=1.0),
        scaled(x, shift=1.0, factor=3.0),
    ):
        np.testing.assert_array_equal(y.data, [4.0, 7.0])
    for call in (lambda: scaled(), lambda: scaled(x, 1.0, 2.0), lambda: scaled(x, other=1)):
        with pytest.raises(TypeError, match=r"scaled\(\)"):
            call()


def test_an_op_takes_arrays_numbers_and_variables_and_returns_a_variable():
    f = weighted()
    a = np.array([1.0, 2.0])
    for y in (f(a, a), f(Variable(a), a), f(a, Variable(a)), f(2.0, a), f(a, 2), f(2.0, 3.0)):
        assert isinstance(y, Variable)
    assert f(a, a).creator is None
    assert f(2.0, 3.0).item() == 18.0
    y = f(Variable(a, requires_grad=False), a)
    assert (y.creator, y.requires_grad) == (None, False)


def test_nothing_is_recorded_inside_no_grad():
    f = weighted()
    x, w = var([1.0, 2.0]), var([3.0, 4.0])
    with no_grad():
        assert f(x, w).creator is None


def test_gradients_of_both_inputs_to_second_order():
    f = weighted()
    report = testing.check_op(f)
    report.raise_for_failures()
    assert report.ran > 20


def test_parameters_of_the_call_reach_the_rule():
    x = var([1.0, 2.0])
    f = weighted()
    f(x, np.array([3.0, 3.0]), 3).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [27.0, 27.0])


def test_the_text_that_runs_can_be_read():
    text = opcode.source(F.matmul)
    assert text.startswith("def matmul(x, W):")


# -- one rule text, two modes


def spy(asked):
    """An op y = 3 x whose rule asks for `asked` and keeps what it gets."""
    seen = {}

    @op.op
    def spied(x, factor=3.0, *, xp=None):
        """3 x."""
        return x * factor

    names = ", ".join(["g", *asked])
    notes = ", ".join(f"{name}={name}" for name in asked)
    text = f"def rule({names}):\n    seen.update(g=g, {notes})\n    return g * 3.0\n"
    local = {"seen": seen}
    exec(text, local)
    spied.rule(local["rule"])
    return spied, seen


def test_rules_run_on_raw_arrays_and_then_on_variables():
    spied, seen = spy(["x", "factor", "out", "xp"])
    x = var([1.0, 2.0])
    y = spied(x)
    y.sum().backward()
    assert [type(seen[name]) for name in ("g", "x", "out")] == [np.ndarray] * 3
    assert seen["xp"] is np
    assert seen["x"] is x.data
    assert seen["out"] is y.data
    y.sum().backward(create_graph=True)
    assert [type(seen[name]) for name in ("g", "x", "out")] == [Variable] * 3
    assert seen["xp"].__name__ == "arraygrad.xp"
    assert seen["factor"] == 3.0
    assert seen["out"].creator is y.creator
    assert seen["x"].requires_grad


def test_a_shape_a_device_and_the_backend():
    spied, seen = spy(["x_shape", "x_device", "backend"])
    x = var([1.0, 2.0])
    spied(x).sum().backward()
    assert (seen["x_shape"], seen["x_device"], seen["backend"].name) == ((2,), "cpu", "numpy")
    spied(x).sum().backward(create_graph=True)
    assert (seen["x_shape"], seen["x_device"]) == ((2,), "cpu")
    np.testing.assert_array_equal(
        seen["backend"].index_add((3,), np.array([0, 0]), var([1.0, 2.0])).data, [3.0, 0.0, 0.0]
    )


def test_constants_stay_constants_in_graph_mode():
    seen = []

    @op.op(constant=("c",))
    def times(x, c):
        """x c."""
        return x * c

    @times.rule("x")
    def _(g, c):
        seen.append(c)
        return g * c

    x, c = var([1.0, 2.0]), var([3.0, 4.0])
    y = times(x, c)
    y.sum().backward()
    assert c.grad is None
    y.sum().backward(create_graph=True)
    assert type(seen[0]) is np.ndarray
    assert not isinstance(seen[1], Variable) or not seen[1].requires_grad
    np.testing.assert_array_equal(x.grad.data, 2 * c.data)


def test_broadcasting_ops_are_summed_back_and_others_raise():
    f = weighted(broadcasts=True)
    x, w = var([[1.0], [2.0]]), var([3.0, 4.0, 5.0])
    f(x, w).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[50.0], [50.0]])
    np.testing.assert_array_equal(w.grad.data, [18.0, 24.0, 30.0])
    f, x = weighted(), var([[1.0], [2.0]])
    with pytest.raises(GradientShapeError, match=r"(?i)weighted.*\(2, 3\).*\(2, 1\)"):
        f(x, w).sum().backward()
    assert x.grad is None


# -- joint rules and saved values


def joint():
    asked = []

    @op.op(samples=[case(arr(2, 3), arr(2, 3))])
    def product(x, y):
        """x y."""
        return x * y

    @product.rule("x", "y")
    def _(g, x, y, need):
        asked.append(need)
        return (g * y if need[0] else None), (g * x if need[1] else None)

    return product, asked


def test_a_joint_rule_is_told_what_is_needed():
    product, asked = joint()
    x, y = var([1.0, 2.0]), var([3.0, 4.0])
    product(x, y).sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    np.testing.assert_array_equal(y.grad.data, x.data)
    product(x, y.data).sum().backward()
    product(x.data, y).sum().backward()
    ag.grad(lambda x: product(x, y).sum())(x.data)
    assert asked == [(True, True), (True, False), (False, True), (True, False)]
    assert testing.check_op(product).failures == []


def test_a_joint_rule_runs_once_and_not_at_all_if_nothing_is_needed():
    product, asked = joint()
    a, b = var([1.0]), var([2.0])
    y = product(a, b)
    ag.grad(lambda x: (x * y).sum())(np.ones(1))
    assert asked == []


def saving(recomputed=True):
    log = []

    @op.op(samples=[case(arr(2, 3))], saves=("squares",))
    def quartic(x):
        """x ** 4, by its square."""
        squares = x * x
        return squares * squares, squares

    if recomputed:

        @quartic.saved("squares")
        def _(x):
            log.append(type(x))
            return x * x

    @quartic.rule("x")
    def _(g, x, squares):
        log.append(type(squares))
        return g * squares * x * 4.0

    return quartic, log


def test_a_saved_value_is_kept_and_made_anew_in_graph_mode():
    quartic, log = saving()
    x = var([1.0, 2.0])
    y = quartic(x)
    assert isinstance(y, Variable)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, 32.0])
    assert log == [np.ndarray]
    log.clear()
    x.cleargrad()
    y.sum().backward(create_graph=True)
    assert log == [Variable, Variable]
    gx = x.grad
    x.cleargrad()
    gx.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [12.0, 48.0])
    assert testing.check_op(quartic).failures == []


# -- what is kept


def dies(function, *others):
    """Whether the tracked input of `function` dies before the result does."""
    x = var([[1.0, 2.0], [3.0, 4.0]])
    middle = x * 2.0
    data = weakref.ref(middle.data)
    y = function(middle, *others)
    del middle
    assert y.creator is not None
    return data() is None


W = Variable(np.ones((2, 2)))
C = np.ones((2, 2))

KEEPS_NOTHING = {
    "add": lambda x: x + W,
    "add number": lambda x: x + 1.0,
    "sub": lambda x: 1.0 - x,
    "neg": lambda x: -x,
    "mul constant": lambda x: x * C,
    "mul number": lambda x: 2.0 * x,
    "div constant": lambda x: x / C,
    "matmul constant": lambda x: x @ C,
    "linear constant": lambda x: F.linear(x, C),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(axis=0),
    "broadcast_to": lambda x: F.broadcast_to(x, (3, 2, 2)) * 1.0,
    "tanh": lambda x: F.tanh(x) * 1.0,
    "exp": lambda x: F.exp(x),
    "sigmoid": lambda x: F.sigmoid(x),
    "relu": lambda x: F.relu(x),
    "sqrt": lambda x: F.sqrt(x),
    "softmax": lambda x: F.softmax(x),
    "log_softmax": lambda x: F.log_softmax(x),
    "get_item array": lambda x: x[np.array([1, 0, 1])],
    "concat": lambda x: F.stack([x, x]),
}
KEEPS_INPUT = {
    "mul": lambda x: x * W,
    "square": lambda x: x**2,
    "matmul": lambda x: x @ W,
    "linear": lambda x: F.linear(x, W),
    "sin": F.sin,
    "log": F.log,
    "div": lambda x: W / x,
}


@pytest.mark.parametrize("name", KEEPS_NOTHING)
def test_inputs_that_no_rule_asks_for_die(name):
    assert dies(KEEPS_NOTHING[name])


@pytest.mark.parametrize("name", KEEPS_INPUT)
def test_inputs_that_a_rule_asks_for_live(name):
    assert not dies(KEEPS_INPUT[name])


def test_add_keeps_nothing_at_all():
    x = var([1.0, 2.0])
    a, b = x * 2.0, x * 3.0
    y = a + b
    refs = [weakref.ref(v.data) for v in (a, b, y)]
    z = y + 1.0
    del a, b, y
    assert [ref() for ref in refs] == [None] * 3
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [5.0, 5.0])


@pytest.mark.parametrize("f", [F.tanh, F.exp, F.sigmoid, F.relu])
def test_outputs_are_kept_by_ops_that_ask_for_them(f):
    x = var([1.0, 2.0])
    y = f(x)
    output = weakref.ref(y.data)
    z = y + 1.0
    del y
    assert output() is not None
    del z
    assert output() is None


def test_matmul_keeps_an_operand_only_for_the_other():
    x, W = var([[1.0, 2.0]]), var([[1.0], [2.0]])
    for tracked in ("W", "both", "x"):
        a = (x if tracked != "W" else x.detach()) * 1.0
        b = (W if tracked != "x" else W.detach()) * 1.0
        kept = weakref.ref(a.data), weakref.ref(b.data)
        y = a @ b
        del a, b
        alive = tuple(ref() is not None for ref in kept)
        assert alive == {"W": (True, False), "both": (True, True), "x": (False, True)}[tracked]
        y.sum().backward()


def test_views_are_freed_of_their_base():
    # A gradient that is a view would keep the whole array behind it.
    x, y = var(np.ones(1000)), var(np.ones(3))
    F.concat([x, y]).sum().backward()
    assert y.grad.data.base is None


def test_nothing_is_kept_inside_no_grad():
    x = var([1.0, 2.0])
    with no_grad():
        a = x * x
        data = weakref.ref(a.data)
        b = a * a
    del a
    assert data() is None
    assert b.requires_grad is False


# -- gradients nobody wants


def test_rules_of_untracked_inputs_do_not_run():
    f = weighted()
    x, w = var([1.0, 2.0]), var([3.0, 4.0])
    f(x, w).sum().backward()
    f(x, w.data).sum().backward()
    f(x.data, w).sum().backward()
    f(x, w.detach()).sum().backward(create_graph=True)
    assert f.log == ["x", "w", "x", "w", "x"]


def test_grad_computes_only_what_is_asked_for():
    f = weighted()
    w = ag.Parameter(np.array([3.0, 4.0]))
    x = np.array([1.0, 2.0])
    ag.grad(lambda x: f(x, w).sum())(x)
    assert f.log == ["x"]
    f.log.clear()
    ag.grad(lambda x, w: f(x, w).sum(), 1)(x, w)
    assert f.log == ["w"]
    f.log.clear()
    # Older branches of the graph are not walked either.
    branch = f(w, w)
    ag.grad(lambda x: (x * branch).sum())(x)
    assert f.log == []


def test_a_dead_end_is_not_walked():
    f = weighted()
    x = var([1.0, 2.0])
    f(x, x)
    (x * 2.0).sum().backward()
    assert f.log == []


# -- composed ops


def mish():
    @op.op(samples=[case(arr(2, 3))])
    def mish(x, *, xp=None):
        """Composed."""
        return x * xp.tanh(F.softplus(x))

    return mish


def test_a_composed_op():
    f = mish()
    assert f.definition.composed
    x = var([0.5, -1.0])
    y = f(x)
    y.sum().backward()
    expected = ag.grad(lambda x: (x * F.tanh(F.softplus(x))).sum())(x.data)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-15)
    report = testing.check_op(f)
    report.raise_for_failures()


def test_composed_op_on_plain_arrays():
    """A public op always returns a Variable."""

    @op.op
    def double(x):
        """2 x."""
        return x * 2

    for x in (np.ones(2), 2.0, np.float64(2.0), var([1.0])):
        assert isinstance(double(x), Variable)
        assert isinstance(mish()(x), Variable)


def test_a_composition_may_have_several_results():
    @op.op
    def halves(x):
        """Two parts."""
        return x[:1], x[1:]

    a, b = halves(var([1.0, 2.0]))
    assert (a.item(), b.item()) == (1.0, 2.0)


def test_a_composition_that_leaves_the_graph_raises():
    @op.op
    def leaky(x):
        """NumPy where ops belong."""
        return np.sin(x)

    with pytest.raises(DtypeError, match=r"numpy\.sin"):
        leaky(var([1.0]))

    @op.op
    def hidden(x, *, xp=None):
        """A function that the standard has not."""
        return xp.nan_to_num(x)

    with pytest.raises(DtypeError, match=r"nan_to_num.*standard has not"):
        hidden(var([1.0]))


# -- variadic ops


def variadic():
    needs = []

    @op.op(samples=[case(arr(2), arr(2)), case(arr(2), arr(2), arr(2), scale=2.0)])
    def total(*xs, scale=1.0, xp=None):
        """scale * sum(i * x_i)."""
        y = xs[0] * scale
        for i, x in enumerate(xs[1:], 2):
            y = y + x * (i * scale)
        return y

    @total.rule("xs")
    def _(g, xs, scale, need):
        needs.append(need)
        return [g * (i * scale) for i, _ in enumerate(xs, 1)]

    return total, needs


def test_a_variadic_op():
    total, needs = variadic()
    x, y = var([1.0, 2.0]), var([3.0, 4.0])
    z = total(x, np.ones(2), y, x, scale=10.0)
    np.testing.assert_array_equal(z.data, x.data * 50 + 20 + y.data * 30)
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [50.0, 50.0])
    np.testing.assert_array_equal(y.grad.data, [30.0, 30.0])
    assert needs == [(True, False, True, True)]
    testing.check_op(total).raise_for_failures()


def test_a_variadic_op_with_one_tracked_input_in_grad():
    total, needs = variadic()
    y = var([3.0, 4.0])
    ag.grad(lambda x: total(x, y).sum())(np.ones(2))
    assert needs == [(True, False)]


def test_variadic_rule_with_out():
    @op.op(samples=[case(arr(2), arr(2))])
    def product(*xs):
        """x y."""
        return xs[0] * xs[1]

    @product.rule("xs")
    def _(g, out, xs):
        return [g * out / xs[0], g * out / xs[1]]

    x, y = var([2.0]), var([3.0])
    z = product(x, y)
    z.backward(create_graph=True)
    gx = x.grad
    assert gx.item() == 3.0
    x.cleargrad()
    y.cleargrad()
    gx.backward()
    assert y.grad.item() == pytest.approx(1.0)


def test_bad_input_of_a_variadic_op_names_the_place():
    total, _ = variadic()
    with pytest.raises(DtypeError, match=r"total: xs\[1\].*str"):
        total(var([1.0]), "text")
    with pytest.raises(NoDataError, match=r"total: xs\[1\]"):
        total(var([1.0]), None)
    with pytest.raises(ShapeError, match=r"total: .*xs\[0\].*\(2,\).*xs\[1\].*\(3,\)"):
        total(var([1.0, 2.0]), np.ones(3))


# -- inputs that may be left out


def test_an_optional_input():
    @op.op
    def biased(x, b=None):
        """x + b."""
        return x if b is None else x + b

    @biased.rule("x")
    def _(g):
        return g

    @biased.rule("b")
    def _(g):
        return g

    x, b = var([1.0]), var([2.0])
    (biased(x, b) + biased(x) + biased(x, None)).backward()
    assert (x.grad.item(), b.grad.item()) == (3.0, 1.0)


# -- kernels


@pytest.fixture
def local():
    """Registers for one test."""
    yield registry.register_local
    registry.remove("local")


def test_a_kernel_of_an_op_and_of_a_rule(local):
    f = weighted()
    id, calls = f.definition.id, []

    def forward(x, w, power):
        calls.append("forward")
        return x * w**power

    def rule(g, w, power):
        calls.append("rule")
        return g * w**power

    local("kernels", id, "numpy", forward)
    local("kernels", f"{id}.x", "numpy", rule)
    x, w = var([1.0, 2.0]), var([3.0, 4.0])
    y = f(x, w)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [9.0, 16.0])
    np.testing.assert_array_equal(w.grad.data, [6.0, 16.0])
    assert (calls, f.log) == (["forward", "rule"], ["w"])
    # Where gradients are differentiated again, the rule itself runs on Variables.
    y.sum().backward(create_graph=True)
    assert calls == ["forward", "rule"]
    assert sorted(f.log) == ["w", "w", "x"]


def test_a_kernel_comes_and_goes(local):
    f = weighted()
    x, w = var([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(f(x, w).data, [9.0, 32.0])
    local("kernels", f.definition.id, "numpy", lambda x, w, power: x * 0.0)
    np.testing.assert_array_equal(f(x, w).data, [0.0, 0.0])
    registry.remove("local")
    np.testing.assert_array_equal(f(x, w).data, [9.0, 32.0])


def test_a_kernel_of_a_core_operator_is_used(local):
    x = var([1.0, 2.0])
    x * 2.0  # the operator itself is the fast path
    local("kernels", "mul", "numpy", lambda x1, x2: np.multiply(x1, x2) + 100.0)
    np.testing.assert_array_equal((x * 2.0).data, [102.0, 104.0])
    registry.remove("local")
    np.testing.assert_array_equal((x * 2.0).data, [2.0, 4.0])


def test_a_kernel_of_a_rule_registered_after_first_use(local):
    f = weighted()
    x = var([1.0, 2.0])
    f(x, x.data).sum().backward()
    local("kernels", f"{f.definition.id}.x", "numpy", lambda g, w, power: g * 100.0)
    x.cleargrad()
    f(x, x.data).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [100.0, 100.0])


def test_a_kernel_is_for_its_backend_only(local):
    import array_api_strict

    f = weighted()
    local("kernels", f.definition.id, "numpy", lambda x, w, power: x * 0.0)
    x = Variable(array_api_strict.asarray([1.0, 2.0]))
    y = f(x, x)
    assert ag.backend_of(y.data).name == "array_api_strict"
    assert float(y[1]) == 8.0


# -- errors of definition


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda f: f.rule("z"), r"bare\.rule.*'z'.*\['x', 'w', 'power'\]"),
        (lambda f: f.rule("x")(lambda g, z: g), r"bare\.rule.*'z'.*g, out"),
        (lambda f: f.rule("x")(lambda g, w_shape: g), r"bare\.rule.*'w_shape'"),
        (lambda f: f.saved("z"), r"bare\.saved.*'z'"),
    ],
)
def test_a_rule_that_asks_for_what_is_not_there(how, message):
    @op.op
    def bare(x, w, power=2):
        """No rules yet."""
        return x * w**power

    with pytest.raises(ArgumentError, match=message):
        how(bare)


@pytest.mark.parametrize("inputs", [("x",), ("w", "x")])
def test_two_rules_for_one_input(inputs):
    # Both would run, and their gradients add up.
    with pytest.raises(ArgumentError, match=r"weighted\.rule.*'[xw]'"):
        weighted().rule(*inputs)(lambda g: g)


def test_a_rule_after_first_use():
    @op.op
    def triple(x):
        """3 x."""
        return x * 3.0

    x = var([1.0])
    triple(x)
    try:
        triple.rule(lambda g: g * 100.0)
    except ArraygradError:
        return
    triple(x).backward()
    assert x.grad.item() == 100.0


@pytest.mark.parametrize("name", ["g", "out", "need", "backend"])
def test_parameters_with_the_name_of_what_rules_are_offered(name):
    text = f"def clash(x, {name}=2.0):\n    return x * {name}\n"
    local = {"__name__": __name__}
    exec(text, local)
    with pytest.raises(ArgumentError, match=f"clash.*{name!r}"):
        op.op(local["clash"])


AWKWARD = [
    "arrays",
    "backward",
    "choose",
    "cls",
    "definition",
    "dtype",
    "first",
    "forward",
    "inputs",
    "isinstance",
    "kernels",
    "mixed",
    "new",
    "next",
    "node",
    "self",
    "seq",
    "sequence",
    "type",
    "unusual",
    "y",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_parameters_and_inputs_of_any_name(name):
    local = {"__name__": __name__}
    exec(f"def one(x, {name}=2.0):\n    return x * {name}\n", local)
    exec(f"def rule(g, {name}):\n    return g * {name}\n", local)
    exec(f"def other({name}, x=2.0):\n    return {name} * x\n", local)
    exec("def other_rule(g, x):\n    return g * x\n", local)
    one, other = op.op(local["one"]), op.op(local["other"])
    one.rule("x")(local["rule"])
    other.rule(name)(local["other_rule"])
    for f in (one, other):
        x = var([1.0, 2.0])
        y = f(x)
        np.testing.assert_array_equal(y.data, [2.0, 4.0])
        y.sum().backward()
        np.testing.assert_array_equal(x.grad.data, [2.0, 2.0])
        with pytest.raises(DtypeError, match="str"):
            f("text")


# -- errors of use


def half():
    @op.op
    def half(x, w):
        """A third party's op: the gradient of w was forgotten."""
        return x * w

    @half.rule("x")
    def _(g, w):
        return g * w

    return half


def test_a_missing_rule_never_loses_a_gradient():
    f = half()
    x, w = var([1.0, 2.0]), var([3.0, 4.0])
    with pytest.raises(GradientError, match=r"half.*tracked.*w.*detach"):
        f(x, w)
    for constant in (w.data, w.detach(), Variable(np.array([3, 4]))):
        x.cleargrad()
        f(x, constant).sum().backward()
        np.testing.assert_array_equal(x.grad.data, [3.0, 4.0])


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_rule_with_a_gradient_of_the_wrong_shape(shape, create_graph):
    @op.op
    def wrong(x):
        """A wrong rule."""
        return x * 2.0

    @wrong.rule
    def _(g, xp):
        return xp.broadcast_to(xp.sum(g), shape)

    x = var([1.0, 2.0])
    with pytest.raises(GradientShapeError, match=r"(?i)wrong.*\(2,\)") as caught:
        wrong(x).backward(create_graph=create_graph)
    assert str(shape) in str(caught.value)
    assert x.grad is None


@pytest.mark.parametrize("gradient", [None, 2.0, "text"])
def test_a_rule_that_returns_no_array(gradient):
    @op.op
    def wrong(x):
        """A wrong rule."""
        return x * 2.0

    wrong.rule(lambda g: gradient)
    x = var([1.0, 2.0])
    with pytest.raises(GradientError, match=rf"(?i)wrong.*{gradient!r}"):
        wrong(x).backward()
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_wrong_number_from_a_rule(create_graph):
    @op.op
    def several(*xs):
        """A wrong rule of any number of inputs."""
        return xs[0] + xs[1]

    several.rule("xs")(lambda g: [g])

    @op.op
    def pair(x, y):
        """A wrong joint rule."""
        return x + y

    pair.rule("x", "y")(lambda g: (g,))
    for f in (several, pair):
        x, y = var([1.0]), var([2.0])
        with pytest.raises(GradientShapeError, match=rf"(?i){f.__name__}.*1.*2"):
            f(x, y).backward(create_graph=create_graph)
        assert (x.grad, y.grad) == (None, None)


def test_an_unexpected_error_of_a_kernel_names_the_op():
    @op.op
    def breaks(x):
        """It breaks."""
        raise KeyError("inside")

    breaks.rule(lambda g: g)
    with pytest.raises(KeyError) as caught:
        breaks(var([1.0, 2.0]))
    assert any("breaks" in note and "(2,)" in note for note in caught.value.__notes__)


def test_errors_of_our_own_pass_through():
    @op.op
    def strict(x):
        """It has an opinion."""
        raise ArgumentError("strict: no")

    strict.rule(lambda g: g)
    with pytest.raises(ArgumentError, match=r"^strict: no$"):
        strict(var([1.0]))


def test_an_error_shows_the_text_of_the_op_in_its_traceback():
    import traceback

    try:
        var([1.0, 2.0]) + np.ones(3)
    except ShapeError as error:
        shown = "".join(traceback.format_exception(error))
    assert "<arraygrad op add>" in shown
    assert "broadcast" in shown


# -- the test kit sees what is wrong


def test_the_kit_finds_a_wrong_rule():
    @op.op(samples=[case(arr(2, 3))])
    def cube(x):
        """x ** 3."""
        return x**3

    cube.rule(lambda g, x: g * 2 * x**2)
    report = testing.check_op(cube, places=["numpy"], dtypes=["float64"])
    assert any("gradient of order 1" in failure for failure in report.failures)
    with pytest.raises(AssertionError, match="checks failed"):
        report.raise_for_failures()


def test_the_kit_finds_a_rule_that_is_wrong_to_second_order():
    @op.op(samples=[case(arr(2, 3))])
    def cube(x):
        """x ** 3."""
        return x**3

    @cube.rule
    def _(g, x):
        factor = x.data if isinstance(x, Variable) else x  # leaves the graph
        return g * 3 * factor**2

    failures = testing.check_op(cube, places=["numpy"], dtypes=["float64"]).failures
    assert failures
    assert all("order 2" in failure or "second" in failure for failure in failures)


def test_the_kit_finds_writing_into_inputs_and_wrong_dtypes():
    @op.op(samples=[case(arr(2, 3))])
    def careless(x, *, xp=None):
        """It writes, and it widens."""
        x *= 1.0
        return xp.astype(x, xp.float64)

    careless.rule(lambda g: g)
    failures = testing.check_op(careless).failures
    assert any("numpy-readonly" in failure for failure in failures)
    assert any("the result has dtype float64" in failure for failure in failures)


def test_the_kit_wants_samples_and_a_docstring():
    @op.op
    def bare(x):
        return x

    bare.rule(lambda g: g)
    report = testing.check_op(bare)
    assert any("docstring" in failure for failure in report.failures)


# -- threads


def test_the_first_call_from_many_threads():
    for _ in range(20):
        f = weighted()
        start, results = threading.Barrier(4, timeout=120), []

        def call(f=f, start=start, results=results):
            start.wait()
            x = var([1.0, 2.0])
            f(x, x.data).sum().backward()
            results.append(x.grad.data.tolist())

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert results == [[1.0, 4.0]] * 4


def test_a_saved_value_must_say_how_it_is_computed():
    @op.op(saves=("half",))
    def doubled(x):
        """2 x."""
        return x * 2, x / 2

    doubled.rule(lambda g, half: g * half)
    with pytest.raises(ArgumentError, match=r"saves 'half' without @doubled.saved\('half'\)"):
        doubled(var([1.0]))


def test_an_op_of_no_module():
    names = {"op": op.op}
    exec("@op\ndef twice(x):\n    return 2 * x\n\n@twice.rule\ndef _(g): return 2 * g", names)
    x = Variable(np.array(1.0))
    names["twice"](x).backward()
    assert x.grad.data == 2.0
    assert names["twice"].definition.id == "__main__:twice"


@pytest.mark.parametrize("options", [{"constant": ["t"]}, {"along": "axes"}])
def test_options_name_parameters(options):
    with pytest.raises(ArgumentError, match=r"op f: got \w+ = '\w+', expected one of .*: x, axis"):

        @op.op(**options)
        def f(x, axis):
            return x
