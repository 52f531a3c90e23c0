"""The examples of arraygrad with `backend = "cupy"`, a few steps of each."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from arraygrad import using_backend

pytestmark = pytest.mark.usefixtures("cupy")
FOLDER = Path(__file__).parents[3] / "examples"
# Not grad_cam, which is as slow as all others together, nor those that compute on NumPy alone.
CALLS: dict[str, dict[str, Any]] = {
    "char_lstm": {"epochs": 1, "steps": 41, "length": 20},
    "digits_cnn": {"epochs": 1, "batch_size": 500},
    "gan": {"epochs": 1, "picture": None},
    "high_order": {"picture": None},
    "newton": {"steps": 3},
    "one_line": {"epochs": 1},
    "regression": {"steps": 1, "picture": None},
    "sine_rnn": {"epochs": 1, "picture": None},
    "spiral": {"epochs": 2, "picture": None},
    "style_transfer": {"steps": 1, "picture": None},
    "vae": {"epochs": 1, "picture": None},
    "wgan_gp": {"steps": 2, "picture": None},
}


@pytest.mark.parametrize("name", CALLS)
def test_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not FOLDER.is_dir():
        pytest.skip("the examples are not here")
    pytest.importorskip("sklearn", reason="the digits need scikit-learn")
    spec = importlib.util.spec_from_file_location(f"on_cupy_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with using_backend("cupy"):
        module.main(**CALLS[name])
