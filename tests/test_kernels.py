"""Which kernel runs, why not another, and doing without."""

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, kernels, registry, settings
from arraygrad.errors import AmbiguousNameError, ArgumentError, MixedBackendError


@pytest.fixture
def plugin():
    """Registers a kernel as a plugin of that name would."""
    spaces = []

    def register(namespace, *args):
        staging = registry.Staging(namespace, f"arraygrad-{namespace}", "1.0")
        staging.registrar("kernels")(*args)
        staging.commit()
        registry.changed()
        spaces.append(namespace)

    yield register
    for namespace in spaces:
        registry.remove(namespace)


def zero(x):
    return x * 0


def value():
    return F.tanh(np.array([1.0])).item()


def test_a_plugins_kernel_goes_before_the_cores(plugin):
    plugin("fast", "tanh", "numpy", zero)
    assert value() == 0
    entry, others = kernels.choice("core:tanh", "numpy")
    assert entry.provider == "arraygrad-fast 1.0"
    assert [(e.namespace, why) for e, why in others] == [
        ("core", "the kernel of a plugin goes first")
    ]


def test_of_two_plugins_the_settings_name_one(plugin, tmp_path, monkeypatch):
    plugin("fast", "tanh", "numpy", zero)
    plugin("faster", "tanh", "numpy", lambda x: x * 0 + 2)
    with pytest.raises(AmbiguousNameError, match=r"arraygrad-fast 1.0 and arraygrad-faster 1.0"):
        value()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arraygrad.toml").write_text(
        '[prefer.kernels]\n"core:tanh@numpy" = "faster:core:tanh@numpy"\n'
    )
    settings.reload()
    try:
        assert value() == 2
        (tmp_path / "arraygrad.toml").write_text(
            '[prefer.kernels]\n"core:tanh@numpy" = "core:core:tanh@numpy"\n'
        )
        settings.reload()
        registry.changed()
        assert value() == pytest.approx(np.tanh(1))  # the user may prefer the core's, too
    finally:
        monkeypatch.undo()
        settings.reload()


def test_without_kernels(plugin, monkeypatch):
    plugin("fast", "tanh", "numpy", zero)
    plugin("fast", "tanh.x", "numpy", lambda g, out: g * 0)
    x = Variable(np.array([1.0]))
    with ag.using_kernels(False):
        y = F.tanh(x)
        assert y.item() == pytest.approx(np.tanh(1))
        y.sum().backward()
        assert x.grad.item() == pytest.approx(1 - np.tanh(1) ** 2)
        with ag.using_kernels(True):
            assert value() == 0
        assert value() != 0
        assert kernels.choice("core:tanh", "numpy").entry is None
    assert value() == 0
    monkeypatch.setenv("ARRAYGRAD_KERNELS", "off")
    registry.changed()
    try:
        assert value() != 0
        with ag.using_kernels(True):
            assert value() == 0
    finally:
        monkeypatch.undo()
        registry.changed()


@pytest.mark.parametrize("forward", [True, False])
def test_a_node_keeps_the_rules_of_its_time(forward):
    # What the kernel of pooling saves is not what its definition saves.
    x = Variable(np.arange(16.0).reshape(1, 1, 4, 4))
    with ag.using_kernels(forward):
        y = F.pooling(x, 2, 2)
    with ag.using_kernels(not forward):
        F.pooling(x, 2, 2).sum().backward()
        first, x.grad = x.grad, None
        y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, first.data)


def test_explain_a_primitive(plugin):
    plugin("fast", "tanh", "numpy", zero)
    found = ag.explain(F.tanh, np.ones(3))
    assert (found.op, found.backend.name, found.device) == ("tanh", "numpy", "cpu")
    assert [part.what for part in found.parts] == ["forward", "gradient of x"]
    assert "core:tanh, forward: kernel fast:core:tanh@numpy of arraygrad-fast 1.0" in repr(found)
    assert "not core:core:tanh@numpy: the kernel of a plugin goes first" in repr(found)


def test_explain_a_composition_and_other_libraries():
    import array_api_strict

    found = ag.explain("softmax_cross_entropy", np.ones((2, 3)), np.array([0, 1]))
    assert [part.op for part in found.parts] == ["core:_softmax_cross_entropy"] * 2
    assert all(part.kernel for part in found.parts)
    strict = ag.explain(F.concat, [array_api_strict.ones(2), array_api_strict.ones(1)])
    assert strict.backend.name == "array_api_strict"
    assert [part.kernel for part in strict.parts] == [None, None]
    assert "its definition" in repr(strict)
    assert "device of new arrays" in repr(ag.explain(F.add, 1.0, 2.0))


def test_explain_what_cannot_run():
    import array_api_strict

    with pytest.raises(MixedBackendError):
        ag.explain(F.add, np.ones(2), array_api_strict.ones(2))
    with pytest.raises(ArgumentError, match=r"expected an op such as F\.tanh"):
        ag.explain(np.tanh, np.ones(2))
