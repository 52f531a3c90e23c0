"""What the original gets wrong with data, downloads, drawings and imports, and is right here."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import arraygrad
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import DataLoader, Dataset, Variable, cuda, datasets, models, transforms, utils
from arraygrad.errors import ArraygradError, DownloadError, DrawingError


class Count(Dataset):
    def prepare(self):
        self.data = np.arange(9.0)
        self.label = np.arange(9) if self.train else None


# DataLoader


def test_a_loop_after_a_break_is_whole():
    loader = DataLoader(Count(), 3, shuffle=False)
    for _ in loader:
        break
    assert [t.tolist() for x, t in loader] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_two_loops_over_one_loader():
    loader = DataLoader(Count(), 3, shuffle=False)
    pairs = [(a.tolist(), b.tolist()) for (_, a), (_, b) in zip(loader, loader, strict=True)]
    assert len(pairs) == 3
    assert all(a == b for a, b in pairs)


def test_batches_without_labels():
    x, t = next(iter(DataLoader(Count(train=False), 3)))
    assert (x.shape, t) == ((3,), None)


def test_batches_are_indexed_once():
    asked = []

    class Array(np.ndarray):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    data = Count()
    data.data = data.data.view(Array)
    assert len(list(DataLoader(data, 3))) == 3
    assert len(asked) == 3


def test_the_last_batch_may_be_dropped():
    assert [len(t) for x, t in DataLoader(Count(), 4, drop_last=True)] == [4, 4]


# Dataset


def test_slices_and_arrays_as_indices():
    data = Count()
    assert data[2:4][1].tolist() == [2, 3]
    assert data[np.array(1)] == (1.0, 1)


def test_the_spiral_leaves_the_global_generator_alone():
    state = np.random.get_state()[1].copy()
    datasets.get_spiral()
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_labels_of_cifar100():
    assert len(datasets.CIFAR100.labels("fine")) == 100
    assert len(datasets.CIFAR100.labels("coarse")) == 20
    assert inspect.signature(datasets.CIFAR100).parameters["label_type"].default == "fine"


def test_random_flip_is_a_transform():
    x = np.arange(6.0).reshape(1, 2, 3)
    flip = transforms.RandomHorizontalFlip()
    found = {flip(x).tobytes() for _ in range(64)}
    assert found == {x.tobytes(), x[..., ::-1].tobytes()}


# downloads


@functools.cache
def statements():
    """Every node of every file of the package but the test kit, with the file's name."""
    package = Path(arraygrad.__file__).parent
    files = sorted({*package.rglob("*.py")} - {*(package / "testing").rglob("*.py")})
    trees = [(path.name, ast.parse(path.read_text(encoding="utf-8"))) for path in files]
    return [(name, node) for name, tree in trees for node in ast.walk(tree)]


def test_nothing_is_evaluated_or_unpickled():
    found = []
    for file, node in statements():
        match node:
            case ast.Call(func=ast.Name(id="eval")):
                found.append(file)
            case ast.Import(names=names) if any(alias.name == "pickle" for alias in names):
                found.append(file)
            case ast.ImportFrom(module="pickle"):
                found.append(file)
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                found.append(file)
    assert found == []


def test_a_download_is_checked(tmp_path):
    pytest.importorskip("pooch")
    file = tmp_path / "data.bin"
    file.write_bytes(b"right")
    checksum = hashlib.sha256(b"right").hexdigest()
    cache = tmp_path / "cache"
    path = utils.get_file(file.as_uri(), "data.bin", sha256=checksum, directory=cache)
    assert Path(path).read_bytes() == b"right"
    file.write_bytes(b"tampered")
    with pytest.raises(DownloadError):
        utils.get_file(file.as_uri(), "other.bin", sha256=checksum, directory=cache)
    assert [found.name for found in cache.rglob("*") if found.is_file()] == ["data.bin"]


def test_an_empty_leftover_is_not_a_cached_file(tmp_path):
    pytest.importorskip("pooch")
    file = tmp_path / "data.bin"
    file.write_bytes(b"right")
    checksum = hashlib.sha256(b"right").hexdigest()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "data.bin").touch()
    path = utils.get_file(file.as_uri(), "data.bin", sha256=checksum, directory=tmp_path / "cache")
    assert Path(path).read_bytes() == b"right"


def test_two_urls_are_two_files(tmp_path):
    pytest.importorskip("pooch")
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "data.bin"
        file.write_text(folder)
        paths.append(Path(utils.get_file(file.as_uri(), directory=tmp_path / "cache")))
    assert [path.read_text() for path in paths] == ["a", "b"]


def test_downloads_have_a_time_out():
    assert inspect.signature(utils.get_file).parameters["timeout"].default > 0


# drawings


def test_a_drawing_asks_no_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    y = Variable(np.array(1.0)) + 1
    with pytest.raises(ArraygradError):
        utils.plot_dot_graph(y, to_file="g.png; touch x")
    assert list(tmp_path.iterdir()) == []
    assert not any(
        isinstance(node, ast.keyword) and node.arg == "shell" for _, node in statements()
    )


def test_drawings_share_no_file(tmp_path):
    for name in ("a", "b"):
        y = Variable(np.array(1.0), name) + 1
        utils.plot_dot_graph(y, to_file=tmp_path / f"{name}.dot")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dot", "b.dot"]
    assert "a: ()" in (tmp_path / "a.dot").read_text()


def test_a_drawing_without_graphviz_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(DrawingError, match=r"[Gg]raphviz"):
        utils.plot_dot_graph(Variable(np.array(1.0)) + 1, to_file=tmp_path / "g.png")
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_quotes_is_escaped():
    text = utils.get_dot_graph(Variable(np.array(1.0), 'the "x"'), verbose=False)
    assert r'label="the \"x\""' in text


# imports


def test_import_needs_no_pictures():
    code = "import sys, arraygrad; print({'PIL', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_lists_as_arrays_without_cupy():
    np.testing.assert_array_equal(cuda.as_numpy([1, 2]), [1, 2])


# portability


def test_a_training_step_on_another_library():
    strict = pytest.importorskip("array_api_strict")
    rng = np.random.default_rng(0)
    x, t = strict.asarray(rng.normal(size=(6, 4))), strict.asarray(np.arange(6) % 3)
    model = models.Sequential(L.Linear(8), F.relu, L.BatchNorm(), L.Linear(3)).to(
        "array_api_strict"
    )
    from arraygrad import optimizers, using_backend

    with using_backend("array_api_strict"):
        optimizer = optimizers.Adam(0.05).setup(model)
        losses = []
        for _ in range(5):
            loss = F.softmax_cross_entropy(model(F.dropout(x, 0.1)), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            losses.append(float(loss))
    assert losses[-1] < losses[0]
    # The data are float64, the weights stay float32.
    assert {p.dtype for p in model.params()} == {strict.float32}


# the helper of tests


def test_gradient_check_leaves_its_argument_alone():
    x = Variable(np.array([0.5, 1.0], np.float32))
    for _ in range(2):
        assert utils.gradient_check(F.sin, x)
        assert (x.dtype, x.grad) == (np.float32, None)
