"""Data sets read from files: small ones in the real formats, whole, damaged, and not there."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import struct
import sys
import tarfile
from functools import partial

import numpy as np
import pytest

from arraygrad import DataLoader, datasets
from arraygrad.datasets import (
    CIFAR10,
    CIFAR100,
    MNIST,
    FashionMNIST,
    ImageNet,
    Shakespear,
    Shakespeare,
    load_cache_npz,
    save_cache_npz,
)
from arraygrad.errors import DatasetError, DownloadError
from arraygrad.transforms import Compose

PIXELS = (np.arange(12 * 784) % 256).astype(np.uint8).reshape(12, 28, 28)
DIGITS = (np.arange(12) % 10).astype(np.uint8)
COLOURS = (np.arange(10 * 3072) % 253).astype(np.uint8).reshape(10, 3, 32, 32)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("ARRAYGRAD_CACHE_DIR", str(folder))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder


def checksum(content):
    return hashlib.sha256(content).hexdigest()


compressed = partial(gzip.compress, mtime=0)  # the same bytes, and so names of tests, each time


def idx(array, code=8):
    head = struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Files for MNIST in the place of the real ones: call it with other contents."""

    def serve(images=None, labels=None, dataset=MNIST):
        folder = tmp_path / dataset.folder
        folder.mkdir(exist_ok=True)
        contents = {
            "images-idx3": compressed(idx(PIXELS)) if images is None else images,
            "labels-idx1": compressed(idx(DIGITS)) if labels is None else labels,
        }
        checksums = {}
        for part in ("train", "t10k"):
            for kind, content in contents.items():
                name = f"{part}-{kind}-ubyte.gz"
                (folder / name).write_bytes(content)
                checksums[name] = checksum(content)
        monkeypatch.setattr(dataset, "url", folder.as_uri() + "/")
        monkeypatch.setattr(dataset, "checksums", checksums)

    serve()
    return serve


# MNIST


