"""`arraygrad train`: what it learns, what it writes, and what it says to wrong options."""

from __future__ import annotations

import json

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import backend, registry
from arraygrad.datasets import Dataset
from arraygrad.errors import RunError
from arraygrad.layers import Layer, Linear
from arraygrad.optimizers import Optimizer
from arraygrad.training import Folder, make_recipe, train
from arraygrad.weights import read_arrays


def test_the_defaults_learn_the_digits(cli):
    output = cli("train").stdout
    folder = cli.folder / "runs" / "digits"
    log = cli.log(folder)
    assert [line["epoch"] for line in log] == [*range(1, 21)]
    assert log[-1]["test_accuracy"] >= 0.97
    assert log[-1]["train_loss"] < log[0]["train_loss"] / 10
    assert "359 held out" in output
    assert f"test accuracy {log[-1]['test_accuracy']:.2%} after epoch 20" in output


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_so_do_other_seeds(tmp_path, seed):
    assert train(make_recipe(seed=seed), tmp_path)[-1]["test_accuracy"] >= 0.97


def test_spiral_has_defaults_of_its_own(cli):
    cli("train", "spiral")
    log = cli.log(cli.folder / "runs" / "spiral")
    assert len(log) == 100
    assert log[-1]["test_accuracy"] >= 0.97


def test_what_a_run_leaves_behind(cli, draws):
    folder = cli.train("--hidden", "20,10", "--seed", 3)
    names = {"checkpoint.npz", "curves.png", "log.jsonl", "settings.json", "weights.npz"}
    assert {path.name for path in folder.iterdir()} == names
    shapes = {name: a.shape for name, a in read_arrays(folder / "weights.npz").items()}
    assert shapes == {
        "l0/W": (64, 20), "l0/b": (20,), "l1/W": (20, 10), "l1/b": (10,), "l2/W": (10, 10),
        "l2/b": (10,),
    }  # fmt: skip
    assert (folder / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert set(cli.log(folder)[0]) == {
        "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy",
    }  # fmt: skip


def test_settings_say_what_was_used_and_where_it_came_from(cli, monkeypatch):
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "array_api_strict")
    folder = cli.train("digits", "--optimizer", "SGD", "--hidden", 7)
    settings = json.loads((folder / "settings.json").read_text())
    recipe, origins = settings["recipe"], settings["origins"]
    assert recipe["dataset"] == "core:Digits"
    assert recipe["optimizer"], recipe["lr"] == ("core:SGD", 0.1)
    assert (recipe["hidden"], recipe["seed"], recipe["limit"]) == ([7], 0, 100)
    assert recipe["backend"] == "array_api_strict"
    assert origins["backend"] == "environment ARRAYGRAD_BACKEND"
    assert (origins["optimizer"], origins["lr"]) == ("command line", "default")
    assert settings["data"]["train_size"] == settings["data"]["test_size"] == 100
    assert settings["versions"]["arraygrad"] == ag.__version__
    assert "array_api_strict" in settings["versions"]


def test_equal_seeds_give_equal_runs_and_others_do_not(cli):
    one, same, other = (cli.train("--seed", s, out=f"r{i}") for i, s in enumerate((5, 5, 6)))
    assert cli.state(one) == cli.state(same)
    assert cli.log(one) == cli.log(same)
    assert (one / "weights.npz").read_bytes() == (same / "weights.npz").read_bytes()
    assert cli.state(one) != cli.state(other)


def test_other_libraries_and_devices_learn_the_same(cli):
    one, other = cli.train(out="a"), cli.train("--backend", "array_api_strict", out="b")
    device = str(backend.get_backend("array_api_strict").devices()[1])
    third = cli.train("--backend", "array_api_strict", "--device", device, out="c")
    ours = read_arrays(one / "weights.npz")
    for folder in (other, third):
        theirs = read_arrays(folder / "weights.npz")
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-5)


