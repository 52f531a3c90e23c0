"""The plugin in arraygrad: light, with kernels that exist, a backend, and a command."""

from __future__ import annotations

import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ndonnx", reason="arraygrad-onnx needs ndonnx, spox and onnx")
pytest.importorskip("onnxruntime", reason="the tests compare with onnxruntime")

import onnxruntime
from click.testing import CliRunner

import arraygrad.functions as F
import arraygrad.models as M
from arraygrad import explain, get_backend, plugins
from arraygrad.cli import program
from arraygrad.op import arr, case, op, table
from arraygrad.training import make_recipe, train
from arraygrad_onnx import _plugin, export, namespace


def test_the_plugin_is_active_and_keeps_its_promises() -> None:
    [plugin] = [p for p in plugins.statuses() if p.distribution == "arraygrad-onnx"]
    assert (plugin.status, plugin.reason, plugin.namespace) == ("active", "", "onnx")
    assert plugins.check_targets("onnx") == []
    assert plugin.provides["commands"] == ["onnx"]
    assert len(plugin.provides["kernels"]) == sum(map(len, _plugin.KERNELS.values()))


def test_every_kernel_is_registered() -> None:
    for module, names in _plugin.KERNELS.items():
        kernels = importlib.import_module(f"arraygrad_onnx.kernels.{module}")
        made = {name for name, f in vars(kernels).items() if getattr(f, "is_kernel", False)}
        assert made == {name.lstrip("_") for name in names}


