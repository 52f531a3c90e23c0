"""Every name of the book's package, core and utilities, under its module and with its call."""

import inspect
import operator
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import arraygrad
import arraygrad.functions as F
from arraygrad import Function, Parameter, Variable, core, core_simple, cuda, utils


def var(value, **kwargs):
    return Variable(np.array(value), **kwargs)


def accepts(function, *args, **kwargs):
    inspect.signature(function).bind(*args, **kwargs)
    return True


# -- 1.1 the package


TOP = [
    "Variable", "Parameter", "Function", "using_config", "no_grad", "test_mode", "as_array",
    "as_variable", "setup_variable", "Config", "Layer", "Model", "Dataset", "DataLoader",
    "SeqDataLoader",
]  # fmt: skip
MODULES = [
    "core", "datasets", "dataloaders", "optimizers", "functions", "functions_conv", "layers",
    "models", "utils", "cuda", "transforms", "core_simple", "draw",
]  # fmt: skip


@pytest.mark.parametrize("name", TOP)
def test_names_of_the_package(name):
    assert name in dir(arraygrad)
    assert getattr(arraygrad, name) is not None
    if hasattr(core, name):
        assert getattr(core, name) is getattr(arraygrad, name)


def test_the_package_is_no_simple_core_and_has_a_version():
    assert arraygrad.is_simple_core is False
    assert arraygrad.__version__.count(".") == 2


def fresh(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_modules_are_attributes_imported_when_asked_for():
    fresh(f"""
import sys, threading, arraygrad
later = ['core', 'core_simple', 'cuda', 'draw', 'functions_conv', 'notebook', 'utils']
assert not [m for m in later if f'arraygrad.{{m}}' in sys.modules]
found = []
ask = lambda: found.append(arraygrad.utils.array_equal)
threads = [threading.Thread(target=ask) for _ in range(8)]
[t.start() for t in threads], [t.join() for t in threads]
assert len(found) == 8 and len(set(map(id, found))) == 1
for name in {MODULES}:
    assert getattr(arraygrad, name).__name__ == f'arraygrad.{{name}}'
    assert name in dir(arraygrad)
""")


def test_everything_at_once():
    fresh("from arraygrad import *; utils.get_dot_graph, setup_variable(), core.Add, grad")


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'arraygrad' has no attribute 'utilities'"):
        arraygrad.utilities  # noqa: B018
    for module in (core, core_simple, utils, cuda):
        assert not hasattr(module, "no_such_name")


# -- 1.2 core


def test_config():
    assert core.Config.enable_backprop is True
    assert core.Config.train is True
    with core.using_config("train", False):
        assert not core.Config.train
    with core.no_grad(), core.test_mode():
        assert (core.Config.enable_backprop, core.Config.train) == (False, False)
    assert (core.Config.enable_backprop, core.Config.train) == (True, True)


def test_variable_attributes():
    x = Variable(np.array([[1.0, 2.0, 3.0]]), "x")
    assert accepts(Variable, np.ones(2), name="x")
    assert (x.name, x.grad, x.creator, x.generation) == ("x", None, None, 0)
    assert Variable.__array_priority__ == 200
    assert (x.shape, x.ndim, x.size, x.dtype) == ((1, 3), 2, 3, np.float64)
    assert x.T.shape == (3, 1)
    assert Variable(None).data is None
    for thing in (1.0, 1, [1.0], "x"):
        with pytest.raises(TypeError, match=f"<class '{type(thing).__name__}'>"):
            Variable(thing)
    y = x * 2
    z = y + x
    assert 0 < y.generation < z.generation
    assert y.creator.generation == y.generation


def test_variable_methods():
    x = var([[1.0, 2.0], [3.0, 5.0]])
    y = x * 2
    assert accepts(y.backward, retain_grad=False, create_graph=False)
    y.backward(True, True)
    assert x.grad.data.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    x.cleargrad()
    assert x.grad is None
    z = y * 3
    z.unchain_backward()
    assert y.creator is None
    w = x * 2
    w.unchain()
    assert w.creator is None
    assert [x.reshape(s).shape for s in ((4,), [4], 4, (2, -1))] == [(4,), (4,), (4,), (2, 2)]
    assert x.reshape(1, 4).shape == (1, 4)
    assert [x.transpose(*a).data[0, 1] for a in ((), (1, 0), ((1, 0),), ([1, 0],))] == [3.0] * 4
    assert x.sum(0, True).shape == (1, 2)
    assert x.sum(axis=None, keepdims=False).item() == 11.0
    np.testing.assert_array_equal(x.matmul(x).data, x.data @ x.data)
    np.testing.assert_array_equal(x.dot(x).data, x.data @ x.data)
    assert x.max().item() == 5.0
    assert x.min(axis=1, keepdims=True).data.tolist() == [[1.0], [3.0]]
    assert x.to_cpu() is x
    assert callable(x.to_gpu)
    assert callable(x.set_creator)


def test_variable_special_methods():
    x, one = var([1.0, 2.0]), np.array(1.0)
    assert (len(x), repr(x), x[1].item()) == (2, "variable([1. 2.])", 2.0)
    for left, right in ((x, x), (x, 2), (2, x), (x, 2.0), (x, one), (one, x), (x, x.data)):
        a, b = (v.data if isinstance(v, Variable) else v for v in (left, right))
        for operate in (operator.add, operator.sub, operator.mul, operator.truediv):
            y = operate(left, right)
            assert isinstance(y, Variable)
            np.testing.assert_array_equal(y.data, operate(a, b))
    np.testing.assert_array_equal((x**2).data, [1.0, 4.0])
    np.testing.assert_array_equal((-x).data, [-1.0, -2.0])
    for name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "neg", "pow"):
        assert hasattr(Variable, f"__{name}__")


