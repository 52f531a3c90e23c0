"""The distribution is found through arraygrad, and its functions are right on every library."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, plugins, registry, testing
from arraygrad.op import arr, case, op
from arraygrad.testing import check_kernel, check_op
from arraygrad_scipy import _plugin, filters, linalg, tridiagonal
from arraygrad_scipy.splines import CubicSpline, PchipInterpolator

NAMES = [(module, name) for module, names in _plugin.FUNCTIONS.items() for name in names]
OPS = [(m, n) for m, n in NAMES if n not in ("CubicSpline", "PchipInterpolator", "cho_factor")]


def test_the_plugin_is_active_and_keeps_its_promises() -> None:
    [plugin] = [p for p in plugins.statuses() if p.distribution == "arraygrad-scipy"]
    assert (plugin.status, plugin.reason, plugin.namespace) == ("active", "", "scipy")
    assert plugin.provides["functions"] == sorted(name for _, name in NAMES)
    assert plugins.check_targets("scipy") == []
    report = testing.check_plugin("scipy", only=["status", "light import"])
    report.raise_for_failures()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_names_in_arraygrad(module: str, name: str) -> None:
    mine = import_module(f"arraygrad_scipy.{module}")
    assert registry.lookup("functions", f"scipy:{name}") is getattr(mine, name)
    assert name in mine.__all__
    if not name[0].isupper():
        assert getattr(F, name) is getattr(mine, name)


@pytest.mark.parametrize(("module", "name"), OPS)
def test_conformance(module: str, name: str) -> None:
    made = getattr(import_module(f"arraygrad_scipy.{module}"), name)
    report = check_op(made, places=["numpy", "strict:device1"])
    report.raise_for_failures()
    assert report.ran > 80


@pytest.mark.parametrize("name", _plugin.NUMPY)
def test_compiled_code_gives_what_the_definition_gives(name: str) -> None:
    assert all((filters, linalg, tridiagonal))  # imported: they hold the definitions
    check_kernel(f"scipy:{name}", "numpy", dtypes=["float64"], skip="large").raise_for_failures()


def test_pytorchs_triangular_systems_give_what_the_definition_gives() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("arraygrad_torch")
    assert linalg._solve_triangular.definition.samples
    check_kernel(
        "scipy:_solve_triangular", "torch", dtypes=["float64"], skip="large"
    ).raise_for_failures()


# Knots have to increase, which random ones do not: here they are sums of random steps.
def _knots(steps: Any) -> Any:
    return F.cumsum(steps)


@op(samples=[case(arr(5, low=0.3, high=1.0), arr(5), arr(4, low=0.5, high=3.0))])
def linear_by_steps(steps: Any, values: Any, x: Any) -> Any:
    """interp with knots that move."""
    return F.interp(x, _knots(steps), values)


@op(
    samples=[
        case(arr(5, low=0.3, high=1.0), arr(5), arr(4, low=0.5, high=3.0)),
        case(arr(5, low=0.3, high=1.0), arr(5), arr(4, low=0.5, high=3.0), ("natural", (1, 0.3))),
    ]
)
def spline_by_steps(steps: Any, y: Any, x: Any, bc_type: Any = "not-a-knot") -> Any:
    """cubic_spline with knots that move."""
    return F.cubic_spline(_knots(steps), y, x, bc_type=bc_type)


@op(
    samples=[
        case(arr(5, low=0.3, high=1.0), arr(4), arr(4, low=-3.0, high=6.0)),
        case(arr(3, low=0.3, high=1.0), arr(2), arr(4)),
    ]
)
def periodic_by_steps(steps: Any, y: Any, x: Any) -> Any:
    """A periodic spline, of which the last value is the first."""
    y = F.concat([y, y[:1]])
    return F.cubic_spline(_knots(steps), y, x, bc_type="periodic")


@op(samples=[case(arr(5, low=0.3, high=1.0), arr(5), arr(4, low=0.5, high=3.0))])
def pchip_by_steps(steps: Any, y: Any, x: Any) -> Any:
    """pchip_interpolate with knots that move."""
    return F.pchip_interpolate(_knots(steps), y, x)


@op(samples=[case(arr(3), arr(3, low=0.1, high=0.4))])
def decay_by_steps(y0: Any, steps: Any) -> Any:
    """odeint with times that move."""
    return F.odeint(lambda y, t: -y * y * t, y0, _knots(steps), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "made",
    [linear_by_steps, spline_by_steps, periodic_by_steps, pchip_by_steps, decay_by_steps],
    ids=lambda f: f.__name__,
)
def test_knots_and_times_have_gradients(made: Any) -> None:
    check_op(made, places=["numpy"], skip=["example", "half", "graph freed"]).raise_for_failures()


@pytest.mark.parametrize("bc_type", ["not-a-knot", "natural", "clamped", "periodic"])
@pytest.mark.parametrize("extrapolate", [None, True, False, "periodic"])
def test_splines_are_scipys(bc_type: str, extrapolate: Any) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    x = np.array([0.0, 0.4, 1.0, 1.3, 2.0, 2.2])
    y = np.random.default_rng(0).normal(size=(6, 2, 3))
    y[-1] = y[0]
    at = np.linspace(-1.0, 4.0, 33)
    for axis in (0, 1):
        ys = np.moveaxis(y, 0, axis)
        theirs = interpolate.CubicSpline(x, ys, axis, bc_type, extrapolate)
        ours = CubicSpline(x, ys, axis, bc_type, extrapolate)
        np.testing.assert_allclose(ours.c.data, theirs.c, atol=1e-11)
        for nu in range(5):
            np.testing.assert_allclose(ours(at, nu).data, theirs(at, nu), atol=1e-9)
        np.testing.assert_allclose(ours.derivative()(at).data, theirs.derivative()(at), atol=1e-9)
    theirs = interpolate.PchipInterpolator(x, y, extrapolate=extrapolate not in (False,))
    ours_pchip = PchipInterpolator(x, y, extrapolate=extrapolate not in (False,))
    np.testing.assert_allclose(ours_pchip(at, 1).data, theirs(at, 1), atol=1e-11)


def test_installed_it_costs_nothing_until_it_is_used() -> None:
    code = (
        "import json, sys, arraygrad\n"
        "print(json.dumps([m for m in sys.modules if m.startswith(('arraygrad_scipy', 'scipy'))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == ["arraygrad_scipy", "arraygrad_scipy._plugin"]


def test_examples_in_the_readme() -> None:
    text = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    blocks = text.split("```python\n")[1:]
    assert blocks
    scope: dict[str, Any] = {}
    for block in blocks:
        exec(block.split("```")[0], scope)


def test_gradients_go_through_scipys_arguments_of_all_kinds() -> None:
    # A number, a list and an array for the same thing.
    x = Variable(np.arange(5.0))
    for b in ([0.5, 0.25], np.array([0.5, 0.25]), Variable(np.array([0.5, 0.25]))):
        y = F.lfilter(b, 1.0, x)
        np.testing.assert_allclose(y.data, [0.0, 0.5, 1.25, 2.0, 2.75])
    g = ag.grad(lambda b: F.lfilter(b, [1.0, -0.5], x).sum())(np.array([1.0, 2.0]))
    assert g.shape == (2,)
