"""Off with one setting, nothing imported until it is needed, and life without Numba."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F

pytest.importorskip("numba", reason="Numba is not installed")


def fresh(code: str, **settings: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


RUNS = """
import sys
import numpy as np, arraygrad as ag
import arraygrad.functions as F
early = "numba" in sys.modules, "llvmlite" in sys.modules
x = ag.Variable(np.ones((2, 3)))
F.gelu(x).sum().backward()
entry = ag.explain(F.gelu, x).parts[0].kernel
print(early, entry.distribution if entry else entry, "numba" in sys.modules)
"""


def test_numba_is_not_imported_until_it_is_needed() -> None:
    assert fresh(RUNS) == "(False, False) arraygrad-numba True"


@pytest.mark.parametrize(
    ("name", "value", "kernel"),
    [
        ("ARRAYGRAD_PLUGINS", "-numba", "arraygrad"),
        ("ARRAYGRAD_PLUGINS", "none", "arraygrad"),
        ("ARRAYGRAD_KERNELS", "off", "None"),
    ],
)
def test_one_setting_turns_it_off(name: str, value: str, kernel: str) -> None:
    assert fresh(RUNS, **{name: value}) == f"(False, False) {kernel} False"


def test_explain_names_the_distribution() -> None:
    text = str(ag.explain(F.gelu, np.ones(3)))
    assert "kernel numba:core:_gelu@numpy of arraygrad-numba 0.1.0" in text
    assert "not core:core:_gelu@numpy: the kernel of a plugin goes first" in text


def test_every_target_is_there() -> None:
    assert ag.plugins.check_targets("numba") == []


def test_without_numba_there_is_a_reason_and_nothing_breaks() -> None:
    code = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numba":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "numba" else find(name, *a)
import numpy as np, arraygrad as ag
import arraygrad.functions as F
x = ag.Variable(np.ones(2))
F.gelu(x).sum().backward()
(plugin,) = [p for p in ag.plugins.statuses() if p.namespace == "numba"]
print(plugin.reason)
print(ag.explain(F.gelu, x).parts[0].kernel.provider)
"""
    reason, provider = fresh(code).splitlines()
    assert "Numba is not installed" in reason
    assert "pip install numba" in reason
    assert provider.startswith("arraygrad 0")


def test_without_a_place_for_the_cache_loops_are_compiled_all_the_same() -> None:
    code = """
import numba.core.caching as caching
caching.CacheImpl._locator_classes = []
import numpy as np, arraygrad as ag
import arraygrad.functions as F
print(F.gelu(np.ones(3)).shape)
"""
    assert fresh(code) == "(3,)"


def test_where_numba_cannot_be_imported_the_core_runs_and_one_warning_says_why() -> None:
    code = """
import sys, warnings
import numpy as np, arraygrad as ag
import arraygrad.functions as F
sys.modules["numba"] = None  # an import of it fails, as with a NumPy that it does not know
x = ag.Variable(np.ones((3, 4)))
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    F.gelu(x).sum().backward()
    F.softmax(x).sum().backward()
print(len(seen), seen[0].category.__name__, seen[0].message)
"""
    text = fresh(code)
    assert text.startswith("1 PluginWarning arraygrad-numba: Numba cannot be imported")
    assert "ARRAYGRAD_PLUGINS=-numba" in text
