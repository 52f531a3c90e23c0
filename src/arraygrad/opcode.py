"""The code that runs an op: written out for each op at its first call, then plain Python.

For `matmul` with a rule for each input this module writes, and compiles, the following (print
`arraygrad.opcode.source(F.matmul)` to see any other). Of each input, `a_` is the array and `e_`
the edge; an attribute with an underscore is a value kept for the rules.

    def matmul(x, W):
        if type_of_(x) is Variable_ or isinstance_(x, Variable_): a_x = x._data; e_x = x._node
        else: a_x = x; e_x = None
        ...
        type_ = type_of_(a_x)
        try: data_ = (kernels_[type_] if type_ is ... else mixed_[...])(a_x, a_W)
        except Exception as error_: raise blame_(error_, definition_, (a_x, a_W))
        y_ = new_(Variable_)
        y_._data = data_
        if (e_x is not None or e_W is not None) and (not turned_off_ or is_recording_()):
            y_._node = node_ = NodeClass_()
            node_.seq = next_(sequence_)
            node_.y_shape = data_.shape
            node_.y_dtype = data_.dtype
            node_.y_grad = None
            node_.e_x = e_x
            node_.e_W = e_W
            node_._W = a_W if e_x is not None else None
            node_._x = a_x if e_W is not None else None
        else: y_._node = y_._name = None
        return y_

    def pull(node, g, first):
        e_x = node.e_x
        e_W = node.e_W
        if not (e_x is not None and e_x.seq >= first): return ((e_W, rule1_(g, node._x)),) if ...
        if e_W is not None and e_W.seq >= first: return (e_x, ...), (e_W, rule1_(g, node._x))
        return ((e_x, rule0_(g, node._W)),)
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from inspect import Parameter as Arg
from inspect import signature
from typing import Any

from arraygrad import dispatch
from arraygrad.backend import backend_of, by_type, namespace
from arraygrad.config import is_recording, turned_off
from arraygrad.engine import Node, sequence, singular_ops
from arraygrad.errors import ArgumentError
from arraygrad.function import Function
from arraygrad.op import Definition
from arraygrad.variable import Variable, attach

# The names that the code uses end in an underscore, which no parameter of an op may do.
COMMON: dict[str, Any] = {
    "Variable_": Variable,
    "any_": any,
    "attach_": attach,
    "backend_of_": backend_of,
    "blame_": dispatch.blame,
    "blame_call_": dispatch.blame_call,
    "by_type_": by_type,
    "choose_": dispatch.choose,
    "counted_": dispatch.counted,
    "differentiable_": dispatch.differentiable,
    "isinstance_": isinstance,
    "is_recording_": is_recording,
    "namespace_": namespace,
    "new_": object.__new__,
    "next_": next,
    "no_data_": dispatch.no_data,
    "plain_": dispatch.plain,
    "sequence_": sequence,
    "stray_": dispatch.stray,
    "tracked_": dispatch.tracked,
    "tuple_": tuple,
    "turned_off_": turned_off,
    "type_of_": type,
    "zip_": zip,
}
IS_RECORDING = "(not turned_off_ or is_recording_())"


def compile_op(function: Any, env: dict[str, Any]) -> None:
    """Put the code of its definition into the public function of an op."""
    definition: Definition = function.definition
    if definition.singular is True and not singular_ops:
        singular_ops.append(definition.name)
    env.update(
        COMMON,
        array_=None,
        arrays_=definition.arrays,
        definition_=definition,
        forward_=definition.forward,
        kernels_=definition.kernels,
        mixed_=definition.mixed,
        operands_=definition.operands,
    )
    for arg in definition.public.parameters.values():
        if arg.default is not Arg.empty:
            env[f"{arg.name}_default_"] = arg.default
    for i, (inputs, rule) in enumerate(definition.rules.items()):
        env[f"rule{i}_"] = rule
        env[f"raw{i}_"] = RuleKernels(rule, definition.rule_kernels(inputs))
    for name, recompute in definition.recomputed.items():
        env[f"saved_{name}_"] = recompute
    if not definition.composed:
        env["NodeClass_"] = node_class(definition, env)
    code = _run(source(function), env, definition.name)
    # The code last: another thread may be calling.
    function.__defaults__, function.__kwdefaults__ = code.__defaults__, code.__kwdefaults__
    function.__code__ = code.__code__


def node_class(definition: Definition, env: dict[str, Any]) -> type[Function]:
    """The class of the op's nodes: a Function with a slot for each kept value."""
    kept = tuple(f"_{name}" for name in _kept(definition))
    star = definition.variadic
    places = () if star else tuple(f"e_{x}" for x in definition.differentiable)
    body: dict[str, Any] = {
        "__slots__": (*(places or ("edges_",)), *kept),
        "places_": places,
        "__module__": definition.forward.__module__,
        "__doc__": f"One application of the op {definition.name}.",
        "broadcasts": definition.broadcasts,
        "pointwise": definition.pointwise,
        "singular": _singular(definition, env),
        "along": f"_{definition.along}" if definition.along else "",
        "definition": definition,
    }
    if definition.rules:
        # A node keeps the rules of its time: what a kernel saved, that kernel's rule reads.
        rules = dict(env)
        for graph in (False, True):
            text = _pull_source(definition, graph)
            name = "pull_graph" if graph else "pull"
            body[name] = _run(text, rules, f"{definition.name}.{name}", name)
    title = "".join(part.capitalize() for part in definition.name.split("_"))
    return type(title, (OpNode,), body)


