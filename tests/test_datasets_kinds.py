"""SinCurve, texts, subsets and random splits."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from arraygrad import DataLoader, Dataset, SeqDataLoader
from arraygrad.datasets import PythonDocs, SinCurve, Spiral, Subset, Text, random_split
from arraygrad.errors import DatasetError


class Song(Text):
    text = "abacabad!é∀\n"

    def read(self):
        return self.text


class Squares(Dataset):
    def prepare(self):
        self.data = np.arange(20.0)
        self.label = np.arange(20) ** 2


class OneByOne:
    """What promises no more than single samples."""

    def __init__(self, label=True):
        self.label = label

    def __len__(self):
        return 6

    def __getitem__(self, i):
        assert type(i) is int
        return np.full(2, i), i if self.label else None


# SinCurve


def test_sin_curve_of_the_book():
    np.random.seed(4)
    train, test = SinCurve(), SinCurve(train=False)
    after = np.random.rand()
    np.random.seed(4)
    x = np.linspace(0, 2 * np.pi, 1000)
    noise = np.random.uniform(-0.05, 0.05, size=x.shape)
    np.random.uniform(-0.05, 0.05, size=x.shape)  # drawn for the test set, too
    assert after == np.random.rand()
    for curve, y in ((train, np.sin(x) + noise), (test, np.cos(x))):
        np.testing.assert_array_equal(curve.data, y[:-1, None])
        np.testing.assert_array_equal(curve.label, y[1:, None])
        assert curve.data.shape == curve.label.shape == (999, 1)
        assert curve.data.dtype == np.float64


def test_a_seed_decides_the_noise_alone():
    state = np.random.get_state()[1].copy()
    first, second = SinCurve(seed=3), SinCurve(seed=3)
    np.testing.assert_array_equal(first.data, second.data)
    assert not np.array_equal(first.data, SinCurve(seed=4).data)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    for seed in (-1, 0.5, "a"):
        with pytest.raises(DatasetError, match="SinCurve: seed is"):
            SinCurve(seed=seed)


# Texts


def test_characters_are_numbered_as_they_come():
    song = Song()
    assert "".join(song.char_to_id) == "abcd!é∀\n"
    assert song.id_to_char == {i: char for char, i in song.char_to_id.items()}
    assert song.data.tolist() == [0, 1, 0, 2, 0, 1, 0, 3, 4, 5, 6]
    assert song.label.tolist() == [1, 0, 2, 0, 1, 0, 3, 4, 5, 6, 7]
    assert song.data.dtype == song.label.dtype == np.int64
    assert song.decode(song.encode("dabé∀")) == "dabé∀"
    np.testing.assert_array_equal(Song(train=False).data, song.data)


def test_the_end_of_a_text_is_held_out():
    train, test = Song(held_out=0.25), Song(train=False, held_out=0.25)
    assert train.decode([*train.data, train.label[-1]]) == "abacabad!"
    assert test.decode([*test.data, test.label[-1]]) == "é∀\n"
    assert train.char_to_id == test.char_to_id == Song().char_to_id


def test_texts_that_are_too_short(monkeypatch):
    for text in ("", "a"):
        monkeypatch.setattr(Song, "text", text)
        with pytest.raises(DatasetError, match=f"Song: {len(text)} characters are left"):
            Song()
    monkeypatch.setattr(Song, "text", "abcdefgh")
    with pytest.raises(DatasetError, match="1 characters are left of 8"):
        Song(train=False, held_out=0.1)
    for share in (1, -0.1, 1.5):
        with pytest.raises(DatasetError, match="held_out is"):
            Song(held_out=share)
    with pytest.raises(DatasetError, match=r"define read\(\)"):
        Text()
    with pytest.raises(DatasetError, match="no character 'ß'"):
        Song().encode("ß")


def test_python_docs(monkeypatch):
    docs = PythonDocs()
    assert "assert" in docs.decode(docs.data)
    x, t = next(iter(SeqDataLoader(docs, 4)))
    assert x.shape == t.shape == (4,)
    assert x.max() < len(docs.char_to_id) < 400
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(DatasetError, match="without its module pydoc_data"):
        PythonDocs()


# Subset


@pytest.mark.parametrize(
    "places", [[4, 1, 4], np.array([4, 1, 4], dtype=np.uint8), (4, 1, 4), range(4, 0, -3)]
)
def test_some_samples(places):
    squares = Squares(transform=lambda x: x + 0.5)
    part = Subset(squares, places)
    assert len(part) == len(places)
    assert part[0] == (4.5, 16)
    assert part[-1][1] == 16 if len(places) == 3 else 1
    x, t = part[:2]
    np.testing.assert_array_equal(x, [4.5, 1.5])
    np.testing.assert_array_equal(t, [16, 1])
    assert part[np.array(1)] == (1.5, 1)
    with pytest.raises(IndexError):
        part[len(places)]
    assert [t for _, t in part] == [16, 1, 16][: len(places)]


def test_samples_by_a_mask_and_none():
    part = Subset(Squares(), np.arange(20) > 17)
    assert part[:][1].tolist() == [17 * 17 + 35, 19 * 19]
    assert len(Subset(Squares(), [])) == 0
    nested = Subset(Subset(Squares(), [5, 6, 7]), [2, 0])
    assert nested[:][1].tolist() == [49, 25]


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([20], "go from 20 to 20; expected 0 to 19"),
        ([-1, 2], "go from -1 to 2"),
        ([0.5], "float64; expected one axis of whole numbers"),
        ([[1]], r"shape \(1, 1\)"),
        ([True, False], r"shape \(2,\), bool; .* or 20 booleans"),
    ],
)
def test_places_that_are_not_there(places, message):
    with pytest.raises(DatasetError, match=message):
        Subset(Squares(), places)


def test_a_subset_is_loaded_in_batches():
    asked = []

    class Seen(np.ndarray):
        def __getitem__(self, index):
            asked.append(index)
            return np.asarray(self)[index]

    squares = Squares()
    squares.data = squares.data.view(Seen)
    part = Subset(Subset(squares, np.arange(10, 20)), np.arange(6))
    batches = [t.tolist() for x, t in DataLoader(part, 4, shuffle=False)]
    assert batches == [[100, 121, 144, 169], [196, 225]]
    assert [len(index) for index in asked] == [4, 2]


@pytest.mark.parametrize("label", [True, False])
def test_a_subset_of_single_samples(label):
    part = Subset(OneByOne(label), [3, 1])
    x, t = part[:]
    np.testing.assert_array_equal(x, [[3, 3], [1, 1]])
    assert t == ([3, 1] if label else None)
    x, t = next(iter(DataLoader(part, 2, shuffle=False)))
    np.testing.assert_array_equal(x, [[3, 3], [1, 1]])
    assert t is None if not label else t.tolist() == [3, 1]


def test_subsets_are_picklable():
    part = pickle.loads(pickle.dumps(Subset(Spiral(), [2, 1])))
    np.testing.assert_array_equal(part[:][0], Spiral().data[[2, 1]])


# random_split


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([15, 5], [15, 5]),
        ([0.75, 0.25], [15, 5]),
        ([1 / 3, 1 / 3, 1 / 3], [7, 6, 7]),
        ([20, 0], [20, 0]),
        ([1.0], [20]),
        (np.array([0.5, 0.5]), [10, 10]),
    ],
)
def test_every_sample_is_in_one_part(lengths, sizes):
    parts = random_split(Squares(), lengths, seed=0)
    assert [len(part) for part in parts] == sizes
    every = np.concatenate([part.places for part in parts])
    assert sorted(every.tolist()) == list(range(20))
    assert every.tolist() != list(range(20))


def test_who_decides_a_split():
    np.random.seed(2)
    order = np.random.permutation(20)
    np.random.seed(2)
    first, _ = random_split(Squares(), [8, 12])
    np.testing.assert_array_equal(first.places, order[:8])
    state = np.random.get_state()[1].copy()
    again = [random_split(Squares(), [8, 12], seed=5)[0].places.tolist() for _ in range(2)]
    assert again[0] == again[1] != random_split(Squares(), [8, 12], seed=6)[0].places.tolist()
    # Splits of earlier versions are to be repeatable.
    assert again[0] == [0, 17, 1, 3, 15, 14, 5, 2]
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    "lengths", [[], [19], [21, -1], [0.5, 0.4], [1.5, -0.5], ["a"], [True], [10, 10.0], [0.5, None]]
)
def test_lengths_that_do_not_add_up(lengths):
    with pytest.raises(DatasetError, match="random_split: lengths are"):
        random_split(Squares(), lengths)


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_odd_seeds(seed):
    with pytest.raises(DatasetError, match="random_split: seed is"):
        random_split(Squares(), [10, 10], seed=seed)
