"""What this distribution adds: found through arraygrad, and right on every array library."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arraygrad.layers as L
from arraygrad import models, plugins, testing
from arraygrad import test_mode as testing_mode
from arraygrad.errors import LayerError
from arraygrad.op import arr
from arraygrad_vision import _plugin
from arraygrad_vision import models as ours
from arraygrad_vision.layers import ConvNorm, SqueezeExcite, StochasticDepth

ROOT = Path(__file__).parents[1]
LAYERS = ["ConvNorm", "SqueezeExcite", "StochasticDepth"]


def test_the_plugin_is_active_and_keeps_its_promises() -> None:
    [plugin] = [p for p in plugins.statuses() if p.distribution == "arraygrad-vision"]
    assert (plugin.status, plugin.reason, plugin.namespace) == ("active", "", "vision")
    assert plugin.api == _plugin.ARRAYGRAD_API
    assert plugin.provides == {"layers": LAYERS, "models": sorted(ours.__all__)}
    assert plugins.check_targets("vision") == []


@pytest.mark.parametrize("name", ours.__all__)
def test_models_in_arraygrad(name: str) -> None:
    assert getattr(models, name) is getattr(ours, name)
    assert name in dir(models)


def test_everything_that_the_kit_checks() -> None:
    report = testing.check_plugin("vision")
    report.raise_for_failures()
    assert report.counts["gradients"] > 100
    assert report.counts["trains"] == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: ConvNorm(4, 5, 2, groups=2),
        lambda: SqueezeExcite(4, 3),
        lambda: StochasticDepth(0.4),
    ],
    ids=LAYERS,
)
def test_layers(make: Any) -> None:
    testing.check_layer(make, arr(3, 4, 6, 5)).raise_for_failures()


def test_stochastic_depth_keeps_the_mean() -> None:
    np.random.seed(0)
    layer = StochasticDepth(0.25)
    x = np.ones((4000, 2, 1, 1), np.float32)
    y = layer(x).data[:, :, 0, 0]
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y[:, 0], y[:, 1])  # a whole sample
    np.testing.assert_allclose(np.unique(y), [0, 4 / 3])
    assert abs(y.mean() - 1) < 0.03
    with testing_mode():
        np.testing.assert_array_equal(layer(x).data, x)


def test_depth_grows_from_block_to_block() -> None:
    blocks = [block for stage in models.EfficientNetB0().blocks for block in stage]
    assert [round(block.depth.ratio * 80) for block in blocks] == list(range(16))
    blocks = [block for stage in models.ConvNeXtTiny().blocks for block in stage]
    np.testing.assert_allclose(
        [block.depth.ratio for block in blocks], np.linspace(0, 0.1, 18), atol=1e-12
    )


@pytest.mark.parametrize(
    "cls", [ours.ConvNeXt, ours.EfficientNet, ours.MobileNetV2, ours.VisionTransformer]
)
def test_the_head_reads_the_features(cls: Any) -> None:
    [sample] = cls.samples()
    model, [x] = sample.make(), sample.arrays()
    with testing_mode():
        y = model(x)
        np.testing.assert_array_equal(model.head(model.features(x)).data, y.data)
    model.cleargrads()
    model.head(model.features(x).data).sum().backward()  # the head alone is trained
    assert {name for name, p in model.named_params() if p.grad is not None} == {"head/W", "head/b"}


def test_odd_arguments() -> None:
    for make, said in (
        (lambda: ConvNorm(4, kernel_size=2), "kernel_size is 2; it should be odd"),
        (lambda: StochasticDepth(1.0), "ratio is 1.0"),
        (lambda: models.VisionTransformer(image=30), "image is 30 and patch is 16"),
        (lambda: models.MobileNetV2(out_size=0), "out_size is 0"),
    ):
        with pytest.raises(LayerError, match=said):
            make()
    model = models.VisionTransformer(image=8, patch=4, size=4, heads=1, depth=1)
    with pytest.raises(
        LayerError, match=r"x has the shape \(1, 3, 16, 16\); expected \(N, 3, 8, 8"
    ):
        model(np.zeros((1, 3, 16, 16), np.float32))


def test_its_weights_are_of_this_backend() -> None:
    assert L.ConvNorm is ConvNorm
    y = models.ConvNeXt(out_size=2, depths=(1,), sizes=(4,))(np.ones((1, 3, 8, 8), np.float32))
    assert y.shape == (1, 2)


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fine_tuning_pays() -> None:
    shares = example("fine_tune_digits").main(epochs=10)
    assert shares["fine-tuned, augmented"] > 0.5 > shares["from the start"]


def test_classifying_a_picture() -> None:
    image = pytest.importorskip("PIL.Image")
    np.random.seed(0)
    model = models.MobileNetV2(width=0.25)
    labels = {i: f"class {i}" for i in range(1000)}
    found = example("classify").classify(model, image.new("RGB", (300, 260), "red"), labels, 4)
    assert len(found) == 4
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert found.keys() <= set(labels.values())


def test_examples_in_the_readme(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known: dict[str, Any] = {}
    for block in text.split("```python\n")[1:]:
        code = block.split("```")[0]
        if "imagenet" in code:  # it would download
            code = code.replace('pretrained="imagenet"', "pretrained=False")
        exec(code, known)
    assert capsys.readouterr().out == "(8, 5)\n(8, 3, 224, 224)\n"


def test_installed_it_costs_nothing_until_it_is_used() -> None:
    code = (
        "import json, sys, arraygrad\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('arraygrad_vision')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == ["arraygrad_vision", "arraygrad_vision._plugin"]
