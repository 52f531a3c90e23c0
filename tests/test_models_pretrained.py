"""Trained weights: by name, from a file or a URL, all or nothing."""

import hashlib
import os
import re
import socket

import numpy as np
import pytest

from arraygrad import models, weights
from arraygrad.config import test_mode as testing_mode
from arraygrad.downloads import get_file
from arraygrad.errors import DownloadError, LayerError, WeightsError
from arraygrad.models.pretrained import Pretrained
from arraygrad.models.squeezenet import Fire
from arraygrad.variable import Buffer

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")
with_torch = pytest.mark.skipif(
    "torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch"
)
f32 = np.float32


class SmallVGG(models.VGG16):
    channels = ((2, 3), (4, 4), (5, 5, 5), (6, 6, 6), (7, 7, 7))
    fc_sizes = (9, 8, 3)


class SmallResNet(models.ResNet):
    width = 2
    out_size = 3


class SmallSqueezeNet(models.SqueezeNet):
    out_size = 3


def pictures():
    return np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(f32)


def trained(make):
    """A model whose weights are all different, also its running averages."""
    rng = np.random.default_rng(1)
    model = make()
    model(pictures())
    for _, w in model.named_weights():
        shape = w.data.shape
        w.data = (
            rng.uniform(0.5, 1.5, shape) if isinstance(w, Buffer) else rng.normal(0, 0.3, shape)
        ).astype(f32)
    return model


def answer(model):
    with testing_mode():
        return model(pictures()).data


def as_torchvision(model):
    """The weights of a model under torchvision's names, in its layout."""
    names = model.torchvision_names()
    suffixes = {
        "W": "weight", "b": "bias", "gamma": "weight", "beta": "bias",
        "avg_mean": "running_mean", "avg_var": "running_var",
    }  # fmt: skip
    arrays = {}
    for key, w in model.named_weights():
        layer, _, name = key.rpartition("/")
        array = w.data.T if layer.startswith("fc") and name == "W" else w.data
        arrays[f"{names[layer]}.{suffixes[name]}"] = array
        if name == "avg_mean":
            arrays[f"{names[layer]}.num_batches_tracked"] = np.array(7)
    return arrays


CASES = {
    "VGG16": SmallVGG,
    "ResNet18": lambda p=False: SmallResNet(18, p),
    "ResNet50": lambda p=False: SmallResNet(50, p, downsample_fb=True),
    "SqueezeNet": SmallSqueezeNet,
    "SqueezeNet1.1": lambda p=False: SmallSqueezeNet(p, version="1.1"),
}
each = pytest.mark.parametrize("make", CASES.values(), ids=CASES.keys())


@each
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("layout", ["book", "torchvision"])
def test_weights_are_loaded_by_name(make, suffix, layout, tmp_path):
    model = trained(make)
    path = tmp_path / f"w{suffix}"
    if layout == "book":
        model.save_weights(path)
    else:
        weights.write_arrays(path, as_torchvision(model))
    other = make(path)
    np.testing.assert_array_equal(answer(other), answer(model))
    assert all(w.data.flags.writeable for _, w in other.named_weights())


@pytest.mark.parametrize(("n_layers", "downsample_fb"), [(50, False), (50, True), (18, True)])
def test_resnet_takes_the_form_of_its_weights(n_layers, downsample_fb, tmp_path):
    model = trained(
        lambda: SmallResNet(n_layers, downsample_fb=None if n_layers < 50 else downsample_fb)
    )
    path = tmp_path / "w.safetensors"
    if downsample_fb:
        weights.write_arrays(path, as_torchvision(model))
    else:
        model.save_weights(path)
    other = SmallResNet(n_layers, pretrained=path)
    assert other.downsample_fb == downsample_fb
    np.testing.assert_array_equal(answer(other), answer(model))


