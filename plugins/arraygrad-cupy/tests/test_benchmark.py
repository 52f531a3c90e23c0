"""The benchmark is for the day a GPU is there; until then its parts run, small, on the stand-in."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from arraygrad import Variable
from arraygrad_cupy import driver

SMALL = {"mlp": (4, 8), "cnn": (2, 4), "lstm": (2, 4), "transformer": (2, 8)}


@pytest.fixture
def benchmark(cupy: Any) -> ModuleType:
    path = Path(__file__).parents[1] / "benchmark.py"
    spec = importlib.util.spec_from_file_location("arraygrad_cupy_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_a_gpu_it_says_so(
    benchmark: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "missing", lambda: "CuPy finds no GPU; ...")
    assert benchmark.main([]) == 1
    assert capsys.readouterr().out == "no GPU, nothing is measured: CuPy finds no GPU; ...\n"


@pytest.mark.parametrize("name", SMALL)
def test_steps_train(benchmark: Any, name: str) -> None:
    step = benchmark.our_step(name, *SMALL[name])
    losses = [float(step()) for _ in range(5)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", SMALL)
def test_the_steps_of_pytorch_are_of_the_same_network(benchmark: Any, name: str) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    step = benchmark.torch_step(name, *SMALL[name], device="cpu")
    losses = [step().item() for _ in range(5)]
    assert losses[-1] < losses[0]
    first = float(benchmark.our_step(name, *SMALL[name])())
    assert losses[0] == pytest.approx(first, rel=0.6)  # other first weights, the same loss


def test_both_ways_of_convolution_give_the_same(benchmark: Any, cupy: Any) -> None:
    for both in benchmark.ways(cupy, 2, 3, 4, 5).values():
        got, expected = (cupy.asnumpy(run()) for run in both.values())
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert max(c for _, c, _, _ in benchmark.CONVOLUTIONS) == 512


def test_calls_run(benchmark: Any, cupy: Any) -> None:
    small = {16: 2, 32: 4, 64: 8, 128: 2, 256: 3, 1024: 12, 513: 7, 4096: 2}
    for name, (function, shapes) in benchmark.CALLS.items():
        if name == "lstm_cell":
            shapes = [(2, 3), (2, 2, 3), (7, 12)]
        shapes = [tuple(small.get(n, n) for n in shape) for shape in shapes]
        xs = [Variable(cupy.ones(shape, "float32")) for shape in shapes]
        run = benchmark.both_passes(function, xs)
        assert run().shape
        assert all(x.grad is not None for x in xs)
    found = benchmark.compared({"one": (run, lambda: None)}, 1)
    assert found["one"] > 0