def test_safetensors(cli):
    pytest.importorskip("safetensors")
    folder = cli.train("--weights", "safetensors")
    assert not (folder / "weights.npz").exists()
    assert read_arrays(folder / "weights.safetensors")["l0/b"].shape == (100,)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["digts"], "did you mean 'digits'"),
        (["nothing-like-it"], "expected one of digits, spiral"),
        (["--model", "mpl"], "did you mean 'mlp'"),
        (["--model", "sequential"], "core:Sequential"),
        (["--optimizer", "adamm"], "did you mean 'adam'"),
        (["--optimizer", "clipgrad"], "core:ClipGrad"),
        (["--activation", "rellu"], "did you mean 'relu'"),
        (["--backend", "numpyy"], "did you mean 'numpy'"),
        (["--backend", "torhc"], "did you mean 'torch'"),
        (["--device", "cuda"], "'cuda', but backend 'numpy' has cpu"),
        (["--epochs", "0"], "epochs is 0"),
        (["--epochs", "two"], "'--epochs': 'two'"),
        (["--batch-size", "-1"], "batch_size is -1"),
        (["--limit", "0"], "limit is 0"),
        (["--seed", "-1"], "seed is -1"),
        (["--lr", "nan"], "lr is nan"),
        (["--lr", "0"], "lr is 0.0"),
        (["--hidden", "10,x"], "'10,x'"),
        (["--hidden", "0"], "'0'"),
        (["--weights", "onnx"], "onnx"),
        (["--resume", "--force"], "exclude each other"),
        (["--resume"], "no run to resume"),
        (["--optimiser", "adam"], "--optimiser"),
        (["digits", "spiral"], "spiral"),
    ],
)
def test_wrong_options_are_explained_and_change_nothing(cli, args, says):
    assert says in cli.error("train", *args)
    assert not (cli.folder / "runs").exists()


def test_a_finished_run_is_not_overwritten(cli):
    folder = cli.train()
    before = cli.files(folder)
    error = cli.error("train", "--out", "run")
    assert "a finished run of 2 epochs" in error
    assert all(option in error for option in ("--resume", "--out", "--force"))
    assert cli.files(folder) == before


def test_neither_are_other_files(cli):
    (cli.folder / "weights.npz").write_bytes(b"mine")
    assert "weights.npz" in cli.error("train", "--out", ".")
    assert (cli.folder / "weights.npz").read_bytes() == b"mine"
    assert "is a file" in cli.error("train", "--out", "weights.npz")


def test_force_starts_over_and_takes_away_what_is_of_the_old_run(cli):
    folder = cli.train("--weights", "safetensors")
    for name in ("confusion.png", "notes.txt"):
        (folder / name).write_text("old")
    cli.train("--seed", 1, "--force")
    assert {path.name for path in folder.iterdir()} == {
        "checkpoint.npz", "log.jsonl", "notes.txt", "settings.json", "weights.npz",
    }  # fmt: skip
    assert cli.state(folder) == cli.state(cli.train("--seed", 1, out="fresh"))


def test_a_folder_that_cannot_be_made(cli):
    (cli.folder / "file").write_text("")
    assert cli.error("train", "--out", "file/run").startswith("error: file/run")


def test_a_loss_that_is_not_finite_stops_the_run(cli):
    assert "no epoch was finished" in cli.error("train", "--lr", "1e30", "--out", "run")
    assert [*(cli.folder / "run").iterdir()] == []


def test_and_keeps_the_last_good_epoch(cli, tmp_path):
    class Diverging(Optimizer):
        updates = 0

        def __init__(self, lr=0.1):
            super().__init__()

        def update(self):
            Diverging.updates += 1
            super().update()

        def update_one(self, param):
            if Diverging.updates > 10:  # the third of five updates in the third epoch
                param.data = param.data * float("inf")

    registry.register_local("optimizers", Diverging)
    recipe = make_recipe(optimizer="diverging", limit=128, epochs=5, batch_size=32)
    with pytest.raises(RunError, match=r"loss is nan in epoch 3.*files of epoch 2 are kept.*--lr"):
        train(recipe, tmp_path)
    assert len(cli.log(tmp_path)) == 2
    assert Folder(tmp_path).read().epoch == 2


