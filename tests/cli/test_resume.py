"""Interrupted anywhere, and resumed: the same weights, bit for bit, and the same log."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import arraygrad
import arraygrad.functions as F
from arraygrad import registry
from arraygrad.errors import RunError
from arraygrad.layers import Dropout, Linear
from arraygrad.models import Sequential
from arraygrad.training import Folder, Progress, make_recipe, train
from arraygrad.weights import read_arrays, write_arrays

SRC = Path(arraygrad.__file__).parents[1]


def with_dropout(hidden_size: int, out_size: int) -> Sequential:
    return Sequential(Linear(hidden_size), F.tanh, Dropout(0.3), Linear(out_size))


class Stop(Progress):
    """Presses Ctrl-C after some updates, or after an epoch."""

    def __init__(self, updates: int = -1, epochs: int = -1) -> None:
        self.updates, self.epochs = updates, epochs

    def step(self) -> None:
        self.updates -= 1
        if self.updates == 0:
            raise KeyboardInterrupt

    def epoch(self, line: object) -> None:
        self.epochs -= 1
        if self.epochs == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("optimizer", "backend"),
    [("adam", "numpy"), ("sgd", "numpy"), ("momentumsgd", "numpy"), ("adam", "array_api_strict")],
)
def test_interrupted_after_any_update(cli, tmp_path, optimizer, backend):
    registry.register_local("models", with_dropout)
    recipe = make_recipe(
        model="with_dropout", optimizer=optimizer, backend=backend, limit=96, epochs=4
    )
    train(recipe, tmp_path / "whole")
    for updates in (4, 6, 9, 11):  # three to an epoch
        path = tmp_path / f"cut{updates}"
        with pytest.raises(KeyboardInterrupt):
            train(recipe, path, progress=Stop(updates))
        assert len(cli.log(path)) == Folder(path).read().epoch == (updates - 1) // 3
        train(recipe, path, resume=True)
        assert cli.state(path) == cli.state(tmp_path / "whole")
        assert cli.log(path) == cli.log(tmp_path / "whole")
        weights = (tmp_path / "whole" / "weights.npz").read_bytes()
        assert (path / "weights.npz").read_bytes() == weights


def test_interrupted_after_every_epoch(cli, tmp_path):
    recipe = make_recipe(limit=64, epochs=4)
    train(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "cut", progress=Stop(epochs=1))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "cut", resume=True, progress=Stop(epochs=1))
    train(recipe, tmp_path / "cut", resume=True)
    assert cli.state(tmp_path / "cut") == cli.state(tmp_path / "whole")
    assert cli.log(tmp_path / "cut") == cli.log(tmp_path / "whole")


def test_more_epochs(cli):
    folder = cli.train()
    output = cli("train", "--resume", "--out", "run", "--epochs", 4).stdout
    assert "going on after epoch 2" in output
    assert cli.log(folder) == cli.log(cli.train("--epochs", 4, out="whole"))
    assert cli.state(folder) == cli.state(cli.folder / "whole")
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["recipe"]["epochs"] == 4
    before = cli.files(folder)
    assert "all of its 4 epochs" in cli("train", "--resume", "--out", "run").stdout
    assert "4 epochs already" in cli.error("train", "--resume", "--out", "run", "--epochs", 3)
    assert cli.files(folder) == before


def test_the_run_keeps_its_own_settings(cli, monkeypatch):
    folder = cli.train("--seed", 4, "--hidden", 8, "--weights", "safetensors")
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "array_api_strict")
    cli("train", "--resume", "--epochs", 3, "--hidden", 8, "--out", "run")
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["recipe"]["backend"] == "numpy"
    assert settings["origins"]["seed"] == "command line"
    assert (folder / "weights.safetensors").exists()
    assert not (folder / "weights.npz").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--lr", "0.5"], "lr is 0.002 in the run, 0.5"),
        (["--hidden", "50"], "hidden is [100] in the run, [50]"),
        (["--seed", "1", "--batch-size", "8"], "batch_size is 32 in the run, 8"),
        (["spiral"], "dataset is 'core:Digits' in the run, 'core:Spiral'"),
        (["--backend", "array_api_strict"], "backend is 'numpy' in the run"),
        (["--weights", "safetensors"], "weights is 'npz' in the run"),
        (["--limit", "90"], "limit is 100 in the run, 90"),
    ],
)
def test_conflicting_options_change_nothing(cli, args, says):
    folder = cli.train()
    before = cli.files(folder)
    assert says in cli.error("train", "--resume", "--epochs", 3, "--out", "run", *args)
    assert cli.files(folder) == before


def test_ctrl_c_waits_until_the_files_of_an_epoch_are_written(cli, tmp_path, monkeypatch):
    restore = Folder.restore

    def interrupted(folder, run):
        signal.raise_signal(signal.SIGINT)
        restore(folder, run)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(Folder, "restore", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(make_recipe(limit=64, epochs=3), tmp_path)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert Folder(tmp_path).read().epoch == len(cli.log(tmp_path)) == 1


def test_killed_between_two_files(cli, tmp_path, monkeypatch):
    recipe = make_recipe(limit=64, epochs=3)
    train(recipe, tmp_path / "whole")

    def killed(folder, run):
        if run.epoch == 2:
            raise OSError("no space left")
        restore(folder, run)

    restore = Folder.restore
    monkeypatch.setattr(Folder, "restore", killed)
    with pytest.raises(OSError, match="no space"):
        train(recipe, tmp_path / "cut")
    monkeypatch.setattr(Folder, "restore", restore)
    assert len(cli.log(tmp_path / "cut")) == 1
    train(recipe, tmp_path / "cut", resume=True)
    assert cli.log(tmp_path / "cut") == cli.log(tmp_path / "whole")
    assert cli.state(tmp_path / "cut") == cli.state(tmp_path / "whole")


@pytest.mark.parametrize("file", ["settings.json", "log.jsonl", "weights.npz"])
def test_all_but_the_checkpoint_can_be_lost(cli, file):
    folder = cli.train()
    before = cli.files(folder)
    (folder / file).unlink()
    cli("train", "--resume", "--out", "run", "--epochs", 3)
    assert cli.files(folder).keys() == before.keys()
    assert len(cli.log(folder)) == 3


def test_checkpoints_that_do_not_fit(cli):
    folder = cli.train()
    file = folder / "checkpoint.npz"
    whole = read_arrays(file)
    resume = ("train", "--resume", "--epochs", 3, "--out", "run")
    write_arrays(file, {k: a for k, a in whole.items() if k != "optimizer/updates"})
    assert "updates: missing" in cli.error(*resume)
    write_arrays(file, whole | {"weights/l0/b": whole["weights/l0/b"][1:]})
    assert "the checkpoint has the weights" in cli.error(*resume)
    write_arrays(file, {k: a for k, a in whole.items() if k != "random/keys"})
    assert "the checkpoint does not fit" in cli.error(*resume)
    write_arrays(file, {k: a for k, a in whole.items() if k != "log"})
    assert "not a checkpoint of this version" in cli.error(*resume)
    file.write_bytes(file.read_bytes()[:1000])
    assert "cannot be read" in cli.error(*resume)
    assert "start over with --force" in cli.error("train", "--out", "run")
    cli("train", "--force", "--epochs", 1, "--limit", 50, "--out", "run")


def test_data_that_have_changed(tmp_path, monkeypatch):
    from arraygrad.training import loop, prepare

    recipe = make_recipe(limit=64, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path, progress=Stop(epochs=1))

    def changed(recipe):
        data = prepare(recipe)
        return data._replace(facts=data.facts | {"mean": 0.0})

    monkeypatch.setattr(loop, "prepare", changed)
    with pytest.raises(RunError, match="has changed since"):
        train(recipe, tmp_path, resume=True)


def test_a_real_ctrl_c(cli, draws):
    # A shell that starts this in the background has Ctrl-C ignored; undo that.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from arraygrad.__main__ import main; main()"
    )
    options = ["--limit", "200", "--epochs", "100000", "--out", "run"]
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, "train", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SRC), "PYTHONUNBUFFERED": "1"},
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line.split()[:2] == ["epoch", "3/100000"]:
            break
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 130, errors
    assert "Traceback" not in errors
    folder = cli.folder / "run"
    done = Folder(folder).read().epoch
    assert done >= 3
    assert f"run has {done} of 100000 epochs" in errors
    assert "arraygrad train --resume --out run" in errors
    assert [line["epoch"] for line in cli.log(folder)] == [*range(1, done + 1)]
    assert not [path.name for path in folder.iterdir() if path.suffix == ".tmp"]
    cli("train", "--resume", "--out", "run", "--epochs", done + 2)
    cli("train", "--limit", 200, "--out", "whole", "--epochs", done + 2)
    assert cli.state(folder) == cli.state(cli.folder / "whole")
    assert cli.log(folder) == cli.log(cli.folder / "whole")


def test_ctrl_c_in_the_first_epoch(cli, monkeypatch):
    # Below arraygrad.cli the name `train` is the command.
    module = importlib.import_module("arraygrad.cli.train")
    folder = cli.folder / "run"
    with monkeypatch.context() as patch:
        patch.setattr(module, "for_terminal", lambda: Stop(1))
        assert "before the first epoch" in cli("train", "--out", "run", code=130).output
        assert cli.files(folder) == {}
    cli.train()
    before = cli.files(folder)
    with monkeypatch.context() as patch:
        patch.setattr(module, "for_terminal", lambda: Stop(1))
        cli("train", "--force", "--limit", 50, "--out", "run", code=130)
    assert cli.files(folder) == before
    with monkeypatch.context() as patch:
        patch.setattr(module, "for_terminal", lambda: Stop(1))
        output = cli("train", "--resume", "--epochs", 5, "--out", "run", code=130).output
    assert "--resume --out run --epochs 5" in output
    assert cli.files(folder) == before
