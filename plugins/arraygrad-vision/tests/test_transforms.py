"""Augmentation: what it computes, by which chance, and what it leaves alone."""

from __future__ import annotations

import colorsys
import copy
import pickle
from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import DataLoader, Variable, datasets
from arraygrad.errors import ArgumentError
from arraygrad.transforms import Compose, RandomHorizontalFlip
from arraygrad_vision.transforms import (
    ColorJitter,
    CutMix,
    MixUp,
    RandAugment,
    RandomAffine,
    RandomErasing,
    RandomResizedCrop,
)
from arraygrad_vision.transforms.affine import matrix, warped
from arraygrad_vision.transforms.color import blended, gray, turned
from arraygrad_vision.transforms.crops import _averages
from arraygrad_vision.transforms.policy import NAMES, applied

ALL = {
    "RandomResizedCrop": RandomResizedCrop((7, 5)),
    "RandomAffine": RandomAffine(30, (0.2, 0.1), (0.8, 1.2), 10),
    "RandomErasing": RandomErasing(p=0.8),
    "ColorJitter": ColorJitter(0.4, 0.4, 0.4, 0.2),
    "RandAugment": RandAugment(n=3, magnitude=20),
}
each = pytest.mark.parametrize("transform", ALL.values(), ids=ALL)
DTYPES = (np.uint8, np.int32, np.float16, np.float32, np.float64)


def pictures(dtype: Any = np.float32, n: int = 6) -> np.ndarray[Any, Any]:
    xs = np.random.default_rng(0).random((n, 3, 12, 10))
    return (xs * 255 if np.dtype(dtype).kind in "iu" else xs).astype(dtype)


# What holds for all


@each
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_shape_and_input(transform: Any, dtype: Any) -> None:
    if np.dtype(dtype) == np.int32 and hasattr(transform, "high"):
        transform = copy.copy(transform)
        transform.high = 255  # by default it is what the dtype can hold
    xs = pictures(dtype)
    before = xs.copy()
    xs.flags.writeable = False
    np.random.seed(0)
    ys = transform.batch(xs)
    size = (5, 7) if isinstance(transform, RandomResizedCrop) else (12, 10)
    assert (ys.dtype, ys.shape) == (dtype, (6, 3, *size))
    assert np.isfinite(ys).all()
    assert ys.flags.writeable
    assert not np.shares_memory(xs, ys)
    np.testing.assert_array_equal(xs, before)
    assert len({y.tobytes() for y in ys}) > 3  # each has a chance of its own


@each
def test_the_seed_decides(transform: Any) -> None:
    results = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        results.append(transform.batch(pictures()))
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    np.random.seed(3)
    one = transform(pictures()[0])
    np.random.seed(3)
    np.testing.assert_array_equal(transform.batch(pictures()[:1])[0], one)


@each
def test_other_axes_and_pickle(transform: Any) -> None:
    again = pickle.loads(pickle.dumps(transform))
    for x in (pictures()[0], pictures()[0, 0]):
        np.random.seed(0)
        y = transform(x)
        np.random.seed(0)
        np.testing.assert_array_equal(again(x), y)
        assert y.shape[:-2] == x.shape[:-2]
    assert transform.batch(pictures(n=0)).shape[0] == 0


@each
@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros(5), r"got the shape \(5,\); expected \(\.\.\., H, W\)"),
        (np.zeros((3, 0, 4)), r"got the shape \(3, 0, 4\)"),
        ([[1.0]], "got a list; expected a NumPy array"),
        (np.zeros((2, 2), bool), "got a ndarray of dtype bool"),
        (np.zeros((2, 2), complex), "got a ndarray of dtype complex128"),
        (Variable(np.zeros((2, 2))), "got a Variable of dtype float64; .* put ToArray before it"),
    ],
)
def test_what_is_no_sample(transform: Any, x: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=f"{type(transform).__name__}: {said}"):
        transform(x)


def test_in_a_data_set_and_a_row() -> None:
    np.random.seed(0)
    transform = Compose([RandomAffine(10), RandomHorizontalFlip(), RandomErasing()])
    digits = datasets.Digits(train=False, transform=transform, flat=False)
    [(x, _), *_] = DataLoader(digits, 50, shuffle=False)
    plain = datasets.Digits(train=False, flat=False).data[:50]
    assert (x.shape, x.dtype) == ((50, 1, 8, 8), np.float32)
    assert 0.05 < np.abs(x - plain).mean() < 0.5


# Crops


