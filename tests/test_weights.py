"""Weights: what is written is what is read, and nothing half."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from arraygrad import backend as backends
from arraygrad import weights
from arraygrad.errors import LayerError, WeightsError
from arraygrad.layers import Layer, Linear
from arraygrad.models import MLP
from arraygrad.variable import Parameter

SUFFIXES = [".npz", ".safetensors"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"weights{request.param}"


def trained(seed=0):
    np.random.seed(seed)
    model = MLP((4, 3))
    model(np.ones((1, 2), dtype=np.float32))
    return model


def values(model):
    return {name: None if p.data is None else p.data.copy() for name, p in model.named_params()}


def same(a, b):
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name])


# Round trips


def test_weights_come_back(path):
    model, other = trained(0), trained(1)
    assert model.save_weights(path) == path
    other.load_weights(path)
    same(values(other), values(model))
    assert os.listdir(path.parent) == [path.name]


def test_loading_before_the_first_call(path):
    model, fresh = trained(), MLP((4, 3))
    model.save_weights(path)
    fresh.load_weights(path)
    same(values(fresh), values(model))
    x = np.random.rand(5, 2).astype(np.float32)
    np.testing.assert_array_equal(fresh(x).data, model(x).data)
    assert fresh.l0.in_size == 2


def test_names_are_the_books(path):
    trained().save_weights(path)
    assert set(weights.read_arrays(path)) == {"l0/W", "l0/b", "l1/W", "l1/b"}


def test_a_path_without_suffix_is_an_npz(tmp_path):
    model = trained()
    assert model.save_weights(tmp_path / "w") == tmp_path / "w.npz"
    trained(1).load_weights(tmp_path / "w")
    assert model.save_weights(str(tmp_path / "model.v2")).name == "model.v2.npz"
    trained(1).load_weights(str(tmp_path / "model.v2"))


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5, dtype=np.float32),
        np.zeros((0, 3)),
        np.arange(6, dtype=np.int64).reshape(2, 3).T,
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(10, dtype=np.int8)[::-2],
        np.array([True, False]),
        np.broadcast_to(np.float16(1.5), (2, 2)),
        np.arange(3, dtype=">f4"),
    ],
    ids=["0-d", "empty", "transposed", "fortran", "strided", "bool", "read-only", "big-endian"],
)
def test_every_kind_of_array_comes_back(path, array):
    weights.write_arrays(path, {"a": array})
    back = weights.read_arrays(path)["a"]
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(back, array)


def test_transposed_weights_come_back_in_order(path):
    layer = Linear(3, in_size=2)
    W = np.arange(6, dtype=np.float32).reshape(3, 2).T
    layer.W.data = W
    layer.save_weights(path)
    layer.W.data = np.zeros((2, 3), dtype=np.float32)
    layer.load_weights(path)
    np.testing.assert_array_equal(layer.W.data, W)


def test_any_name_can_be_written(tmp_path):
    arrays = {"file": np.ones(1), "allow_pickle": np.ones(2), "a/b.npy": np.ones(3)}
    for suffix in SUFFIXES:
        path = weights.write_arrays(tmp_path / f"w{suffix}", arrays)
        assert set(weights.read_arrays(path)) == set(arrays)


def test_equal_arrays_give_equal_bytes(path):
    model = trained()
    model.save_weights(path)
    first = path.read_bytes()
    model.save_weights(path)
    assert path.read_bytes() == first


def test_numpy_and_the_book_can_read_and_write_the_file(tmp_path):
    model = trained()
    path = model.save_weights(tmp_path / "w.npz")
    with np.load(path, allow_pickle=False) as file:
        same({name: file[name] for name in file.files}, values(model))
    np.savez_compressed(tmp_path / "book.npz", **values(model))
    other = trained(1)
    other.load_weights(tmp_path / "book.npz")
    same(values(other), values(model))


def test_safetensors_can_read_and_write_the_file(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    model = trained()
    path = model.save_weights(tmp_path / "w.safetensors")
    back = numpy.load_file(path)
    same({name: back[name] for name in values(model)}, values(model))


def test_weights_of_another_backend(path):
    xp = pytest.importorskip("array_api_strict")
    model = trained()
    expected = values(model)
    device = xp.Device("device1")
    model.to("array_api_strict", device)
    model.save_weights(path)
    assert model.l0.W.data.device == device
    for _, p in model.named_params():
        p.data = xp.zeros_like(p.data)
    model.load_weights(path)
    assert model.l0.W.data.device == device
    to_numpy = backends.get_backend("array_api_strict").to_numpy
    same({n: to_numpy(p.data.to_device(xp.Device("CPU_DEVICE")))
          for n, p in model.named_params()}, expected)  # fmt: skip
    model.to_cpu()
    same(values(model), expected)


# What does not fit


def refused(model, path, *said):
    before = values(model)
    with pytest.raises(WeightsError) as caught:
        model.load_weights(path)
    for text in said:
        assert text in str(caught.value)
    after = values(model)
    assert list(before) == list(after)
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


def test_all_that_does_not_fit_is_said_and_nothing_changes(path):
    arrays = values(trained())
    arrays["l0/W"] = arrays["l0/W"].T.copy()
    arrays["l0/b"] = arrays["l0/b"].astype(np.float64)
    arrays["l2/W"] = arrays.pop("l1/W")
    weights.write_arrays(path, arrays)
    refused(
        trained(1),
        path,
        "l1/W: not in the file",
        "l2/W: not in the model",
        "l0/W: shape (4, 2) in the file, (2, 4) in the model",
        "l0/b: dtype float64 in the file, float32 in the model",
        "nothing was loaded",
    )


def test_loading_before_the_first_call_checks_what_is_known(path):
    arrays = values(trained())
    arrays["l0/W"] = np.zeros((2, 5), dtype=np.float32)
    arrays["l1/b"] = np.zeros(3)
    weights.write_arrays(path, arrays)
    fresh = MLP((4, 3))
    refused(
        fresh,
        path,
        "l0/W: shape (2, 5) in the file, (any, 4) in the model",
        "l1/b: dtype float64 in the file, float32 in the model",
    )
    assert fresh.l0.W.data is None


def test_a_parameter_that_nothing_is_known_of_takes_all(path):
    class Free(Layer):
        def __init__(self):
            self.a = Parameter(None)

    weights.write_arrays(path, {"a": np.arange(3)})
    layer = Free()
    layer.load_weights(path)
    np.testing.assert_array_equal(layer.a.data, [0, 1, 2])


def test_saving_before_the_first_call(path):
    with pytest.raises(LayerError, match=r"MLP has parameters without data: l0/W, l0/b, l1/W"):
        MLP((4, 3)).save_weights(path)
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize("array", [np.array([None]), np.array(["a"]), np.array([object()])])
def test_only_numbers_are_written(path, array):
    with pytest.raises(WeightsError, match="a has the dtype"):
        weights.write_arrays(path, {"ok": np.ones(1), "a": array})
    assert os.listdir(path.parent) == []


# Files that are not whole


def test_every_cut_is_noticed(path):
    trained().save_weights(path)
    whole = path.read_bytes()
    model = trained(1)
    for n in range(0, len(whole), 7):
        path.write_bytes(whole[:n])
        refused(model, path, path.name, "cannot be read")


def test_flipped_bytes_in_an_npz_are_noticed(tmp_path):
    path = trained().save_weights(tmp_path / "w.npz")
    whole = path.read_bytes()
    data = np.frombuffer(values(trained())["l0/W"].tobytes(), np.uint8).tobytes()
    place = whole.index(data)
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    refused(trained(1), path, "cannot be read", "CRC")


@pytest.mark.parametrize("content", [b"", b"not weights at all", b"\x80\x04N.", b"PK\x03\x04"])
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    refused(trained(), path, "cannot be read")


def test_a_pickle_in_an_npz_is_not_run(tmp_path):
    ran = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return open, (str(ran), "w")

    path = tmp_path / "w.npz"
    np.savez(path, **{"l0/W": np.array([Trap()], dtype=object)})
    refused(trained(), path, "cannot be read")
    assert not ran.exists()


def test_an_archive_of_other_things_is_refused(tmp_path):
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(trained(), path, "cannot be read")


def test_a_missing_file(path):
    with pytest.raises(FileNotFoundError, match=path.name):
        trained().load_weights(path)


def test_a_missing_folder(path):
    with pytest.raises(FileNotFoundError):
        trained().save_weights(path.parent / "nowhere" / path.name)


# Interruptions


def test_an_interrupted_save_leaves_the_old_file(path, monkeypatch):
    trained(0).save_weights(path)
    before = path.read_bytes()

    def stop(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        trained(1).save_weights(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_failed_save_leaves_nothing(path, monkeypatch):
    def refuse(a, b):
        raise PermissionError("no")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        trained().save_weights(path)
    assert os.listdir(path.parent) == []


def test_a_link_is_written_through(path):
    real = path.parent / f"real{path.suffix}"
    trained(0).save_weights(real)
    path.symlink_to(real)
    model = trained(1)
    model.save_weights(path)
    assert path.is_symlink()
    other = trained(0)
    other.load_weights(real)
    same(values(other), values(model))


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(WeightsError, match=r"arraygrad\[safetensors\]"):
        trained().save_weights(tmp_path / "w.safetensors")
    assert os.listdir(tmp_path) == []


def test_readers_are_imported_when_needed():
    code = (
        "import sys, arraygrad.weights, arraygrad.models\n"
        "print([m for m in ('safetensors', 'zipfile', 'tempfile') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# Arrays by name


def test_arrays_are_put_into_a_layer_by_name():
    layer = Linear(3)
    arrays = {"W": np.ones((2, 3), dtype=np.float32), "b": np.zeros(3, dtype=np.float32)}
    weights.load_arrays(layer, arrays)
    assert layer.W.data is arrays["W"]
    with pytest.raises(WeightsError, match=r"load_weights: the drawer does not fit Linear: b: not"):
        weights.load_arrays(layer, {"W": arrays["W"]}, "the drawer")
    with pytest.raises(WeightsError, match="what is given does not fit"):
        weights.load_arrays(layer, {})
