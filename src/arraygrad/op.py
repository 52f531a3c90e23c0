"""@op: one definition makes a differentiable function; rules ask by name for what they need.

    @op(samples=[case(arr(2, 3), arr(3, 4))])
    def matmul(x1, x2):
        return x1 @ x2

    @matmul.rule("x1")
    def _(g, x2):
        return g @ x2.mT

The definition runs on raw arrays. A rule's parameters say what it gets: `g` (the gradient of the
output), inputs and parameters of the call by their names, `out` (the output), `xp` (the array API
namespace), `backend` (what the standard lacks), and `x_shape` or `x_device` of its own input `x`,
for which `x` need not be kept. What no rule asks for is not kept. The same rule text runs on raw
arrays in ordinary backpropagation, and on Variables where the gradient has to be differentiated
again. A definition without rules is a composition: it is called with the Variables themselves.

The per-op path is the one place where speed decides. So, as dataclasses do, the first call
compiles the definition into one straight-line function, in `arraygrad.opcode`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import CO_VARARGS, CO_VARKEYWORDS, Signature, signature
from inspect import Parameter as Arg
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, overload
from weakref import WeakSet

from arraygrad import kernels, registry
from arraygrad.backend import Backend
from arraygrad.errors import AmbiguousNameError, ArgumentError
from arraygrad.variable import Variable

if TYPE_CHECKING:
    from typing import Protocol

P = ParamSpec("P")

# name -> public function, in the order of definition; a plugin's ops come in through its hook.
table: dict[str, Any] = {}
# Every definition, also of an op whose name the table knew already.
_all: WeakSet[Definition] = WeakSet()


# What rules may ask for beside inputs and parameters.
OFFERED = ("g", "out", "xp", "backend", "need")


class arr:
    """The recipe of a sample array: its shape, the range of its values, its kind.

    kind: "real", "complex", "int" or "bool"; real and imaginary parts have one range. The test
    kit makes it on every backend, in float32 and float64 or complex64 and complex128.
    """

    def __init__(
        self, *shape: int, low: float = -2.0, high: float = 2.0, kind: str = "real"
    ) -> None:
        self.shape, self.low, self.high, self.kind = shape, low, high, kind

    def __repr__(self) -> str:
        return f"arr{self.shape}" if self.kind != "complex" else f"arr{self.shape} complex"


class case:
    """One sample call of an op: arguments, with `arr` recipes where arrays go."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs
        self.seen: Callable[[Any], Any] | None = None

    def through(self, seen: Callable[[Any], Any]) -> case:
        """Look at `seen(result)` instead of the result, and at its gradients; returns the case.

        For results that are right with either sign or in any order, as eigenvectors are: each
        array library has its own. `case(arr(3, 3)).through(lambda q: q[0] @ q[1])`.
        """
        self.seen = seen
        return self

    def __repr__(self) -> str:
        words = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"case({', '.join(words)})"


