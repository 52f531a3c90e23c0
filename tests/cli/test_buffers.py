"""A model with running averages: they are part of checkpoints and of the weights file."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import registry
from arraygrad.layers import BatchNorm, Linear
from arraygrad.models import Sequential
from arraygrad.training import Progress, make_recipe, train
from arraygrad.weights import read_arrays


def with_batch_norm(hidden_size: int, out_size: int) -> Sequential:
    return Sequential(Linear(hidden_size), BatchNorm(), F.relu, Linear(out_size))


class Stop(Progress):
    """Presses Ctrl-C after the first epoch."""

    def epoch(self, line: object) -> None:
        raise KeyboardInterrupt


def test_a_resumed_run_has_the_averages_of_a_whole_one(tmp_path):
    registry.register_local("models", with_batch_norm)
    recipe = make_recipe(model="with_batch_norm", hidden=(8,), limit=96, epochs=2)
    train(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "cut", progress=Stop())
    early = read_arrays(next((tmp_path / "cut").rglob("weights.npz")))
    train(recipe, tmp_path / "cut", resume=True)
    whole, cut = (read_arrays(tmp_path / run / "weights.npz") for run in ("whole", "cut"))
    assert {"l1/avg_mean", "l1/avg_var"} <= whole.keys()
    assert (whole["l1/avg_mean"] != early["l1/avg_mean"]).any()
    assert whole.keys() == cut.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, cut[name])
    model = with_batch_norm(8, 10)
    model.load_weights(tmp_path / "whole" / "weights.npz")
    np.testing.assert_array_equal(model.l1.avg_var.data, whole["l1/avg_var"])
