"""Why there is no GPU to compute on here, and what to do about it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

INSTALL = "install it: pip install 'arraygrad-cupy[cuda12]', or [cuda13] for a driver with CUDA 13"


def missing() -> str | None:
    """What keeps CuPy from computing on this machine, with the remedy; None if nothing does.

    >>> missing() is None or "CuPy" in missing()
    True
    """
    try:
        import cupy

        cuda, runtime = cupy.cuda, cupy.cuda.runtime
    except ImportError as error:
        return f"CuPy cannot be imported ({_line(error)}); {INSTALL}"
    except Exception as error:  # a broken installation can fail with anything
        return f"CuPy is not whole ({_line(error)}); remove it, and {INSTALL}"
    return _without_device(runtime) or _without_libraries(cuda)


def _without_device(runtime: Any) -> str | None:
    wanted = _version(runtime.runtimeGetVersion)
    driver = _version(runtime.driverGetVersion)
    try:
        count = runtime.getDeviceCount()
    except Exception as error:  # CUDARuntimeError, which only CuPy could name
        if not any(driver):
            return f"CuPy finds no driver of NVIDIA ({_line(error)}); install one"
        if driver[0] < wanted[0]:
            return (
                f"the driver supports CUDA {_dotted(driver)} and CuPy was built for CUDA "
                f"{_dotted(wanted)}; update the driver, or take the CuPy that is "
                f"made for it: {INSTALL}"
            )
        return f"CuPy finds no GPU ({_line(error)}); look at nvidia-smi and CUDA_VISIBLE_DEVICES"
    if count < 1:
        return "CuPy finds no GPU; look at nvidia-smi and CUDA_VISIBLE_DEVICES"
    return None


def _without_libraries(cuda: Any) -> str | None:
    """CuPy compiles its kernels when they are first used, and multiplies matrices by cuBLAS."""
    try:
        cuda.nvrtc.getVersion()
        import_module("cupy.cublas")
    except Exception as error:  # errors of the loader, of several libraries
        return (
            f"CuPy cannot load a library of CUDA ({_line(error)}); take the CuPy that "
            f"brings them: {INSTALL}; or install the CUDA toolkit"
        )
    return None


def _version(ask: Any) -> tuple[int, int]:
    """(12, 4) of what CUDA calls 12040; (0, 0) where it cannot say."""
    try:
        number = int(ask())
    except Exception:  # whatever a driver that is not there answers with
        return 0, 0
    return number // 1000, number % 1000 // 10


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _line(error: BaseException) -> str:
    """The first line of what an error says; CuPy's take a screen."""
    lines = [line.strip(" =\t") for line in str(error).splitlines()]
    return next(filter(None, lines), type(error).__name__)
