"""What this distribution adds: found through arraygrad, and right on every array library."""

from __future__ import annotations

import doctest
import importlib
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arraygrad
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, plugins, registry, testing, using_backend
from arraygrad_acts import _plugin, functions, layers

NAMES = functions.__all__


def test_the_plugin_is_active_and_keeps_its_promises() -> None:
    [plugin] = [p for p in plugins.statuses() if p.distribution == "arraygrad-acts"]
    assert (plugin.status, plugin.reason, plugin.namespace) == ("active", "", "acts")
    assert plugin.api == _plugin.ARRAYGRAD_API
    assert plugin.provides == {
        "functions": sorted(functions.__all__),
        "layers": sorted(layers.__all__),
    }
    assert plugins.check_targets("acts") == []


@pytest.mark.parametrize("name", NAMES)
def test_names_in_arraygrad(name: str) -> None:
    assert getattr(F, name) is getattr(functions, name)
    assert name in dir(F)
    assert registry.lookup("functions", f"acts:{name}").definition.id == f"acts:{name}"


def test_layers_in_arraygrad() -> None:
    assert L.SwiGLU is layers.SwiGLU
    assert L.Snake is layers.Snake


@pytest.mark.parametrize("place", testing.PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_conformance(name: str, place: str) -> None:
    report = testing.check_op(getattr(functions, name), places=[place])
    report.raise_for_failures()
    assert report.ran > 20


def test_everything_else_that_the_kit_checks() -> None:
    # The ops are checked above, one by one.
    report = testing.check_plugin("acts", skip="functions")
    report.raise_for_failures()
    assert report.counts["gradients"] > 3


def derivatives(name: str, x: Any) -> list[float]:
    """The value and the first two derivatives at x, other inputs being 1."""
    v = Variable(x)
    if name == "swiglu":
        y = F.swiglu(v, np.ones_like(x))
    elif name == "snake":
        y = F.snake(v, np.ones_like(x))
    else:
        y = getattr(F, name)(v)
    y.backward(create_graph=True)
    first: Any = v.grad
    v.cleargrad()
    if first.creator is not None:
        first.backward()
    second: Any = v.grad
    return [float(y.data), float(first.data), float(second.data) if second is not None else 0.0]


# At -1e4 and at 1e4: value, first and second derivative.
EXTREMES: dict[str, tuple[list[float], list[float]]] = {
    "hard_swish": ([0, 0, 0], [1e4, 1, 0]),
    "mish": ([0, 0, 0], [1e4, 1, 0]),
    "squared_relu": ([0, 0, 0], [1e8, 2e4, 2]),
    "swiglu": ([0, 0, 0], [1e4, 1, 0]),
    "tanh_exp": ([0, 0, 0], [1e4, 1, 0]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name: str, dtype: Any) -> None:
    for x, expected in zip((-1e4, 1e4), EXTREMES[name], strict=True):
        np.testing.assert_allclose(
            derivatives(name, np.array(x, dtype)), expected, rtol=1e-6, atol=1e-6
        )


# Computed with 50 digits: the value and the first two derivatives at 1 (and other inputs 1).
AT_ONE = {
    "hard_swish": [0.6666666666666666, 0.8333333333333334, 0.3333333333333333],
    "mish": [0.8650983882673103, 1.0490362200997922, 0.18468576447332827],
    "squared_relu": [1.0, 2.0, 2.0],
    "snake": [1.7080734182735712, 1.9092974268256817, -0.8322936730942848],
    "swiglu": [0.7310585786300049, 0.9276705118714867, 0.3023661188100153],
    "tanh_exp": [0.9913289158005998, 1.0382654356632586, -0.11215118863289956],
}


@pytest.mark.parametrize("name", AT_ONE)
def test_known_values(name: str) -> None:
    np.testing.assert_allclose(derivatives(name, np.array(1.0)), AT_ONE[name], rtol=1e-12)


def test_swiglu_is_the_formula_of_its_paper() -> None:
    np.random.seed(0)
    layer = L.SwiGLU(8, 3, dtype=np.float64, in_size=4)
    x = np.random.randn(5, 4)
    W, V, W2 = (p.data for p in layer.params())
    swish = x @ W / (1 + np.exp(-(x @ W)))
    np.testing.assert_allclose(layer(x).data, (swish * (x @ V)) @ W2, rtol=1e-12)
    assert [(name, p.shape) for name, p in layer.named_params()] == [
        ("gate/W", (4, 8)),
        ("value/W", (4, 8)),
        ("out/W", (8, 3)),
    ]


@pytest.mark.parametrize(
    "make", [lambda: L.SwiGLU(6, 3), lambda: L.Snake(4, 0.5)], ids=["SwiGLU", "Snake"]
)
def test_layers_train_pickle_and_live_on_any_library(make: Any) -> None:
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    results = []
    for name in ("numpy", "array_api_strict"):
        with using_backend(name) as backend:
            np.random.seed(0)
            layer = make()
            y = layer(backend.asarray(x))
            (y * y).sum().backward()
            grads = [backend.to_numpy(p.grad.data) for p in layer.params()]
            results.append([backend.to_numpy(y.data), *grads])
            assert all(np.any(g) and g.dtype == np.float32 for g in grads)
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    np.random.seed(0)
    layer = make()
    expected = layer(x).data
    copy = pickle.loads(pickle.dumps(layer))
    np.testing.assert_array_equal(copy(x).data, expected)


def test_snake_refuses_a_frequency_of_zero() -> None:
    with pytest.raises(arraygrad.errors.LayerError, match="above 0"):
        L.Snake(3, 0.0)


@pytest.mark.parametrize("module", ["functions", "layers"])
def test_examples_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"arraygrad_acts.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_example_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    exec(text.split("```python\n")[1].split("```")[0], {})
    assert capsys.readouterr().out.endswith("(4, 8)\n")


def test_installed_it_costs_nothing_until_it_is_used() -> None:
    code = (
        "import json, sys, arraygrad\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('arraygrad_acts')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == ["arraygrad_acts", "arraygrad_acts._plugin"]
