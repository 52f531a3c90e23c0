"""The examples run, a few steps of each, and come to what they say."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_newton(capsys):
    newton = example("newton")
    newton.main(steps=10)
    assert "Newton, step 6: x = 1.000000000002" in capsys.readouterr().out
    # The book's printed way, and its place in the valley after 1,000 steps.
    way = [2.0, 1.4545454545454546, 1.1510467893775467, 1.0253259289766978, 1.0009084519430513]
    assert newton.newton(steps=4) == pytest.approx(way, rel=1e-14)
    assert newton.descent(1000) == pytest.approx((0.68371, 0.46595), abs=1e-5)


def test_spiral(tmp_path, capsys):
    spiral = example("spiral")
    spiral.main(epochs=2, picture=str(tmp_path / "spiral.png"))
    assert (tmp_path / "spiral.png").read_bytes().startswith(b"\x89PNG")
    assert "right:" in capsys.readouterr().out


def test_other_libraries():
    found = example("other_libraries").main()
    assert {"numpy", "array_api_strict"} <= set(found)
    for slope in found.values():
        np.testing.assert_allclose(slope, found["numpy"], rtol=1e-6)


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == {"newton", "other_libraries", "spiral"}