def test_parameter():
    p = Parameter(np.array(1.0), "p")
    assert isinstance(p, Variable)
    assert (p.name, core.Parameter) == ("p", Parameter)


def test_function_attributes():
    class Double(core.Function):
        def forward(self, x):
            return x * 2

        def backward(self, gy):
            return gy * 2

    f = Double()
    x = var(3.0)
    y = f(x)
    assert [v.item() for v in y.creator.inputs] == [3.0]
    assert y.creator.outputs[0]().item() == 6.0
    assert y.creator.generation == y.generation
    assert core.Function is Function


def test_as_variable_and_as_array():
    x = var(1.0)
    assert core.as_variable(x) is x
    assert repr(core.as_variable(np.array(2.0))) == "variable(2.0)"
    for thing in (1, 1.5, np.float64(2.0)):
        assert type(core.as_array(thing)) is np.ndarray
        assert core.as_array(thing, array_module=np).shape == ()
    array = np.ones(2)
    assert core.as_array(array) is array


@pytest.mark.parametrize(
    ("name", "expected"),
    [("add", 5.0), ("sub", -1.0), ("rsub", 1.0), ("mul", 6.0), ("div", 2 / 3), ("rdiv", 1.5)],
)
def test_functions_of_two(name, expected):
    function = getattr(core, name)
    assert function is getattr(F, name)
    a, b = np.array(2.0), np.array(3.0)
    for x0, x1 in ((Variable(a), Variable(b)), (Variable(a), 3.0), (Variable(a), b), (2.0, b)):
        assert function(x0, x1).item() == pytest.approx(expected)


def test_functions_of_one():
    x = var(3.0)
    assert core.neg(x).item() == -3.0
    assert core.pow(x, 2).item() == 9.0
    core.setup_variable()
    assert (x + 1).item() == 4.0


@pytest.mark.parametrize("module", [core, core_simple])
@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [("Add", (), 5.0), ("Sub", (), -1.0), ("Mul", (), 6.0), ("Div", (), 2 / 3),
     ("Neg", (), -2.0), ("Pow", (3,), 8.0)],
)  # fmt: skip
def test_classes_of_arithmetic(module, name, args, expected):
    cls = getattr(module, name)
    assert issubclass(cls, Function)
    inputs = [var(2.0)] if name in ("Neg", "Pow") else [var(2.0), var(3.0)]
    f = cls(*args)
    y = f(*inputs)
    assert y.item() == pytest.approx(expected)
    y.backward()
    gxs = {"Add": (1, 1), "Sub": (1, -1), "Mul": (3, 2), "Div": (1 / 3, -2 / 9), "Neg": (-1,),
           "Pow": (12,)}[name]  # fmt: skip
    for x, gx in zip(inputs, gxs, strict=True):
        assert x.grad.item() == pytest.approx(gx)
    assert float(f.forward(*[x.data for x in inputs])) == pytest.approx(expected)


# -- 1.2 core_simple: the state of step 23


def simple(value):
    return core_simple.Variable(np.array(value))


def test_simple_names():
    names = """
        Config using_config no_grad Variable Function as_variable as_array add sub rsub mul div
        rdiv neg pow Add Sub Mul Div Neg Pow setup_variable
    """
    assert set(names.split()) <= set(dir(core_simple))
    assert list(inspect.signature(core_simple.Variable.backward).parameters) == [
        "self", "retain_grad",
    ]  # fmt: skip
    assert list(inspect.signature(core_simple.as_array).parameters) == ["x"]


