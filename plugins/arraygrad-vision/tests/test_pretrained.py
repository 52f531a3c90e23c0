"""Trained weights: by name, from a file or a URL, all or nothing; no test downloads."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arraygrad import models, no_grad, weights
from arraygrad import test_mode as testing_mode
from arraygrad.errors import DownloadError, LayerError, WeightsError
from arraygrad_vision import published
from arraygrad_vision.models.picture_model import PictureModel
from arraygrad_vision.published import ADDRESS, RESNETS, Published, load_pretrained

X = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)


class Small(models.MobileNetV2):
    """A MobileNetV2 of two blocks."""

    def __init__(self, pretrained: Any = False, out_size: int = 1000) -> None:
        super().__init__(pretrained, out_size, width=0.25, stages=((1, 8, 1, 1), (2, 8, 1, 2)))


@pytest.fixture
def trained() -> Small:
    np.random.seed(0)
    model = Small()
    for _ in range(3):
        model(X)  # so that the running averages move
    return model


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of its own, and no network."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ARRAYGRAD_CACHE_DIR", str(folder))

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return folder


def answer(model: Any) -> np.ndarray[Any, Any]:
    with no_grad(), testing_mode():
        y: np.ndarray[Any, Any] = model(X).data
    return y


def as_torchvision(model: Any) -> dict[str, np.ndarray[Any, Any]]:
    suffixes = {
        "W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "avg_mean": "running_mean",
        "avg_var": "running_var",
    }  # fmt: skip
    names, arrays = model.torchvision_names(), {}
    for key, weight in model.named_weights():
        layer, _, own = key.rpartition("/")
        data = np.array(weight.data)
        arrays[f"{names[layer]}.{suffixes[own]}"] = data.T if data.ndim == 2 else data
    return arrays


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("layout", ["own", "torchvision"])
def test_files(trained: Small, suffix: str, layout: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{suffix}"
    if layout == "own":
        trained.save_weights(path)
    else:
        weights.write_arrays(path, as_torchvision(trained))
    for given in (
        path,
        str(path),
        f"{path}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}",
    ):
        np.testing.assert_array_equal(answer(Small(given)), answer(trained))


def test_a_file_of_pytorch(trained: Small, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    state = {name: torch.tensor(array) for name, array in as_torchvision(trained).items()}
    torch.save(state, tmp_path / "w.pth")
    np.testing.assert_array_equal(answer(Small(tmp_path / "w.pth")), answer(trained))
    halves = {name: tensor.half() for name, tensor in state.items()}
    torch.save(halves, tmp_path / "half.pt")
    model = Small(tmp_path / "half.pt")
    assert {p.dtype for p in model.params()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(answer(model), answer(trained), rtol=0.05, atol=0.05)


def test_a_new_head_for_fine_tuning(trained: Small, tmp_path: Path) -> None:
    path = weights.write_arrays(tmp_path / "w.npz", as_torchvision(trained))
    np.random.seed(1)
    model = Small(path, 5)
    head = model.head.W.data
    assert model(X).shape == (2, 5)
    assert head.shape == (1280, 5)
    assert np.std(head) > 0.01
    np.random.seed(1)
    np.testing.assert_array_equal(Small(path, 5).head.W.data, head)
    theirs = dict(trained.named_weights())
    for name, weight in Small(path, 5).named_weights():
        if not name.startswith("head"):
            np.testing.assert_array_equal(weight.data, theirs[name].data)
    # Only a file for ImageNet has a head that may be left out.
    path = Small(path, 5).save_weights(tmp_path / "five.npz")
    assert Small(path, 5)(X).shape == (2, 5)
    with pytest.raises(WeightsError, match=r"head/W: shape \(1280, 5\) in the file, \(any, 7\)"):
        Small(path, 7)


def test_all_that_does_not_fit_is_said_and_nothing_changes(trained: Small, tmp_path: Path) -> None:
    arrays = as_torchvision(trained)
    arrays["features.0.0.weight"] = arrays["features.0.0.weight"][:, :, :2]
    del arrays["features.0.1.running_var"]
    arrays["features.9.weight"] = np.zeros(3, np.float32)
    arrays["classifier.1.bias"] = np.zeros(1000, np.int64)
    path = weights.write_arrays(tmp_path / "w.npz", arrays)
    before = {name: w.data for name, w in trained.named_weights()}
    with pytest.raises(WeightsError) as caught:
        trained.load_pretrained(path)
    for said in (
        "w.npz does not fit Small",
        "stem/bn/avg_var: not in the file",
        "features.9.weight: not in the model",
        "stem/conv/W: shape (8, 3, 2, 3) in the file, (8, 3, 3, 3) in the model",
        "head/b: dtype int64 in the file, float32 in the model",
        "nothing was loaded",
    ):
        assert said in str(caught.value)
    assert all(w.data is before[name] for name, w in trained.named_weights())


def test_weights_of_another_model(trained: Small, tmp_path: Path) -> None:
    path = weights.write_arrays(tmp_path / "w.npz", as_torchvision(trained))
    with pytest.raises(WeightsError, match="does not fit VisionTransformer"):
        models.VisionTransformer(path, image=8, patch=4, size=4, heads=1, depth=1)


@pytest.mark.parametrize(
    ("pretrained", "said"),
    [
        ("imagnet", r"Small: no trained weights are named 'imagnet'; .* 'imagenet', 'imagenet-v1'"),
        (3, r"Small: pretrained is 3; expected a name of trained weights \('imagenet', 'imag"),
        ("https://example.org/w.pth", r"checksum is not known; put it behind the URL: '#sha256='"),
    ],
)
def test_odd_arguments(pretrained: Any, said: str) -> None:
    with pytest.raises(LayerError, match=said):
        Small(pretrained)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Small(tmp_path / "nowhere.pth")
    (tmp_path / "w.bin").write_bytes(b"PK")
    with pytest.raises(WeightsError, match=r"suffix '\.bin'; trained weights should be \.pth, \.p"):
        Small(tmp_path / "w.bin")
    (tmp_path / "w.pth").write_bytes(b"PK")
    with pytest.raises(WeightsError, match="cannot be read as PyTorch's"):
        Small(tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth has the SHA-256 [0-9a-f]{64}; expected 0000"):
        Small(f"{tmp_path / 'w.pth'}#sha256={'0' * 64}")


# By name: the files are put where they would be downloaded to.


def put(cache: Path, arrays: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Published:
    """A file in the cache that Small knows by the name "imagenet"."""
    made = weights.write_arrays(cache.parent / "made.npz", arrays)
    digits = hashlib.sha256(made.read_bytes()).hexdigest()[:8]
    known = Published(f"small-{digits}.npz")
    monkeypatch.setattr(Small, "WEIGHTS", {"imagenet": known})
    place = cache / "torchvision" / known.file
    place.parent.mkdir(parents=True)
    made.rename(place)
    return known


@pytest.mark.parametrize("name", ["imagenet", True])
def test_by_name(trained: Small, name: Any, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache, as_torchvision(trained), monkeypatch)
    np.testing.assert_array_equal(answer(Small(name)), answer(trained))


def test_by_name_with_another_checksum(
    trained: Small, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = put(cache, as_torchvision(trained), monkeypatch)
    place = cache / "torchvision" / known.file
    place.write_bytes(place.read_bytes() + b"x")
    with pytest.raises(DownloadError, match=rf"begins with {known.digits}; delete .*{known.file}"):
        Small("imagenet")
    assert place.exists()  # it is the user's to delete


def test_a_download_with_another_checksum_is_not_kept(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(url: str, name: str) -> str:
        place = cache / name
        place.parent.mkdir(parents=True)
        place.write_bytes(b"something else")
        return str(place)

    monkeypatch.setattr(published, "get_file", download)
    with pytest.raises(DownloadError, match=r"expected one that begins with 7ebf99e0; it is not k"):
        models.MobileNetV2("imagenet")
    assert not (cache / "torchvision" / "mobilenet_v2-7ebf99e0.pth").exists()


def test_without_a_network_it_is_said_where_to_put_the_file(cache: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        models.MobileNetV2("imagenet")
    assert f"{ADDRESS}mobilenet_v2-7ebf99e0.pth" in str(caught.value)
    assert str(cache / "torchvision" / "mobilenet_v2-7ebf99e0.pth") in str(caught.value)


def test_every_name_has_a_checksum() -> None:
    kinds = (models.MobileNetV2, models.EfficientNetB0, models.ConvNeXtTiny, models.ViTB16)
    files = [w for kind in kinds for w in kind.WEIGHTS.values()] + list(RESNETS.values())
    assert len(files) == 10
    for known in files:
        assert len(known.digits) == 8
        assert int(known.digits, 16)
    for kind in kinds:
        assert next(iter(kind.WEIGHTS)) == "imagenet"


# Models of arraygrad itself


class SmallResNet(models.ResNet):
    width = 2


def test_resnets_know_imagenet_too(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.random.seed(0)
    model = SmallResNet(18)
    model(X)
    path = weights.write_arrays(cache.parent / "w.npz", as_torchvision(model))
    asked = []

    def download(url: str, name: str) -> str:
        asked.append(url)
        return str(path)

    monkeypatch.setattr(published, "get_file", download)
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    monkeypatch.setitem(RESNETS, "ResNet18", Published(f"resnet18-{digits}.pth"))
    other = SmallResNet(18)
    load_pretrained(other)
    assert asked == [f"{ADDRESS}resnet18-{digits}.pth"]
    np.testing.assert_array_equal(answer(other), answer(model))
    with pytest.raises(LayerError, match="expected one of: none are known"):
        load_pretrained(models.VGG16(), "imagenet")


# Preparing pictures


def test_preprocess_cuts_out_the_middle() -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.zeros((232, 400, 3), np.uint8)
    pixels[:, 200:] = 255
    x = models.MobileNetV2.preprocess(image.fromarray(pixels))
    assert (x.shape, x.dtype) == ((3, 224, 224), np.float32)
    mean = np.array([0.485, 0.456, 0.406])
    std = np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(x[:, 0, 111], -mean / std, rtol=1e-6)
    np.testing.assert_allclose(x[:, 0, 112], (1 - mean) / std, rtol=1e-6)
    gray = image.new("L", (300, 600), 128)
    assert models.ViTB16.preprocess(gray, dtype=np.float64).shape == (3, 224, 224)


def test_preprocess_of_weights_that_are_not_known() -> None:
    image = pytest.importorskip("PIL.Image")
    with pytest.raises(LayerError, match=r"weights is 'v9'; it should be one of 'imagenet', 'im"):
        models.MobileNetV2.preprocess(image.new("RGB", (9, 9)), "v9")
    with pytest.raises(LayerError, match="no weights are known"):
        PictureModel.preprocess(image.new("RGB", (9, 9)))
