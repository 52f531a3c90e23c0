"""What a Variable is: its data, operators, conversions, and the bad input it refuses."""

import copy
import operator
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Parameter, Variable, no_grad
from arraygrad.errors import (
    ArraygradError,
    AxisIndexError,
    DtypeError,
    GradientError,
    NoDataError,
    ShapeError,
)

ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
OTHERS = {
    "array": np.array([1.5, 2.5, 3.0]),
    "broadcast": np.array([[1.5], [2.5]]),
    "0-d array": np.array(1.5),
    "numpy scalar": np.float64(1.5),
    "float": 1.5,
    "int": 2,
}


def var(value, dtype=np.float64, **kwargs):
    return Variable(np.array(value, dtype), **kwargs)


def same(x, expected):
    """`x` is a Variable with the value, shape and dtype that NumPy gives."""
    expected = np.asarray(expected)
    assert isinstance(x, Variable)
    assert isinstance(x.data, np.ndarray)
    assert x.dtype == expected.dtype
    np.testing.assert_array_equal(x.data, expected, strict=True)


# -- what it holds


def test_data_and_shape():
    data = np.ones((2, 3, 4), np.float32)
    x = Variable(data, "x")
    assert x.data is data
    assert (x.name, x.grad, x.creator, x.requires_grad) == ("x", None, None, True)
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3, 4), 3, 24, 2)
    assert (x.dtype, x.device) == (np.float32, "cpu")
    assert (x.T.shape, x.mT.shape) == ((4, 3, 2), (2, 4, 3))


@pytest.mark.parametrize("value", [1.0, 1, True, 1j, [1.0], (1.0,), "text", object(), {}])
def test_only_arrays(value):
    with pytest.raises(DtypeError) as caught:
        Variable(value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ArraygradError)
    assert str(type(value)) in str(caught.value)
    assert "np.a" in str(caught.value)  # np.array(...) or np.asarray(...): what to do


def test_masked_arrays_are_refused():
    # Their mask would be lost in silence.
    with pytest.raises(DtypeError, match="MaskedArray"):
        Variable(np.ma.array([1.0, 2.0], mask=[True, False]))


def test_zero_dimensional_data_is_an_array():
    for x in (var(2.0), var([1.0, 2.0]).sum(), Variable(np.float32(2.0)), var(1.0) * 2.0):
        assert isinstance(x.data, np.ndarray)
        assert x.shape == ()
        assert x.data is x.data


def test_data_can_be_replaced():
    x = var([1.0, 2.0])
    x.data = np.ones((3, 2))
    (x * 2.0).sum().backward()
    same(x.grad, np.full((3, 2), 2.0))
    with pytest.raises(DtypeError, match="<class 'list'>"):
        x.data = [1.0]
    assert x.shape == (3, 2)


def test_data_of_a_result_keeps_its_shape():
    y = var([1.0, 2.0]) * 2.0
    y.data = np.zeros(2)
    with pytest.raises(ShapeError, match=r"\(3,\).*\(2,\).*unchain"):
        y.data = np.zeros(3)
    same(y, np.zeros(2))


def test_data_changed_in_place():
    x = var([1.0, 2.0])
    x.data += 1.0
    x.data[0] = 7.0
    same(x, np.array([7.0, 3.0]))


def test_a_constant():
    x = Variable(np.ones(2), requires_grad=False)
    y = x * 2.0
    assert (x.requires_grad, y.requires_grad, y.creator) == (False, False, None)
    with pytest.raises(GradientError, match="constant"):
        x.grad = np.ones(2)
    x.name = "c"
    assert x.name == "c"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.array([1, 2, 3]), "variable([1 2 3])"),
        (np.array([[1, 2, 3], [4, 5, 6]]), "variable([[1 2 3]\n          [4 5 6]])"),
        (np.array(1.0), "variable(1.0)"),
        (np.array(1), "variable(1)"),
        (np.array(1.0, np.float32), "variable(1.0)"),
        (np.array([True, False]), "variable([ True False])"),
        (np.zeros((0, 2)), "variable([])"),
        (np.zeros((1, 2, 1)), "variable([[[0.]\n           [0.]]])"),
        (None, "variable(None)"),
    ],
)
def test_repr(data, text):
    assert repr(Variable(data)) == str(Variable(data)) == text
    assert repr(Variable(data, requires_grad=False)) == text


