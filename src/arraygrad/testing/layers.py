"""check_layer and check_model: layers are right in every place, and can be kept and moved."""

from __future__ import annotations

import copy
import math
import pickle
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np

from arraygrad import weights
from arraygrad.layers import Layer
from arraygrad.testing.calls import Call, Made, as_float64, is_real
from arraygrad.testing.core_samples import LAYERS, MODELS
from arraygrad.testing.examples import check_docstring, check_example
from arraygrad.testing.ops import no_collector
from arraygrad.testing.places import PLACES, ROUNDING, Place, close, on_host, places_of
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.testing.samples import Sample, name_of, samples_of
from arraygrad.testing.suite import Suite, undisturbed

check = Suite("check_layer")


@check("docstring", "class")
def _(report: Report, cls: Any) -> None:
    check_docstring(report, cls)


@check("example", "class")
def _(report: Report, cls: Any) -> None:
    check_example(report, cls)


@check("call", "made")
def _(report: Report, made: Made) -> None:
    """Results are Variables of the same shape at each call, and no parameter comes or goes."""
    layer = made.layer()
    report.expect(isinstance(layer, Layer), f"make() gives a {type(layer).__name__}, not a Layer")
    before = [name for name, _ in layer.named_params()]
    first, second = Call(made, layer), Call(made, layer)
    report.expect(bool(first.ys), f"the result is a {type(first.result).__name__}, not a Variable")
    shapes = [[y.shape for y in call.ys] for call in (first, second)]
    report.expect(shapes[0] == shapes[1], f"the first call gives {shapes[0]}, then {shapes[1]}")
    after = [name for name, _ in layer.named_params()]
    report.expect(before == after, f"parameters before the first call {before}, after {after}")
    for name, p in layer.named_params():
        report.expect(p.data is not None, f"{name} has no data after a call")
        for what in ("parameter", "gradient"):
            x = p if what == "parameter" else p.grad
            data = None if x is None else x.data
            if data is not None:
                report.expect(
                    data.shape == p.shape and data.dtype == p.dtype,
                    f"{name}: its {what} is {data.shape} {data.dtype}",
                )


@check("lazy init", "made")
def _(report: Report, made: Made) -> None:
    """What is said of parameters before they have data is what they get."""
    layer, called = made.layer(), made.called()
    got = dict(called.named_weights())
    for entry in layer._inventory().entries:
        told = entry.owner.expected_param(entry.name)
        if entry.weight.data is None and told is not None:
            shape, dtype = told
            x = got[entry.key].data
            fits = len(shape) == x.ndim and all(
                n in (None, m) for n, m in zip(shape, x.shape, strict=True)
            )
            report.expect(
                fits and np.dtype(dtype) == x.dtype,
                f"{entry.key}: expected_param says {shape} {dtype}, it is {x.shape} {x.dtype}",
            )


@check("gradients", "made")
def _(report: Report, made: Made) -> None:
    """Of all parameters, in float64 on NumPy, against differences."""
    base = as_float64(made.called())
    call = Call(made, copy.deepcopy(base), dtype="float64")
    if not call.differentiable:
        raise SkipCheck("the result is not differentiable")
    rng = np.random.default_rng(0)
    for name, p in base.named_params():
        e = rng.uniform(-1, 1, p.shape)
        ends = []
        for step in (1e-6, -1e-6):
            moved = copy.deepcopy(base)
            q = dict(moved.named_params())[name]
            q.data = q.data + step * e
            ends.append(Call(made, moved, dtype="float64", backward=False).loss())
        numeric = (ends[0] - ends[1]) / 2e-6
        gx = call.grads[name]
        exact = 0.0 if gx is None else float(np.sum(gx * e))
        report.expect(
            math.isclose(numeric, exact, rel_tol=1e-4, abs_tol=1e-5),
            f"{name}: the gradient is {exact!r} along a direction, differences give {numeric!r}",
        )