def test_simple_gradients_are_arrays():
    x = simple(2.0)
    y = x**2 + 3 * x - 1 / x
    assert isinstance(y, core_simple.Variable)
    y.backward()
    assert type(x.grad) is np.ndarray
    assert x.grad == 2 * 2 + 3 + 0.25
    assert y.grad is None
    y.backward()  # gradients add up
    assert x.grad == 2 * 7.25
    x.cleargrad()
    assert x.grad is None
    x.grad = np.array(5.0)
    assert (type(x.grad), x.grad) == (np.ndarray, 5.0)
    x.grad = None
    assert x.grad is None


def test_simple_retained_gradients():
    x = simple(3.0)
    a = x * 2
    y = a * a
    y.backward(retain_grad=True)
    assert (x.grad, a.grad) == (24.0, 12.0)
    assert type(a.grad) is np.ndarray
    y = x * 2
    y.grad = np.array(10.0)
    x.cleargrad()
    y.backward()
    assert x.grad == 20.0


def test_simple_operators_with_everything():
    x = simple([1.0, 2.0])
    c = np.array([3.0, 4.0])
    for y, expected in (
        (x + c, [4, 6]), (c + x, [4, 6]), (x + 1, [2, 3]), (1.0 + x, [2, 3]), (x - c, [-2, -2]),
        (c - x, [2, 2]), (1 - x, [0, -1]), (x * c, [3, 8]), (c * x, [3, 8]), (2 * x, [2, 4]),
        (x / c, [1 / 3, 0.5]), (c / x, [3, 2]), (2 / x, [2, 1]), (-x, [-1, -2]), (x**2, [1, 4]),
    ):  # fmt: skip
        assert isinstance(y, core_simple.Variable)
        np.testing.assert_allclose(y.data, expected)
    (x * np.array(2.0) + np.float64(1.0)).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])
    with pytest.raises(arraygrad.ArraygradError, match="Pow: the exponent is a Variable"):
        x**x
    x = simple(0.0)
    (x**0).backward()
    assert x.grad == 0.0


def test_simple_without_a_graph():
    with core_simple.no_grad():
        y = simple(2.0) * 3
    assert (y.creator, y.name) == (None, None)
    with core_simple.using_config("enable_backprop", False):
        assert (simple(2.0) ** 2).creator is None
    assert isinstance(y, core_simple.Variable)


def test_simple_functions_get_arrays():
    seen = []

    class Split(core_simple.Function):
        def forward(self, x):
            return x * 2, x * 3

        def backward(self, g0, g1):
            seen.append((type(g0), type(g1)))
            return g0 * 2 + g1 * 3

    x = simple(1.0)
    a, b = Split()(x)
    assert isinstance(a, core_simple.Variable)
    (a * b).backward()
    assert x.grad == 12.0
    a, b = Split()(x)
    x.cleargrad()
    b.backward()
    assert x.grad == 3.0
    assert seen == [(np.ndarray, np.ndarray)] * 2


def test_simple_and_other_variables_meet():
    x, w = simple(2.0), var(3.0)
    y = core_simple.as_variable(w) * x
    y.backward()
    assert repr(w.grad) == "variable(2.0)"
    assert x.grad == 3.0
    z = core_simple.as_variable(w * 2)
    assert isinstance(z, core_simple.Variable)
    assert z.creator is not None
    assert core_simple.as_variable(x) is x
    constant = core_simple.as_variable(Variable(np.ones(1), "c", requires_grad=False))
    assert (constant.name, constant.requires_grad) == ("c", False)
    assert repr(core_simple.as_variable(np.array(1.0))) == "variable(1.0)"
    with pytest.raises(TypeError, match="<class 'float'>"):
        core_simple.Variable(1.0)


def test_simple_graphs_die_with_their_last_name(without_gc):
    x = simple([1.0, 2.0])
    y = x * 2
    node = weakref.ref(y.creator)
    z = y + 1
    z.backward()
    assert x.grad.tolist() == [2.0, 2.0]
    del y, z
    assert node() is None


# The programs of steps 23 to 27, with the names of the first core.


def test_step_23_program():
    from arraygrad.core_simple import Variable

    x = Variable(np.array(1.0))
    y = (x + 3) ** 2
    y.backward()
    assert repr(y) == "variable(16.0)"
    assert x.grad == 8.0


def sphere(x, y):
    return x**2 + y**2