def test_repr_of_what_has_no_values(monkeypatch):
    x = Variable(np.ones(2))

    def refuse(self, x):
        raise RuntimeError("there are no values")

    monkeypatch.setattr(type(ag.get_backend("numpy")), "to_numpy", refuse)
    assert repr(x) == "variable([1. 1.])"  # as the library says it


# -- operators


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("sign", ARITHMETIC)
def test_arithmetic_on_both_sides(sign, kind):
    f, other = ARITHMETIC[sign], OTHERS[kind]
    data = np.array([1.25, 2.0, 3.5])
    same(f(Variable(data), other), f(data, other))
    same(f(other, Variable(data)), f(other, data))
    same(f(Variable(data), Variable(np.asarray(other))), f(data, np.asarray(other)))


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("sign", ARITHMETIC)
def test_gradients_of_arithmetic_on_both_sides(sign, kind):
    f, other = ARITHMETIC[sign], OTHERS[kind]
    data, h = np.array([1.2, 2.2, 3.5]), 1e-6
    for g in (f, lambda a, b: f(b, a)):
        x = Variable(data)
        y = g(x, other).sum()
        if sign == "//":  # flat wherever it has a derivative
            assert y.creator is None
            continue
        y.backward()
        for i in range(3):
            e = h * np.eye(3)[i]
            slope = (g(data + e, other).sum() - g(data - e, other).sum()) / (2 * h)
            assert x.grad[i].item() == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("number", [2, 2.0])
@pytest.mark.parametrize("sign", ARITHMETIC)
def test_python_numbers_are_weak(sign, number):
    f = ARITHMETIC[sign]
    for x in (var([1.0, 2.0], np.float32), var(2.0, np.float32), var([1.0], np.float16)):
        for y in (f(x, number), f(number, x)):
            assert y.dtype == x.dtype
            if y.creator is not None:
                x.cleargrad()
                y.sum().backward()
                assert x.grad.dtype == x.dtype


def test_a_float_makes_floats_of_whole_numbers():
    same(Variable(np.array([1, 2])) * 0.5, np.array([0.5, 1.0]))
    same(Variable(np.array([1, 2])) / 2, np.array([0.5, 1.0]))


def test_numpy_scalars_promote_as_in_numpy():
    x = var([1.0, 2.0], np.float32)
    same(x * np.float64(2.0), x.data * np.float64(2.0))
    same(np.float64(2.0) * x, np.float64(2.0) * x.data)
    (np.float64(2.0) * x).sum().backward()
    same(x.grad, np.array([2.0, 2.0], np.float32))


def test_an_array_on_the_left_reaches_variable():
    a, x = np.array([1.0, 2.0, 3.0]), var([4.0, 5.0, 6.0])
    y = a * x
    same(y, a * x.data)
    y.sum().backward()
    same(x.grad, a)


def test_matmul_on_both_sides():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    for y in (Variable(a) @ b, a @ Variable(b), Variable(a).matmul(b), Variable(a).dot(b)):
        same(y, a @ b)
    same(Variable(a[0]) @ b, a[0] @ b)
    same(Variable(np.ones((5, 2, 3))) @ b, np.ones((5, 2, 3)) @ b)
    with pytest.raises(ArraygradError, match="matmul"):
        Variable(a) @ 2.0


def test_signs_and_abs():
    x = var([-1.5, 2.0])
    same(-x, -x.data)
    same(+x, x.data)
    same(abs(x), abs(x.data))
    abs(x).sum().backward()
    same(x.grad, np.array([-1.0, 1.0]))


def test_powers():
    x = var([0.0, 2.0])
    (x**0).sum().backward()  # 0 ** -1 would be nan
    same(x.grad, np.zeros(2))
    n = Variable(np.array([1, 2]))
    same(n**0, np.array([1, 1]))
    (n**0).sum().backward()
    same(n.grad, np.array([0, 0]))
    x = var(3.0)
    (2.0**x).backward()
    assert x.grad.item() == pytest.approx(8 * np.log(2.0), rel=1e-15)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("sign", COMPARISONS)