@pytest.mark.parametrize(("n", "m"), [(30, 13), (13, 30), (24, 24), (5, 1), (1, 5)])
def test_pixels_are_pils(n: int, m: int) -> None:
    image = pytest.importorskip("PIL.Image")
    x = np.random.default_rng(0).integers(0, 256, (n, n), dtype=np.uint8)
    found = _averages(n, m) @ x @ _averages(n, m).T
    expected = np.asarray(image.fromarray(x).resize((m, m), image.Resampling.BILINEAR))
    assert np.abs(found - expected).max() <= 1  # PIL rounds in between


def test_crops_have_the_shares_and_shapes_that_are_asked_for() -> None:
    # A picture of its own coordinates says where a crop was.
    rows, columns = np.indices((40, 60), dtype=np.float64)
    np.random.seed(0)
    crops = RandomResizedCrop(100, scale=(0.2, 0.5), ratio=(0.5, 2)).batch(
        np.stack([[rows, columns]] * 50)
    )
    for y, x in crops:
        height, width = y.max() - y.min() + 1, x.max() - x.min() + 1
        assert 0.17 < height * width / 2400 < 0.54
        assert 0.45 < width / height < 2.2
    np.testing.assert_allclose(
        RandomResizedCrop((60, 40), (1, 1), (1.5, 1.5))(rows), rows, atol=1e-12
    )


def test_a_crop_that_fits_nowhere_is_the_middle() -> None:
    x = np.arange(12.0).reshape(1, 1, 12)
    y = RandomResizedCrop((2, 1), scale=(1, 1), ratio=(2, 2))(x)
    np.testing.assert_array_equal(y, [[[5, 6]]])


# Affine maps


def test_a_quarter_turn_and_whole_steps() -> None:
    x = np.arange(25.0).reshape(1, 5, 5)
    turn = warped(x, matrix(np.pi / 2), (0, 0), 0)
    np.testing.assert_allclose(turn, np.rot90(x, 1, (1, 2)), atol=1e-12)
    moved = warped(x, np.eye(2), (2, -1), 9)
    np.testing.assert_array_equal(moved[:, :4, 2:], x[:, 1:, :3])
    assert (moved[:, :, :2] == 9).all()
    assert (moved[:, 4] == 9).all()
    np.testing.assert_array_equal(warped(x, np.eye(2), (90, 0), 9), np.full((1, 5, 5), 9))


def test_affine_against_scipy() -> None:
    scipy = pytest.importorskip("scipy.ndimage")
    x = np.random.default_rng(0).random((1, 9, 12))
    forward = matrix(0.4, 0.2) * 1.3
    found = warped(x, forward, (1.5, -0.5), 0.25)[0]
    swap = np.array([[0, 1], [1, 0]])
    back = swap @ np.linalg.inv(forward) @ swap
    middle = np.array([4.0, 5.5])
    offset = middle - back @ (middle + np.array([-0.5, 1.5]))
    expected = scipy.affine_transform(x[0], back, offset, order=1, mode="constant", cval=0.25)
    # At the border scipy takes nothing from inside.
    inside = scipy.affine_transform(np.ones((9, 12)), back, offset, order=1, cval=0) == 1
    assert inside.sum() > 30
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-10)


def test_nothing_to_do_is_the_identity() -> None:
    for dtype in (np.uint8, np.float32):
        x = pictures(dtype)[0]
        for transform in (RandomAffine(), ColorJitter(), RandAugment(0), RandomErasing(0)):
            np.testing.assert_allclose(transform(x), x, atol=1e-6)


# Erasing


def test_erasing() -> None:
    np.random.seed(0)
    xs = np.ones((40, 3, 20, 20), np.float32)
    ys = RandomErasing(1, (0.1, 0.3), (0.5, 2), fill=(7, 8, 9)).batch(xs)
    for y in ys:
        gone = y[0] == 7
        assert 0.08 < gone.mean() < 0.33
        rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
        assert len(rows) * len(columns) == gone.sum()  # a rectangle
        assert (y[:, gone] == np.array([[7], [8], [9]])).all()
        assert (y[:, ~gone] == 1).all()
    share = (RandomErasing(0.3).batch(np.ones((300, 1, 9, 9))) == 0).any(axis=(1, 2, 3)).mean()
    assert 0.2 < share < 0.4
    noise = RandomErasing(1, (0.9, 1), (1, 1), fill="noise")(np.zeros((3, 20, 20)))
    assert 0.9 < noise[noise != 0].std() < 1.1


# Colors


