"""Loaders and files of weights where it is easy to be nearly right."""

from __future__ import annotations

import io
import zipfile

import array_api_strict
import numpy as np
import pytest

from arraygrad.dataloaders import DataLoader, SeqDataLoader
from arraygrad.datasets import Dataset
from arraygrad.errors import DatasetError, WeightsError
from arraygrad.weights import read_arrays

PAIRS = [(np.array([float(i)]), i) for i in range(6)]


def order(loader):
    return [int(i) for _, t in loader for i in t]


def test_batches_of_one():
    loader = DataLoader(PAIRS, 1, shuffle=False)
    assert (len(loader), order(loader)) == (6, [0, 1, 2, 3, 4, 5])


def test_a_batch_of_one_thing_that_is_no_number():
    with pytest.raises(DatasetError, match="are dict objects"):
        next(DataLoader([({}, 1)], 1))


def test_a_loader_knows_what_it_was_told():
    loader = DataLoader(PAIRS, 4, shuffle=False, drop_last=True, seed=3, backend="numpy")
    known = (loader.batch_size, loader.shuffle, loader.drop_last, loader.seed, loader.backend)
    assert known == (4, False, True, 3, "numpy")
    assert DataLoader(PAIRS, 4).drop_last is False


def test_a_backend_that_is_named_comes_before_gpu():
    assert DataLoader(PAIRS, 2, gpu=True, backend="numpy").backend == "numpy"


def test_the_epoch_may_be_set():
    """The order depends on the seed and the epoch, not on what the loader did before."""
    loader = DataLoader(PAIRS, 4, seed=0)
    orders = [order(loader) for _ in range(4)]
    assert len({tuple(found) for found in orders}) == 4
    loader.epoch = 1
    assert [order(loader), order(loader)] == orders[1:3]


def test_the_next_order_is_drawn_once():
    """As in the book at the end of an epoch, so that other draws in between get its numbers."""
    np.random.seed(0)
    loader = DataLoader(PAIRS, 6)
    order(loader)
    np.random.seed(1)
    second, after = order(loader), np.random.random()
    np.random.seed(0)
    np.random.permutation(6)
    assert second == np.random.permutation(6).tolist()
    np.random.seed(1)
    np.random.permutation(6)  # for the third epoch
    assert after == np.random.random()


def test_what_gives_single_samples_is_asked_for_single_samples():
    class Single(Dataset):
        def prepare(self):
            self.data = self.label = np.arange(4)

        def __getitem__(self, index):
            assert isinstance(index, int)
            return self.data[index], self.label[index]

    assert order(DataLoader(Single(), 3, shuffle=False)) == [0, 1, 2, 3]


def test_a_series_draws_no_numbers():
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    loader = SeqDataLoader(PAIRS, 2)
    assert [x[:, 0].tolist() for x, _ in loader] == [[0, 3], [1, 4], [2, 5]]
    assert np.random.random() == expected
    assert loader.shuffle is False


def test_a_series_on_a_backend():
    x, _ = next(SeqDataLoader(PAIRS, 2, backend="array_api_strict"))
    assert type(x) is type(array_api_strict.zeros(1))


def test_a_series_that_does_not_come_out_even():
    loader = SeqDataLoader(PAIRS[:5], 2)
    assert len(loader) == 3
    assert [x[:, 0].tolist() for x, _ in loader] == [[0, 2], [1, 3], [2, 4]]


def test_an_array_with_more_behind_it_than_it_says(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.arange(3.0))
    path = tmp_path / "odd.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", stream.getvalue() + b"x")
    with pytest.raises(WeightsError, match=r"w\.npy is longer than its header says"):
        read_arrays(path)