def test_comparisons_on_both_sides(sign, kind):
    f, other = COMPARISONS[sign], OTHERS[kind]
    data = np.array([1.25, 2.0, 3.0])
    for y, expected in (
        (f(Variable(data), other), f(data, other)),
        (f(other, Variable(data)), f(other, data)),
    ):
        same(y, expected)
        assert y.dtype == np.bool_
        assert not y.requires_grad


def test_comparisons_as_masks_and_in_if():
    x = var([-1.0, 2.0, 3.0])
    mask = x > 0
    same(x[mask], np.array([2.0, 3.0]))
    same(x[mask & (x < 2.5)], np.array([2.0]))
    same(x[~mask | (x == 3.0)], np.array([-1.0, 3.0]))
    same(mask ^ (x > 2.5), np.array([False, True, False]))
    x[mask].sum().backward()
    same(x.grad, np.array([0.0, 1.0, 1.0]))
    assert x[1] > 1.5
    assert not x[1] > 2.5
    assert ("yes" if x.sum() == 4.0 else "no") == "yes"
    same(F.where(mask, x, 0.0), np.array([0.0, 2.0, 3.0]))


def test_a_loop_that_branches_on_values():
    def collatz(x):
        while x < 100.0:
            x = x * 3.0 if x % 2.0 == 1.0 else x + 1.0
        return x

    x = var(4.0)
    y = collatz(x)  # 5 15 45 135
    y.backward()
    assert (y.item(), x.grad.item()) == (135.0, 27.0)


def test_augmented_assignment_binds_a_new_variable():
    x = y = var([1.0, 2.0])
    y += 1.0
    y *= 2.0
    assert y is not x
    same(x, np.array([1.0, 2.0]))
    y.sum().backward()
    same(x.grad, np.array([2.0, 2.0]))


@pytest.mark.parametrize(
    "f",
    [
        operator.iadd,
        operator.isub,
        operator.imul,
        operator.itruediv,
        operator.ipow,
        operator.ifloordiv,
        operator.imod,
        operator.imatmul,
    ],
)
def test_an_array_is_never_changed_in_place_by_a_variable(f):
    a = np.eye(2)
    with pytest.raises(GradientError, match=r"in-place.*array = array"):
        f(a, Variable(np.ones((2, 2))))
    np.testing.assert_array_equal(a, np.eye(2))


# -- conversions


def test_numbers():
    for x in (var(2.5), var([2.5]), var([[2.5]]), var(2.5, np.float32)):
        assert (float(x), int(x), complex(x), x.item()) == (2.5, 2, 2.5 + 0j, 2.5)
        assert type(x.item()) is float
        assert bool(x)
    assert not var(0.0)
    assert f"{var(2.5):.3f} {var(2.5)} {var([1.0])}" == "2.500 variable(2.5) variable([1.])"


@pytest.mark.parametrize("convert", [float, int, bool, complex, Variable.item])
def test_numbers_of_several_elements(convert):
    with pytest.raises(ArraygradError, match=r"\(2,\).*one element") as caught:
        convert(var([1.0, 2.0]))
    assert isinstance(caught.value, TypeError | ValueError)


def test_index():
    i = Variable(np.array(2))
    assert [10, 20, 30][i] == 30
    assert list(range(i)) == [0, 1]
    with pytest.raises(TypeError):
        [10, 20][var(1.0)]


