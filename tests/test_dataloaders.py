"""DataLoader and SeqDataLoader."""

import numpy as np
import pytest

from arraygrad import backend as backends
from arraygrad.dataloaders import DataLoader, SeqDataLoader
from arraygrad.datasets import Dataset, Spiral
from arraygrad.errors import BackendError, DatasetError


class Numbers(Dataset):
    def prepare(self):
        self.data = np.arange(10, dtype=np.float32)
        self.label = np.arange(10)


class OneByOne:
    """What promises no more than single samples."""

    def __init__(self, label=True):
        self.label = label

    def __len__(self):
        return 10

    def __getitem__(self, i):
        assert type(i) is int
        return np.full(2, i, dtype=np.float32), i if self.label else None


def epoch(loader):
    return [t.tolist() for x, t in loader]


def test_sizes_of_the_batches():
    loader = DataLoader(Spiral(), 70)
    batches = list(loader)
    assert [x.shape for x, t in batches] == [(70, 2)] * 4 + [(20, 2)]
    assert [t.shape for x, t in batches] == [(70,)] * 4 + [(20,)]
    assert batches[0][0].dtype == np.float32
    assert len(loader) == loader.max_iter == 5
    assert loader.data_size == 300


def test_every_sample_comes_once_with_its_label():
    loader = DataLoader(Numbers(), 3)
    xs, ts = zip(*loader, strict=True)
    np.testing.assert_array_equal(np.concatenate(xs), np.concatenate(ts))
    assert sorted(np.concatenate(ts).tolist()) == list(range(10))


