"""The example in the README, in a process of its own, as it sets the backend."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")


def test_example_in_the_readme(tmp_path: Path) -> None:
    text = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "kernel torch:core:" in done.stdout