def test_installed_it_costs_nothing_until_it_is_used() -> None:
    code = (
        "import json, sys, arraygrad\n"
        "roots = ('arraygrad_onnx', 'onnx', 'ndonnx', 'spox', 'onnxruntime')\n"
        "print(json.dumps([m for m in sys.modules if m.split('.')[0] in roots]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == ["arraygrad_onnx", "arraygrad_onnx._plugin"]


class Op(M.Model):
    """A call of an op, with the arrays of a sample as inputs."""

    def __init__(self, function: Any, sample: case) -> None:
        self.function, self.sample = function, sample

    def forward(self, *xs: Any) -> Any:
        rest = iter(xs)
        args = [_filled(a, rest) for a in self.sample.args]
        return self.function(*args, **{k: _filled(v, rest) for k, v in self.sample.kwargs.items()})


def _filled(value: Any, rest: Any) -> Any:
    if isinstance(value, arr):
        return next(rest)
    return (
        type(value)(_filled(v, rest) for v in value) if isinstance(value, list | tuple) else value
    )


def _arrays(value: Any, rng: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [x for v in value for x in _arrays(v, rng)]
    if not isinstance(value, arr):
        return []
    if value.kind == "int":
        return [rng.integers(value.low, value.high, value.shape)]
    if value.kind == "bool":
        return [rng.random(value.shape) < 0.5]
    return [rng.uniform(value.low, value.high, value.shape).astype(np.float32)]


KERNELS = {name for names in _plugin.KERNELS.values() for name in names}
CORE = {name for name, op in table.items() if op.definition.id.startswith("core:")}
OPS = {name for name in CORE if not name.startswith("_")} | KERNELS


def _samples() -> list[Any]:
    """The first sample of each op, and all of those with a kernel but empty ones."""
    found = []
    for name in sorted(OPS):
        samples = table[name].definition.samples
        several = [s for s in samples if "arr(0" not in repr(s) and ", 0)" not in repr(s)]
        chosen = several if name in KERNELS else samples[:1]
        found += [pytest.param(name, s, id=f"{name}{i}") for i, s in enumerate(chosen)]
    return found


@pytest.mark.parametrize(("name", "sample"), _samples())
def test_every_op_of_the_core(name: str, sample: case, tmp_path: Path) -> None:
    inputs = _arrays([*sample.args, *sample.kwargs.values()], np.random.default_rng(0))
    model = Op(table[name], sample)
    done = export(model, *inputs, path=tmp_path / "m.onnx", dynamic_batch=False, check=True)
    assert done.difference is not None


def test_sums_at_places_counted_from_the_end(tmp_path: Path) -> None:
    model = Op(F.index_add, case(arr(4), arr(4, kind="int"), (5,)))
    inputs = np.arange(4, dtype=np.float32), np.array([-1, 0, -1, 4])
    export(model, *inputs, path=tmp_path / "m.onnx", check=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [((2, 3, 0), (6, 0)), ((2, 0), (0, 5)), ((0, 4), (2, -1)), ((4, 3), (2, -1))],
)
def test_empty_arrays_in_other_shapes(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    x = get_backend("ndonnx").asarray(np.ones(before, np.float32))
    y = namespace.reshape(x, after)
    expected = np.ones(before).reshape(after)
    assert y.shape == expected.shape
    np.testing.assert_array_equal(get_backend("ndonnx").to_numpy(y), expected)


@pytest.mark.parametrize(
    ("before", "after"), [((2, 0), (0, -1)), ((2, 0), (3,)), ((2, 3), (4, -1))]
)
def test_shapes_that_do_not_fit(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    x = get_backend("ndonnx").asarray(np.ones(before, np.float32))
    with pytest.raises(ValueError, match="cannot reshape"):
        namespace.reshape(x, after)


def test_attention_to_nothing_is_zeros(tmp_path: Path) -> None:
    model = Op(F.scaled_dot_product_attention, case(*[arr(2, 3, 4)] * 3, mask=arr(2, 1, 3)))
    x, mask = np.ones((2, 3, 4), np.float32), np.array([[[False] * 3], [[True, False, True]]])
    export(model, x, x, x, mask, path=tmp_path / "m.onnx", check=True)


@op(samples=[case(arr(2, 3), arr(3, 4))])
def strangers_product(x: Any, W: Any, *, xp: Any = None) -> Any:
    """An op without a kernel: ndonnx writes branches for empty arrays, which are cut off."""
    return xp.tanh(x @ W) / xp.sum(xp.exp(x), axis=1, keepdims=True)


@strangers_product.rule("x")
def _(g: Any, W: Any) -> Any:
    return g @ W.mT


@strangers_product.rule("W")
def _(g: Any, x: Any) -> Any:
    return x.mT @ g


def test_an_op_that_has_no_kernel(tmp_path: Path) -> None:
    model = Op(strangers_product, case(arr(2, 3), arr(3, 4)))
    x, W = np.ones((2, 3), np.float32), np.ones((3, 4), np.float32)
    done = export(model, x, W, path=tmp_path / "m.onnx", dynamic_batch=["x0"], check=True)
    assert done.nodes == {"MatMul": 1, "Tanh": 1, "Exp": 1, "ReduceSum": 1, "Div": 1}
    assert done.outputs == {"output": ("batch", 4)}


def test_explain_knows_the_kernels() -> None:
    import ndonnx

    x = ndonnx.argument(shape=(2, 3), dtype=ndonnx.float32)
    text = repr(explain(F.softmax, x))
    assert text.startswith("softmax on ndonnx, device cpu")
    assert "kernel onnx:core:softmax@ndonnx" in text


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "spiral"
    train(make_recipe(dataset="spiral", epochs=2), path)
    return path


def test_command(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "spiral.onnx"
    result = CliRunner().invoke(program, ["onnx", str(run), "-o", str(target)])
    assert result.exit_code == 0, result.output
    assert "x (batch, 2) -> output (batch, 3)" in result.output
    assert "2 Gemm, 1 Relu" in result.output
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["dataset"] == "core:Spiral"
    assert metadata["classes"] == "3"
    from arraygrad.training import load

    loaded = load(run)
    x = np.stack([loaded.data.test[i][0] for i in range(len(loaded.data.test))])
    found = session.run(None, {"x": x})[0].argmax(axis=1)
    np.testing.assert_array_equal(found, loaded.predictions)


def test_command_without_options_and_of_one_size(run: Path) -> None:
    result = CliRunner().invoke(program, ["onnx", str(run), "--batch", "5"])
    assert result.exit_code == 0, result.output
    assert "x (5, 2) -> output (5, 3)" in result.output
    assert (run / "model.onnx").exists()


def test_command_on_what_is_no_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(program, ["onnx", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not the folder of a training run" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["batches", "exporting"])
def test_examples_in_docstrings(module: str) -> None:
    found = importlib.import_module(f"arraygrad_onnx.{module}")
    result = doctest.testmod(found, extraglobs={"np": np, "export": export})
    assert result.attempted > 0
    assert result.failed == 0


def test_example_in_the_readme(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    for part in text.split("```python\n")[1:]:
        exec(part.split("```")[0], {})
    assert capsys.readouterr().out.endswith("True\n(5, 10)\n")
    assert (tmp_path / "digits.onnx").exists()