def test_hue_against_colorsys() -> None:
    x = np.random.default_rng(0).random((3, 4, 5))
    x[:, 0, 0] = 0.3  # gray
    x[:, 0, 1] = 0
    for turn in (0.2, -0.35, 0.5):
        found = turned(x, turn, 1.0)
        for place in np.ndindex(4, 5):
            h, s, v = colorsys.rgb_to_hsv(*x[:, *place])
            expected = colorsys.hsv_to_rgb((h + turn) % 1, s, v)
            np.testing.assert_allclose(found[:, *place], expected, atol=1e-12)


def test_colors_against_pil() -> None:
    image = pytest.importorskip("PIL.Image")
    from PIL import ImageEnhance

    x = pictures(np.uint8)[0]
    picture = image.fromarray(x.transpose(1, 2, 0))
    as_float = x.astype(np.float32)
    others = {
        "Brightness": np.zeros_like(as_float),
        "Contrast": gray(as_float).mean(),
        "Color": gray(as_float),
    }
    for name, other in others.items():
        for factor in (0.3, 1.7):
            found = blended(as_float, other, factor, 255)
            expected = np.asarray(getattr(ImageEnhance, name)(picture).enhance(factor))
            assert np.abs(found - expected.transpose(2, 0, 1)).max() < 2, name  # PIL rounds gray


def test_brightness_is_said_or_known() -> None:
    np.random.seed(0)
    x = pictures(np.uint8)[0]
    results = []
    for scaled, high in ((x, None), (x.astype(np.float32), 255), (x.astype(np.float64) / 255, 1)):
        np.random.seed(0)
        y = ColorJitter(0.4, 0.4, 0.4, 0.1, high=high)(scaled)
        results.append(y * (255 if high == 1 else 1.0))
    np.testing.assert_allclose(results[1], results[2], atol=1e-3)
    np.testing.assert_allclose(results[0], results[2], atol=0.51)
    with pytest.raises(ArgumentError, match=r"numbers go from 0 to 25\d; expected 0 to 1: .* high"):
        ColorJitter(0.4)(x.astype(np.float32))
    for bad in (-0.1, np.nan):
        with pytest.raises(ArgumentError, match="put it before Normalize"):
            RandAugment()(np.full((3, 4, 4), bad))


# The fourteen changes


@pytest.mark.parametrize("name", NAMES)
def test_every_change(name: str) -> None:
    x = np.random.default_rng(0).integers(50, 180, (3, 24, 30)).astype(np.float32)
    for side in (1, -1):
        weak, strong = (applied(name, x, strength, side, 255.0, 0.0) for strength in (0.0, 1.0))
        assert strong.dtype == np.float32
        assert strong.shape == x.shape
        assert 0 <= strong.min() <= strong.max() <= 255
        if name not in ("autocontrast", "equalize", "posterize"):  # which have no strength
            np.testing.assert_allclose(weak, x, atol=1e-3)
        assert np.array_equal(strong, x) == (name == "identity")


def test_changes_against_pil() -> None:
    image = pytest.importorskip("PIL.Image")
    from PIL import ImageOps

    x = 30 + np.random.default_rng(0).integers(0, 150, (3, 24, 30), dtype=np.uint8)
    picture = image.fromarray(x.transpose(1, 2, 0))
    for name, expected, off in (
        ("autocontrast", ImageOps.autocontrast(picture), 1),
        ("equalize", ImageOps.equalize(picture), 0),
        ("posterize", ImageOps.posterize(picture, 6), 0),
        ("solarize", ImageOps.solarize(picture, 128), 0),
    ):
        found = np.rint(applied(name, x.astype(np.float64), 0.5, 1, 255.0, 0.0))
        assert np.abs(found - np.asarray(expected).transpose(2, 0, 1)).max() <= off, name


def test_flat_pictures_stay_flat() -> None:
    for value in (0.0, 0.4, 1.0):
        x = np.full((3, 5, 5), value)
        for name in ("autocontrast", "equalize", "sharpness", "color"):
            np.testing.assert_allclose(applied(name, x, 1.0, 1, 1.0, 0.0), x, err_msg=name)


# Mixing


