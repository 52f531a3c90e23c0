"""The text of every kernel is C++ that CUDA's compiler takes; for this it needs no GPU."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import PathFinder

import pytest

COMPILE = """
import sys, types
import cupy
from cupy.cuda import nvrtc

try:
    nvrtc.getVersion()
except Exception as error:
    print("no compiler:", type(error).__name__)
    raise SystemExit
made = []
real = cupy.ElementwiseKernel

def record(inputs, outputs, text, name, preamble):
    made.append((inputs, outputs, text, name, preamble))
    return real(*made[-1][:4], preamble=preamble)  # which has rules for names

cupy.ElementwiseKernel = record
sys.modules["cupy.cublas"] = cupy.cublas = types.ModuleType("cupy.cublas")  # asks for a library
import arraygrad.functions
from arraygrad_cupy import (
    kernels_activation, kernels_conv, kernels_normalization, kernels_pool, kernels_recurrent,
    kernels_softmax, kernels_windows, noise,
)
for n in (1, 4, 25):
    kernels_pool._largest(n), kernels_pool._mean(n)
C = {"S": "long long", "int64": "long long", "uint64": "size_t", "uint8": "unsigned char"}
for inputs, outputs, text, name, preamble in made:
    for T in ("float", "double"):
        arguments, lines = [], []
        for const, side in (("const ", inputs), ("", outputs)):
            for letter, p in (part.split() for part in side.split(",")):
                c = C.get(letter, T if letter == "T" else letter)
                arguments.append(f"{c} *_{p}")
                lines.append(f"{const}{c} &{p} = _{p}[i];")
        source = f'''{preamble}
        typedef {T} T;
        extern "C" __global__ void {name}({", ".join(arguments)})
        {{ long long i = threadIdx.x; {" ".join(lines)} {text}; }}'''
        program = nvrtc.createProgram(source, f"{name}.cu", [], [])
        try:
            nvrtc.compileProgram(program, ["--gpu-architecture=compute_80"])
        except nvrtc.NVRTCError:
            print("FAILED", name, T, nvrtc.getProgramLog(program))
        ptx = nvrtc.getPTX(program)
        ptx = ptx.decode() if isinstance(ptx, bytes) else ptx
        if T == "float" and ".f64" in ptx:
            print("FAILED", name, "computes in double precision")
print("compiled", len(made))
"""


def test_the_text_is_cpp() -> None:
    if PathFinder.find_spec("cupy", [p for p in sys.path if "standin" not in p]) is None:
        pytest.skip("CuPy is not installed")
    done = subprocess.run(
        [sys.executable, "-c", COMPILE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("no compiler"):
        pytest.skip(f"CUDA's compiler NVRTC cannot be loaded ({done.stdout.strip()})")
    assert "FAILED" not in done.stdout, done.stdout
    assert int(done.stdout.split()[-1]) > 40