class Kernels(dict[Any, Callable[..., Any]]):
    """type -> kernel; for a type that is not there, a callable that finds the kernel first."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def __missing__(self, key: Any) -> Callable[..., Any]:
        from arraygrad.dispatch import choose

        definition = self.definition

        def find_and_call(*args: Any, **kwargs: Any) -> Any:
            arrays = tuple(args[i] for i in definition.places(len(args)))
            return choose(definition, arrays)(*args, **kwargs)

        return find_and_call


class Chosen(dict[str, Any]):
    """backend name -> entry, or why there is none; both matter when that backend is used."""

    def get(self, backend: str, default: Any = None) -> Any:
        """The kernel, imported on first use; raises AmbiguousNameError where several are."""
        entry = super().get(backend)
        if isinstance(entry, AmbiguousNameError):
            raise entry
        return default if entry is None else entry.resolve()


class Definition:
    """What one op is: its forward function, its rules, its samples; the record behind `F.name`."""

    function: Any  # the public one

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        samples: Sequence[Any] = (),
        constant: Sequence[str] = (),
        broadcasts: bool = False,
        pointwise: bool = False,
        singular: bool | Callable[..., bool] = False,
        along: str = "",
        on_host: bool = False,
        saves: Sequence[str] = (),
        methods: Sequence[str] = (),
        operator: str | None = None,
        standard: str | None = None,
        reference: str | Callable[..., Any] | None = None,
    ) -> None:
        self.name = forward.__name__
        self.forward = forward
        self.samples = [s if isinstance(s, case) else case(*s) for s in samples]
        self.constant = tuple(constant)
        self.broadcasts = broadcasts
        self.pointwise = pointwise or bool(singular)
        self.singular = singular
        self.along = along
        self.on_host = on_host
        self.saves = tuple(saves)
        self.operator = operator
        self.methods = tuple(methods)
        self.standard = standard
        self.reference = reference
        self.rules: dict[tuple[str, ...], Callable[..., Any]] = {}
        self.recomputed: dict[str, Callable[..., Any]] = {}
        self.arguments = signature(forward).parameters
        for name in self.arguments:
            # The code in `arraygrad.opcode` has names such as new_, and a_x for the array of x.
            used = (name in OFFERED and name != "xp") or name.endswith("_")
            if used or (name[:2] in ("a_", "e_", "s_") and name[2:] in self.arguments):
                raise ArgumentError(
                    f"op {self.name}: got a parameter named {name!r}, which arraygrad uses "
                    f"itself; give it another name"
                )
            if name in self.saves:
                raise ArgumentError(
                    f"op {self.name}: got {name!r} both as a parameter and in saves; expected "
                    f"two names"
                )
        for option, names in (("constant", self.constant), ("along", [along] if along else [])):
            if strange := [name for name in names if name not in self.arguments]:
                raise ArgumentError(
                    f"op {self.name}: got {option} = {strange[0]!r}, expected one of its "
                    f"parameters: {', '.join(self.arguments)}"
                )
        # What is valid with xp is without: checking it once more is a tenth of the import.
        public = [a for a in self.arguments.values() if a.name != "xp"]
        self.public = Signature(public, __validate_parameters__=False)
        # Which callable computes the forward: by the common type of the inputs, and by the
        # types of each where they differ. Filled by `arraygrad.opcode` on first sight.
        self.kernels = Kernels(self)
        self.mixed = Kernels(self)
        # The array types of the one backend, the first seen, on which the operator of the
        # definition is the kernel, and the types of what may stand to the right of them.
        self.plain: Backend | None = None
        self.arrays: set[type] = set()
        self.operands: set[type] = set()

    def __repr__(self) -> str:
        return f"<op {self.name}{self.public}>"

    @property
    def title(self) -> str:
        """The name in messages: that of the public op where the primitive has a private one."""
        return self.name.lstrip("_")

    @property
    def id(self) -> str:
        """`namespace:name`; the namespace of core is `core`."""
        package = (self.forward.__module__ or "__main__").partition(".")[0]
        space = "core" if package == "arraygrad" else package.removeprefix("arraygrad_")
        return f"{space}:{self.name}"

    @property
    def variadic(self) -> str | None:
        """The name of an input `*xs`, if the op takes any number of arrays."""
        stars = [a.name for a in self.arguments.values() if a.kind is Arg.VAR_POSITIONAL]
        return stars[0] if stars else None

    @property
    def composed(self) -> bool:
        """Whether the op is written in terms of other ops, without rules of its own."""
        return not self.rules and not self.constant

    @property
    def inputs(self) -> list[str]:
        """The parameters that take arrays: those with a rule, and the constant ones."""
        ruled = {name for names in self.rules for name in names}
        return [n for n in self.arguments if n in ruled or n in self.constant]

    def places(self, n: int) -> list[int]:
        """Which of n positional arguments are inputs."""
        if self.variadic:
            return list(range(n))
        return [i for i, name in enumerate(self.public.parameters) if name in self.inputs]

    @property
    def differentiable(self) -> list[str]:
        """The inputs with a rule."""
        ruled = {name for names in self.rules for name in names}
        return [n for n in self.arguments if n in ruled]

    def rule(self, *inputs: Any) -> Any:
        """Decorator: the gradient of the named input, or of several at once (a joint rule).

        A rule of several inputs returns a tuple in the order named, and may ask for `need`,
        a tuple that says which of them are wanted. Without a name: the only or first input.
        """
        if len(inputs) == 1 and callable(inputs[0]):
            return self.rule(next(iter(self.arguments)))(inputs[0])
        known = [n for n in self.arguments if n != "xp"]
        for name in inputs:
            if name not in known:
                raise ArgumentError(
                    f"{self.name}.rule: got the input {name!r}, expected one of {known}"
                )

        def register(rule: Callable[..., Any]) -> Callable[..., Any]:
            offered = [*OFFERED, *known, *self.saves]
            offered += [f"{x}_{what}" for x in inputs for what in ("shape", "device")]
            for name in _names(rule):
                if name not in offered:
                    raise ArgumentError(
                        f"{self.name}.rule({', '.join(map(repr, inputs))}): asks for {name!r}, "
                        f"expected some of "
                        f"{', '.join(offered)}"
                    )
            if twice := [x for x in inputs if any(x in names for names in self.rules)]:
                raise ArgumentError(
                    f"{self.name}.rule: got a second rule for {', '.join(map(repr, twice))}, "
                    f"expected one; their gradients would add up"
                )
            self.rules[inputs] = rule
            self.forget_kernels()
            return rule

        return register

    def saved(self, name: str) -> Any:
        """Decorator: how to compute a saved value from the inputs with ops.

        Ordinary backpropagation gives rules what the forward returned beside its result; where
        gradients are differentiated again, this function makes it anew, on Variables.
        """
        if name not in self.saves:
            raise ArgumentError(
                f"{self.name}.saved: got {name!r}, expected one of {', '.join(self.saves)}"
            )

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.recomputed[name] = function
            self.forget_kernels()
            return function

        return register

    def kernel(self, backend: Backend) -> Callable[..., Any]:
        """The callable that computes the forward on `backend`: its kernel, or the definition."""
        entry = kernels.choice(self.id, backend.name).entry
        if entry is not None:
            return entry.resolve()
        if "xp" not in self.arguments:
            return self.forward
        forward, xp = self.forward, backend.xp
        return lambda *args, **kwargs: forward(*args, xp=xp, **kwargs)

    def rule_kernels(self, inputs: tuple[str, ...]) -> Chosen:
        """backend name -> its kernel of the rule of these inputs, registered as "op.input"."""
        key = f"{self.id}.{'.'.join(inputs)}"
        backends = {e.backend for e in registry.entries("kernels") if e.op == key}
        chosen = Chosen()
        for backend in sorted(backends):
            try:
                entry: Any = kernels.choice(key, backend).entry
            except AmbiguousNameError as error:
                entry = error
            if entry is not None:
                chosen[backend] = entry
        return chosen

    def forget_kernels(self) -> None:
        """Choose kernels anew at the next call, after plugins or settings changed."""
        self.function.__code__ = _first_call.__code__
        self.function.__defaults__ = self.function.__kwdefaults__ = None
        self.plain = None
        for cache in (self.kernels, self.mixed, self.arrays, self.operands):
            cache.clear()


def _names(rule: Callable[..., Any]) -> Sequence[str]:
    """The parameters of a rule; from the code of a plain function, in a tenth of the time."""
    if type(rule) is FunctionType and not hasattr(rule, "__wrapped__"):
        code = rule.__code__
        if not code.co_flags & (CO_VARARGS | CO_VARKEYWORDS):
            return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return list(signature(rule).parameters)


def _forget_kernels() -> None:
    for definition in _all:
        definition.forget_kernels()


registry.on_change.append(_forget_kernels)


if TYPE_CHECKING:

    class Op(Protocol, Generic[P]):
        """A public op: a function of arrays, numbers and Variables that returns a Variable."""

        definition: Definition
        __name__: str
        __module__: str

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Variable: ...
        def rule(self, *inputs: Any) -> Any: ...
        def saved(self, name: str) -> Any: ...


@overload
def op(forward: Callable[P, Any], /) -> Op[P]: ...
@overload
def op(
    *,
    samples: Sequence[Any] = ...,
    constant: Sequence[str] = ...,
    broadcasts: bool = ...,
    pointwise: bool = ...,
    singular: bool | Callable[..., bool] = ...,
    along: str = ...,
    on_host: bool = ...,
    saves: Sequence[str] = ...,
    methods: Sequence[str] = ...,
    operator: str | None = ...,
    standard: str | None = ...,
    reference: str | Callable[..., Any] | None = ...,
) -> Callable[[Callable[P, Any]], Op[P]]: ...
def op(forward: Any = None, /, **options: Any) -> Any:
    """Make a differentiable op of a function of raw arrays; give it rules with `@name.rule`.

    samples: `case(...)` calls with `arr(...)` recipes, on which the test kit checks the op.
    constant: inputs without a gradient, such as labels.
    broadcasts: gradients are summed back to the shape of each input, once and for all.
    pointwise: each element of the result depends on the same element of the inputs alone, so that
        a gradient of zero stays zero, also where another factor is infinite.
    singular: pointwise, and the derivative is infinite or NaN somewhere, as that of sqrt at 0; or
        a function of some of what the rules ask for, which says so.
    along: the parameter that names the axes, for an op that works on each slice along them by
        itself, as a norm does; a slice whose gradients are all zero then gets zero, as above.
    on_host: computed on the host by NumPy where a library has no function of its own for it, so
        that tests do not take the transfer for a mistake.
    saves: names of values that the function returns beside its result, for its rules to ask for;
        `@name.saved("value")` says how to compute each with ops.
    methods: names under which Variable has the op as a method.
    operator: the sign of a binary operator, if the function is just that, such as "*".
    standard: its name in the array API standard, under which `arraygrad.xp` has it.
    reference: a NumPy function of the same arguments (or its name) that tests compare with.

    >>> import numpy as np
    >>> @op(samples=[case(arr(2, 3))])
    ... def cube(x):
    ...     return x ** 3
    >>> @cube.rule
    ... def _(g, x):
    ...     return g * 3 * x ** 2
    >>> x = Variable(np.array(2.0))
    >>> cube(x).backward()
    >>> x.grad
    variable(12.0)
    """
    if forward is None:
        return lambda forward: op_of(Definition(forward, **options))
    return op_of(Definition(forward, **options))


def op_of(definition: Definition) -> Any:
    """The public function of a definition; its code is put in at the first call."""
    env: dict[str, Any] = {"__name__": definition.forward.__module__}
    function: Any = FunctionType(_first_call.__code__, env, definition.name)
    function.__qualname__ = definition.name
    function.__doc__ = definition.forward.__doc__
    function.__signature__ = definition.public
    function.definition = definition
    definition.function = function
    _all.add(definition)
    function.rule = definition.rule
    function.saved = definition.saved

    def compile_and_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from arraygrad.opcode import compile_op

        compile_op(function, env)
        return function(*args, **kwargs)

    env["compile_and_call"] = compile_and_call
    table.setdefault(definition.name, function)
    for method in definition.methods:
        setattr(Variable, method, function)
    return function


def in_rule(op: Any, *args: Any, **kwargs: Any) -> Any:
    """The result of an op that a rule calls: of raw arrays a raw array, of Variables a Variable.

    >>> in_rule(F.exp, np.zeros(2)), in_rule(F.exp, Variable(np.zeros(2)))
    (array([1., 1.]), variable([1. 1.]))
    """
    y = op(*args, **kwargs)
    return y if any(isinstance(x, Variable) for x in args) else y.data


def _first_call(*args: Any, **kwargs: Any) -> Any:
    return compile_and_call(args, kwargs)  # type: ignore[name-defined]  # noqa: F821