@check("float32", "made")
def _(report: Report, made: Made) -> None:
    """Parameters, results and gradients of float32 inputs are float32."""
    layer = made.layer()
    call = Call(made, layer)
    found = {f"result {i}": y.data for i, y in enumerate(call.ys)}
    found |= {name: x.data for name, x in layer.named_weights()}
    found |= {f"gradient of {name}": gx for name, gx in call.grads.items()}
    for what, x in found.items():
        if is_real(x):
            report.expect(str(x.dtype) == "float32", f"{what} has dtype {x.dtype}")


@check("inputs unchanged", "made")
def _(report: Report, made: Made) -> None:
    place = Place("numpy-readonly")
    call = Call(made, made.layer(place), place)
    for i, (x, before) in enumerate(zip(call.xs, made.inputs(), strict=True)):
        if hasattr(x, "dtype"):
            report.expect(
                np.array_equal(np.asarray(getattr(x, "data", x)), before), f"input {i} was changed"
            )


@check("train and test", "made")
def _(report: Report, made: Made) -> None:
    """In test mode equal inputs give equal results, and buffers stay as they are."""
    layer = made.called()
    trained = Call(made, copy.deepcopy(layer))
    buffers = {name: on_host(b.data).copy() for name, b in layer.named_buffers()}
    first = Call(made, copy.deepcopy(layer), train=False, seed=5)
    second = Call(made, layer, train=False, seed=6)
    for i, out in enumerate(first.outs):
        report.expect(
            np.array_equal(out, second.outs[i], equal_nan=out.dtype.kind == "f"),
            f"result {i} differs from call to call in test mode",
        )
        report.expect(
            out.shape == trained.outs[i].shape,
            f"result {i} is {out.shape} in test mode, {trained.outs[i].shape} in training",
        )
    for name, b in layer.named_buffers():
        report.expect(
            np.array_equal(on_host(b.data), buffers[name]), f"{name} changed in test mode"
        )


@check("weights file", "made")
def _(report: Report, made: Made) -> None:
    """What was saved gives a new layer the same results."""
    layer = made.called()
    if not dict(layer.named_weights()):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = weights.save_weights(layer, Path(folder) / "weights.npz")
        np.random.seed(77)
        other = made.sample.make()
        weights.load_weights(other, path)
    _same(report, made, layer, other, "a new layer with the weights from a file")


@check("pickle", "made")
def _(report: Report, made: Made) -> None:
    layer = made.called()
    _same(report, made, layer, pickle.loads(pickle.dumps(layer)), "a layer out of a pickle")
    _same(report, made, layer, copy.deepcopy(layer), "a deep copy")


@check("seeds", "made")
def _(report: Report, made: Made) -> None:
    """Equal seeds give equal weights, and another seed others."""
    one, two = made.called(), made.called()
    for (name, p), (_, q) in zip(one.named_params(), two.named_params(), strict=True):
        report.expect(np.array_equal(p.data, q.data), f"{name} differs for equal seeds")


@check("graph freed", "made")
def _(report: Report, made: Made) -> None:
    """When the result is gone, its graph is; a recurrent layer forgets with reset_state()."""
    layer = made.called()
    with no_collector():
        nodes = _nodes(made, layer)
        kept = _nodes(made, layer)  # what the layer makes of its weights once and uses again
        alive = {n() for n in nodes if n() is not None} - {n() for n in kept}
        said = ", ".join(sorted({type(node).__name__ for node in alive}))
        report.expect(not alive, f"alive after the result has gone: {said}")


@check("places", "place")
def _(report: Report, made: Made, place: Place) -> None:
    """Results and gradients are those on NumPy."""
    train = True
    if place.own_noise:  # without noise, then
        calls = [Call(made, made.called(), seed=seed).outs for seed in (1, 2)]
        train = all(map(np.array_equal, *calls))
    expected = Call(made, made.layer(), seed=0, train=train)
    found = Call(made, made.layer(place), place, seed=0, train=train)
    rounding = ROUNDING["float32"] * 10
    for i, out in enumerate(expected.outs):
        report.expect(close(found.outs[i], out, rounding), f"result {i} differs from NumPy's")
    for name, gx in expected.grads.items():
        got = found.grads.get(name)
        if gx is None or got is None:
            report.expect(gx is got, f"gradient of {name}: {_is(gx)} on NumPy, {_is(got)} here")
        else:
            scale = max(1.0, float(np.max(np.abs(gx), initial=0.0)))
            report.expect(
                close(on_host(got) / scale, np.asarray(gx) / scale, rounding),
                f"gradient of {name} differs from NumPy's",
            )
    for i, y in enumerate(found.ys):
        report.expect(
            place.device is None or place.backend.device(y.data) == place.device,
            f"result {i} is on {place.backend.device(y.data)}",
        )


