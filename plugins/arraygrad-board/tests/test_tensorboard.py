"""Event files, read back by taking their records apart: lengths, checksums and messages."""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from arraygrad.cli import program
from arraygrad.errors import RunError
from arraygrad_board import Board


def crc32c(data: bytes) -> int:
    """The checksum of Castagnoli, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(file: Path) -> list[bytes]:
    data, found = file.read_bytes(), []
    while data:
        head, (length,) = data[:8], struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[8:12]) == (masked(head),)
        assert struct.unpack("<I", data[12 + length : 16 + length]) == (masked(body),)
        found.append(body)
        data = data[16 + length :]
    return found


def values(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    """The values of all summaries by tag, with their steps."""
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event  # type: ignore[import-not-found, unused-ignore]

    found: dict[str, list[tuple[int, Any]]] = {}
    [file] = folder.glob("events.out.tfevents.*")
    for record in records(file):
        event = Event.FromString(record)
        for value in event.summary.value:
            kind = value.WhichOneof("value")
            found.setdefault(value.tag, []).append((event.step, getattr(value, kind)))
    return found


def test_the_checksum() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # of RFC 3720


def test_a_board_that_writes_both(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    x = np.random.default_rng(0).normal(size=1000)
    with Board(tmp_path, tensorboard=True) as board:
        board.scalar("train/loss", 0.5, 3)
        board.scalar("train/loss", math.nan, 4)
        board.scalar("train/loss", 1e300, 5)
        board.histogram("W", x, 7)
        board.histogram("W", np.ones(3), 8)
        board.histogram("W", np.array([math.nan]), 9)
        board.histogram("W", np.array([-1.7e308, 1.7e308]), 10)
        board.settings(lr=0.1)
    found = values(tmp_path / "tensorboard")
    assert str(found["train/loss"]) == "[(3, 0.5), (4, nan), (5, inf)]"
    assert [step for step, _ in found["W"]] == [7, 8, 10]
    made = found["W"][0][1]
    assert (made.num, made.min, made.max) == (1000, x.min(), x.max())
    np.testing.assert_allclose([made.sum, made.sum_squares], [x.sum(), (x * x).sum()])
    edges = [x.min(), *made.bucket_limit]
    np.testing.assert_array_equal(made.bucket, np.histogram(x, edges)[0])
    assert any("settings/lr" in tag for tag in found)


def test_the_reader_of_tensorboard_agrees(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    name = "tensorboard.backend.event_processing.event_accumulator"
    reader = pytest.importorskip(name).EventAccumulator
    with Board(tmp_path, tensorboard=True) as board:
        board.scalar("loss", 0.25, 3)
        board.histogram("W", np.arange(4.0), 7)
    found = reader(str(tmp_path / "tensorboard"))
    found.Reload()
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(3, 0.25)]
    [made] = found.Histograms("W")
    assert (made.step, sum(made.histogram_value.bucket)) == (7, 4)


def test_the_command_turns_runs_into_event_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboardX")
    monkeypatch.chdir(tmp_path)
    for n, name in enumerate("ab"):
        with Board(name) as board:
            board.scalar("loss", n)
            board.histogram("W", np.ones(2))
    words = ["board", "a", "b", "--tensorboard", "events"]
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 0, done.output
    assert "tensorboard --logdir events" in done.output
    assert not (tmp_path / "board.html").exists()
    assert values(tmp_path / "events" / "b")["loss"] == [(0, 1.0)]
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = CliRunner().invoke(program, [*words, "-o", "page.html"])
    assert done.exit_code == 2
    assert "has event files, which TensorBoard would mix" in done.output
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_force_removes_the_event_files_of_before(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    for n in range(2):
        with Board(tmp_path, tensorboard=True, force=True) as board:
            board.scalar("loss", n)
        if n == 0:
            [file] = (tmp_path / "tensorboard").iterdir()
            file.rename(file.with_name("events.out.tfevents.1.before"))
    assert values(tmp_path / "tensorboard")["loss"] == [(0, 1.0)]


def test_without_tensorboardx_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(RunError, match=r'pip install "arraygrad-board\[tensorboard\]"'):
        Board(tmp_path / "run", tensorboard=True)
    assert not (tmp_path / "run").exists()
    with Board(tmp_path / "plain") as board:
        board.scalar("loss", 1.0)
    done = CliRunner().invoke(
        program, ["board", str(tmp_path / "plain"), "--tensorboard", str(tmp_path / "events")]
    )
    assert done.exit_code == 2
    assert "tensorboardX" in done.output
    assert not (tmp_path / "events").exists()
