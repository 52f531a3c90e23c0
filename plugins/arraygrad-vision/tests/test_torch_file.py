"""Files of PyTorch are read without PyTorch, and nothing in them is run."""

from __future__ import annotations

import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arraygrad.errors import WeightsError
from arraygrad_vision.torch_file import read_state_dict

DATA = Path(__file__).parent / "data"
FILES = [DATA / "zip.pth", DATA / "old.pth"]  # `data/record.py` wrote them

EXPECTED = {
    "float": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "row": np.array([3, 4, 5], dtype=np.float32),
    "parameter": np.array([1.5, -2], dtype=np.float32),
    "half": np.array([0.5, 65504], dtype=np.float16),
    "brain": np.array([[1, -3.140625]], dtype=np.float32),
    "double": np.array(0.1),
    "long": np.array(7),
    "bool": np.array([True, False]),
    "empty": np.zeros((0, 3), dtype=np.float32),
}


def check(found: dict[str, np.ndarray[Any, Any]]) -> None:
    assert list(found) == list(EXPECTED)
    for name, array in found.items():
        assert array.dtype == EXPECTED[name].dtype, name
        assert array.flags.c_contiguous, name
        assert array.flags.writeable, name
        np.testing.assert_array_equal(array, EXPECTED[name], err_msg=name)


@pytest.mark.parametrize("path", FILES, ids=["zip", "old"])
def test_recorded_files(path: Path) -> None:
    check(read_state_dict(path))


def test_pytorch_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "torch._utils", None)
    check(read_state_dict(FILES[0]))


@pytest.mark.parametrize("new", [True, False], ids=["zip", "old"])
def test_what_this_pytorch_writes(new: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    torch.save(layer.state_dict(), tmp_path / "w.pth", _use_new_zipfile_serialization=new)
    found = read_state_dict(tmp_path / "w.pth")
    assert list(found) == list(layer.state_dict())
    for name, tensor in layer.state_dict().items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


class Evil:
    """Creates a file when it is unpickled by something that trusts it."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> Any:
        return open, (str(self.victim), "w")


def as_zip(path: Path, data: bytes, numbers: bytes = b"", key: str = "0") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w/data.pkl", data)
        archive.writestr(f"w/data/{key}", numbers)
    return path


def described(shape: str, strides: str, size: int = 4, offset: int = 0) -> bytes:
    """A pickle of {"x": tensor}, by hand."""
    return (
        b"\x80\x02}U\x01xctorch._utils\n_rebuild_tensor_v2\n(("
        b"U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuI%d\ntQI%d\n(%st(%stI00\nNtRs."
        % (size, offset, shape.encode(), strides.encode())
    )


def test_a_tensor_described_by_hand(tmp_path: Path) -> None:
    numbers = np.arange(4, dtype="<f4").tobytes()
    path = as_zip(tmp_path / "w.pth", described("I2\nI2\n", "I1\nI2\n"), numbers)
    np.testing.assert_array_equal(read_state_dict(path)["x"], [[0, 2], [1, 3]])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (described("I5\n", "I1\n"), r"x is \(5,\) with strides \(1,\) from number 0 on, out of 4"),
        (described("I2\n", "I1\n", offset=3), "x is .* out of 4"),
        (described("I2\n", "I4\n"), "x is .* out of 4"),
        (described("I2\n", "I-1\n"), "x is .* out of 4"),
        (described("I1000000\nI1000000\n", "I0\nI0\n"), "x is .* out of 4"),
        (described("I-2\n", "I1\n"), "x is .* out of 4"),
        (described("I2\n", "I1\n", offset=-1), "x is .* out of 4"),
        (described("I4\n", "I1\n", size=9), "x has 16 bytes of numbers for 9"),
        (pickle.dumps([1, 2]), "holds a list, not names and tensors"),
        (pickle.dumps({"model": {}, "epoch": 3}), "'model' is a dict, not a tensor"),
        (pickle.dumps({1: 2}), "not names and tensors"),
        (pickle.dumps(np.float64), r"a numpy\.float64, which is not a tensor"),
        (b"\x80\x02ctorch\nload\n.", r"a torch\.load, which is not a tensor"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(I1\nI1\nI1\nI1\ntR.", "has a int in place"),
        (b"\x80\x02(I1\nI2\ntQ.", "not enough values"),
        (b"\x80\x02(U\x07storageI1\nU\x010U\x03cpuI4\ntQ.", "are described by"),
        (b"", "EOFError|Ran out of input"),
    ],
)
def test_what_is_no_state_dict_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    path = as_zip(tmp_path / "w.pth", data, bytes(16))
    with pytest.raises(WeightsError, match=rf"w\.pth cannot be read as PyTorch's: .*({said})"):
        read_state_dict(path)


def old(data: bytes) -> bytes:
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return b"".join(pickle.dumps(part, 2) for part in head) + data


@pytest.mark.parametrize("form", [as_zip, lambda p, d: p.write_bytes(old(d)) and p])
def test_nothing_is_run(form: Callable[..., Path], tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    path = form(tmp_path / "w.pth", pickle.dumps({"x": Evil(victim)}, 2))
    with pytest.raises(WeightsError, match=r"it holds a \S+\.open, which is not a tensor"):
        read_state_dict(path)
    assert not victim.exists()


@pytest.mark.parametrize("path", FILES, ids=["zip", "old"])
def test_damaged_files(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    copy = tmp_path / "w.pth"
    for cut in range(0, len(whole), 97):
        copy.write_bytes(whole[:cut])
        with pytest.raises(WeightsError, match="cannot be read as PyTorch's"):
            read_state_dict(copy)
    copy.write_bytes(whole + b"more")
    if path.stem == "old":
        with pytest.raises(WeightsError, match="longer than it says"):
            read_state_dict(copy)


def test_a_flipped_bit_in_the_numbers_of_an_archive(tmp_path: Path) -> None:
    whole = bytearray(FILES[0].read_bytes())
    place = whole.index(np.arange(6, dtype="<f4").tobytes())
    whole[place] ^= 1
    (tmp_path / "w.pth").write_bytes(whole)
    with pytest.raises(WeightsError, match="Bad CRC-32"):
        read_state_dict(tmp_path / "w.pth")


def test_no_file() -> None:
    with pytest.raises(FileNotFoundError):
        read_state_dict("nowhere.pth")