def test_mixup() -> None:
    np.random.seed(0)
    t = np.arange(8) % 4
    xs = np.eye(4)[t].reshape(8, 4, 1, 1) * np.ones((1, 1, 2, 2))
    mixed, shares = MixUp(alpha=1, classes=4)(xs, t)
    assert (shares.dtype, shares.shape) == (np.float32, (8, 4))
    np.testing.assert_allclose(mixed[:, :, 0, 0], shares, rtol=1e-6)  # a sample shows its label
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert 0 < np.partition(shares, -2, axis=1)[:, -2].max() < 1
    again, twice = MixUp(alpha=1, classes=4)(mixed, shares)
    np.testing.assert_allclose(again[:, :, 0, 0], twice, rtol=1e-6)
    same, hot = MixUp(alpha=0, classes=4)(xs, t)
    np.testing.assert_array_equal(same, xs)
    np.testing.assert_array_equal(hot, np.eye(4)[t])


def test_cutmix() -> None:
    t = np.arange(8) % 4
    xs = (60 * t).astype(np.uint8).reshape(8, 1, 1, 1) * np.ones((1, 3, 10, 15), np.uint8)
    seen = set()
    for seed in range(20):
        np.random.seed(seed)
        mixed, shares = CutMix(classes=4)(xs, t)
        assert mixed.dtype == np.uint8
        for x, share in zip(mixed, shares, strict=True):
            counted = [(x[0] == 60 * c).mean() for c in range(4)]
            np.testing.assert_allclose(share, counted, atol=1e-6)  # shares are areas
        seen.add(float(shares.max(axis=1).min()))
    assert len(seen) > 5


def test_mixed_labels_train() -> None:
    np.random.seed(0)
    _, shares = MixUp(alpha=1, classes=3)(np.zeros((4, 1, 2, 2)), np.array([0, 1, 2, 0]))
    scores = Variable(np.zeros((4, 3), np.float32))
    loss = F.softmax_cross_entropy(scores, shares)
    loss.backward()
    assert float(loss) == pytest.approx(np.log(3), rel=1e-6)
    np.testing.assert_allclose(scores.grad.data, (1 / 3 - shares) / 4, atol=1e-6)


@pytest.mark.parametrize("mix", [MixUp, CutMix])
@pytest.mark.parametrize(
    ("t", "said"),
    [
        (np.array([0, 3]), "labels go from 0 to 3; expected 0 to 2"),
        (np.array([-1, 0]), "labels go from -1 to 0"),
        (np.array([0, 1, 2]), r"shape \(3,\) and dtype int64; expected \(2,\) and integers"),
        (np.array([0.0, 1.0]), "dtype float64"),
        (np.zeros((2, 4)), r"or \(2, 3\) and floats"),
    ],
)
def test_labels_that_do_not_fit(mix: Any, t: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=f"{mix.__name__}: the .*{said}"):
        mix(classes=3)(np.zeros((2, 1, 4, 4)), t)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: RandomResizedCrop(0), "size is 0"),
        (lambda: RandomResizedCrop(8, scale=(0.5, 0.1)), r"scale is \(0.5, 0.1\); expected two"),
        (lambda: RandomResizedCrop(8, scale=(0, 2)), "scale is"),
        (lambda: RandomResizedCrop(8, ratio=1), "ratio is 1"),
        (lambda: RandomAffine(degrees=-3), "degrees is -3; expected 0 to 180"),
        (lambda: RandomAffine(shear=90), "shear is 90"),
        (lambda: RandomAffine(translate=(2, 0)), r"translate is \(2, 0\)"),
        (lambda: RandomAffine(translate=0.1), "translate is 0.1; expected two"),
        (lambda: RandomAffine(scale=(0, 1)), "scale is"),
        (lambda: RandomErasing(p=1.5), "p is 1.5; expected 0 to 1"),
        (lambda: RandomErasing(fill="mean"), "fill is 'mean'; expected numbers, or 'noise'"),
        (lambda: RandomErasing(1, fill=(1, 2))(np.zeros((3, 4, 4))), "one for each of the 3"),
        (lambda: ColorJitter(brightness=-1), "brightness is -1"),
        (lambda: ColorJitter(hue=0.6), "hue is 0.6; expected 0 to 0.5"),
        (lambda: ColorJitter()(np.zeros((4, 2, 2))), "a sample has 4 channels; expected 1"),
        (lambda: RandAugment(n=-1), "n is -1"),
        (lambda: RandAugment(magnitude=31), "magnitude is 31; expected 0 to 30"),
        (lambda: RandAugment()(np.zeros((2, 4, 4))), "a sample has 2 channels"),
        (lambda: MixUp(alpha=-1), "alpha is -1"),
        (lambda: CutMix(classes=0), "CutMix: classes is 0"),
    ],
)
def test_odd_arguments(make: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        make()