@pytest.mark.parametrize("dataset", [MNIST, FashionMNIST])
@pytest.mark.parametrize("train", [True, False])
def test_mnist(served, cache, dataset, train):
    served(dataset=dataset)
    mnist = dataset(train=train)
    assert mnist.data.shape == (12, 1, 28, 28)
    assert mnist.data.dtype == mnist.label.dtype == np.uint8
    np.testing.assert_array_equal(mnist.data[:, 0], PIXELS)
    x, t = mnist[3]
    assert x.shape == (784,)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, PIXELS[3].reshape(-1) / np.float32(255))
    assert t == 3
    x, t = next(iter(DataLoader(mnist, 5, shuffle=False)))
    np.testing.assert_array_equal(x, PIXELS[:5].reshape(5, -1) / np.float32(255))
    assert t.tolist() == [0, 1, 2, 3, 4]
    kept = sorted(p.name for p in cache.rglob("*") if p.is_file())
    part = "train" if train else "t10k"
    assert kept == [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"]


def test_mnist_with_one_hot_labels_and_transforms(served):
    mnist = MNIST(None, transform=None, target_transform=lambda t: t * 2, one_hot=True)
    x, t = mnist[:]
    assert x.shape == (12, 1, 28, 28)
    assert t.dtype == np.float32
    np.testing.assert_array_equal(t, 2 * np.eye(10)[DIGITS])


def test_fashion_and_digits_are_kept_apart(served):
    served()
    served(dataset=FashionMNIST, images=compressed(idx(PIXELS[::-1])))
    assert MNIST().data[0, 0, 0, 1] == PIXELS[0, 0, 1]
    np.testing.assert_array_equal(FashionMNIST().data[0, 0], PIXELS[-1])


def test_the_real_checksums_are_checked():
    for dataset in (MNIST, FashionMNIST):
        assert all(re.fullmatch("[0-9a-f]{64}", c) for c in dataset.checksums.values())
        assert len(set(dataset.checksums.values())) == 4
        assert dataset.url.startswith("https://")


def test_a_tampered_download(served, cache):
    MNIST()
    file = cache / "mnist" / "train-labels-idx1-ubyte.gz"
    file.write_bytes(compressed(idx(DIGITS[::-1])))
    # Nothing takes the file of a checksum that is not its own; a file: URL is copied again.
    np.testing.assert_array_equal(MNIST().label, DIGITS)


def test_a_tampered_file_in_the_cache(cache):
    file = cache / "mnist" / "train-images-idx3-ubyte.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(compressed(idx(PIXELS)))
    with pytest.raises(DownloadError, match=r"train-images-idx3-ubyte\.gz has the SHA-256"):
        MNIST()


@pytest.mark.parametrize(
    "dataset", [MNIST, FashionMNIST, CIFAR10, CIFAR100, Shakespeare, ImageNet.labels]
)
def test_offline(dataset, cache, monkeypatch):
    owner = ImageNet if dataset == ImageNet.labels else dataset
    monkeypatch.setattr(owner, "url", "http://127.0.0.1:9/" + owner.url.rpartition("/")[2])
    with pytest.raises(DownloadError, match=rf"put it at {re.escape(str(cache))}"):
        dataset()


GOOD = compressed(idx(PIXELS))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (b"no gzip", "cannot be read"),
        (b"\x1f\x8b\x08\x00", "cannot be read"),
        (GOOD[: len(GOOD) // 2], "cannot be read"),
        (GOOD[:1000] + b"\xff\x00" + GOOD[1002:], "cannot be read"),
        (compressed(b"\0\0"), "begins with 0000; expected the magic number 00000803"),
        (compressed(idx(PIXELS)[:8]), "begins with 00000803; expected .* and 3 sizes"),
        (compressed(idx(DIGITS)), "begins with 00000801; expected the magic number 00000803"),
        (compressed(idx(PIXELS, code=13)), "begins with 00000d03"),
        (compressed(idx(PIXELS)[:-1]), "says that it has 9408 numbers .* but there are 9407"),
        (compressed(idx(PIXELS) + b"!"), "says that it has 9408 numbers .* but there are more"),
        (compressed(idx(PIXELS[:, :27])), r"pictures \(12, 27, 28\) and labels \(12,\)"),
        (compressed(idx(PIXELS[:11])), r"pictures \(11, 28, 28\) and labels \(12,\)"),
    ],
)
def test_damaged_files_of_mnist(served, images, message):
    served(images=images)
    with pytest.raises(DatasetError, match=f"MNIST: .*{message}"):
        MNIST()


def test_sizes_that_would_not_fit_into_memory(served):
    served(images=compressed(struct.pack(">4I", 0x0803, *[0xFFFFFFFF] * 3) + b"123"))
    with pytest.raises(DatasetError, match="but there are 3"):
        MNIST()


def test_a_label_that_is_no_digit(served):
    served(labels=compressed(idx(DIGITS + 5)))
    with pytest.raises(DatasetError, match="there is a label 14; expected 0 to 9"):
        MNIST()


# CIFAR


def archive(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def rows(labels, colours=COLOURS):
    table = [np.asarray(part, dtype=np.uint8).reshape(len(colours), -1) for part in labels]
    return np.concatenate([*table, colours.reshape(len(colours), -1)], axis=1).tobytes()


TEN = np.arange(10)
MEMBERS_10 = {
    "cifar-10-batches-bin/batches.meta.txt": b"airplane\n",
    **{f"cifar-10-batches-bin/data_batch_{i}.bin": rows([(TEN + i) % 10]) for i in (3, 1, 2, 5, 4)},
    "cifar-10-batches-bin/test_batch.bin": rows([TEN[::-1]]),
}
MEMBERS_100 = {
    "cifar-100-binary/train.bin": rows([TEN, TEN * 11]),
    "cifar-100-binary/test.bin": rows([TEN[::-1], TEN]),
}


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """An archive in the place of the real one."""

    def pack(dataset, content):
        file = tmp_path / dataset.url.rpartition("/")[2]
        file.write_bytes(content)
        monkeypatch.setattr(dataset, "url", file.as_uri())
        monkeypatch.setattr(dataset, "sha256", checksum(content))

    return pack


def test_cifar10(packed):
    packed(CIFAR10, archive(MEMBERS_10))
    train, test = CIFAR10(), CIFAR10(train=False)
    assert train.data.shape == (50, 3, 32, 32)
    assert train.data.dtype == train.label.dtype == np.uint8
    assert train.label.tolist() == [n % 10 for i in range(1, 6) for n in range(i, i + 10)]
    np.testing.assert_array_equal(train.data, np.concatenate([COLOURS] * 5))
    assert test.label.tolist() == TEN[::-1].tolist()
    x, t = test[2]
    assert x.shape == (3, 32, 32)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, (COLOURS[2] - np.float64(0.5)) / 0.5, rtol=1e-6)
    assert t == 7
    assert len(CIFAR10.labels()) == 10
    assert CIFAR10.labels()[9] == "truck"


def test_cifar100_fine_and_coarse(packed):
    packed(CIFAR100, archive(MEMBERS_100))
    fine, coarse = CIFAR100(), CIFAR100(label_type="coarse", transform=None)
    assert fine.label.tolist() == (TEN * 11).tolist()
    assert coarse.label.tolist() == TEN.tolist()
    np.testing.assert_array_equal(fine.data, COLOURS)
    np.testing.assert_array_equal(coarse[1][0], COLOURS[1])
    assert CIFAR100(train=False).label.tolist() == TEN.tolist()


def test_names_of_cifar100():
    fine, coarse = CIFAR100.labels(), CIFAR100.labels("coarse")
    assert fine == CIFAR100.labels("fine")
    assert list(fine) == list(range(100))
    assert list(fine.values()) == sorted(set(fine.values()))
    assert list(coarse) == list(range(20))
    # Some that the file of names in the archive has.
    assert [fine[i] for i in (0, 11, 36, 50, 71, 83, 99)] == [
        "apple", "boy", "hamster", "mouse", "sea", "sweet_pepper", "worm"
    ]  # fmt: skip
    assert (coarse[9], coarse[19]) == ("large_man-made_outdoor_things", "vehicles_2")
    for use in (CIFAR100.labels, lambda kind: CIFAR100(label_type=kind)):
        with pytest.raises(DatasetError, match="label_type is 'finest'; expected \"fine\""):
            use("finest")


NAME = "cifar-10-batches-bin/test_batch.bin"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "cannot be read"),
        (archive(MEMBERS_10)[:1000], "cannot be read"),
        (archive({"other.bin": b"1"}), "has no file .*test_batch.bin; it is another archive"),
        (archive({NAME: None}), "has no file"),
        (archive({NAME: rows([TEN])[:-1]}), "has 30729 bytes; expected a multiple of 3073"),
        (archive({NAME: rows([TEN + 1])}), "there is a label 10; expected 0 to 9"),
    ],
)
def test_damaged_archives_of_cifar(packed, content, message):
    packed(CIFAR10, content)
    with pytest.raises(DatasetError, match=f"CIFAR10: .*{message}"):
        CIFAR10(train=False)