def test_weights_for_the_other_form_of_resnet(tmp_path):
    fb = trained(CASES["ResNet50"])
    path = weights.write_arrays(tmp_path / "w.npz", as_torchvision(fb))
    with pytest.raises(LayerError, match=r"ResNet50: these weights are torchvision's.*fb=True"):
        SmallResNet(50, path, downsample_fb=False)
    path = trained(lambda: SmallResNet(50)).save_weights(tmp_path / "book.npz")
    with pytest.raises(WeightsError, match="conv1/b: not in the model"):
        SmallResNet(50, path, downsample_fb=True)


def test_numbers_of_other_precision_are_converted(tmp_path):
    model = trained(SmallVGG)
    arrays = {name: w.data.astype(np.float16) for name, w in model.named_weights()}
    other = SmallVGG(weights.write_arrays(tmp_path / "w.npz", arrays))
    assert {p.dtype for p in other.params()} == {np.dtype(f32)}
    np.testing.assert_allclose(answer(other), answer(model), rtol=0.05, atol=0.05)
    arrays["fc8/b"] = np.zeros(3, dtype=np.int64)
    with pytest.raises(WeightsError, match="fc8/b: dtype int64 in the file, float32 in the model"):
        SmallVGG(weights.write_arrays(tmp_path / "w.npz", arrays))


def test_all_that_does_not_fit_is_said_and_nothing_changes(tmp_path):
    model = trained(SmallVGG)
    arrays = as_torchvision(model)
    arrays["features.2.weight"] = arrays["features.2.weight"][:, :, :2]
    arrays["classifier.3.weight"] = arrays["classifier.3.weight"].T
    del arrays["classifier.6.bias"]
    arrays["classifier.9.weight"] = np.zeros(3, dtype=f32)
    path = weights.write_arrays(tmp_path / "w.npz", arrays)
    before = {name: p.data for name, p in model.named_params()}
    with pytest.raises(WeightsError) as caught:
        Pretrained("VGG16", path).load_into(model)
    for said in (
        r"w.npz does not fit SmallVGG",
        r"fc8/b: not in the file",
        r"classifier.9.weight: not in the model",
        r"conv1_2/W: shape (3, 2, 2, 3) in the file, (3, 2, 3, 3) in the model",
        r"fc7/W: shape (8, 9) in the file, (9, 8) in the model",
        r"nothing was loaded",
    ):
        assert said in str(caught.value)
    assert all(p.data is before[name] for name, p in model.named_params())
    with pytest.raises(WeightsError, match=r"conv1_2/W: shape .*, \(3, any, 3, 3\) in the model"):
        SmallVGG(path)