@check("moves", "place")
def _(report: Report, made: Made, place: Place) -> None:
    """A layer that is moved there and back computes the same."""
    layer = made.called()
    before = {name: on_host(x.data).copy() for name, x in layer.named_weights()}
    layer.to(place.backend.name, place.device)
    for name, x in layer.named_weights():
        report.expect(
            place.device is None or place.backend.device(x.data) == place.device,
            f"{name} is on {place.backend.device(x.data)} after the move",
        )
    there = Call(made, layer, place, train=False)
    here = Call(made, made.called(), train=False)
    for i, out in enumerate(here.outs):
        report.expect(close(there.outs[i], out, 2e-3), f"result {i} differs after the move")
    layer.to("numpy")
    for name, x in layer.named_weights():
        report.expect(
            np.array_equal(np.asarray(x.data), before[name]), f"{name} changed on its way"
        )


def _nodes(made: Made, layer: Layer) -> list[Any]:
    """Weak references to the nodes of one call, whose result is gone."""
    call = Call(made, layer, backward=False)
    nodes, pending = [], [y._node for y in call.ys]
    while pending:
        node = pending.pop()
        if node is not None and not node.is_leaf:
            nodes.append(ref(node))
            pending += node.edges
    del call, node
    if hasattr(layer, "reset_state"):
        layer.reset_state()
    return nodes


def _same(report: Report, made: Made, layer: Layer, other: Layer, what: str) -> None:
    first = Call(made, copy.deepcopy(layer), train=False)
    second = Call(made, other, train=False)
    for i, out in enumerate(first.outs):
        report.expect(
            np.array_equal(out, second.outs[i], equal_nan=out.dtype.kind == "f"),
            f"{what}: result {i} differs",
        )


def _is(x: Any) -> str:
    return "none" if x is None else "one"


@check.public
def check_layer(
    layer: Any,
    *inputs: Any,
    places: Sequence[str] = PLACES,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
    **options: Any,
) -> Report:
    """Check a layer: results, gradients of all parameters, files, pickles, moves, in all places.

    layer: a function without arguments that makes one, and `inputs` and `options` for a call,
    with `arr(...)` where arrays go; or a class that says itself how to make one: see `Sample`.
    Raises ArgumentError for a class that does not.

    >>> from arraygrad.layers import Linear
    >>> from arraygrad.op import arr
    >>> check_layer(lambda: Linear(3), arr(5, 4), places=["numpy"])
    <Report <lambda>: ... checks, 0 failed>
    >>> check_layer(Linear, places=["numpy"], only="gradients").failures
    []
    """
    samples = samples_of("check_layer", layer, inputs, options, {**LAYERS, **MODELS})
    chosen = check.select(only, skip)
    report = Report(name_of(layer), expected_failures)
    run_layer(report, chosen, layer, samples, places)
    return report.finish()


def run_layer(
    report: Report, chosen: set[str], layer: Any, samples: list[Sample], places: Sequence[str]
) -> None:
    """The checks of a layer, of each sample."""
    with undisturbed():
        if isinstance(layer, type):
            check.run("class", chosen, report, layer)
        for sample in samples:
            made = Made(sample)
            where = f"{report.name}{sample}"
            told = Report(where)
            check.run("made", chosen, told, made, where=where)
            for place in places_of(places):
                check.run("place", chosen, told, made, place, where=f"{where} on {place.name}")
            report.include(told)
