"""VGG16, ResNet, SqueezeNet: their structure, shapes and learning, at sizes that cost little."""

import subprocess
import sys

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import models
from arraygrad.config import no_grad
from arraygrad.config import test_mode as testing_mode
from arraygrad.errors import LayerError
from arraygrad.layers import BatchNorm
from arraygrad.layers.initial import blank_weights
from arraygrad.models.pooling import pooling_all
from arraygrad.models.residual import BasicBlock
from arraygrad.models.squeezenet import Fire
from arraygrad.optimizers import SGD

f32 = np.float32


class SmallVGG(models.VGG16):
    channels = ((2, 3), (4, 4), (5, 5, 5), (6, 6, 6), (7, 7, 7))
    fc_sizes = (9, 8, 3)


class SmallResNet(models.ResNet):
    width = 2
    out_size = 3


def pictures(n=2, size=32):
    return np.random.default_rng(0).normal(size=(n, 3, size, size)).astype(f32)


def count(model, size=32):
    """The number of parameters, after a call that costs no draws."""
    with no_grad(), testing_mode(), blank_weights():
        assert model(pictures(1, size)).shape == (1, 1000)
    return sum(p.size for p in model.params())


def test_no_model_for_pictures_is_imported_before_its_first_use():
    code = (
        "import sys, arraygrad.models as models\n"
        "before = [m for m in sys.modules if m.startswith('arraygrad.models.')]\n"
        "models.VGG16, models.ResNet50\n"
        "print(sorted(before), 'arraygrad.models.vgg' in sys.modules, 'PIL' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = ["mlp", "model", "sequential"]
    assert run.stdout.strip() == f"{[f'arraygrad.models.{name}' for name in names]} True False"


# Their sizes are those of the papers


def test_vgg16():
    model = models.VGG16()
    assert all(p.data is None for p in model.params())
    assert [name for name, _ in model.named_params()][:3] == ["conv1_1/W", "conv1_1/b", "conv1_2/W"]
    assert len(list(model.params())) == 32
    # 138,357,544 with pictures of 224; fc6 is smaller for those of 32.
    assert count(model) == 138_357_544 - (7 * 7 - 1) * 512 * 4096
    assert model.conv5_3.W.shape == (512, 512, 3, 3)
    assert model.fc8.W.shape == (4096, 1000)


@pytest.mark.parametrize(
    ("n_layers", "downsample_fb", "parameters"),
    [
        (18, None, 11_689_512),
        (34, None, 21_797_672),
        (50, None, 25_557_096),
        (50, True, 25_557_032),
        (101, True, 44_549_160),
        (152, True, 60_192_808),
    ],
)
def test_resnet(n_layers, downsample_fb, parameters):
    model = models.ResNet(n_layers, downsample_fb=downsample_fb)
    assert all(w.data is None for _, w in model.named_weights())
    assert count(model) == parameters
    assert model.conv1.b is None if model.downsample_fb else model.conv1.b is not None
    # One layer is the fully connected one, and up to four convolutions are shortcuts.
    convs = [name for name, _ in model.named_params() if "conv" in name and name.endswith("W")]
    assert len(convs) == n_layers - 1 + (3 if n_layers < 50 else 4)


@pytest.mark.parametrize("n_layers", [18, 34, 50, 101, 152])
def test_resnets_of_a_depth_have_a_name(n_layers):
    model = getattr(models, f"ResNet{n_layers}")()
    assert isinstance(model, models.ResNet)
    assert model.n_layers == n_layers
    assert model.downsample_fb == (n_layers < 50)


def test_names_of_the_books_weights():
    model = SmallResNet(50)
    names = [name for name, _ in model.named_weights()]
    assert names[:6] == [
        "conv1/W", "conv1/b", "bn1/avg_mean", "bn1/avg_var", "bn1/gamma", "bn1/beta",
    ]  # fmt: skip
    for name in ("res2/a/conv4/W", "res2/b2/bn3/avg_var", "res4/b5/conv1/W", "fc6/b"):
        assert name in names
    assert "res2/b3/conv1/W" not in names
    # The original counted 106 running averages among the parameters.
    assert len(list(model.buffers())) == 106


def test_buildings_of_the_book():
    block = models.BuildingBlock(2, 8, 4, 16, 2)
    assert isinstance(block.a, models.BottleneckA)
    assert isinstance(block.b1, models.BottleneckB)
    assert block(np.ones((2, 8, 6, 6), dtype=f32)).shape == (2, 16, 3, 3)
    assert block.a.conv1.stride == (2, 2)
    fb = models.BottleneckA(8, 4, 16, downsample_fb=True)
    assert (fb.conv1.stride, fb.conv2.stride, fb.conv4.stride) == ((1, 1), (2, 2), (2, 2))
    assert fb(np.ones((2, 8, 6, 6), dtype=f32)).shape == (2, 16, 3, 3)
    assert models.BottleneckB(8, 2)(np.ones((2, 8, 3, 3), dtype=f32)).shape == (2, 8, 3, 3)
    assert BasicBlock(8, 4)(np.ones((2, 8, 3, 3), dtype=f32)).shape == (2, 4, 3, 3)
    with pytest.raises(LayerError, match=r"n_layers, in_channels.* are None, 3, None and None"):
        models.BuildingBlock(in_channels=3)


@pytest.mark.parametrize(("version", "parameters"), [("1.0", 1_248_424), ("1.1", 1_235_496)])
def test_squeezenet(version, parameters):
    model = models.SqueezeNet(version=version)
    assert count(model) == parameters
    assert model.fire9.expand3x3.W.shape == (256, 64, 3, 3)
    assert Fire(2)(np.ones((1, 3, 4, 4), dtype=f32)).shape == (1, 16, 4, 4)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: models.ResNet(51), "n_layers is 51; it should be one of 18, 34, 50, 101, 152"),
        (lambda: models.ResNet(18, downsample_fb=False), "ResNet18: downsample_fb is False"),
        (lambda: models.SqueezeNet(version="2"), "version is '2'; it should be '1.0' or '1.1'"),
        (lambda: models.SqueezeNet(pretrained=True), "no trained weights of it are known"),
        (lambda: models.ResNet34(pretrained=True), "ResNet34: .* no trained weights of it"),
        (lambda: models.VGG16(pretrained=1.5), "pretrained is 1.5; expected True, False"),
    ],
)
def test_odd_arguments(make, said):
    with pytest.raises(LayerError, match=said):
        make()


