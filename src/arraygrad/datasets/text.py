"""Texts, character by character: Shakespeare, and one that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from arraygrad.datasets.dataset import Dataset
from arraygrad.downloads import get_file
from arraygrad.errors import DatasetError


class Text(Dataset):
    """The characters of a text as numbers, each with the one that follows; `read` gives the text.

    data: (N - 1,) int64, the characters but the last; label: (N - 1,) int64, those but the first.
    char_to_id, id_to_char: dicts; the numbers go by first appearance in the whole text.
    held_out: the fraction of the text, at its end, that is for testing; with 0 both sets are the
    whole text.

    Raises DatasetError for a text of less than two characters and for an odd `held_out`.

    >>> class Song(Text):
    ...     def read(self):
    ...         return "lalilu"
    >>> song = Song()
    >>> song.data, song.char_to_id
    (array([0, 1, 0, 2, 0]), {'l': 0, 'a': 1, 'i': 2, 'u': 3})
    >>> song.decode(song.label)
    'alilu'
    """

    char_to_id: dict[str, int]
    id_to_char: dict[int, str]

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        *,
        held_out: float = 0.0,
    ) -> None:
        if not 0 <= held_out < 1:
            raise DatasetError(
                f"{type(self).__name__}: held_out is {held_out!r}; expected a fraction from 0 on, "
                "below 1"
            )
        self.held_out = held_out
        super().__init__(train, transform, target_transform)

    def read(self) -> str:
        """The whole text."""
        raise DatasetError(f"{type(self).__name__}: define read(), which returns the text")

    def prepare(self) -> None:
        text = self.read()
        codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        _, first, number = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size)
        chars = [text[i] for i in np.sort(first).tolist()]
        self.char_to_id = {char: i for i, char in enumerate(chars)}
        self.id_to_char = dict(enumerate(chars))
        ids = rank[number].astype(np.int64)
        end = round(len(ids) * (1 - self.held_out))
        if self.held_out:
            ids = ids[:end] if self.train else ids[end:]
        if ids.size < 2:
            raise DatasetError(
                f"{type(self).__name__}: {ids.size} characters are left of {len(text)}; expected "
                "at least 2, one and what follows it"
            )
        self.data = ids[:-1]
        self.label = ids[1:]

    def encode(self, text: str) -> np.ndarray[Any, Any]:
        """The numbers of a text's characters; raises DatasetError for one that is not known."""
        try:
            return np.array([self.char_to_id[char] for char in text], dtype=np.int64)
        except KeyError as error:
            raise DatasetError(
                f"{type(self).__name__}: there is no character {error.args[0]!r} in the text"
            ) from None

    def decode(self, ids: Iterable[Any]) -> str:
        """The text of some numbers."""
        return "".join(self.id_to_char[int(i)] for i in ids)


class Shakespeare(Text):
    """Parts of Shakespeare's plays: 1,115,394 characters, 65 different ones.

    As in the book, `train` makes no difference unless `held_out` is given. Downloaded once, 1.1 MB;
    see `arraygrad.downloads.get_file`. `Shakespear` is the book's name for it.

    Raises DownloadError where it cannot be downloaded, or is not the file expected.

    The text is in the public domain; this selection is that of Karpathy, "The Unreasonable
    Effectiveness of Recurrent Neural Networks" (2015). The checksum is the one that TensorFlow
    Datasets publishes, too.
    """

    url = (
        "https://raw.githubusercontent.com/karpathy/char-rnn/"
        "370cbcd448eb7daf32f21a6be560b70e0b33c4e3/data/tinyshakespeare/input.txt"
    )
    sha256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"

    def read(self) -> str:
        path = get_file(self.url, "shakespeare.txt", sha256=self.sha256)
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read()


Shakespear = Shakespeare


class PythonDocs(Text):
    """The help texts about Python's syntax that Python itself ships: no network is needed.

    Nearly half a million characters; how many exactly depends on Python's version. The last tenth
    is held out for testing.

    Raises DatasetError where Python was installed without them.

    The Python language reference, under the licence of Python.

    >>> docs, test = PythonDocs(), PythonDocs(train=False)
    >>> 350_000 < len(docs) and round(len(docs) / len(test))
    9
    >>> docs.decode(docs.encode("def f(x):"))
    'def f(x):'
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        *,
        held_out: float = 0.1,
    ) -> None:
        super().__init__(train, transform, target_transform, held_out=held_out)

    def read(self) -> str:
        try:
            from pydoc_data.topics import topics
        except ImportError as error:
            raise DatasetError(
                "PythonDocs: this Python was installed without its module pydoc_data, whose texts "
                "are read; install the full standard library"
            ) from error
        return "\n".join(topics[name] for name in sorted(topics))