def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein(x, y):
    return (
        1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    ) * (
        30
        + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("f", "gx", "gy"),
    [(sphere, 2.0, 2.0), (matyas, 0.04, 0.04), (goldstein, -5376.0, 8064.0)],
)
def test_step_24_functions(f, gx, gy):
    x, y = simple(1.0), simple(1.0)
    z = f(x, y)
    z.backward()
    assert (x.grad, y.grad) == (pytest.approx(gx, abs=1e-9), pytest.approx(gy, abs=1e-9))


def test_step_26_drawing():
    x0, x1 = simple(1.0), simple(1.0)
    y = x0 + x1
    x0.name, x1.name, y.name = "x0", "x1", "y"
    text = utils.get_dot_graph(y, verbose=False)
    assert [f'label="{name}"' in text for name in ("x0", "x1", "y", "Add")] == [True] * 4


@pytest.mark.parametrize(("threshold", "tolerance"), [(1e-4, 1e-5), (1e-150, 1e-15)])
def test_step_27_taylor_series(threshold, tolerance):
    import math

    from arraygrad.core_simple import Function, Variable

    class Sin(Function):
        def forward(self, x):
            return np.sin(x)

        def backward(self, gy):
            x = self.inputs[0].data
            return gy * np.cos(x)

    x = Variable(np.array(np.pi / 4))
    y = Sin()(x)
    y.backward()
    assert (y.data, x.grad) == (pytest.approx(2**-0.5, abs=1e-15), 0.7071067811865476)

    def my_sin(x):
        y = 0
        for i in range(100000):
            c = (-1) ** i / math.factorial(2 * i + 1)
            t = c * x ** (2 * i + 1)
            y = y + t
            if abs(t.data) < threshold:
                break
        return y

    x.cleargrad()
    my_sin(x).backward()
    assert x.grad == pytest.approx(0.7071067811865476, abs=tolerance)


def test_simple_variables_keep_to_their_thread():
    answers = []

    def off():
        with core_simple.no_grad():
            answers.append((simple(1.0) * 2).creator)

    thread = threading.Thread(target=off)
    thread.start()
    thread.join()
    assert answers == [None]
    assert (simple(1.0) * 2).creator is not None


# -- 1.8 utils and cuda


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("get_dot_graph", [((1,), {"verbose": True})]),
        ("plot_dot_graph", [((1,), {"verbose": True, "to_file": "graph.png"})]),
        ("gradient_check", [((1, 2, 3), {"rtol": 1e-4, "atol": 1e-5, "axis": 1})]),
        ("numerical_grad", [((1, 2, 3), {"axis": 1})]),
        ("array_equal", [((1, 2), {})]),
        ("array_allclose", [((1, 2), {"rtol": 1e-4, "atol": 1e-5})]),
        ("sum_to", [((1, 2), {}), ((1,), {"shape": 2})]),
        ("reshape_sum_backward", [((1, 2, 3, 4), {}), ((1,), {"x_shape": 2, "axis": 3,
                                                             "keepdims": True})]),
        ("logsumexp", [((1,), {"axis": 1})]),
        ("max_backward_shape", [((1, 2), {})]),
        ("get_file", [(("url",), {"file_name": None})]),
        ("show_progress", [((1, 2, 3), {}), ((), {"block_num": 1, "block_size": 2,
                                                 "total_size": 3})]),
        ("get_conv_outsize", [((1, 2, 3, 4), {}), ((), {"input_size": 4, "kernel_size": 3,
                                                       "stride": 1, "pad": 1})]),
        ("get_deconv_outsize", [((1, 2, 3, 4), {}), ((), {"size": 4, "k": 3, "s": 1, "p": 1})]),
        ("pair", [((1,), {}), ((), {"x": 1})]),
    ],
)  # fmt: skip
def test_calls_of_utils(name, calls):
    assert name in utils.__all__
    for args, kwargs in calls:
        assert accepts(getattr(utils, name), *args, **kwargs)


def test_defaults_of_utils():
    def default(function, name):
        return inspect.signature(function).parameters[name].default

    assert default(utils.get_dot_graph, "verbose") is True
    assert default(utils.plot_dot_graph, "to_file") == "graph.png"
    for function in (utils.gradient_check, utils.array_allclose):
        assert (default(function, "rtol"), default(function, "atol")) == (1e-4, 1e-5)
    assert default(utils.logsumexp, "axis") == 1
    assert default(arraygrad.Model.plot, "to_file") == "model.png"
    assert isinstance(utils.cache_dir, str)


@pytest.mark.parametrize("name", ["get_array_module", "as_numpy", "as_cupy"])
def test_calls_of_cuda(name):
    assert accepts(getattr(cuda, name), x=1)
    assert isinstance(cuda.gpu_enable, bool)