def _singular(definition: Definition, env: dict[str, Any]) -> Any:
    if not callable(definition.singular):
        return definition.singular
    asked = ", ".join(f"node._{name}" for name in _asked(definition.singular))
    text = f"def singular(node): return test_({asked})\n"
    names = {**env, "test_": definition.singular}
    return property(_run(text, names, f"{definition.name}.singular", "singular"))


class RuleKernels(dict[type, Callable[..., Any]]):
    """type of the gradient -> the rule, or a backend's kernel of it."""

    def __init__(self, rule: Callable[..., Any], kernels: dict[str, Callable[..., Any]]) -> None:
        self.rule, self.of_backends = rule, kernels

    def __missing__(self, key: type) -> Callable[..., Any]:
        backend = by_type.get(key)
        self[key] = self.of_backends.get(backend.name if backend else "", self.rule)
        return self[key]


class OpNode(Function):
    """A node that an op made: its kept values are in slots, its inputs are rebuilt on demand."""

    __slots__: tuple[str, ...] = ()
    definition: Definition
    places_: tuple[str, ...]  # the slots of the edges
    edges_: tuple[Node | None, ...]  # in place of them for an op with any number of inputs

    @property
    def edges(self) -> tuple[Node | None, ...]:
        places = self.places_
        return tuple([getattr(self, e) for e in places]) if places else self.edges_

    def cut(self) -> None:
        Node.cut(self)
        for name in type(self).__slots__:
            setattr(self, name, () if name == "edges_" else None)

    def blame(self, edge: Node, g: Any) -> str:
        from arraygrad.firstcall import at_fault

        definition = self.definition
        name = definition.variadic or definition.differentiable[self.edges.index(edge)]
        inputs = next(names for names in definition.rules if name in names)
        return at_fault(definition, inputs, g)

    def failed(self, error: Exception, g: Any) -> None:
        new = dispatch.blame_rule(error, self.definition, g)
        if new is not error:
            raise new from error

    def backward(self, *gys: Any) -> Any:
        gxs = [gx for _, gx in self.pull_graph(gys[0], 0)]
        return gxs[0] if len(gxs) == 1 else tuple(gxs)

    @property
    def inputs(self) -> list[Any]:
        if self.definition.variadic:
            return [attach(None, edge) for edge in self.edges]
        names = self.definition.differentiable
        return [
            attach(getattr(self, f"_{name}", None), edge)
            for name, edge in zip(names, self.edges, strict=True)
        ]

    @property
    def outputs(self) -> list[Callable[[], Variable]]:
        return [lambda: attach(getattr(self, "_out", None), self)]