def test_len_and_iteration():
    x = var([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2
    a, b = x
    same(b, np.array([3.0, 4.0]))
    (a * b).sum().backward()
    same(x.grad, np.array([[3.0, 4.0], [1.0, 2.0]]))
    for f in (len, list):
        with pytest.raises(TypeError, match=r"shape \(\)"):
            f(var(1.0))


def test_hash_is_identity():
    x, y = var(1.0), var(1.0)
    assert len({x, y, x}) == 2
    assert {x: "x"}[x] == "x"


def test_methods_of_shape():
    data = np.arange(24.0).reshape(1, 2, 3, 4)
    x = Variable(data)
    for y in (x.reshape(2, 12), x.reshape((2, 12)), x.reshape([2, 12]), x.reshape(2, -1)):
        same(y, data.reshape(2, 12))
    same(x.transpose(), data.T)
    same(x.T, data.T)
    for y in (x.transpose(1, 0, 3, 2), x.transpose((1, 0, 3, 2)), x.transpose([1, 0, 3, 2])):
        same(y, data.transpose(1, 0, 3, 2))
    same(x.mT, np.matrix_transpose(data))


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_methods_of_reduction(name, axis, keepdims):
    data = np.random.default_rng(0).normal(size=(2, 3, 4))
    y = getattr(Variable(data), name)(axis=axis, keepdims=keepdims)
    expected = getattr(data, name)(axis=axis, keepdims=keepdims)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)


def test_astype():
    x = var([1.5, 2.5], np.float32)
    y = x.astype("float64")
    assert y.dtype == np.float64
    assert x.astype(np.float64).dtype == np.float64
    y.sum().backward()
    same(x.grad, np.ones(2, np.float32))


def test_a_cast_to_whole_numbers_has_no_gradient():
    # The derivative of rounding down is 0: what comes out is a constant, as with //.
    x = var([1.5, 2.5])
    y = x.astype("int64")
    same(y, np.array([1, 2]))
    assert not y.requires_grad
    (x * y).sum().backward()
    same(x.grad, np.array([1.0, 2.0]))


def test_unknown_dtype():
    x = var([1.5, 2.5])
    with pytest.raises(DtypeError, match=r"astype.*nope"):
        x.astype("nope")


def test_to_device_and_back():
    x = var([1.0, 2.0])
    y = x.to_device("cpu")
    (y * 2.0).sum().backward()
    same(x.grad, np.array([2.0, 2.0]))


def test_detach():
    x = var([1.0, 2.0])
    y = (x * x).detach()
    assert (y.requires_grad, y.creator) == (False, None)
    (x * y).sum().backward()
    same(x.grad, np.array([1.0, 4.0]))


# -- no gradient is lost in silence


LEAKS = {
    "asarray": np.asarray,
    "array": np.array,
    "dlpack": np.from_dlpack,
}


@pytest.mark.parametrize("how", LEAKS)
def test_leaving_raises_while_tracked(how):
    x = var([1.0, 2.0])
    for tracked in (x, x * 2.0, Parameter(np.ones(2))):
        with pytest.raises(GradientError, match=r"\.data.*\.detach\(\)"):
            LEAKS[how](tracked)
    LEAKS[how](x.detach())
    LEAKS[how](Variable(np.ones(2), requires_grad=False))
    LEAKS[how](x > 1.0)
    with no_grad():
        LEAKS[how](x)
    with pytest.raises(GradientError):
        LEAKS[how](x)


def test_arrays_of_untracked_variables():
    x = var([1.0, 2.0]).detach()
    np.testing.assert_array_equal(np.asarray(x), [1.0, 2.0])
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(np.from_dlpack(x), [1.0, 2.0])
    copied = np.array(x)
    copied[0] = 7.0
    same(x, np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("ufunc", "name"),
    [(np.sin, "sin"), (np.exp, "exp"), (np.sqrt, "sqrt"), (np.maximum, "maximum"), (np.abs, "abs")],
)
def test_a_ufunc_of_numpy_names_the_op(ufunc, name):
    for x in (var([1.0, 2.0]), var(1.0), var(1.0).detach()):
        with pytest.raises(DtypeError, match=rf"F\.{name}") as caught:
            ufunc(*(x, 1.0)[: ufunc.nin])
        assert f"numpy.{ufunc.__name__}" in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.arctan2(x, 1.0),
        lambda x: np.add.reduce(x),
        lambda x: np.add(x, 1.0, where=False),
        lambda x: np.add.outer(x, np.ones(2)),
    ],
)
def test_other_ways_through_numpy_raise(call):
    with pytest.raises(TypeError, match="Variable"):
        call(var([1.0, 2.0]))


class Pair(NamedTuple):
    first: object
    second: object


NUMPY_FUNCTIONS = {
    "sum": (np.sum, "F.sum"),
    "mean": (np.mean, "F.mean"),
    "max": (np.max, "F.max"),
    "concatenate": (lambda x: np.concatenate([np.ones(1), x]), "F.concat"),
    "stack": (lambda x: np.stack([x, x]), "F.stack"),
    "stack of a named tuple": (lambda x: np.stack(Pair(x, x)), "F.stack"),
    "array_equal": (lambda x: np.array_equal(x, x), "array_equal"),
    "linalg": (np.linalg.norm, r"norm|detach"),
    "where": (lambda x: np.where(np.array([False, True]), x, 0.0), "F.where"),
}


