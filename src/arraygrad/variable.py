"""Variable: an array that remembers how it was computed; Parameter and Buffer.

A Variable is two things: its data (an array of any library) and its node in the graph (None for
a constant). The arithmetic operators and methods such as `sum` are ops; each is put on the class
by its own definition in `arraygrad.functions`, and only listed here, at the end.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from arraygrad.backend import PYTHON_SCALARS, backend_of, current_backend
from arraygrad.config import using_config
from arraygrad.engine import Leaf, Node, Output, backprop
from arraygrad.errors import (
    DtypeError,
    GradientError,
    GradientShapeError,
    NoDataError,
    ShapeError,
)
from arraygrad.inplace import InPlace, replaced, view_of
from arraygrad.interop import Interop

if TYPE_CHECKING:
    from collections.abc import Iterator


class Variable(InPlace, Interop):
    """An array that takes part in differentiation.

    data: an array of a library that follows the array API standard, or None for none yet.
    name: shown in drawings of the graph.
    requires_grad: False makes a constant.
    Raises DtypeError (a TypeError) for anything else; wrap numbers and lists in an array first.

    >>> import numpy as np
    >>> x = Variable(np.array([1.0, 2.0, 3.0]))
    >>> y = (x ** 2).sum()
    >>> y.backward()
    >>> x.grad
    variable([2. 4. 6.])
    """

    __slots__ = ("__weakref__", "_data", "_name", "_node", "_view", "_views")

    _data: Any
    _node: Node | None
    # What this is a view of, and its views, see `arraygrad.inplace`; unset for nearly all.
    _view: Any
    _views: Any
    __array_priority__ = 200

    def __init__(self, data: Any, name: str | None = None, *, requires_grad: bool = True) -> None:
        if data is not None:
            data = backend_of(data).accept(data)
        self._data = data
        self._node = Leaf(data) if requires_grad else None
        self.name = name

    # -- what it holds

    @property
    def data(self) -> Any:
        """The array; assigning replaces it. The place in the graph stays the same."""
        d = self._data
        if d is not None and type(d) is not np.ndarray:
            self._data = d = backend_of(d).as_array(d)
        return d

    @data.setter
    def data(self, data: Any) -> None:
        if data is not None:
            data = backend_of(data).accept(data)
        node = self._node
        seen = view_of(self) is not None or hasattr(self, "_views")
        # Without a look at the old array, if that can be: while a step is traced, it is not there.
        shape = None
        if seen:
            shape = node.y_shape if node is not None else getattr(self._data, "shape", None)
        if node is not None and data is not None:
            if not node.is_leaf and data.shape != node.y_shape:
                raise ShapeError(
                    f"{self._label()}.data: got shape {data.shape} for the result of an op, "
                    f"expected its shape {node.y_shape}; call .unchain() first to make it a leaf"
                )
            node.y_shape, node.y_dtype = data.shape, data.dtype
        self._data = data
        if seen:
            replaced(self, shape)

    @property
    def name(self) -> str | None:
        """A name for drawings and messages."""
        return self._name if self._node is None else getattr(self._node, "y_name", None)

    @name.setter
    def name(self, name: str | None) -> None:
        if self._node is None:
            self._name = name
        else:
            self._node.y_name = name

    @property
    def grad(self) -> Variable | None:
        """The gradient that `backward` left here, a Variable; None before and for constants."""
        try:
            return self._node.y_grad  # type: ignore[union-attr]
        except AttributeError:  # a constant, or a result that was given none
            return None

    @grad.setter
    def grad(self, grad: Any) -> None:
        if grad is not None:
            grad = as_variable(grad, requires_grad=False)
            if self._data is not None and grad.shape != self.shape:
                raise GradientShapeError(
                    f"{self._label()}.grad: got shape {grad.shape}, expected the shape "
                    f"{self.shape} of the data"
                )
        if self._node is not None:
            self._node.y_grad = grad
        elif grad is not None:
            raise GradientError("Variable.grad: this Variable is a constant and keeps no gradient")

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Variable are tracked."""
        return self._node is not None

    @property
    def creator(self) -> Node | None:
        """The function application this Variable came from; None for a leaf or a constant."""
        node = self._node
        if node is None or node.is_leaf:
            return None
        return node.parent if isinstance(node, Output) else node

    def set_creator(self, func: Node) -> None:
        """Take the place of a result of `func`, a function application such as `y.creator`.

        Calling an `arraygrad.Function` does this to its results by itself, so that code which
        derives its functions from that class needs no set_creator. Raises GradientError for
        something else than a function application, ShapeError if it has no result like this.
        """
        if not isinstance(func, Node) or not getattr(func, "seq", 0) or not hasattr(func, "inputs"):
            raise GradientError(
                f"{self._label()}.set_creator: got {func!r}, expected one application of a "
                f"Function, as y.creator is; derive the class from arraygrad.Function and call "
                f"it, then its results know it without set_creator"
            )
        results = [output() for output in func.outputs]  # type: ignore[attr-defined]
        for y in results:
            node = y._node
            # Of several results the one with the same data is meant.
            same = len(results) == 1 or y._data is self._data
            if same and (node.y_shape, node.y_dtype) == (self.shape, self.dtype):
                if self.name is not None:
                    node.y_name = self.name
                self._node = node
                return
        known = ", ".join(f"{y._node.y_shape} {y._node.y_dtype}" for y in results)
        raise ShapeError(
            f"{self._label()}.set_creator: got {self.shape} {self.dtype}, expected the data of a "
            f"result of {type(func).__name__}, which is {known}"
        )

    @property
    def generation(self) -> int:
        """0 for a leaf; a result has a higher number than everything it was computed from."""
        return 0 if self._node is None else self._node.seq

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        try:
            return self._data.shape
        except AttributeError:
            return self._array().shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        try:
            return self._data.ndim
        except AttributeError:
            return self._array().ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)  # of libraries with their own idea of .size too

    @property
    def dtype(self) -> Any:
        """The dtype, an object of the array library."""
        try:
            return self._data.dtype
        except AttributeError:
            return self._array().dtype

    @property
    def device(self) -> Any:
        """The device, as the array library names it."""
        return backend_of(self._array()).device(self._data)

    def _array(self) -> Any:
        if self._data is None:
            raise NoDataError(
                f"{self._label()} has no data yet; give it an array first (x.data = ...)"
            )
        return self._data

    def _label(self) -> str:
        return type(self).__name__ + (f" {self.name!r}" if self.name else "")

    def __len__(self) -> int:
        if self.ndim == 0:
            raise DtypeError("len(): got a Variable of shape (), which has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if self._data is None:
            return "variable(None)"
        try:
            text = str(backend_of(self._data).to_numpy(self._data))
        except Exception:  # traced, or sparse: the library has words for what has no values
            text = str(self._data)
        return "variable(" + text.replace("\n", "\n" + " " * 9) + ")"

    __hash__ = object.__hash__  # by identity: == is elementwise

    # -- differentiation

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Add the gradient of this Variable to the `grad` of every leaf it was computed from.

        The gradient starts from `self.grad`, or from ones. retain_grad keeps it at every
        Variable on the way; create_graph makes the gradients differentiable themselves.
        Raises GradientError on a leaf or a constant, which have nothing behind them.
        """
        node = self._node
        if node is None or node.is_leaf:
            what = (
                "a leaf: no function made it"
                if node is not None
                else ("a constant: it was made without tracked inputs, or inside no_grad()")
            )
            raise GradientError(
                f"{self._label()}.backward: got {what}; expected the result of an operation on "
                f"a tracked Variable"
            )
        retained: dict[Node, Any] | None = {} if retain_grad else None
        given = getattr(node, "y_grad", None)
        if given is not None and given.shape != node.y_shape:
            raise GradientShapeError(
                f"{self._label()}.backward: got a grad of shape {given.shape} to start from, "
                f"expected the shape {node.y_shape} of the Variable"
            )
        if create_graph:
            self._backward_graph(node, given, retained)
            return
        backend = backend_of(self._data)
        seed = backend.ones_like(self._data) if given is None else given._data
        grads = backprop({node: seed}, retain=retained)
        # Rules may hand one array, or a view of it, to several inputs; a leaf's gradient is its
        # own, so that optimizers and users can change it in place.
        others = [seed, *retained.values()] if retained else (seed,)
        datas = backend.apart(list(grads.values()), others)
        for i, leaf in enumerate(grads):
            if leaf.y_grad is not None:
                datas[i] = leaf.y_grad._data + datas[i]
        for leaf, data in zip(grads, datas):  # noqa: B905  (all sums are made: nothing can fail)
            leaf.y_grad = g = _new(Variable)
            g._data = data
            g._node = g._name = None
        node.y_grad = None
        if retained:
            for seen, g in retained.items():
                seen.y_grad = constant(g)

    def _backward_graph(
        self, node: Node, seed: Variable | None, retained: dict[Node, Any] | None
    ) -> None:
        backend = backend_of(self._data)
        if seed is None:
            seed = constant(backend.ones_like(self._data))
        with using_config("enable_backprop", True):
            grads = backprop({node: seed}, create_graph=True, retain=retained)
            others = [g._data for g in (seed, *(retained or {}).values())]
            datas = backend.apart([g._data for g in grads.values()], others)
            sums = []
            for (leaf, gx), data in zip(grads.items(), datas, strict=True):
                new = leaf.y_grad is None
                sums.append(attach(data, gx._node) if new else leaf.y_grad + gx)
            for leaf, gx in zip(grads, sums, strict=True):
                leaf.y_grad = gx
        node.y_grad = None
        for seen, g in (retained or {}).items():
            seen.y_grad = g

    def cleargrad(self) -> None:
        """Forget the gradient."""
        if self._node is not None:
            self._node.y_grad = None

    def unchain(self) -> None:
        """Make this Variable a leaf: what it was computed from gets no gradient through it."""
        if self.creator is not None:
            name, grad = self.name, self.grad
            self._node = Leaf(self._data)
            self._node.y_name, self._node.y_grad = name, grad

    def unchain_backward(self) -> None:
        """Cut the graph behind this Variable, and free what it held: truncated backpropagation.

        Everything this Variable was computed from becomes a leaf.
        """
        creator = self.creator
        pending = [] if creator is None else list(creator.edges)
        while pending:
            node = pending.pop()
            if node is not None and not node.is_leaf:
                pending += node.edges
                node.cut()

    def detach(self) -> Variable:
        """A constant with the same data."""
        return constant(self._data)

    # -- copies of leaves are leaves, as in copied models; those of results are results

    def __copy__(self) -> Variable:
        if self._node is not None and self._node.seq:
            return +self
        return _rebuild(*self.__reduce__()[1])

    def __reduce__(self) -> Any:
        state = getattr(self, "__dict__", None)
        return _rebuild, (type(self), self._data, self.name, self.requires_grad, state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        import copy

        if self._node is not None and self._node.seq:  # a transform's argument is one too
            return +self
        state = copy.deepcopy(getattr(self, "__dict__", None), memo)
        data = None if self._data is None else backend_of(self._data).copy(self._data)
        return _rebuild(type(self), data, self.name, self.requires_grad, state)

    if TYPE_CHECKING:
        # Put here by the ops that define them.
        @property
        def T(self) -> Variable: ...
        @property
        def mT(self) -> Variable: ...
        def reshape(self, *shape: Any) -> Variable: ...
        def transpose(self, *axes: Any) -> Variable: ...
        def sum(self, axis: Any = None, keepdims: bool = False) -> Variable: ...
        def mean(self, axis: Any = None, keepdims: bool = False) -> Variable: ...
        def max(self, axis: Any = None, keepdims: bool = False) -> Variable: ...
        def min(self, axis: Any = None, keepdims: bool = False) -> Variable: ...
        def matmul(self, W: Any) -> Variable: ...
        def dot(self, W: Any) -> Variable: ...
        def astype(self, dtype: Any) -> Variable: ...
        def to_device(self, device: Any, /, *, stream: Any = None) -> Variable: ...
        def __getitem__(self, key: Any) -> Variable: ...
        def __add__(self, other: Any) -> Variable: ...
        def __radd__(self, other: Any) -> Variable: ...
        def __sub__(self, other: Any) -> Variable: ...
        def __rsub__(self, other: Any) -> Variable: ...
        def __mul__(self, other: Any) -> Variable: ...
        def __rmul__(self, other: Any) -> Variable: ...
        def __truediv__(self, other: Any) -> Variable: ...
        def __rtruediv__(self, other: Any) -> Variable: ...
        def __floordiv__(self, other: Any) -> Variable: ...
        def __rfloordiv__(self, other: Any) -> Variable: ...
        def __mod__(self, other: Any) -> Variable: ...
        def __rmod__(self, other: Any) -> Variable: ...
        def __pow__(self, other: Any) -> Variable: ...
        def __rpow__(self, other: Any) -> Variable: ...
        def __matmul__(self, other: Any) -> Variable: ...
        def __rmatmul__(self, other: Any) -> Variable: ...
        def __and__(self, other: Any) -> Variable: ...
        def __rand__(self, other: Any) -> Variable: ...
        def __or__(self, other: Any) -> Variable: ...
        def __ror__(self, other: Any) -> Variable: ...
        def __xor__(self, other: Any) -> Variable: ...
        def __rxor__(self, other: Any) -> Variable: ...
        def __lshift__(self, other: Any) -> Variable: ...
        def __rlshift__(self, other: Any) -> Variable: ...
        def __rshift__(self, other: Any) -> Variable: ...
        def __rrshift__(self, other: Any) -> Variable: ...
        def __invert__(self) -> Variable: ...
        def __neg__(self) -> Variable: ...
        def __pos__(self) -> Variable: ...
        def __abs__(self) -> Variable: ...
        def __lt__(self, other: Any) -> Variable: ...
        def __le__(self, other: Any) -> Variable: ...
        def __gt__(self, other: Any) -> Variable: ...
        def __ge__(self, other: Any) -> Variable: ...
        def __eq__(self, other: object) -> Variable: ...  # type: ignore[override]
        def __ne__(self, other: object) -> Variable: ...  # type: ignore[override]


class Parameter(Variable):
    """A Variable that a Layer trains; `Parameter(None)` gets its data later.

    >>> import numpy as np
    >>> isinstance(Parameter(np.array(2.0)) * np.array(1.0), Parameter)
    False
    """

    __slots__ = ("__dict__",)


class Buffer(Variable):
    """State of a Layer that is saved, loaded and moved with its parameters, and not trained.

    data: an array, or None for none yet; assign `.data` to change it. It never gets a gradient.

    >>> import numpy as np
    >>> mean = Buffer(np.zeros(3))
    >>> mean.data = mean.data + 1
    >>> mean, mean.requires_grad
    (variable([1. 1. 1.]), False)
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        super().__init__(data, name, requires_grad=False)

    def _hold(self, y: Variable) -> None:
        if y._node is not None:
            raise GradientError(
                f"{self._label()}: got a tracked value for a buffer, which has no gradient; "
                f"assign value.detach(), or work inside no_grad()"
            )
        super()._hold(y)


_new = object.__new__


def attach(data: Any, node: Node | None) -> Any:
    """The Variable with that data at that node; a Python number stays what it is."""
    if node is None and (data is None or type(data) in PYTHON_SCALARS):
        return data
    x = _new(Variable)
    x._data = data
    x._node = node
    if node is None:
        x._name = None
    return x


def constant(data: Any) -> Variable:
    """An untracked Variable."""
    x = _new(Variable)
    x._data = data
    x._node = x._name = None
    return x


def _rebuild(
    cls: type[Variable], data: Any, name: str | None, requires_grad: bool, state: Any
) -> Variable:
    if type(data) is np.ndarray and data.dtype.isnative and data.dtype.kind in "biufc":
        # pickle makes new dtype objects, equal but not the same, and kernels compare by identity.
        data = data.view(data.dtype.type)
    x = cls.__new__(cls)
    Variable.__init__(x, data, name, requires_grad=requires_grad)
    if state:
        x.__dict__.update(state)
    return x


def as_array(x: Any, array_module: Any = None) -> Any:
    """`x` as an array: numbers and lists become one on the current backend (or array_module).

    >>> as_array(1.5)
    array(1.5)
    """
    if isinstance(x, Variable):
        return x.data
    if type(x) in PYTHON_SCALARS or isinstance(x, list | tuple):
        return (array_module or current_backend()).asarray(x)
    return backend_of(x).as_array(x)


def as_numpy(x: Any) -> np.ndarray:
    """A Variable, an array of any library, a number or nested lists as a NumPy array.

    >>> as_numpy([1, 2])
    array([1, 2])
    """
    if isinstance(x, Variable):
        x = as_array(x)
    return backend_of(x).to_numpy(x) if hasattr(x, "shape") else np.asarray(x)


def as_variable(obj: Any, *, requires_grad: bool = True) -> Variable:
    """`obj` itself if it is a Variable, else a Variable of it.

    >>> as_variable(1.5)
    variable(1.5)
    """
    if isinstance(obj, Variable):
        return obj
    return Variable(as_array(obj), requires_grad=requires_grad)