def test_weights_of_another_model(tmp_path):
    path = trained(lambda: SmallResNet(18)).save_weights(tmp_path / "w.npz")
    with pytest.raises(WeightsError, match=r"fc8/b: not in the file.* res2/a/conv1/W: not in the"):
        SmallVGG(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        SmallVGG(tmp_path / "nowhere.npz")
    (tmp_path / "vgg.pth").write_bytes(b"PK")
    with pytest.raises(WeightsError, match=r"VGG16: .*suffix '\.pth'.* should be \.npz or \.safe"):
        SmallVGG(str(tmp_path / "vgg.pth"))
    (tmp_path / "vgg.npz").write_bytes(b"PK")
    with pytest.raises(WeightsError, match="cannot be read"):
        SmallVGG(str(tmp_path / "vgg.npz"))


# Checksums and downloads


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache directory of its own, and no network."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ARRAYGRAD_CACHE_DIR", str(folder))

    def refuse(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    model = trained(SmallVGG)
    return model, model.save_weights(tmp_path_factory.mktemp("weights") / "small vgg.npz")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_with_a_checksum(shared):
    model, path = shared
    np.testing.assert_array_equal(answer(SmallVGG(f"{path}#sha256={sha256(path)}")), answer(model))
    with pytest.raises(WeightsError, match=f"has the SHA-256 {sha256(path)}; expected {'0' * 64}"):
        SmallVGG(f"{path}#sha256={'0' * 64}")


def test_a_url_with_a_checksum(shared, cache):
    model, path = shared
    url = f"{path.as_uri()}#sha256={sha256(path).upper()}"
    np.testing.assert_array_equal(answer(SmallVGG(url)), answer(model))
    kept = [p for p in cache.rglob("*") if p.is_file()]
    assert [sha256(p) for p in kept] == [sha256(path)]
    wrong = f"{path.as_uri()}#sha256={'0' * 64}"
    with pytest.raises(DownloadError, match="expected 0000"):
        SmallVGG(wrong)


def test_the_checksum_of_the_first_download_holds(tmp_path, cache):
    model = trained(SmallVGG)
    path = model.save_weights(tmp_path / "vgg.npz")
    SmallVGG.WEIGHTS_PATH = path.as_uri()
    try:
        np.testing.assert_array_equal(answer(SmallVGG(pretrained=True)), answer(model))
        (record,) = cache.rglob("*.sha256")
        assert record.read_text().split() == [sha256(path), record.name.removesuffix(".sha256")]
        np.testing.assert_array_equal(answer(SmallVGG(pretrained=True)), answer(model))
        model.fc8.b.data = model.fc8.b.data + 1
        model.save_weights(path)
        with pytest.raises(DownloadError, match=f"recorded in {re.escape(str(record))}.* delete"):
            SmallVGG(pretrained=True)
        record.unlink()
        np.testing.assert_array_equal(answer(SmallVGG(pretrained=True)), answer(model))
    finally:
        del SmallVGG.WEIGHTS_PATH


@pytest.mark.parametrize(
    ("cls", "name"),
    [(models.VGG16, "vgg16"), (models.ResNet50, "resnet50"), (models.ResNet152, "resnet152")],
)
def test_without_network_it_says_where_to_put_the_file(cls, name, cache, tmp_path):
    with pytest.raises(DownloadError, match=rf"releases/download/v0\.1/{name}\.npz") as caught:
        cls(pretrained=True)
    place = re.search(r"put it at (\S+)|put the file at (\S+)", str(caught.value))
    place = (place[1] or place[2]).rstrip(".;,")
    assert os.path.dirname(place) == str(cache)
    # A file that is put there is taken, whatever it is; so it has to fit.
    os.makedirs(cache, exist_ok=True)
    os.rename(trained(Fire3).save_weights(tmp_path / "w.npz"), place)
    with pytest.raises(WeightsError, match="squeeze/W: not in the model"):
        cls(pretrained=True)


class Fire3(Fire):
    def __init__(self):
        super().__init__(2)


def test_urls_are_those_of_the_book():
    base = "https://github.com/koki0702/dezero-models/releases/download/v0.1/"
    assert base + "vgg16.npz" == models.VGG16.WEIGHTS_PATH
    assert base + "resnet{}.npz" == models.ResNet.WEIGHTS_PATH


def test_two_urls_are_two_files(tmp_path, cache):
    paths = []
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        weights.write_arrays(folder / "w.npz", {"a": np.full(1, n)})
        paths.append(get_file((folder / "w.npz").as_uri()))
    assert paths[0] != paths[1]


# Networks written with torch, from which such files come


@with_torch
def test_files_of_torch_vgg(tmp_path):
    import torch
    from safetensors.torch import save_file

    nn = torch.nn
    torch.manual_seed(0)
    parts, channels = [], 3
    for block in SmallVGG.channels:
        for size in block:
            parts += [nn.Conv2d(channels, size, 3, padding=1), nn.ReLU()]
            channels = size
        parts.append(nn.MaxPool2d(2, 2))
    a, b, c = SmallVGG.fc_sizes
    head = [nn.Linear(7, a), nn.ReLU(), nn.Dropout(), nn.Linear(a, b), nn.ReLU(), nn.Dropout()]
    net = nn.Module()
    net.features, net.classifier = nn.Sequential(*parts), nn.Sequential(*head, nn.Linear(b, c))
    net.eval()
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    with torch.no_grad():
        expected = net.classifier(net.features(torch.asarray(pictures())).flatten(1)).numpy()
    y = answer(SmallVGG(tmp_path / "w.safetensors"))
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def torch_block(torch, channels, mid, out, stride, basic):
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(
                channels, mid, 3 if basic else 1, stride if basic else 1, int(basic), bias=False
            )
            self.bn1 = nn.BatchNorm2d(mid)
            self.conv2 = nn.Conv2d(mid, mid, 3, 1 if basic else stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(mid)
            if not basic:
                self.conv3 = nn.Conv2d(mid, out, 1, bias=False)
                self.bn3 = nn.BatchNorm2d(out)
            if stride > 1 or channels != out:
                self.downsample = nn.Sequential(
                    nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
                )

        def forward(self, x):
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            if not basic:
                y = self.bn3(self.conv3(torch.relu(y)))
            return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))

    return Block()


