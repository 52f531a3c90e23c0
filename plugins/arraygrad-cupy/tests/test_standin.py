"""The stand-in refuses what CuPy refuses; without that, tests on it would prove nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import PathFinder
from typing import Any

import numpy as np
import pytest


def test_arrays_do_not_become_numpys(standin: Any) -> None:
    x = standin.ones(3)
    for turn in (np.asarray, np.array, lambda x: np.ones(3) + x, lambda x: x * np.ones(3)):
        with pytest.raises(TypeError, match=r"Implicit conversion|Unsupported type"):
            turn(x)
    with pytest.raises(TypeError, match="Unsupported type"):
        standin.add(x, np.ones(3))
    with pytest.raises(TypeError, match="Unsupported type"):
        x[:] = np.ones(3)
    for make in (lambda: standin.all(i > 0 for i in range(3)), lambda: standin.sum([1, 2])):
        with pytest.raises(TypeError, match=r"expected a cupy\.ndarray"):
            make()
    assert type(x.sum()) is type(x)  # no scalars
    assert not hasattr(x, "__array_namespace__")


def test_what_travels_is_counted(standin: Any) -> None:
    x = standin.arange(3.0)
    for act, said in (
        (lambda: x.get(), "to host: get"),
        (lambda: float(x.sum()), "to host: float"),
        (lambda: bool(x[0]), "to host: bool"),
        (lambda: x[0].item(), "to host: item"),
        (lambda: standin.asarray(np.ones(2)), "from host: array"),
        (lambda: x[x > 1], "waits: mask"),
        (lambda: x + 1, None),
    ):
        standin.traffic.clear()
        act()
        assert standin.traffic == ([] if said is None else [said])


def test_arrays_of_two_devices_do_not_meet(standin: Any) -> None:
    x = standin.ones(3)
    with standin.cuda.Device(1):
        y = standin.ones(3)
        with pytest.raises(ValueError, match="current device"):
            x + y
    with pytest.raises(ValueError, match="current device"):
        y * 2


def test_kernels_run_their_text(standin: Any) -> None:
    kernel = standin.ElementwiseKernel(
        "T x, T a", "T y", "T v = x * a; y = pick(v > T(1), v, T(0))", "test"
    )
    np.testing.assert_array_equal(kernel(standin.arange(3.0), 1.5).get(), [0, 1.5, 3])
    with pytest.raises(TypeError, match="T is float64"):
        kernel(standin.arange(3.0), standin.ones(3, "float32"))
    place = standin.zeros((2, 3))
    kernel(standin.arange(3.0), 1.5, place[1])
    np.testing.assert_array_equal(place.get(), [[0, 0, 0], [0, 1.5, 3]])


def test_it_has_no_name_that_cupy_lacks(standin: Any) -> None:
    ours = {"cublas", "fresh", "here", "holds_arrays", "inside", "ndarray", "np", "of_arrays"}
    ours |= {"partial", "run", "traffic", "ufunc"}
    names = [name for name in standin.__all__ if name not in ours]
    methods = [name for name in vars(standin.ndarray) if name not in ("_a", "_host", "__weakref__")]
    assert len(names) > 150
    code = f"""
import cupy
assert "standin" not in cupy.__file__
print([n for n in {names} if not hasattr(cupy, n)], end="")
print([n for n in {methods} if not hasattr(cupy.ndarray, n)], end="")
print([n for n in {standin.linalg.__all__} if not hasattr(cupy.linalg, n)], end="")
print([n for n in {standin.fft.__all__} if not hasattr(cupy.fft, n)], end="")
"""
    elsewhere = [path for path in sys.path if "standin" not in path]
    if PathFinder.find_spec("cupy", elsewhere) is None:
        pytest.skip("CuPy is not installed")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[][][][]", done.stderr