@pytest.mark.parametrize(
    "make",
    [SmallVGG, lambda: SmallResNet(18), lambda: SmallResNet(50)],
    ids=["VGG16", "ResNet18", "ResNet50"],
)
def test_they_learn(make):
    np.random.seed(0)
    x, t = pictures(4, 48), np.array([0, 1, 2, 0])
    model = make()
    optimizer = SGD(lr=0.05).setup(model)
    losses = []
    for _ in range(6):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        assert all(p.grad is not None for p in model.params())
        optimizer.update()
        losses.append(float(loss.data))
    assert min(losses[3:]) < losses[0]
    assert {p.grad.dtype for p in model.params()} == {np.dtype(f32)}


def test_vgg_drops_only_while_training():
    np.random.seed(0)
    model = SmallVGG()
    x = 100 * pictures(2)
    with testing_mode():
        np.testing.assert_array_equal(model(x).data, model(x).data)
    assert (model(x).data != model(x).data).any()


def test_pooling_comes_to_every_pixel():
    rng = np.random.default_rng(0)
    for size in range(1, 9):
        x = rng.uniform(size=(1, 1, size, size))
        y = pooling_all(x, 3, 2).data
        n = max(0, -(-(size - 3) // 2)) + 1
        assert y.shape == (1, 1, n, n)
        for i, j in np.ndindex(n, n):
            assert y[0, 0, i, j] == x[0, 0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max()


def test_resnet_has_the_pictures_sizes_of_the_paper():
    for kwargs in ({}, {"downsample_fb": True}):
        model = SmallResNet(50, **kwargs)
        text = model.summary((1, 3, 224, 224), depth=1)
        sizes = [112, 112, 56, 28, 14, 7]
        assert [line.split(", ")[2] for line in text.splitlines()[2:8]] == [str(n) for n in sizes]
    assert {m.eps for _, m in model.named_layers() if isinstance(m, BatchNorm)} == {1e-5}


# Pictures


def test_preprocess_of_the_book():
    image_module = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    x = models.VGG16.preprocess(array, size=None)
    expected = array[:, :, ::-1].astype(float) - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(x, expected.transpose(2, 0, 1), atol=1e-4)
    assert x.dtype == f32
    assert x.flags.c_contiguous
    image = image_module.fromarray(array)
    x = models.VGG16.preprocess(image)
    assert (x.shape, x.dtype) == ((3, 224, 224), f32)
    resized = np.asarray(image.resize((224, 224)), dtype=float)
    np.testing.assert_allclose(x[0], resized[:, :, 2] - 103.939, atol=1e-4)
    np.testing.assert_array_equal(models.VGG16.preprocess(array), x)
    assert models.VGG16.preprocess(image, size=(4, 6)).shape == (3, 6, 4)
    assert models.VGG16.preprocess(image.convert("L"), (2, 2), np.float64).dtype == np.float64


def test_preprocess_of_torchvision():
    array = np.zeros((1, 1, 3), dtype=np.uint8)
    array[0, 0] = [255, 0, 51]
    x = models.VGG16.preprocess(array, size=None, torchvision=True)
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    np.testing.assert_allclose(x[:, 0, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "image",
    ["zebra.jpg", None, np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((3, 4, 4))],
)
def test_preprocess_refuses_what_is_no_picture(image):
    with pytest.raises(LayerError, match=r"VGG16.preprocess: image is an? .* expected"):
        models.VGG16.preprocess(image)
