"""CuPy on a GPU where there is one; elsewhere the stand-in of this folder takes its place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from arraygrad import registry

collect_ignore_glob = ["standin/*"] if find_spec("arraygrad_cupy") else ["*"]
STANDIN = str(Path(__file__).parent / "standin")
_PARTS = ("backend", "elementwise", "kernels_", "linalg", "namespace", "noise")
_OURS = tuple(f"arraygrad_cupy.{part}" for part in _PARTS)
_kept: dict[str, object] = {}
# What the plugin registers, before anything of it was imported.
_ENTRIES = [
    entry
    for kind in ("backends", "kernels")
    for entry in registry.entries(kind)
    if entry.namespace == "cupy" and not entry.resolved
]
_TARGETS = [entry.target for entry in _ENTRIES]


def _forget() -> None:
    """Let the registry import targets anew, from the modules that are there now."""
    for entry, target in zip(_ENTRIES, _TARGETS, strict=True):
        entry.target, entry.resolved = target, False
    registry.changed()


def _replaced(name: str) -> bool:
    library = name.split(".")[0] in ("cupy", "cupyx")
    return library or name.startswith(("array_api_compat.cupy", *_OURS))


@contextmanager
def standing_in() -> Iterator[None]:
    """Inside, `import cupy` gives the stand-in, each time the same one."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _replaced(name)}
    sys.modules.update(_kept)  # type: ignore[arg-type]
    sys.path.insert(0, STANDIN)
    _forget()
    try:
        yield
    finally:
        sys.path.remove(STANDIN)
        for name in [name for name in sys.modules if _replaced(name)]:
            _kept[name] = sys.modules.pop(name)
        sys.modules.update(before)
        _forget()


def has_gpu() -> bool:
    from arraygrad_cupy import driver

    return driver.missing() is None


@pytest.fixture(scope="module")
def cupy() -> Iterator[object]:
    """CuPy, or what stands in for it."""
    if has_gpu():
        yield pytest.importorskip("cupy")
        return
    with standing_in():
        import cupy

        yield cupy


@pytest.fixture
def standin(cupy: object) -> object:
    """The stand-in, for what it alone can tell."""
    if sys.modules["cupy"] is not cupy or STANDIN not in sys.path:
        pytest.skip("CuPy runs on a GPU here")
    return cupy