@pytest.mark.parametrize("name", NUMPY_FUNCTIONS)
def test_functions_of_numpy_raise_and_name_the_op(name):
    f, advice = NUMPY_FUNCTIONS[name]
    for x in (var([1.0, 2.0]), var([1.0, 2.0]) * 2.0):
        with pytest.raises(ArraygradError, match=advice) as caught:
            f(x)
        assert isinstance(caught.value, TypeError | RuntimeError)


@pytest.mark.parametrize("name", NUMPY_FUNCTIONS)
def test_functions_of_numpy_work_on_untracked_variables(name):
    f, _ = NUMPY_FUNCTIONS[name]
    x = var([1.0, 2.0]).detach()
    np.testing.assert_array_equal(f(x), f(x.data))
    with no_grad():
        np.testing.assert_array_equal(f(var([1.0, 2.0])), f(x.data))


def test_numpy_may_ask_for_the_shape():
    x = var([[1.0, 2.0]])
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((1, 2), 2, 2)


# -- copies


def test_pickle():
    x = Parameter(np.array([1.0, 2.0], np.float32), "w")
    y = x * 2.0
    y.sum().backward()
    for thing in (x, y, Variable(np.array(2.0)), Parameter(None, "later")):
        back = pickle.loads(pickle.dumps(thing))
        assert type(back) is type(thing)
        assert back.name == thing.name
        assert back.requires_grad
        assert back.creator is None
        assert back.grad is None
        if thing.name != "later":
            same(back, thing.data)
    assert not pickle.loads(pickle.dumps(x.detach())).requires_grad


def test_deepcopy():
    x = Parameter(np.array([1.0, 2.0]), "w")
    x.note = {"seen": [1]}
    other = copy.deepcopy({"a": x, "b": [x]})
    assert other["a"] is other["b"][0]
    back = other["a"]
    assert (type(back), back.name, back.note) == (Parameter, "w", {"seen": [1]})
    back.data[0] = 7.0
    back.note["seen"].append(2)
    same(x, np.array([1.0, 2.0]))
    assert x.note == {"seen": [1]}
    assert copy.deepcopy(Parameter(None)).requires_grad


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_of_results_keep_their_gradient(copied):
    x = Variable(np.array([1.0, 2.0]))
    y = x * 2.0
    z = copied(y)
    z[0] = 7.0
    same(y, np.array([2.0, 4.0]))
    z.sum().backward()
    same(x.grad, np.array([0.0, 2.0]))
    # The argument of a transform is the result of something, whatever it is to the caller.
    assert ag.grad(lambda x: copied(x) ** 2)(3.0) == 6.0
    leaf = copied(x)
    leaf.sum().backward()
    same(x.grad, np.array([0.0, 2.0]))
    same(leaf.grad, np.ones(2))
    with no_grad():
        assert not copied(y).requires_grad


def test_parameter():
    p = Parameter(np.array(2.0))
    x = var(1.0)
    assert isinstance(p, Variable)
    assert [isinstance(v, Parameter) for v in (p, x, p * x)] == [True, False, False]
    later = Parameter(None)
    later.data = np.ones((2, 3)).T
    (later * 2.0).sum().backward()
    same(later.grad, np.full((3, 2), 2.0))


def test_as_variable_and_as_array():
    x = var([1.0])
    assert ag.as_variable(x) is x
    same(ag.as_variable(np.ones(2)), np.ones(2))
    same(ag.as_variable(1.5), np.array(1.5))
    assert ag.as_array(x) is x.data
    data = np.ones(2)
    assert ag.as_array(data) is data
    np.testing.assert_array_equal(ag.as_array([1, 2]), np.array([1, 2]), strict=True)
    assert isinstance(ag.as_array(np.float64(1.0)), np.ndarray)


# -- bad input: a clear error, and nothing changed


