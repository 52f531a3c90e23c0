"""What the functions of a namespace say of arguments that are no arrays."""

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.xp as xp
from arraygrad import Variable
from arraygrad.errors import AxisIndexError, DtypeError, MixedBackendError, NoDataError
from arraygrad.xp.signatures import ALIASES, ELEMENTWISE, SIGNATURES
from arraygrad.xp.wrapping import parameters

X = np.ones((2, 2))
NOTHING = {
    "None": lambda: None,
    "a tracked Variable": lambda: Variable(None),
    "a constant": lambda: Variable(None, requires_grad=False),
}
# Whose first argument is a shape, a dtype, a number or a list.
OTHERS = {
    "broadcast_arrays", "broadcast_shapes", "can_cast", "concat", "empty", "eye", "fft.fftfreq",
    "fft.rfftfreq", "finfo", "full", "iinfo", "isdtype", "meshgrid", "ones", "result_type", "stack",
    "zeros",
}  # fmt: skip


def function(name):
    found = xp
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("nothing", NOTHING)
def test_nothing_for_an_array(nothing) -> None:
    for name in sorted(SIGNATURES.keys() - OTHERS):
        first, *others = [a for a in parameters(name).values() if a.default is a.empty]
        # Nearly all elementwise functions are ops, with names of their own.
        said = "no data" if name in ELEMENTWISE else rf"for {first.name}, expected an array"
        with pytest.raises(NoDataError, match=said) as caught:
            function(name)(NOTHING[nothing](), *[X] * len(others))
        who = name.removeprefix("linalg.") if name in ALIASES else name
        assert name in ELEMENTWISE or str(caught.value).startswith(f"arraygrad.xp.{who}: got no d")


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("name", ["broadcast_arrays", "meshgrid", "concat", "stack", "asarray"])
def test_nothing_among_several_arrays(name, nothing) -> None:
    xs = [X, NOTHING[nothing]()]
    with pytest.raises(NoDataError, match=rf"xp\.{name}: got no data"):
        function(name)(*xs) if name in OTHERS - {"concat", "stack"} else function(name)(xs)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_nothing_for_an_array_that_may_be_left_out(requires_grad) -> None:
    nothing = Variable(None, requires_grad=requires_grad)
    for call in (
        lambda: xp.searchsorted(X[0], X[0], sorter=nothing),
        lambda: xp.arange(0, nothing),
        lambda: xp.full((2,), nothing),
    ):
        with pytest.raises(NoDataError, match=r"no data \(None\) for (sorter|stop|fill_value)"):
            call()
    np.testing.assert_array_equal(xp.searchsorted(X[0], X[0], sorter=None).data, [0, 0])


def test_an_error_says_the_words_of_the_call() -> None:
    for call, text in (
        (lambda: xp.expand_dims(xp.asarray(X), axis=5), r"xp\.expand_dims: got .*axis = 5"),
        (lambda: xp.squeeze(Variable(X[:, :1]), axis=5), r"squeeze: got .*"),
        (lambda: xp.argmax(X, axis=3, keepdims=True), r"xp\.argmax: .*axis = 3, keepdims = True"),
    ):
        with pytest.raises(AxisIndexError, match=text):
            call()


def test_who_was_given_what_is_no_array_is_named() -> None:
    for call, who in (
        (lambda: F.unique_counts("text"), "unique_all"),
        (lambda: F.unstack(None), "unstack"),
        (lambda: xp.linalg.eigvalsh(np.float32), r"arraygrad\.xp\.linalg\.eigvalsh"),
    ):
        with pytest.raises(DtypeError, match=rf"^{who}: got <class .*expected an array of a lib"):
            call()


def test_lists_and_tuples_of_variables_stay_what_they_are() -> None:
    x = Variable(X, requires_grad=False)
    np.testing.assert_array_equal(xp.asarray([[x[0, 0], 2.0], (3, x[1, 1])]).data, [[1, 2], [3, 1]])
    assert xp.concat((x, X)).shape == (4, 2)
    assert xp.result_type(x, X.astype(np.float32)) == np.float64


@pytest.mark.parametrize("tracked", [False, True])
def test_arrays_of_another_library_are_not_converted(tracked) -> None:
    strict = pytest.importorskip("array_api_strict")
    x = Variable(strict.asarray([[2.0, 1.0], [1.0, 3.0]]), requires_grad=tracked)
    for call in (
        lambda: xp.sum(x),
        lambda: xp.ones_like(x),
        lambda: xp.concat([x, x]),
        lambda: xp.linalg.inv(x.data),
        lambda: xp.meshgrid(x[0], x[1]),
    ):
        with pytest.raises(MixedBackendError, match=r"an array of array_api_strict; .* of numpy"):
            call()
    with pytest.raises(MixedBackendError, match="an array of numpy"):
        x.__array_namespace__().sum(X)
    # To make an array of it is what these are asked to do.
    assert type(xp.from_dlpack(x.detach()).data) is np.ndarray
    assert xp.result_type(np.float32, X) == np.float64


def test_out_of_memory_is_no_fault_of_the_arguments(monkeypatch) -> None:
    class OutOfMemoryError(RuntimeError):  # as PyTorch's
        pass

    class Huge:
        dtype, shape = X.dtype, X.shape

        def __array__(self, *args, **kwargs):
            raise OutOfMemoryError("4 GB more")

    with pytest.raises(OutOfMemoryError):
        xp.linalg.inv(Huge())
