"""Errors inside of rules say of which op and input they are, also in graph mode and kernels."""

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Function, Variable, grad, registry
from arraygrad.errors import (
    ArgumentError,
    AxisIndexError,
    DtypeError,
    GradientShapeError,
    MatrixError,
    ShapeError,
)
from arraygrad.op import op


def failing(fail):
    """An op of two inputs whose second rule fails."""

    @op
    def product(x, y):
        return x * y

    @product.rule("x")
    def _(g, y):
        return g * y

    @product.rule("y")
    def _(g, x):
        return fail(g, x)

    return product


X = np.ones((2, 3))
CASES = {
    "LinAlgError": (
        lambda g, x: np.linalg.inv(np.zeros((2, 2))),
        MatrixError,
        np.linalg.LinAlgError,
    ),
    "ValueError": (lambda g, x: np.reshape(g, (4,)), ArgumentError, ValueError),
    "TypeError": (lambda g, x: np.sum(g, 1, 2, 3, 4, 5, 6, 7, 8), DtypeError, TypeError),
    "IndexError": (lambda g, x: g[5], AxisIndexError, IndexError),
    "AttributeError": (lambda g, x: g.nothing, DtypeError, TypeError),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_in_a_rule_is_ours_and_says_which_rule(case) -> None:
    fail, ours, theirs = CASES[case]
    product = failing(fail)
    x, y = Variable(X), Variable(2 * X)
    result = product(x, y)
    with pytest.raises(
        ours, match=r"^product: the rule for y got the gradient .*\(2, 3\)"
    ) as caught:
        result.backward()
    assert isinstance(caught.value, theirs)
    assert type(caught.value.__cause__).__name__ == case
    assert str(caught.value.__cause__) in str(caught.value)
    assert x.grad is None
    assert y.grad is None  # nothing half done


def test_the_other_rule_still_works() -> None:
    product = failing(CASES["ValueError"][0])
    x = Variable(X)
    product(x, 2 * X).backward()
    np.testing.assert_array_equal(x.grad.data, 2 * X)


def test_in_graph_mode_the_error_of_the_op_gets_a_note() -> None:
    product = failing(lambda g, x: g @ x)
    y = Variable(X)
    with pytest.raises(ShapeError, match=r"matmul: got") as caught:
        product(X, y).backward(create_graph=True)
    assert any("product: the rule for y" in note for note in caught.value.__notes__)
    with pytest.raises(ArgumentError, match=r"product: the rule for y .*mine"):
        grad(lambda y: failing(_mine)(X, y).sum())(X)


def _mine(g, x):
    raise ValueError("mine")


def test_what_was_asked_to_be_raised_stays_what_it_is() -> None:
    product = failing(lambda g, x: g / (x - x))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError) as caught:
        product(X, Variable(X)).backward()
    assert any("product: the rule for y" in note for note in caught.value.__notes__)


def test_out_of_memory_is_no_fault_of_the_arguments() -> None:
    class OutOfMemoryError(RuntimeError):  # as PyTorch's
        pass

    def fail(*args):
        raise OutOfMemoryError("4 GB more")

    huge = op(fail)
    for call in (lambda: failing(fail)(X, Variable(X)).backward(), lambda: huge(Variable(X))):
        with pytest.raises(OutOfMemoryError):
            call()


def test_the_advice_fits_the_shape() -> None:
    with pytest.raises(GradientShapeError, match="broadcast it"):
        failing(lambda g, x: g[0])(X, Variable(X)).backward()
    with pytest.raises(GradientShapeError, match="sum it"):
        failing(lambda g, x: g[None])(X, Variable(X)).backward()


def test_an_error_that_names_the_rule_is_not_changed() -> None:
    product = failing(lambda g, x: g[0])
    with pytest.raises(GradientShapeError) as caught:
        product(X, Variable(X)).backward()
    assert not hasattr(caught.value, "__notes__")


def test_an_error_of_a_class_is_its_authors() -> None:
    class Square(Function):
        def forward(self, x):
            return x**2

        def backward(self, gy):
            raise RuntimeError("mine")

    for create_graph in (False, True):
        with pytest.raises(RuntimeError, match=r"^mine") as caught:
            Square()(Variable(X)).backward(create_graph=create_graph)
        assert type(caught.value) is RuntimeError
        assert caught.value.__notes__ == ["raised in Square.backward"]


def test_a_joint_rule_and_a_rule_of_any_number_of_inputs() -> None:
    @op
    def both(x, y):
        return x + y

    @both.rule("x", "y")
    def _(g, need):
        raise ValueError("mine")

    @op
    def total(*xs):
        return sum(xs)

    @total.rule("xs")
    def _(g, need):
        raise ValueError("mine")

    with pytest.raises(ArgumentError, match=r"^both: the rule for x and y got .*: mine"):
        both(X, Variable(X)).backward()
    with pytest.raises(ArgumentError, match=r"^total: the rule for xs got .*: mine"):
        total(X, Variable(X), X).backward()


def test_an_error_in_a_plugins_kernel_of_a_rule_names_the_plugin() -> None:
    staging = registry.Staging("fast", "arraygrad-fast", "1.0")
    staging.registrar("kernels")("atan2.x2", "numpy", _mine_kernel)
    staging.commit()
    registry.changed()
    try:
        y = F.atan2(X, Variable(X))
        with pytest.raises(ArgumentError, match=r"atan2: the rule for x2.*mine; .*arraygrad-fast"):
            y.backward()
    finally:
        registry.remove("fast")


def _mine_kernel(g, x1, x2, xp):
    raise ValueError("mine")