def test_nothing_of_an_archive_is_unpacked(packed, cache):
    packed(CIFAR10, archive({"../evil.txt": b"1", **MEMBERS_10}))
    CIFAR10()
    assert [p.name for p in cache.rglob("*")] == ["cifar-10-binary.tar.gz"]
    assert not (cache.parent / "evil.txt").exists()


# Pictures on the screen


@pytest.fixture
def screen(monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    shown = []
    monkeypatch.setattr(plt, "imshow", lambda picture, **how: shown.append(picture))
    monkeypatch.setattr(plt, "axis", lambda how: None)
    monkeypatch.setattr(plt, "show", lambda: shown.append("shown"))
    return shown


def test_show(served, packed, screen):
    packed(CIFAR10, archive(MEMBERS_10))
    np.random.seed(0)
    MNIST().show(2, 3)
    CIFAR10(train=False).show(row=1, col=2)
    MNIST().show()
    gray, _, colour, _, many, end = screen
    assert gray.shape == (56, 84)
    np.random.seed(0)
    chosen = np.random.randint(0, 12, size=6)
    np.testing.assert_array_equal(gray[28:, 28:56], PIXELS[chosen[4]])
    assert colour.shape == (32, 64, 3)
    assert any((colour[:, :32] == x.transpose(1, 2, 0)).all() for x in COLOURS)
    assert many.shape == (280, 280)
    assert end == "shown"


def test_show_what_cannot_be_shown(served, monkeypatch):
    with pytest.raises(DatasetError, match=r"MNIST\.show: row is 0"):
        MNIST().show(0, 3)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(DatasetError, match=r'pip install "arraygrad\[plot\]"'):
        MNIST().show()


def test_names_of_the_classes():
    assert MNIST.labels() == {i: str(i) for i in range(10)}
    assert FashionMNIST.labels()[0] == "T-shirt/top"
    assert len(FashionMNIST.labels()) == 10


# ImageNet


def words(n=1000):
    return "".join(f"n{i:08d} kind {i}, sort {i}\n" for i in range(n)).encode()


def test_names_of_imagenet(packed):
    packed(ImageNet, words())
    labels = ImageNet.labels()
    assert list(labels) == list(range(1000))
    assert labels[340] == "kind 340, sort 340"
    with pytest.raises(DatasetError, match=r"only ImageNet\.labels\(\) is here"):
        ImageNet()


@pytest.mark.parametrize(
    "content",
    [words(999), words().replace(b" kind 7, sort 7", b""), b"__import__('os')", b"\n" * 1000],
)
def test_another_file_of_names(packed, content):
    packed(ImageNet, content)
    with pytest.raises(DatasetError, match="expected 1000"):
        ImageNet.labels()


# Shakespeare


def test_shakespeare(packed, monkeypatch):
    packed(Shakespeare, b"First Citizen:\r\nBefore we proceed\n")
    data = Shakespear()
    assert Shakespear is Shakespeare
    assert data.decode([*data.data, data.label[-1]]) == "First Citizen:\r\nBefore we proceed\n"


# Arrays in the cache


def test_arrays_come_back(cache):
    assert load_cache_npz("http://h/a.tar.gz") == (None, None)
    data, label = np.arange(6).reshape(2, 3), np.array([1, 0], dtype=np.uint8)
    path = save_cache_npz(data, label, "http://h/a.tar.gz", train=True)
    assert path.endswith(".train.npz")
    assert load_cache_npz("http://h/a.tar.gz") == (None, None)
    assert load_cache_npz("http://other/a.tar.gz", train=True) == (None, None)
    for got, expected in zip(
        load_cache_npz("http://h/a.tar.gz", train=True), (data, label), strict=True
    ):
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype
    save_cache_npz(data + 1, label, "http://h/a.tar.gz", train=True)
    np.testing.assert_array_equal(load_cache_npz("http://h/a.tar.gz", train=True)[0], data + 1)
    assert len(list(cache.iterdir())) == 1


def test_arrays_that_cannot_be_kept(cache):
    with pytest.raises(DatasetError, match="label is an array of Python objects"):
        save_cache_npz(np.zeros(2), [object(), None], "x")
    assert not cache.exists()


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: b"", lambda c: b"text"])
def test_damaged_arrays(damage):
    path = save_cache_npz(np.arange(1000), np.arange(1000), "x")
    with open(path, "r+b") as stream:
        content = damage(stream.read())
        stream.seek(0)
        stream.truncate()
        stream.write(content)
    with pytest.raises(DatasetError, match=r"cannot be read: .*delete it"):
        load_cache_npz("x")


def test_arrays_of_objects_are_not_loaded():
    path = save_cache_npz(np.zeros(1), np.zeros(1), "x")
    np.savez(path, data=np.array([{}, None]), label=np.zeros(2))
    with pytest.raises(DatasetError, match="cannot be read"):
        load_cache_npz("x")


def test_interrupted_while_keeping_arrays(cache, monkeypatch):
    def interrupted(stream, **arrays):
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_cache_npz(np.zeros(1), np.zeros(1), "x")
    assert list(cache.iterdir()) == []


def test_an_unknown_data_set():
    with pytest.raises(AttributeError, match="did you mean 'FashionMNIST'"):
        datasets.FashonMNIST  # noqa: B018


def test_default_transforms_of_the_book():
    for dataset in (MNIST, CIFAR10, CIFAR100):
        assert isinstance(dataset.__init__.__defaults__[1], Compose)
