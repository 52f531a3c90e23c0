"""The backend itself: memory, devices, autograd of PyTorch, and life without it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, backend_of, get_backend, optimizers, using_backend
from arraygrad.errors import BackendError, GradientError, MixedBackendError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def backend() -> Any:
    return get_backend("torch")


def test_what_comes_from_numpy_has_memory_of_its_own(backend: Any) -> None:
    for array in (np.ones(3), np.arange(6.0)[::-2], np.ones((2, 3)).T, np.ones(2, ">f4")):
        before = array.copy()
        for x in (backend.from_numpy(array), backend.asarray(array), Variable(array)):
            if isinstance(x, Variable):
                continue
            np.testing.assert_array_equal(x.numpy(), before)
            x += 1
            np.testing.assert_array_equal(array, before)
    read_only = np.ones(3, "float32")
    read_only.flags.writeable = False
    assert backend.asarray(read_only).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        backend.share(read_only)
    shared = backend.share(array := np.ones(3))
    array[0] = 5
    assert shared[0] == 5


def test_what_goes_to_numpy_shares_memory(backend: Any) -> None:
    x = torch.ones(3)
    backend.to_numpy(x)[0] = 7
    assert x[0] == 7
    half = torch.ones(2, dtype=torch.bfloat16)
    assert backend.to_numpy(half).dtype == np.float32  # NumPy has none
    z = torch.tensor([1 + 2j]).conj()
    assert backend.to_numpy(z)[0] == 1 - 2j


def test_parameters_do_not_share_memory_with_what_they_were_made_of() -> None:
    model = L.Linear(2, in_size=3)
    weights = model.W.data
    model.to("torch")
    before = model.W.data.clone()
    weights += 1
    assert torch.equal(model.W.data, before)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "bool"])
def test_dtypes(backend: Any, dtype: str) -> None:
    assert backend.dtype(dtype) is backend.dtype(np.dtype(dtype)) is getattr(torch, dtype)
    assert backend.dtype(getattr(torch, dtype)) is getattr(torch, dtype)
    assert backend.asarray(np.ones(2, dtype)).dtype is getattr(torch, dtype)
    assert backend.asarray(np.ones(2), dtype=getattr(torch, dtype)).dtype is getattr(torch, dtype)
    assert backend.dtype("bfloat16") is torch.bfloat16


def test_bfloat16_stays(backend: Any) -> None:
    x: Any = Variable(torch.tensor([0.5, 2.0], dtype=torch.bfloat16))
    y = (F.gelu(x) * 2).sum()
    y.backward()
    assert y.dtype is x.grad.dtype is torch.bfloat16


def test_tensors_that_require_grad_are_refused() -> None:
    leaf = torch.ones(2, requires_grad=True)
    for x in (leaf, leaf * 2, torch.nn.Parameter(torch.ones(2))):
        with pytest.raises(GradientError, match=r"requires grad.*tensor\.detach\(\)"):
            Variable(x)
        with pytest.raises(GradientError, match="requires grad"):
            ag.grad(lambda v: (v * v).sum())(x)
        # As the other operand it is not seen until somebody wants the result.
        y = F.tanh(Variable(torch.ones(2)) * x).sum()
        with pytest.raises(GradientError, match="requires grad"):
            y.backward()
        with pytest.raises(GradientError, match="requires grad"):
            y.data  # noqa: B018
        assert Variable(x.detach()).shape == (2,)
    v = Variable(torch.ones(2))
    with pytest.raises(GradientError, match="requires grad"):
        v.data = leaf
    assert v.data.tolist() == [1, 1]


def test_rules_of_complex_numbers_are_not_conjugated() -> None:
    z = torch.tensor([0.3 + 0.7j, -1.2 + 0.1j], dtype=torch.complex128)
    for ours, theirs in ((F.tanh, torch.tanh), (F.sigmoid, torch.sigmoid)):
        x: Any = Variable(z)
        F.sum(F.real(ours(x) * (2 - 1j))).backward()
        leaf = z.clone().requires_grad_()
        (theirs(leaf) * (2 - 1j)).real.sum().backward()
        torch.testing.assert_close(x.grad.data, leaf.grad)


def test_new_tensors_go_where_pytorch_puts_its_own(backend: Any) -> None:
    with torch.device("meta"):  # as torch.set_default_device("cuda") does for a whole program
        assert backend.asarray(np.ones(2)).device.type == "meta"
        assert backend.asarray([1.0]).device.type == "meta"
        with using_backend("torch"):
            assert L.Linear(2, in_size=3).W.device.type == "meta"
        assert backend.asarray(np.ones(2), device="cpu").device.type == "cpu"


def test_results_never_carry_a_graph_of_pytorch() -> None:
    with using_backend("torch"):
        model = ag.models.MLP((5, 3))
        y = F.softmax_cross_entropy(model(torch.ones(4, 2)), torch.zeros(4, dtype=torch.int64))
        y.backward()
    found: list[Any] = [y, *model.params(), *(p.grad for p in model.params())]
    for x in found:
        assert x.data.grad_fn is None
        assert not x.data.requires_grad


def test_gradients_can_be_changed_in_place() -> None:
    x: Any = Variable(torch.ones(2, 3))
    y: Any = Variable(torch.ones(2, 3))
    (x + y.T.T).sum().backward()
    x.grad.data += 1
    y.grad.data *= 3
    assert x.grad.data.tolist() == [[2.0] * 3] * 2
    assert y.grad.data.tolist() == [[3.0] * 3] * 2


KEYS = [
    (slice(None), 1),
    slice(None, None, -2),
    (slice(3, None, -1), slice(None)),
    ...,
    None,
    (1, None, slice(1, 3)),
    torch.tensor([0, 2, 2, -1]),
    torch.tensor([[0, 0], [1, 3]]),
    torch.tensor([0, 2, 2, -1], dtype=torch.int32),
    (slice(None), torch.tensor([1, 1])),
    (torch.tensor([0, 1, 0]), torch.tensor([2, 2, 2])),
    torch.tensor([True, False, True, False]),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_index_add(backend: Any, key: Any) -> None:
    def on_host(part: Any) -> Any:
        return part.numpy() if isinstance(part, torch.Tensor) else part

    host_key = tuple(map(on_host, key)) if isinstance(key, tuple) else on_host(key)
    expected = np.zeros((4, 3))
    values = np.random.default_rng(0).normal(size=np.zeros((4, 3))[host_key].shape)
    np.add.at(expected, host_key, values)
    got = backend.index_add((4, 3), key, torch.tensor(values))
    np.testing.assert_allclose(got.numpy(), expected)


def test_labels_out_of_range_say_so() -> None:
    x = Variable(torch.ones(2, 3))
    with pytest.raises(ag.errors.ArgumentError, match="labels from 0 to 3"):
        F.softmax_cross_entropy(x, torch.tensor([0, 3]))


def test_two_libraries_and_two_devices_do_not_mix() -> None:
    with pytest.raises(MixedBackendError, match=r"x0: torch .*, x1: numpy"):
        Variable(torch.ones(2)) + np.ones(2)
    # "meta" holds no values: the second device of every machine.
    with pytest.raises(MixedBackendError, match=r"on cpu.* on meta.*one device"):
        Variable(torch.ones(2)) * torch.ones(2, device="meta")


def test_devices(backend: Any) -> None:
    assert backend.devices()[0] == torch.device("cpu")
    assert backend.device(torch.ones(1)) == torch.device("cpu")
    x = Variable(backend.asarray(np.ones(2, "float32"), device="cpu"))
    assert x.to_device("cpu").device == torch.device("cpu")
    with pytest.raises((RuntimeError, AssertionError, BackendError)):
        L.Linear(1, in_size=2).to("torch", device="cuda:99")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_step_on_other_devices(backend: Any, name: str) -> None:
    devices = [d for d in backend.devices() if d.type == name]
    if not devices:
        pytest.skip(f"no {name} device here")
    losses = []
    for device in ("cpu", devices[0]):
        np.random.seed(0)
        x = backend.asarray(np.random.randn(8, 1, 8, 8).astype("float32"), device=device)
        t = backend.asarray(np.arange(8) % 3, device=device)
        model = ag.models.Sequential(
            L.Conv2d(4, 3, pad=1), L.BatchNorm(), F.relu, L.Flatten(), L.Linear(3)
        )
        optimizer = optimizers.Adam().setup(model)
        for _ in range(3):
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
        assert loss.device == backend.device(x)
        losses.append(float(loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_arrays_decide_also_for_subclasses() -> None:
    Named = type("Named", (torch.Tensor,), {})
    assert backend_of(torch.ones(2).as_subclass(Named)).name == "torch"


def fresh(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_pytorch_is_not_imported_until_it_is_needed() -> None:
    code = """
import sys
import numpy as np, arraygrad as ag
import arraygrad.functions as F
x = ag.Variable(np.ones((2, 3)))  # both of these have kernels of rules on PyTorch
F.softmax(F.tanh(x)).sum().backward()
print("torch" in sys.modules)
"""
    assert fresh(code) == "False"


def test_without_pytorch_there_is_a_reason_and_nothing_breaks() -> None:
    code = """
import sys
sys.modules["torch"] = None  # an import of it fails
import numpy as np, arraygrad as ag
import arraygrad.functions as F
assert "arraygrad_torch.kernels" not in sys.modules
x = ag.Variable(np.ones(2))
F.tanh(x).sum().backward()
print([p.status for p in ag.plugins.statuses() if p.namespace == "torch"])
try:
    ag.set_backend("torch")
except ag.errors.BackendUnavailableError as error:
    print(error)
"""
    text = fresh(code)
    assert text.startswith("['active']")
    assert "backend 'torch' cannot run here: PyTorch cannot be imported" in text
    assert "pip install torch" in text
