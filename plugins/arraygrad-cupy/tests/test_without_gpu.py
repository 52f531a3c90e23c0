"""Life without a GPU: a reason, the remedy, and nothing that breaks."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from arraygrad import registry
from arraygrad.cli import program
from arraygrad_cupy import driver

STANDIN = str(Path(__file__).parent / "standin")

# CuPy as it is on a machine that has not all it needs: what to change in the stand-in.
MACHINES = {
    "no cupy": "sys.modules['cupy'] = None",
    "broken": "sys.modules['cupy'] = types.ModuleType('cupy')",
    "no driver": """
import cupy
cupy.cuda.runtime.driverGetVersion = lambda: 0
def fails(): raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is ...")
cupy.cuda.runtime.getDeviceCount = fails
""",
    "no device": "import cupy; cupy.cuda.runtime.getDeviceCount = lambda: 0",
}
REASONS = {
    "no cupy": "CuPy cannot be imported",
    "broken": "CuPy is not whole",
    "no driver": "CuPy finds no driver of NVIDIA (cudaErrorInsufficientDriver",
    "no device": "CuPy finds no GPU",
}

USES = """
import sys, types, warnings
warnings.simplefilter("error")
import numpy as np, arraygrad as ag, arraygrad.functions as F
from arraygrad import cuda, models
loaded = [name for name in sys.modules if name.split(".")[0] in ("cupy", "cupyx")]
assert not loaded, loaded
{machine}
x = ag.Variable(np.ones((2, 3), np.float32))
model = models.MLP((4, 2))
model(x)
before = [p.data for p in model.params()]

class Numbers(ag.Dataset):
    def prepare(self):
        self.data = self.label = np.arange(4.0)

loader = ag.DataLoader(Numbers(), 2)
uses = {{
    "get_backend": lambda: ag.get_backend("cupy"),
    "set_backend": lambda: ag.set_backend("cupy"),
    "using_backend": lambda: ag.using_backend("cupy").__enter__(),
    "model.to_gpu": model.to_gpu,
    "variable.to_gpu": x.to_gpu,
    "DataLoader": lambda: ag.DataLoader(Numbers(), 2, gpu=True),
    "loader.to_gpu": loader.to_gpu,
    "as_cupy": lambda: cuda.as_cupy(np.ones(2)),
}}
for name, use in uses.items():
    try:
        use()
    except ag.errors.BackendError as error:
        print(name, "::", error)
    else:
        print(name, ":: NOTHING RAISED")
assert cuda.gpu_enable is False
assert cuda.get_array_module(x) is np and cuda.as_numpy(x) is x.data
assert all(p.data is data for p, data in zip(model.params(), before))
assert model.to_cpu() is model and loader.to_cpu() is None
F.softmax_cross_entropy(model(x), np.array([0, 1])).backward()
assert "kernel" in repr(ag.explain(F.tanh, x)) and "cupy" not in repr(ag.explain(F.tanh, x))
"""


@pytest.mark.parametrize("machine", MACHINES)
def test_all_that_would_use_it_says_what_to_do(machine: str) -> None:
    path = os.pathsep.join(filter(None, [STANDIN, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", USES.format(machine=MACHINES[machine])],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 8
    for line in lines:
        assert REASONS[machine] in line, line
        assert "arraygrad-cupy" in line
        assert "pip install" in line or "install one" in line or "nvidia-smi" in line


def test_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    listings = importlib.import_module("arraygrad.cli.listings")
    monkeypatch.setattr(listings, "backend_names", lambda: ["numpy", "cupy"])
    monkeypatch.setitem(sys.modules, "cupy", None)
    registry.changed()
    try:
        listed = CliRunner().invoke(program, ["backends"])
        assert listed.exit_code == 0, listed.output
        assert "cupy" in listed.output
        assert "CuPy cannot be imported" in listed.output
        kernels = CliRunner().invoke(program, ["kernels", "--backend", "cupy"])
        assert kernels.exit_code == 0, kernels.output
        assert "core:_conv2d" in kernels.output
    finally:
        monkeypatch.undo()
        registry.changed()


def _runtime(count: Any, driver: int = 12040, toolkit: int = 12090) -> SimpleNamespace:
    def answer() -> int:
        if isinstance(count, Exception):
            raise count
        return count

    return SimpleNamespace(
        getDeviceCount=answer, driverGetVersion=lambda: driver, runtimeGetVersion=lambda: toolkit
    )


def test_reasons_of_driver_and_toolkit() -> None:
    failed = RuntimeError("\n  === cudaErrorInsufficientDriver ===\nmore")
    for runtime, says in (
        (_runtime(1), None),
        (_runtime(0), "CuPy finds no GPU; look at nvidia-smi"),
        (_runtime(failed, 0), r"no driver of NVIDIA \(cudaErrorInsufficientDriver\); install one"),
        (_runtime(failed, 12040, 13000), r"the driver supports CUDA 12\.4 .* CUDA 13\.0; update"),
        (_runtime(failed), r"finds no GPU \(cuda.*CUDA_VISIBLE_DEVICES"),
    ):
        reason = driver._without_device(runtime)
        if says is None:
            assert reason is None
        else:
            assert re.search(says, reason or ""), reason


def test_reasons_of_libraries() -> None:
    def fails() -> None:
        raise RuntimeError("libnvrtc.so.12: cannot open")

    reason = driver._without_libraries(SimpleNamespace(nvrtc=SimpleNamespace(getVersion=fails)))
    assert "cannot load a library of CUDA (libnvrtc.so.12: cannot open)" in (reason or "")
    assert "arraygrad-cupy[cuda12]" in (reason or "")