def test_without_shuffling_the_order_is_kept():
    loader = DataLoader(Numbers(), 4, shuffle=False)
    assert epoch(loader) == epoch(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_drop_last():
    loader = DataLoader(Numbers(), 4, shuffle=False, drop_last=True)
    assert len(loader) == 2
    assert epoch(loader) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(DataLoader(Numbers(), 5, drop_last=True)) == 2


@pytest.mark.parametrize("transform", [None, float])
def test_single_samples_and_arrays_give_the_same(transform):
    class Own(Numbers):
        def __getitem__(self, index):
            return super().__getitem__(index)

    for dataset in (Own(transform=transform), Numbers(transform=transform)):
        x, t = next(iter(DataLoader(dataset, 4, shuffle=False)))
        np.testing.assert_array_equal(x, [0, 1, 2, 3])
        np.testing.assert_array_equal(t, [0, 1, 2, 3])
    x, t = next(iter(DataLoader(OneByOne(), 4, shuffle=False)))
    assert x.shape == (4, 2)
    assert x.dtype == np.float32
    assert t.tolist() == [0, 1, 2, 3]


def test_one_index_per_batch():
    asked = []

    class Seen(np.ndarray):
        def __getitem__(self, index):
            asked.append(index)
            return np.asarray(self)[index]

    numbers = Numbers()
    numbers.data = numbers.data.view(Seen)
    epoch(DataLoader(numbers, 5))
    assert [len(index) for index in asked] == [5, 5]


def test_batches_own_their_data():
    numbers = Numbers()
    for shuffle in (True, False):
        for x, t in DataLoader(numbers, 4, shuffle=shuffle):
            x[:] = -1
            t[:] = -1
    np.testing.assert_array_equal(numbers.data, np.arange(10))


@pytest.mark.parametrize("dataset", [OneByOne(label=False), None])
def test_without_labels(dataset):
    if dataset is None:
        dataset = Numbers()
        dataset.label = None
    x, t = next(iter(DataLoader(dataset, 4)))
    assert len(x) == 4
    assert t is None


# Epochs


def test_a_loop_that_was_left_does_not_shorten_the_next():
    loader = DataLoader(Numbers(), 4)
    for _ in loader:
        break
    assert len(epoch(loader)) == 3


def test_two_loops_at_a_time():
    loader = DataLoader(Numbers(), 4)
    pairs = list(zip(loader, loader, strict=False))
    assert len(pairs) == 3
    for side in (0, 1):
        ts = np.concatenate([pair[side][1] for pair in pairs])
        assert sorted(ts.tolist()) == list(range(10))


def test_next_and_reset_of_the_book():
    loader = DataLoader(Numbers(), 4, shuffle=False)
    assert loader.next()[1].tolist() == [0, 1, 2, 3]
    assert next(loader)[1].tolist() == [4, 5, 6, 7]
    loader.reset()
    assert [next(loader)[1].tolist() for _ in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    with pytest.raises(StopIteration):
        loader.next()
    assert loader.next()[1].tolist() == [0, 1, 2, 3]


def test_orders_are_those_of_the_book():
    # The book draws when the loader is made, and when an epoch is over.
    np.random.seed(3)
    loader = DataLoader(Numbers(), 10)
    between = np.random.rand()
    got = [epoch(loader)[0] for _ in range(3)]
    np.random.seed(3)
    expected = [np.random.permutation(10).tolist()]
    assert np.random.rand() == between
    expected += [np.random.permutation(10).tolist() for _ in range(2)]
    assert got == expected


def test_a_seed_decides_the_order_of_every_epoch():
    state = np.random.get_state()[1].copy()
    first, second = (DataLoader(Numbers(), 4, seed=7) for _ in range(2))
    orders = [epoch(first) for _ in range(3)]
    assert orders == [epoch(second) for _ in range(3)]
    assert orders[0] != orders[1]
    assert epoch(DataLoader(Numbers(), 4, seed=8)) != orders[0]
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_an_epoch_can_be_gone_on_with():
    whole = DataLoader(Numbers(), 4, seed=7)
    orders = [epoch(whole) for _ in range(4)]
    assert whole.epoch == 4
    resumed = DataLoader(Numbers(), 4, seed=7)
    resumed.epoch = 2
    assert [epoch(resumed) for _ in range(2)] == orders[2:]


def test_the_order_of_a_seed_is_frozen():
    # Runs of earlier versions are to be repeatable.
    assert epoch(DataLoader(Numbers(), 10, seed=0)) == [[6, 1, 0, 5, 3, 8, 7, 9, 2, 4]]


# Where batches are born


def test_batches_are_born_on_the_current_backend():
    pytest.importorskip("array_api_strict")
    loader = DataLoader(Numbers(), 4)
    with backends.using_backend("array_api_strict"):
        x, t = next(iter(loader))
        assert type(x).__module__.startswith("array_api_strict")
        assert type(t) is type(x)
    x, t = next(iter(loader))
    assert type(x) is type(t) is np.ndarray
    x, t = next(iter(DataLoader(Numbers(), 4, backend="array_api_strict")))
    assert type(x).__module__.startswith("array_api_strict")


def test_a_backend_that_is_not_there():
    with pytest.raises(BackendError):
        DataLoader(Numbers(), 4, backend="nosuchlibrary")


# Bad input


@pytest.mark.parametrize("size", [0, -1, 2.5, True, None])
def test_odd_batch_sizes(size):
    with pytest.raises(DatasetError, match="batch_size"):
        DataLoader(Numbers(), size)


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_odd_seeds(seed):
    with pytest.raises(DatasetError, match="seed is"):
        DataLoader(Numbers(), 2, seed=seed)


def test_an_empty_data_set():
    with pytest.raises(DatasetError, match="empty"):
        DataLoader([], 2)


def test_no_batch_at_all():
    with pytest.raises(DatasetError, match="there would be no batch"):
        DataLoader(Numbers(), 11, drop_last=True)


def test_samples_of_different_shapes():
    class Ragged(OneByOne):
        def __getitem__(self, i):
            return np.zeros(i), i

    with pytest.raises(DatasetError, match="different shapes"):
        epoch(DataLoader(Ragged(), 4))


def test_samples_that_are_not_pairs():
    with pytest.raises(DatasetError, match=r"is a float; expected a pair"):
        epoch(DataLoader([0.0, 1.0], 2))


# Streams


def test_streams_of_a_series():
    loader = SeqDataLoader(Numbers(), 3)
    assert epoch(loader) == [[0, 3, 6], [1, 4, 7], [2, 5, 8], [3, 6, 9]]
    assert loader.next()[0].tolist() == [0, 3, 6]


def test_more_streams_than_samples():
    with pytest.raises(DatasetError, match="more streams"):
        SeqDataLoader(Numbers(), 11)


# More bad input


@pytest.mark.parametrize("dataset", [5, iter([1])])
def test_what_has_no_length(dataset):
    with pytest.raises(DatasetError, match=f"a {type(dataset).__name__}, which has no length"):
        DataLoader(dataset, 2)


@pytest.mark.parametrize("dataset", [[(1,), (2,)], np.zeros((3, 2)), ["ab", "cd"], [1, 2]])
def test_samples_that_are_no_pairs(dataset):
    with pytest.raises(DatasetError, match=r"dataset\[0\] is a .*; expected a pair \(x, t\)"):
        DataLoader(dataset, 2, shuffle=False).next()


@pytest.mark.parametrize("labels", [[None, 1, 2], [1, None, 2]])
def test_labels_for_some(labels):
    dataset = [(np.zeros(2), t) for t in labels]
    with pytest.raises(DatasetError, match="1 of the 3 samples of a batch have no label"):
        DataLoader(dataset, 3).next()


def test_samples_that_are_no_numbers():
    class Objects(Dataset):
        def prepare(self):
            self.data = np.array([{}, {}], dtype=object)

    for dataset in ([({}, 1), ({}, 2)], Objects()):
        with pytest.raises(DatasetError, match="are dict objects; expected numbers or arrays"):
            DataLoader(dataset, 2).next()


# The book's switch between the processor and the GPU


def test_without_cupy():
    try:
        backends.get_backend("cupy")
    except BackendError:
        pass
    else:
        pytest.skip("CuPy is here")
    for use in (DataLoader, SeqDataLoader):
        with pytest.raises(BackendError, match=r"'cupy'.* install"):
            use(Numbers(), 2, gpu=True)
    loader = DataLoader(Numbers(), 2)
    with pytest.raises(BackendError, match=r"'cupy'.* install"):
        loader.to_gpu()
    assert type(loader.next()[0]) is np.ndarray


def test_to_cpu():
    pytest.importorskip("array_api_strict")
    loader = DataLoader(Numbers(), 2, backend="array_api_strict")
    assert type(loader.next()[0]) is not np.ndarray
    loader.to_cpu()
    with backends.using_backend("array_api_strict"):
        assert type(loader.next()[0]) is np.ndarray


# Transforms


def test_pictures_are_transformed_before_they_are_stacked():
    image = pytest.importorskip("PIL.Image")
    from arraygrad.transforms import Compose, Normalize, Resize, ToArray

    class Pictures(Dataset):
        def prepare(self):
            self.data = [image.new("RGB", (4 + i, 5), (i, 0, 0)) for i in range(5)]
            self.label = np.arange(5, dtype=np.uint8)

    pictures = Pictures(transform=Compose([Resize(3), ToArray(), Normalize(0, 2.0)]))
    x, t = DataLoader(pictures, 4, shuffle=False).next()
    assert x.shape == (4, 3, 3, 3)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[:, 0, 1, 1], t / 2)
    with pytest.raises(DatasetError, match="bring them to one shape"):
        DataLoader(Pictures(), 4).next()