def _run(text: str, env: dict[str, Any], title: str, name: str | None = None) -> Any:
    """Compile `text`, visible to tracebacks and debuggers, and return the function in it."""
    filename = f"<arraygrad op {title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    local: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), env, local)
    return local[name or title]


def _asked(rule: Callable[..., Any]) -> list[str]:
    return list(signature(rule).parameters)


def _nothing() -> None:
    """Asks for nothing."""


def _kept(definition: Definition) -> dict[str, list[str]]:
    """What rules ask for: name -> the inputs whose gradients need it."""
    kept: dict[str, list[str]] = {}
    for inputs, rule in definition.rules.items():
        asked = _asked(rule)
        # A saved value is made anew from the inputs where gradients are differentiated again.
        asked += [n for s in asked for n in _asked(definition.recomputed.get(s, _nothing))]
        for name in asked:
            own = [f"{x}_shape" for x in inputs]  # the edge knows it
            if name not in ("g", "xp", "backend", "need", *own):
                kept.setdefault(name, []).extend(inputs)
    if definition.along:
        kept.setdefault(definition.along, []).extend(definition.differentiable)
    return kept


def source(function: Any) -> str:
    """The Python text that runs when the op is called."""
    definition: Definition = function.definition
    head = _head(definition)
    passed = _passed(definition, lambda name: name)
    if definition.composed:
        if "xp" in definition.arguments:
            passed += [f"xp=differentiable_(({', '.join(definition.public.parameters)},))"]
        given = ", ".join(f"{name!r}: {name}" for name in definition.public.parameters)
        return (
            f"def {definition.name}({head}):\n"
            f"    try: y_ = forward_({', '.join(passed)})\n"
            "    except Exception as error_:\n"
            f"        raise blame_call_(error_, definition_, {{{given}}})\n"
            "    return y_ if type_of_(y_) is Variable_ else plain_(y_)\n"
        )
    if definition.variadic:
        return _variadic_source(definition, head)
    inputs, ruled = definition.inputs, definition.differentiable
    lines = [f"def {definition.name}({head}):"]
    for x in inputs:
        edge = f"; e_{x} = {x}._node" if x in ruled else ""
        test = f"type_of_({x}) is Variable_ or isinstance_({x}, Variable_)"
        lines += [f"    if {test}: a_{x} = {x}._data{edge}"]
        lines += [f"    else: a_{x} = {x}" + (f"; e_{x} = None" if x in ruled else "")]
        if x in ruled and definition.arguments[x].default is None:
            lines += [
                f"    if a_{x} is None and {x} is not None: raise no_data_(definition_, '{x}')"
            ]
    for name in definition.public.parameters:
        if name not in inputs:
            array = f"stray_(definition_, '{name}', {name})"
            lines += [f"    if isinstance_({name}, Variable_): {name} = {array}"]
    arrays = "(" + "".join(f"a_{x}, " for x in inputs) + ")"
    lines += [f"    type_ = type_of_(a_{inputs[0]})"]
    same = " and ".join(f"type_ is type_of_(a_{x})" for x in inputs[1:])
    types = ", ".join(["type_"] + [f"type_of_(a_{x})" for x in inputs[1:]])
    kernel = f"(kernels_[type_] if {same} else mixed_[{types}])" if same else "kernels_[type_]"
    call = ", ".join(_passed(definition, lambda n: f"a_{n}" if n in inputs else n))
    run = f"{', '.join(['data_', *(f's_{n}' for n in definition.saves)])} = {kernel}({call})"
    if definition.operator:
        # Where the definition itself is the kernel, as for NumPy, the operator stands here; two
        # arrays of the type seen first are told by two pointers.
        a, b = (f"a_{x}" for x in inputs)
        seen = f"type_ is array_ is type_of_({b})"
        plain = f"{seen} or (type_ in arrays_ and type_of_({b}) in operands_)"
        run = f"data_ = {a} {definition.operator} {b} if {plain} else {kernel}({call})"
    lines += [
        f"    try: {run}",
        f"    except Exception as error_: raise blame_(error_, definition_, {arrays})",
    ]
    lines += ["    y_ = new_(Variable_)", "    y_._data = data_"]
    if ruled:
        tracked = " or ".join(f"e_{x} is not None" for x in ruled)
        lines += [f"    if ({tracked}) and {IS_RECORDING}:"]
        lines += ["        y_._node = node_ = NodeClass_()"]
        lines += _NODE_LINES + [f"        node_.e_{x} = e_{x}" for x in ruled]
        for name, needers in _kept(definition).items():
            value = f"a_{name}" if name in inputs else name
            if name == "out" or name in definition.saves:
                value = "data_" if name == "out" else f"s_{name}"
            if name.endswith("_device") and name.removesuffix("_device") in ruled:
                array = "a_" + name.removesuffix("_device")
                value = f"backend_of_({array}).device({array})"
            if name in inputs and set(needers) != set(ruled):
                wanted = " or ".join(f"e_{x} is not None" for x in dict.fromkeys(needers))
                value = f"{value} if {wanted} else None"
            lines += [f"        node_._{name} = {value}"]
        lines += ["    else: y_._node = y_._name = None"]
    else:
        lines += ["    y_._node = y_._name = None"]
    return "\n".join([*lines, "    return y_", ""])