def test_things_of_plugins(cli):
    class Rings(Dataset):
        def prepare(self):
            random = np.random.RandomState(self.train)
            self.label = np.arange(60) % 2
            angle = random.uniform(0, 6.3, 60)
            x = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (self.label[:, None] + 1)
            self.data = x.reshape(60, 1, 2)

    class Net(Layer):
        def __init__(self, hidden_size, out_size):
            self.l1 = Linear(hidden_size)
            self.l2 = Linear(out_size)

        def forward(self, x):
            return self.l2(F.tanh(self.l1(F.reshape(x, (x.shape[0], -1)))))

    class Sign(Optimizer):
        def __init__(self, alpha=0.01):
            super().__init__()
            self.alpha = alpha

        def update_one(self, param):
            param.data = param.data - self.alpha * np.sign(param.grad.data)

    for kind, thing in (("datasets", Rings), ("models", Net), ("optimizers", Sign)):
        registry.register_local(kind, thing)
    options = ["--hidden", 9, "--epochs", 50, "--batch-size", 10]
    cli("train", "rings", "--model", "net", "--optimizer", "local:sign", *options)
    folder = cli.folder / "runs" / "rings"
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["recipe"]["dataset"] == "local:Rings"
    assert settings["recipe"]["lr"] == 0.01
    assert settings["data"]["shape"] == [1, 2]
    assert cli.log(folder)[-1]["test_accuracy"] > 0.7
    assert "test accuracy" in cli("predict", folder).stdout
    # The perceptron wants vectors, and gets them.
    cli("train", "rings", "--out", "flat", "--epochs", 1)


class Bad(Dataset):
    def prepare(self):
        self.data = np.ones((4, 2))
        self.label = np.array([0.5, 1.0, 0.0, 2.0])


class Pairless(dict):
    def __init__(self, train):
        super().__init__({1: (2, 3)})


class Needy(Layer):
    def __init__(self, depth, stride):
        pass


class Narrow(Layer):
    def forward(self, x):
        return x[:, :3]


@pytest.mark.parametrize(
    ("kind", "thing", "args", "says"),
    [
        ("datasets", Bad, ["bad"], "expected one class from 0 on"),
        ("datasets", Pairless, ["pairless"], "local:Pairless' gave no pair"),
        ("datasets", dict, ["dict"], "does not take train=True"),
        ("datasets", abs, ["abs"], "does not take train=True"),
        ("models", Needy, ["--model", "needy"], "needs depth, stride"),
        ("models", Narrow, ["--model", "narrow"], "each of the 10 classes"),
        ("models", dict, ["--model", "dict"], "local:dict"),
        ("functions", divmod, ["--activation", "divmod"], "'local:divmod' fails on a sample"),
        ("optimizers", Layer, ["--optimizer", "layer"], "local:Layer"),
    ],
)
def test_things_that_cannot_be_trained(cli, kind, thing, args, says):
    registry.register_local(kind, thing)
    assert says in cli.error("train", *args)


def test_missing_packages(cli, draws, without):
    without("safetensors")
    assert 'pip install "arraygrad[safetensors]"' in cli.error("train", "--weights", "safetensors")
    without("matplotlib")
    result = cli("train", "--epochs", 1, "--limit", 50)
    assert 'pip install "arraygrad[plot]"' in result.output
    assert not (cli.folder / "runs/digits/curves.png").exists()
    without("cupy")
    assert "cupy" in cli.error("train", "--backend", "cupy", "--out", "other")


def test_the_bar(cli, monkeypatch, without):
    from arraygrad.cli import progress

    class Terminal:
        text = ""

        def write(self, text):
            self.text += text

        def flush(self):
            pass

        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    bar = progress.for_terminal()
    assert isinstance(bar, progress.Bar)
    train(make_recipe(limit=64, epochs=3, batch_size=32), cli.folder / "run", progress=bar)
    assert "0/6" in terminal.text
    without("tqdm")
    assert type(progress.for_terminal()) is progress.Lines
