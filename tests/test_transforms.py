"""Transforms of arrays and pictures: one sample, many samples, bad input."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from arraygrad import transforms
from arraygrad.errors import ArgumentError, DatasetError, DtypeError
from arraygrad.transforms import (
    AsType,
    CenterCrop,
    Compose,
    Convert,
    Flatten,
    Normalize,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    Resize,
    ToArray,
    ToFloat,
    ToInt,
    ToPIL,
    transform_batch,
)

Image = pytest.importorskip("PIL.Image")


def bytes_of(*shape):
    return (np.arange(np.prod(shape)) % 251).astype(np.uint8).reshape(shape)


@pytest.fixture
def picture():
    """A picture of width 6 and height 4 without two equal pixels."""
    return Image.fromarray(np.arange(72, dtype=np.uint8).reshape(4, 6, 3))


def pixels(img):
    return np.asarray(img)


# Arrays


def test_normalize_by_channel():
    x = np.stack([np.full((2, 2), 4.0), np.full((2, 2), 9.0)]).astype(np.float32)
    transform = Normalize(mean=[1, 3], std=[3, 2])
    np.testing.assert_array_equal(transform(x), np.stack([np.ones((2, 2)), np.full((2, 2), 3)]))
    assert transform(x).dtype == np.float32
    np.testing.assert_array_equal(transform.batch(np.stack([x, x])), [transform(x)] * 2)


@pytest.mark.parametrize("mean", [0, 0.0, 3, np.float64(3), [1, 2], np.array([1.5, 2])])
@pytest.mark.parametrize("std", [255.0, 2, [0.5, 4]])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64"])
def test_normalize_keeps_float_dtypes_and_makes_float32_of_integers(mean, std, dtype):
    x = np.arange(16).reshape(2, 2, 4).astype(dtype)
    before = x.copy()
    got = Normalize(mean, std)(x)
    assert got.dtype == (dtype if dtype.startswith("float") else "float32")
    mean, std = (np.reshape(v, (-1, 1, 1)) for v in (mean, std))
    rtol = 2e-3 if dtype == "float16" else 1e-6
    np.testing.assert_allclose(got, (x.astype(np.float64) - mean) / std, rtol=rtol)
    np.testing.assert_array_equal(x, before)


def test_normalize_refuses_what_does_not_fit():
    with pytest.raises(ArgumentError, match="std is 0"):
        Normalize(0, 0)
    with pytest.raises(ArgumentError, match=r"each of the 3 entries .* shape \(3, 2, 2\)"):
        Normalize([1, 2])(np.zeros((3, 2, 2)))
    with pytest.raises(ArgumentError, match=r"each of the 3 entries .* shape \(3, 2, 2\)"):
        Normalize(0, [1, 2]).batch(np.zeros((2, 3, 2, 2)))


def test_dtypes():
    assert AsType(np.float16)([1, 2]).dtype == np.float16
    assert ToFloat()(np.arange(2)).dtype == np.float32
    assert ToInt()(np.array([1.9])).tolist() == [1]
    x = np.ones(3, dtype=np.float32)
    assert not np.shares_memory(ToFloat()(x), x)


def test_batches_of_large_arrays_do_not_share_memory():
    x = np.random.rand(64, 1, 28, 28).astype(np.float32)
    transform = Compose([Flatten(), ToFloat(), Normalize(0.0, 2.0)])
    first = transform.batch(x)
    expected = first.copy()
    second = transform.batch(-x)
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(second, -expected)


# One and many


@pytest.mark.parametrize(
    "transform",
    [
        Normalize([1, 2, 3], [4, 5, 6]),
        Flatten(),
        ToFloat(),
        ToInt(),
        CenterCrop((3, 2)),
        Pad((2, 1), fill=9),
        RandomCrop((6, 4)),
        RandomHorizontalFlip(p=1),
        RandomHorizontalFlip(p=0),
        Compose([Pad(2), ToFloat(), lambda x: x + 1, Normalize(0, 2), Flatten()]),
        Compose([ToPIL(), Resize(3), ToArray(), Normalize(1, 2)]),
        Compose([]),
    ],
    ids=lambda t: type(t).__name__,
)
@pytest.mark.parametrize("n", [1, 3])
def test_a_batch_is_what_its_samples_give(transform, n):
    xs = bytes_of(n, 3, 4, 6)
    before = xs.copy()
    got = transform_batch(transform, xs)
    expected = np.stack([transform(x) for x in xs])
    np.testing.assert_array_equal(got, expected)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(xs, before)


def test_an_empty_batch():
    xs = np.zeros((0, 3, 4, 6), dtype=np.uint8)
    chain = Compose([CenterCrop(2), ToFloat(), Normalize(1, 2), Flatten()])
    assert transform_batch(chain, xs).shape == (0, 12)
    assert len(transform_batch(lambda x: x, xs)) == 0


def test_pictures_in_a_list():
    xs = [Image.new("RGB", (n, 5)) for n in (5, 6, 7)]
    assert [x.size for x in transform_batch(CenterCrop(5), xs)] == [(5, 5)] * 3
    chain = Compose([Resize((4, 2)), ToArray(), Normalize(0, 255.0)])
    assert transform_batch(chain, xs).shape == (3, 3, 2, 4)
    with pytest.raises(DatasetError, match=r"ToArray gave .*\(3, 5, 5\), \(3, 5, 6\)"):
        transform_batch(Compose([ToArray()]), xs)


# Pictures


def test_convert(picture):
    assert Convert()(picture.convert("L")).mode == "RGB"
    assert Convert("L")(picture).mode == "L"
    np.testing.assert_array_equal(pixels(Convert("BGR")(picture)), pixels(picture)[..., ::-1])


@pytest.mark.parametrize("mode", ["nearest", Image.NEAREST, Image.Resampling.NEAREST, 0])
def test_resize(picture, mode):
    got = Resize((3, 2), mode)(picture)
    assert got.size == (3, 2)
    np.testing.assert_array_equal(pixels(got), pixels(picture)[1::2, 1::2])
    assert Resize(7)(picture).size == (7, 7)


def test_the_modes_are_those_of_pil():
    for name, number in transforms.pictures._MODES.items():
        assert Image.Resampling[name.upper()] == number


def test_arrays_and_back(picture):
    x = ToArray()(picture)
    assert x.shape == (3, 4, 6)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, pixels(picture).transpose(2, 0, 1))
    assert ToArray()(x) is x
    np.testing.assert_array_equal(pixels(ToPIL()(x)), pixels(picture))
    gray = picture.convert("L")
    assert ToArray(np.uint8)(gray).shape == (1, 4, 6)
    for array in (ToArray()(gray), pixels(gray)):
        assert ToPIL()(array).mode == "L"
        np.testing.assert_array_equal(pixels(ToPIL()(array)), pixels(gray))


@pytest.mark.parametrize("shape", [(2, 4, 6), (4,), (1, 3, 4, 6), (3, 0, 4)])
def test_arrays_that_are_no_pictures(shape):
    with pytest.raises(ArgumentError, match="3 or 4 channels"):
        ToPIL()(np.zeros(shape))


@pytest.mark.parametrize("number", [-1.0, 256.0, np.nan])
def test_numbers_that_are_no_pixels(number):
    with pytest.raises(ArgumentError, match="expected 0 to 255"):
        ToPIL()(np.full((1, 2, 2), number))


# Cutting and mirroring


def test_center_crop_of_the_book(picture):
    # The book cuts (W - OW) // 2 at the left, and the odd one at the right.
    got = CenterCrop((3, 3))(picture)
    np.testing.assert_array_equal(pixels(got), pixels(picture)[0:3, 1:4])
    x = pixels(picture).transpose(2, 0, 1)
    np.testing.assert_array_equal(CenterCrop((3, 3))(x), x[:, 0:3, 1:4])
    assert CenterCrop((6, 4))(picture).size == (6, 4)


@pytest.mark.parametrize("crop", [CenterCrop, RandomCrop])
def test_a_crop_larger_than_the_picture(crop, picture):
    for x in (picture, np.zeros((3, 4, 6))):
        with pytest.raises(ArgumentError, match=r"\(6, 4\); expected at least \(6, 5\)"):
            crop((6, 5))(x)
    with pytest.raises(ArgumentError, match=r"\(6, 4\); expected at least"):
        crop(5).batch(np.zeros((2, 3, 4, 6)))


def test_pad(picture):
    wide = Pad((2, 1), fill=5)(picture)
    assert wide.size == (10, 6)
    x = pixels(picture).transpose(2, 0, 1)
    np.testing.assert_array_equal(pixels(wide).transpose(2, 0, 1), Pad((2, 1), fill=5)(x))
    assert Pad((2, 1), fill=5)(x)[0, 0, 0] == 5
    assert pixels(Pad(1, fill=7)(picture.convert("L")))[0, 0] == 7


def test_random_crops_are_parts_and_differ(picture):
    np.random.seed(0)
    xs = np.stack([bytes_of(3, 8, 9)] * 40)
    got = RandomCrop((4, 5)).batch(xs)
    parts = {
        xs[0, :, i : i + 5, j : j + 4].tobytes() for i in range(8 - 5 + 1) for j in range(9 - 4 + 1)
    }
    assert {x.tobytes() for x in got} <= parts
    assert len({x.tobytes() for x in got}) > 15
    singles = {RandomCrop((4, 5))(xs[0]).tobytes() for _ in range(40)}
    assert singles <= parts
    assert len(singles) > 15
    assert RandomCrop(6, padding=1)(picture).size == (6, 6)
    assert RandomCrop(6, padding=1).batch(xs).shape == (40, 3, 6, 6)
    assert RandomCrop((3, 2)).batch(xs[:, 0]).shape == (40, 2, 3)


def test_flips_are_decided_by_numpy(picture):
    flip = RandomHorizontalFlip()
    xs = bytes_of(50, 3, 4, 6)
    np.random.seed(1)
    mirrored = np.random.rand(50) < 0.5
    assert 10 < mirrored.sum() < 40
    np.random.seed(1)
    got = flip.batch(xs)
    np.random.seed(1)
    np.testing.assert_array_equal([flip(x) for x in xs], got)
    for x, y, turned in zip(xs, got, mirrored, strict=True):
        np.testing.assert_array_equal(y, x[:, :, ::-1] if turned else x)
    turned = RandomHorizontalFlip(p=1)(picture)
    np.testing.assert_array_equal(pixels(turned), pixels(picture)[:, ::-1])
    assert RandomHorizontalFlip(p=0)(picture) is picture


@pytest.mark.parametrize(
    "transform", [CenterCrop(2), RandomCrop(2), Pad(1), RandomHorizontalFlip(p=1)]
)
def test_flat_samples_have_no_places(transform):
    with pytest.raises(ArgumentError, match=r"shape \(16,\); .* put it before Flatten"):
        transform(np.zeros(16))
    with pytest.raises(ArgumentError, match=r"shape \(16,\); .* put it before Flatten"):
        transform.batch(np.zeros((4, 16)))


# Bad input


@pytest.mark.parametrize("size", [0, -1, 2.5, "3", (2, 3, 4), (2, 0), (2.5, 3), True, None])
@pytest.mark.parametrize("transform", [Resize, CenterCrop, RandomCrop])
def test_odd_sizes(transform, size):
    with pytest.raises(ArgumentError, match=f"{transform.__name__}: size is"):
        transform(size)


def test_odd_arguments():
    with pytest.raises(ArgumentError, match="mode is 'linear'; expected one of nearest"):
        Resize(2, "linear")
    with pytest.raises(ArgumentError, match="p is 2"):
        RandomHorizontalFlip(2)
    with pytest.raises(ArgumentError, match="Pad: size is -1"):
        Pad(-1)


@pytest.mark.parametrize("transform", [Convert(), Resize(2), ToArray()])
@pytest.mark.parametrize("x", ["picture.png", [1, 2]])
def test_what_is_no_picture(transform, x):
    with pytest.raises(DtypeError, match=f"got {type(x).__name__}; expected a picture of PIL"):
        transform(x)


def test_without_pillow(monkeypatch, picture):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    for use in (
        lambda: ToPIL()(np.zeros((3, 2, 2))),
        lambda: Convert()(picture),
        lambda: Resize(2)("picture.png"),
    ):
        with pytest.raises(DatasetError, match=r'pillow.*pip install "arraygrad\[data\]"'):
            use()


def test_pil_is_imported_when_it_is_used():
    code = (
        "import sys, numpy as np, arraygrad.transforms as T\n"
        "chain = T.Compose([T.Resize(3), T.ToArray(), T.RandomHorizontalFlip(1), T.Pad(1)])\n"
        "array_chain = T.Compose([T.Pad(1), T.RandomCrop(2), T.RandomHorizontalFlip()])\n"
        "array_chain.batch(np.ones((2, 2, 2)))\n"
        "print('PIL' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_transforms_are_picklable():
    chain = Compose([Convert(), Resize(3), CenterCrop(2), ToArray(), Pad(1), RandomCrop(2)])
    chain.transforms += [RandomHorizontalFlip(), Normalize(1, 2), Flatten(), ToInt(), ToPIL()]
    again = pickle.loads(pickle.dumps(chain))
    assert [type(t) for t in again.transforms] == [type(t) for t in chain.transforms]