USES_OF_DATA = {
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
    "dtype": lambda x: x.dtype,
    "device": lambda x: x.device,
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "len": len,
    "iter": list,
    "float": float,
    "bool": bool,
    "item": lambda x: x.item(),
    "add": lambda x: x + 1.0,
    "radd": lambda x: 1.0 + x,
    "array +": lambda x: np.ones(2) + x,
    "matmul": lambda x: x @ np.ones((2, 2)),
    "neg": lambda x: -x,
    "less": lambda x: x < 1.0,
    "index": lambda x: x[0],
    "sum": lambda x: x.sum(),
    "reshape": lambda x: x.reshape(2),
    "transpose": lambda x: x.transpose(),
    "sin": F.sin,
    "relu": F.relu,
    "softmax": F.softmax,
    "concat": lambda x: F.concat([x, np.ones(2)]),
    "loss": lambda x: F.softmax_cross_entropy(x, np.array([1])),
    "error": lambda x: F.mean_squared_error(x, np.ones(2)),
    "dropout": F.dropout,
    "linear": lambda x: F.linear(np.ones((1, 2)), x),
    "bias": lambda x: F.linear(np.ones((1, 2)), np.ones((2, 2)), x),
    "key": lambda x: Variable(np.ones(3))[x],
    "grad": lambda x: ag.grad(F.sum)(x),
}


@pytest.mark.parametrize("use", USES_OF_DATA)
def test_no_data(use):
    for x in (Parameter(None), Variable(None)):
        with pytest.raises(NoDataError, match="no data yet") as caught:
            USES_OF_DATA[use](x)
        assert isinstance(caught.value, ValueError)
        assert x.data is None


def test_shapes_that_do_not_fit_name_the_op_and_the_shapes():
    calls = {
        "add": lambda: var([1.0, 2.0]) + var([1.0, 2.0, 3.0]),
        "mul": lambda: np.ones((2, 2)) * var([1.0, 2.0, 3.0]),
        "matmul": lambda: Variable(np.ones((2, 3))) @ np.ones((2, 3)),
        "linear": lambda: F.linear(np.ones((2, 3)), Variable(np.ones((2, 3)))),
        "mean_squared_error": lambda: F.mean_squared_error(var([1.0, 2.0]), np.ones((2, 1))),
        "where": lambda: F.where(np.array([True, False]), var([1.0, 2.0]), np.ones(3)),
        "concat": lambda: F.concat([Variable(np.ones((2, 2))), np.ones((1, 3))]),
        "stack": lambda: F.stack([var([1.0, 2.0]), np.ones(3)]),
    }
    for name, call in calls.items():
        with pytest.raises(ShapeError, match=rf"^{name}: .*\([123].*\([123]") as caught:
            call()
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("shape", [(7,), (2, 2), (3, 2, 3), (3, 1)])
def test_sum_to_a_shape_that_does_not_fit(shape):
    with pytest.raises(ArraygradError, match=r"sum_to.*\(2, 3\)") as caught:
        F.sum_to(Variable(np.ones((2, 3))), shape)
    assert str(shape) in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_parameters_that_do_not_fit():
    x = var([1.0, 2.0, 3.0])
    for call, error in (
        (lambda: x.reshape(2, 2), ValueError),
        (lambda: F.broadcast_to(x, (2, 2)), ValueError),
        (lambda: x.transpose(1, 0), ValueError),
        (lambda: x.to_device("nowhere"), ValueError),
        (lambda: F.concat([]), ValueError),
        (lambda: x.sum(axis=3), IndexError),
        (lambda: x[7], IndexError),
    ):
        with pytest.raises(ArraygradError, match=r"^[a-z]") as caught:
            call()
        assert isinstance(caught.value, error)


def test_an_index_out_of_bounds_names_the_op():
    x = var([1.0, 2.0])
    with pytest.raises(AxisIndexError, match=r"^get_item: .*\(2,\).*7"):
        x[7]


@pytest.mark.parametrize("other", ["text", [1.0, 2.0], object(), {}])
def test_operands_that_are_no_arrays(other):
    x = var([1.0, 2.0])
    for call in (lambda: x + other, lambda: x * other, lambda: F.maximum(x, other)):
        with pytest.raises(DtypeError, match=type(other).__name__) as caught:
            call()
        assert isinstance(caught.value, TypeError)
    assert x.grad is None


def test_a_tracked_variable_for_a_parameter_of_the_call():
    x = var([1.0, 2.0])
    with pytest.raises(GradientError, match=r"leaky_relu.*slope.*detach"):
        F.leaky_relu(x, slope=var(0.1))
    same(F.leaky_relu(-x, slope=var(0.5).detach()), np.array([-0.5, -1.0]))
    same(x.sum(axis=Variable(np.array(0))), np.array(3.0))