_NODE_LINES = [
    "        node_.seq = next_(sequence_)",
    "        node_.y_shape = data_.shape",
    "        node_.y_dtype = data_.dtype",
    "        node_.y_grad = None",
]


def _variadic_source(definition: Definition, head: str) -> str:
    xs = definition.variadic
    call = ", ".join(_passed(definition, lambda n: "arrays_" if n == xs else n))
    lines = [
        f"def {definition.name}({head}):",
        f"    arrays_ = tuple_(x_._data if isinstance_(x_, Variable_) else x_ for x_ in {xs})",
        f"    try: data_ = choose_(definition_, arrays_)({call})",
        "    except Exception as error_: raise blame_(error_, definition_, arrays_)",
        "    y_ = new_(Variable_)",
        "    y_._data = data_",
        f"    edges_ = tuple_(x_._node if isinstance_(x_, Variable_) else None for x_ in {xs})",
        f"    if any_(e_ is not None for e_ in edges_) and {IS_RECORDING}:",
        "        y_._node = node_ = NodeClass_()",
        *_NODE_LINES,
        "        node_.edges_ = edges_",
    ]
    for name in _kept(definition):
        value = {xs: "arrays_", "out": "data_"}.get(name, name)
        lines += [f"        node_._{name} = {value}"]
    return "\n".join([*lines, "    else: y_._node = y_._name = None", "    return y_", ""])


