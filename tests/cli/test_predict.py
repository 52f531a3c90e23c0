"""`arraygrad predict`, the pictures, and the same things as text."""

from __future__ import annotations

import json

import numpy as np
import pytest

from arraygrad.cli import text
from arraygrad.training import load, make_recipe, pictures, train

PNG = b"\x89PNG"


def test_predictions_of_digits(cli, draws):
    folder = cli.train("--epochs", 4, "--limit", 200)
    output = cli("predict", "run").stdout
    result = load(folder)
    wrong = int(np.sum(result.predictions != result.labels))
    assert result.accuracy == cli.log(folder)[-1]["test_accuracy"]
    assert f"test accuracy {result.accuracy:.2%}: {200 - wrong} of 200" in output
    assert output.count(", right") == 4
    assert output.count(", but is ") == 4
    assert "true \\ predicted   0   1" in output
    for name in ("predictions.png", "confusion.png"):
        assert (folder / name).read_bytes()[:4] == PNG
    assert "▓" not in cli("predict", "run", "--show", 0).stdout


def test_confusion_adds_up(cli):
    result = load(cli.train())
    counts = result.confusion
    assert counts.shape == (10, 10)
    assert counts.sum() == 100
    assert counts.trace() == round(100 * result.accuracy)
    assert counts.sum(axis=1).tolist() == np.bincount(result.labels, minlength=10).tolist()


def test_predictions_of_spiral(cli, draws):
    cli("train", "spiral", "--epochs", 3, "--out", "run")
    output = cli("predict", "run", "--show", 2).stdout
    assert "predictions.png, confusion.png" in output
    assert "of 300 held-out samples" in output
    assert "), right" not in output  # the caption is below the point, not beside it


def test_predictions_on_another_library(cli):
    folder = cli.train()
    here, there = load(folder), load(folder, "array_api_strict")
    assert there.predictions.tolist() == here.predictions.tolist()
    cli("predict", "run", "--backend", "array_api_strict")
    assert "did you mean 'numpy'" in cli.error("predict", "run", "--backend", "numpyy")


def test_folders_that_are_no_runs(cli):
    assert "no settings.json" in cli.error("predict", "nowhere")
    assert "--show" in cli.error("predict", "nowhere", "--show", -1)
    folder = cli.train()
    settings = (folder / "settings.json").read_text()
    (folder / "settings.json").write_text(settings.replace('"format": 1', '"format": 9'))
    assert "format 9, expected 1" in cli.error("predict", "run")
    (folder / "settings.json").write_text(settings[:100])
    assert "--resume" in cli.error("predict", "run")
    (folder / "settings.json").write_text(settings.replace("core:Digits", "other:Digits"))
    assert "other:Digits" in cli.error("predict", "run")
    (folder / "settings.json").write_text(settings.replace('"classes": 10', '"classes": 9'))
    assert "has changed since" in cli.error("predict", "run")
    changed = json.loads(settings)
    changed["recipe"]["hidden"] = [50]
    (folder / "settings.json").write_text(json.dumps(changed))
    assert "does not fit MLP" in cli.error("predict", "run")
    (folder / "settings.json").write_text(settings)
    (folder / "weights.npz").unlink()
    assert "weights.npz" in cli.error("predict", "run")


def test_without_matplotlib(cli, draws, without):
    folder = cli.train()
    without("matplotlib")
    result = cli("predict", "run")
    assert "test accuracy" in result.output
    assert 'pip install "arraygrad[plot]"' in result.output
    assert not (folder / "confusion.png").exists()


def test_without_scikit_learn(cli, without, monkeypatch):
    from arraygrad.datasets import digits

    cli.train()
    without("sklearn")
    digits._load.cache_clear()
    assert 'pip install "arraygrad[data]"' in cli.error("predict", "run")
    assert 'pip install "arraygrad[data]"' in cli.error("train", "--out", "other")


def test_no_pyplot_and_no_display(cli, draws, monkeypatch, without):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("MPLBACKEND", "tkagg")
    without("matplotlib.pyplot")
    cli.train()
    cli("predict", "run")


@pytest.mark.parametrize("epochs", [1, 2, 60])
def test_curves_of_any_length(tmp_path, epochs):
    log = [
        {
            "epoch": i + 1, "train_loss": 1 / (i + 1), "test_loss": 1.0, "train_accuracy": 0.5,
            "test_accuracy": 0.5, "seconds": 0.1,
        }
        for i in range(epochs)
    ]  # fmt: skip
    pictures.curves(log, tmp_path / "curves.png")
    assert [path.name for path in tmp_path.glob("*c*")] == ["curves.png"]


def test_a_picture_without_mistakes(tmp_path):
    train(make_recipe(limit=40, epochs=1), tmp_path)
    result = load(tmp_path)
    right = result._replace(predictions=result.labels)
    assert pictures.predictions(right, tmp_path / "p.png")
    assert pictures.confusion(right, tmp_path / "c.png")
    assert (tmp_path / "p.png").read_bytes()[:4] == PNG


def test_samples_that_are_no_pictures(tmp_path):
    train(make_recipe(limit=40, epochs=1), tmp_path)
    result = load(tmp_path)
    result.data.test.data = result.data.test.data[:, :7]
    result.data.facts["shape"] = [7]
    assert result.image(0) is None
    assert not pictures.predictions(result, tmp_path / "p.png")
    result.data.test.data = np.zeros((3, 1, 5, 4))
    assert result.image(0).shape == (5, 4)
    result.data.test.data = np.zeros((3, 3, 5, 4))
    assert result.image(0) is None


def test_art_in_any_encoding(monkeypatch):
    class Stdout:
        encoding = "ascii"

    image = np.linspace(0, 1, 5).reshape(1, 5)
    monkeypatch.setattr(text.sys, "stdout", Stdout())
    assert text.art(image) == ["  ..::**##"]
    Stdout.encoding = "utf-8"
    assert text.art(image) == ["  ░░▒▒▓▓██"]
    assert [len(line) for line in text.art(np.zeros((27, 28)))] == [28] * 14


def test_text_fits_the_terminal():
    blocks = [["aaaa", "b"]] * 5
    assert text.beside(blocks, width=12, gap="  ").splitlines() == [
        "aaaa  aaaa", "b     b", "", "aaaa  aaaa", "b     b", "", "aaaa", "b",
    ]  # fmt: skip
    assert text.matrix(np.array([[3, 0], [12, 4]])).splitlines() == [
        "true \\ predicted   0   1",
        "               0   3   .",
        "               1  12   4",
    ]
