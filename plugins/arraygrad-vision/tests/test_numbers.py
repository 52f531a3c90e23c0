"""The networks compute what torchvision's compute with the same weights.

`data/torchvision.json` has what torchvision's gave; `python data/record.py` writes it anew, where
PyTorch and torchvision are installed. Weights are drawn from the name and shape of each, so that
they need not be kept.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arraygrad import models, no_grad, weights
from arraygrad import test_mode as testing_mode
from arraygrad.layers import Linear
from arraygrad.layers.initial import blank_weights

FILE = Path(__file__).parent / "data" / "torchvision.json"
SUFFIXES = {
    "W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "avg_mean": "running_mean",
    "avg_var": "running_var",
}  # fmt: skip


def small_convnext(pretrained: Any = False) -> Any:
    return models.ConvNeXt(pretrained, 7, depths=(1, 2, 1), sizes=(8, 16, 24))


def small_vit(pretrained: Any = False) -> Any:
    return models.VisionTransformer(
        pretrained, 7, image=32, patch=8, size=24, heads=3, depth=2, hidden=40
    )


CASES: dict[str, tuple[Callable[..., Any], int]] = {
    "mobilenet_v2": (lambda pretrained=False: models.MobileNetV2(pretrained), 64),
    "efficientnet_b0": (lambda pretrained=False: models.EfficientNetB0(pretrained), 64),
    "small convnext": (small_convnext, 64),
    "small vit": (small_vit, 32),
}


def drawn(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Numbers for one of torchvision's tensors, the same wherever they are drawn."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.array(7)
    if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
        numbers = rng.uniform(0.5, 1.5, shape)
    elif name.endswith(("weight", "in_proj_weight")):
        numbers = rng.normal(0, (1 / np.prod(shape[1:])) ** 0.5, shape)
    else:
        numbers = rng.uniform(-0.3, 0.3, shape)
    return numbers.astype(np.float32)


def pictures(size: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(2, 3, size, size)).astype(np.float32)


def called(make: Callable[..., Any], size: int) -> Any:
    """A model whose weights have their shapes."""
    with no_grad(), testing_mode(), blank_weights():
        model = make()
        model(np.zeros((1, 3, size, size), np.float32))
    return model


def torchvision_shapes(model: Any) -> dict[str, tuple[int, ...]]:
    """What torchvision's file has for this model: the names and shapes of its tensors."""
    names, layers = model.torchvision_names(), dict(model.named_layers())
    shapes: dict[str, tuple[int, ...]] = {}
    for key, weight in model.named_weights():
        layer, _, own = key.rpartition("/")
        shape = tuple(weight.shape)
        name = names.get(key) or f"{names[layer]}.{SUFFIXES[own]}"
        shapes[name] = shape[::-1] if isinstance(layers[layer], Linear) else shape
        if own == "avg_mean":
            shapes[f"{names[layer]}.num_batches_tracked"] = ()
    for name in list(shapes):
        before, _, what = name.rpartition("self_attention.q.")
        if before:
            for part in "qkv":
                shape = shapes.pop(f"{before}self_attention.{part}.{what}")
            joint = f"{before}self_attention.in_proj_{what}"
            shapes[joint] = (3 * shape[0], *shape[1:])
    for name, axes in (("class_token", 2), ("encoder.pos_embedding", 1)):
        if name in shapes:
            shapes[name] = (*[1] * axes, *shapes[name])
    return shapes


@pytest.mark.parametrize("name", CASES)
def test_names_shapes_and_numbers_are_torchvisions(name: str, tmp_path: Path) -> None:
    make, size = CASES[name]
    recorded = json.loads(FILE.read_text(encoding="utf-8"))[name]
    shapes = torchvision_shapes(called(make, size))
    listed = "".join(f"{key} {shapes[key]}\n" for key in sorted(shapes))
    assert zlib.crc32(listed.encode()) == recorded["names"]
    arrays = {key: drawn(key, shape) for key, shape in shapes.items()}
    model = make(weights.write_arrays(tmp_path / "w.npz", arrays))
    expected = np.array(recorded["y"])  # in float64
    scale = abs(expected).max()
    assert scale > 0.1
    for dtype, rounding in ((np.float32, 1e-5), (np.float64, 1e-12)):
        for _, weight in model.named_weights():
            weight.data = weight.data.astype(dtype)
        with no_grad(), testing_mode():
            y = model(pictures(size).astype(dtype)).data
        assert y.dtype == dtype
        np.testing.assert_allclose(y[:, :10] / scale, expected / scale, rtol=0, atol=rounding)


# As published with the papers and by torchvision.
@pytest.mark.parametrize(
    ("name", "count"),
    [("MobileNetV2", 3_504_872), ("EfficientNetB0", 5_288_548), ("ConvNeXtTiny", 28_589_128)],
)
def test_parameters_are_as_many_as_published(name: str, count: int) -> None:
    model = called(getattr(models, name), 32)
    assert sum(p.size for p in model.params()) == count


def test_vit_b_16_has_as_many_parameters_as_published() -> None:
    # Two of its twelve blocks, as all of them would take a third of a gigabyte.
    counts = []
    for depth in (1, 2):
        model = called(lambda depth=depth: models.VisionTransformer(depth=depth), 224)
        counts.append(sum(p.size for p in model.params()))
    assert counts[0] + 11 * (counts[1] - counts[0]) == 86_567_656


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "ViTB16"])
def test_against_torchvision_itself(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    try:
        from torchvision import models as theirs
    except (ImportError, RuntimeError):  # RuntimeError: it is for another version of PyTorch
        pytest.skip("torchvision is not installed, or not for this PyTorch")
    [function] = [
        f for n, f in vars(theirs).items() if n.replace("_", "") == name.lower() and callable(f)
    ]
    network = function().eval()
    state = {k: torch.tensor(drawn(k, tuple(v.shape))) for k, v in network.state_dict().items()}
    network.load_state_dict(state)
    x = pictures(224)[:1]
    with torch.no_grad():
        expected = network(torch.tensor(x)).numpy()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    model = getattr(models, name)(tmp_path / "w.pth")
    with no_grad(), testing_mode():
        y = model(x).data
    scale = abs(expected).max()
    np.testing.assert_allclose(y / scale, expected / scale, rtol=0, atol=1e-5)