def _pull_source(definition: Definition, graph: bool) -> str:
    """The text of `pull`, or of `pull_graph`, which gives the same rules Variables."""
    ruled = definition.differentiable
    star = definition.variadic

    def given(name: str) -> str:
        if name in ("g", "need", "xp", "backend"):
            return name
        if name.endswith("_shape") and name.removesuffix("_shape") in ruled:
            return f"e_{name.removesuffix('_shape')}.y_shape"
        if not graph or name not in (*definition.inputs, *definition.saves, "out"):
            return f"node._{name}"
        if name in definition.saves:
            if name not in definition.recomputed:
                raise ArgumentError(
                    f"op {definition.title}: saves {name!r} without @{definition.name}.saved"
                    f"({name!r}), which says how to compute it with ops"
                )
            words = [given(n) for n in _asked(definition.recomputed[name])]
            return f"saved_{name}_({', '.join(words)})"
        if name == star:
            return f"[attach_(a, e) for a, e in zip_(node._{name}, node.edges_)]"
        edge = "node" if name == "out" else f"e_{name}" if name in ruled else "None"
        return f"attach_(node._{name}, {edge})"

    def call(i: int, inputs: tuple[str, ...], rule: Callable[..., Any]) -> str:
        words = [
            f"{a.name}={given(a.name)}" if a.kind is Arg.KEYWORD_ONLY else given(a.name)
            for a in signature(rule).parameters.values()
        ]
        # On raw arrays a backend may have a faster form of the rule.
        name = f"rule{i}_"
        if not graph and definition.rule_kernels(inputs):
            name = f"raw{i}_[type_of_(g)]"
        return f"{name}({', '.join(words)})"

    lines = [f"def {'pull_graph' if graph else 'pull'}(node, g, first):"]
    if any("xp" in _asked(rule) for rule in definition.rules.values()):
        known = "namespace_(g)" if graph else "(by_type_.get(type_of_(g)) or backend_of_(g)).xp"
        lines += [f"    xp = {known}"]
    if any("backend" in _asked(rule) for rule in definition.rules.values()):
        lines += ["    backend = backend_of_(g)" if not graph else "    backend = tracked_()"]
    if star:
        lines += ["    need = tuple_(e is not None and e.seq >= first for e in node.edges_)"]
        gxs = call(0, *next(iter(definition.rules.items())))
        lines += [f"    gxs = counted_({gxs}, definition_, len(need), g)"]
        lines += ["    return [(e, gx) for e, gx, n in zip_(node.edges_, gxs, need) if n]"]
        return "\n".join([*lines, ""])
    lines += [f"    e_{x} = node.e_{x}" for x in ruled]
    wants = {x: f"e_{x} is not None and e_{x}.seq >= first" for x in ruled}
    if len(definition.rules) == len(ruled) <= 2:
        # Nearly every op is of this kind, and a tuple costs less than a generator.
        pairs = [
            f"(e_{inputs[0]}, {call(i, inputs, rule)})"
            for i, (inputs, rule) in enumerate(definition.rules.items())
        ]
        first, *others = [wants[inputs[0]] for inputs in definition.rules]
        if others:
            lines += [f"    if not ({first}): return ({pairs[1]},) if {others[0]} else ()"]
            lines += [f"    if {others[0]}: return {pairs[0]}, {pairs[1]}"]
            lines += [f"    return ({pairs[0]},)"]
        else:
            lines += [f"    return ({pairs[0]},) if {first} else ()"]
        return "\n".join([*lines, ""])
    for i, (inputs, rule) in enumerate(definition.rules.items()):
        if len(inputs) == 1:
            lines += [f"    if {wants[inputs[0]]}: yield e_{inputs[0]}, {call(i, inputs, rule)}"]
            continue
        lines += [f"    need = ({', '.join(wants[x] for x in inputs)})", "    if any_(need):"]
        lines += [f"        gxs = counted_({call(i, inputs, rule)}, definition_, {len(inputs)}, g)"]
        lines += [f"        if need[{j}]: yield e_{x}, gxs[{j}]" for j, x in enumerate(inputs)]
    return "\n".join([*lines, ""])


def _head(definition: Definition) -> str:
    """The parameters of the public function, as text."""
    words, starred = [], False
    for a in definition.public.parameters.values():
        if a.kind is Arg.KEYWORD_ONLY and not starred and definition.variadic is None:
            words += ["*"]
            starred = True
        name = f"*{a.name}" if a.kind is Arg.VAR_POSITIONAL else a.name
        words += [name if a.default is Arg.empty else f"{name}={a.name}_default_"]
    return ", ".join(words)


def _passed(definition: Definition, value: Callable[[str], str]) -> list[str]:
    """The arguments of the call of the definition, as text."""
    words = []
    for a in definition.public.parameters.values():
        if a.kind is Arg.VAR_POSITIONAL:
            words += [f"*{value(a.name)}"]
        elif a.kind is Arg.KEYWORD_ONLY:
            words += [f"{a.name}={value(a.name)}"]
        else:
            words += [value(a.name)]
    return words