@with_torch
@pytest.mark.parametrize(("n_layers", "blocks"), [(18, (2, 2, 2, 2)), (50, (3, 4, 6, 3))])
def test_files_of_torch_resnet(n_layers, blocks, tmp_path):
    import torch
    from safetensors.torch import save_file

    nn, basic = torch.nn, n_layers < 50
    torch.manual_seed(0)
    net = nn.Module()
    net.conv1, net.bn1 = nn.Conv2d(3, 2, 7, 2, 3, bias=False), nn.BatchNorm2d(2)
    channels = 2
    for i, n in enumerate(blocks):
        mid = 2 << i
        out = mid if basic else 4 * mid
        parts = []
        for j in range(n):
            stride = 2 if i > 0 and j == 0 else 1
            parts.append(torch_block(torch, channels, mid, out, stride, basic))
            channels = out
        setattr(net, f"layer{i + 1}", nn.Sequential(*parts))
    net.fc = nn.Linear(channels, 3)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 1e-4, 1e-2)  # so small that eps matters
            nn.init.uniform_(module.weight, 0.01, 0.1)
    net.eval()
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    with torch.no_grad():
        x = torch.max_pool2d(torch.relu(net.bn1(net.conv1(torch.asarray(pictures())))), 3, 2, 1)
        for i in range(1, 5):
            x = getattr(net, f"layer{i}")(x)
        expected = net.fc(x.mean((2, 3))).numpy()
    y = answer(SmallResNet(n_layers, tmp_path / "w.safetensors"))
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-5)


@with_torch
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_files_of_torch_squeezenet(version, tmp_path):
    import torch
    from safetensors.torch import save_file

    nn = torch.nn
    torch.manual_seed(0)

    class TorchFire(nn.Module):
        def __init__(self, channels, squeeze):
            super().__init__()
            self.squeeze = nn.Conv2d(channels, squeeze, 1)
            self.expand1x1 = nn.Conv2d(squeeze, 4 * squeeze, 1)
            self.expand3x3 = nn.Conv2d(squeeze, 4 * squeeze, 3, padding=1)

        def forward(self, x):
            x = torch.relu(self.squeeze(x))
            y = torch.cat([self.expand1x1(x), self.expand3x3(x)], 1)
            return torch.relu(y)

    first, squeezes = {
        "1.0": (nn.Conv2d(3, 96, 7, 2), "p 16 16 32 p 32 48 48 64 p 64"),
        "1.1": (nn.Conv2d(3, 64, 3, 2), "p 16 16 p 32 32 p 48 48 64 64"),
    }[version]
    parts, channels = [first, nn.ReLU()], first.out_channels
    for squeeze in squeezes.split():
        if squeeze == "p":
            parts.append(nn.MaxPool2d(3, 2, ceil_mode=True))
        else:
            parts.append(TorchFire(channels, int(squeeze)))
            channels = 8 * int(squeeze)
    net = nn.Module()
    net.features = nn.Sequential(*parts)
    net.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 3, 1), nn.ReLU())
    net.eval()
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    with torch.no_grad():
        expected = net.classifier(net.features(torch.asarray(pictures()))).mean((2, 3)).numpy()
    y = answer(SmallSqueezeNet(tmp_path / "w.safetensors", version=version))
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
