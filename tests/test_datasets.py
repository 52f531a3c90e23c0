"""Dataset, Spiral and Digits."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from arraygrad.datasets import Dataset, Digits, Spiral, get_spiral
from arraygrad.errors import DatasetError
from arraygrad.transforms import Compose, Flatten, Normalize, ToFloat


class Numbers(Dataset):
    def prepare(self):
        self.data = np.arange(10, dtype=np.float32).reshape(5, 2)
        self.label = np.arange(5)


class Pictures(Dataset):
    """Samples in a list, and no labels."""

    def prepare(self):
        self.data = [np.full((2, 2), i) for i in range(4)]


def halve(x):
    return x / 2


# Dataset


@pytest.mark.parametrize("index", [3, -2, np.int64(3), np.array(3), np.uint8(3)])
def test_one_sample(index):
    x, t = Numbers()[index]
    np.testing.assert_array_equal(x, [6, 7])
    assert t == 3


@pytest.mark.parametrize(
    ("index", "labels"),
    [
        (slice(1, 3), [1, 2]),
        (slice(None, None, -2), [4, 2, 0]),
        ([3, 0], [3, 0]),
        (np.array([4, 4]), [4, 4]),
        (np.arange(5) > 2, [3, 4]),
        ([], []),
    ],
)
def test_many_samples(index, labels):
    x, t = Numbers()[index]
    np.testing.assert_array_equal(t, labels)
    np.testing.assert_array_equal(x, np.arange(10).reshape(5, 2)[labels])
    x, t = Numbers(transform=halve, target_transform=str)[np.array([1])]
    np.testing.assert_array_equal(x, [[1.0, 1.5]])
    assert t.tolist() == ["1"]


def test_samples_in_a_list_and_no_labels():
    pictures = Pictures(transform=Flatten())
    x, t = pictures[1]
    assert t is None
    np.testing.assert_array_equal(x, [1, 1, 1, 1])
    x, t = pictures[np.array([2, 0])]
    assert t is None
    np.testing.assert_array_equal(x, [[2] * 4, [0] * 4])
    assert [x[0] for x, _ in pictures] == [0, 1, 2, 3]


def test_out_of_range():
    with pytest.raises(IndexError):
        Numbers()[5]
    assert len(list(Numbers())) == len(Numbers()) == 5


def test_a_data_set_without_samples():
    empty = Dataset()
    for use in (len, lambda d: d[0], lambda d: d[:2]):
        with pytest.raises(DatasetError, match=r"prepare\(\) should fill self\.data"):
            use(empty)


def test_labels_have_to_match():
    class Wrong(Dataset):
        def prepare(self):
            self.data, self.label = np.zeros(3), np.zeros(2)

    with pytest.raises(DatasetError, match=r"3 samples .* 2 labels"):
        Wrong()


def test_a_transform_sees_single_samples_or_a_batch_alike():
    transforms = Compose([Flatten(), ToFloat(), Normalize(1, 2), halve])
    numbers = Numbers(transform=transforms)
    batch, _ = numbers[:]
    np.testing.assert_array_equal(batch, [numbers[i][0] for i in range(5)])
    assert batch.dtype == np.float32


def test_data_sets_are_picklable():
    spiral = pickle.loads(pickle.dumps(Spiral(transform=Compose([ToFloat()]))))
    np.testing.assert_array_equal(spiral.data, Spiral().data)


# Spiral


def spiral_of_the_book(seed):
    random = np.random.RandomState(seed)
    x = np.zeros((300, 2), dtype=np.float32)
    t = np.zeros(300, dtype=int)
    for j in range(3):
        for i in range(100):
            rate = i / 100
            radius = 1.0 * rate
            theta = j * 4.0 + 4.0 * rate + random.randn() * 0.2
            x[100 * j + i] = np.array([radius * np.sin(theta), radius * np.cos(theta)])
            t[100 * j + i] = j
    order = random.permutation(300)
    return x[order], t[order]


@pytest.mark.parametrize(("train", "seed"), [(True, 1984), (False, 2020)])
def test_spiral_has_the_books_points(train, seed):
    x, t = get_spiral(train)
    expected_x, expected_t = spiral_of_the_book(seed)
    assert x.shape == (300, 2)
    assert t.shape == (300,)
    assert x.dtype == np.float32
    assert t.dtype.kind == "i"
    np.testing.assert_array_equal(t, expected_t)
    np.testing.assert_allclose(x, expected_x, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(Spiral(train).data, x)


def test_spiral_leaves_the_global_generator_alone():
    np.random.seed(5)
    expected = np.random.rand(3)
    np.random.seed(5)
    get_spiral()
    Spiral(train=False)
    np.testing.assert_array_equal(np.random.rand(3), expected)


# Digits


def test_digits_are_those_of_scikit_learn():
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    pixels, label = load_digits(return_X_y=True)
    train, test = Digits(), Digits(train=False)
    rows = np.concatenate([train.data, test.data]) * 16
    labels = np.concatenate([train.label, test.label])
    got, expected = (
        {(t, *x) for x, t in zip(xs.astype(int).tolist(), ts.tolist(), strict=True)}
        for xs, ts in ((rows, labels), (pixels, label))
    )
    assert got == expected
    assert len(rows) == len(pixels) == 1797


def test_digits_shapes_dtypes_and_range():
    train, test = Digits(), Digits(train=False, flat=False)
    assert train.data.shape == (1438, 64)
    assert test.data.shape == (359, 1, 8, 8)
    assert train.data.dtype == np.float32
    assert train.label.dtype == np.int64
    assert train.data.min() == 0
    assert train.data.max() == 1
    np.testing.assert_array_equal(test.data.reshape(-1, 64), Digits(train=False).data)


def test_digits_are_split_by_class_and_always_the_same():
    train, test = Digits(), Digits(train=False)
    share = np.bincount(test.label) / (np.bincount(train.label) + np.bincount(test.label))
    assert np.all(abs(share - 0.2) < 0.005)
    # Anchors of the split: results of today and of next year are about the same digits.
    assert test.label[:10].tolist() == [3, 7, 3, 9, 0, 8, 7, 0, 8, 0]
    state = np.random.get_state()[1].copy()
    Digits()
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_digits_do_not_share_their_arrays():
    first = Digits()
    first.data[:] = -1
    first.label[:] = -1
    assert Digits().data.min() == 0
    assert Digits().label.min() == 0


def test_digits_without_scikit_learn(monkeypatch):
    from arraygrad.datasets import digits

    digits._load.cache_clear()
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r'pip install "arraygrad\[data\]"'):
        Digits()


def test_a_damaged_file_of_digits(monkeypatch, tmp_path):
    from importlib.machinery import ModuleSpec

    from arraygrad.datasets import digits

    digits._load.cache_clear()
    spec = ModuleSpec("sklearn", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(DatasetError, match="cannot be read from"):
        Digits()
    file = tmp_path / "datasets" / "data" / "digits.csv.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\x1f\x8b not gzip")
    with pytest.raises(DatasetError, match="cannot be read from"):
        Digits()


def test_digits_import_neither_scikit_learn_nor_scipy():
    code = (
        "import sys; from arraygrad.datasets import Digits; Digits()\n"
        "print([m for m in ('sklearn', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
