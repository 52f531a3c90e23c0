"""A plugin written for version 1.0 of the plugin API loads, and all of it works."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from arraygrad import hookspecs

FILES = Path(__file__).parent / "api_1_0"
# Never to be changed: what was written for 1.0 stays as it was.
DIGEST = "d723792cd7b4d3a4e2f8791e48241d2186ad5f6d80d31f7f2bd320f8bedf7fe9"


@pytest.fixture
def frozen(site):
    site.add(
        "arraygrad-frozen",
        (FILES / "_plugin.py.txt").read_text(encoding="utf-8"),
        version="1.0",
        things=(FILES / "things.py.txt").read_text(encoding="utf-8"),
    )
    return site


def test_the_files_are_what_they_were():
    texts = [path.read_bytes() for path in sorted(FILES.glob("*.py.txt"))]
    assert hashlib.sha256(b"\0".join(texts)).hexdigest() == DIGEST
    used = {hook for hook in hookspecs.HOOKS if f"def {hook}(" in texts[0].decode()}
    assert len(used) == 8


def test_it_loads_and_everything_is_there(frozen):
    answer = frozen.run(
        """
        import numpy as np
        import arraygrad as ag, arraygrad.functions as F
        from arraygrad import registry
        plugin = table()["arraygrad-frozen"]
        ag.plugins.check_targets("frozen")
        y = F.cube(ag.Variable(np.array(2.0)))
        y.backward()
        data = ag.datasets.Squares()
        model = ag.models.TwoLayers(2)
        out = model(np.ones((4, 3), np.float32))
        out.sum().backward()
        before = model.l1.W.data
        ag.optimizers.SignSGD().setup(model).update()
        backend = ag.get_backend("frozen_numpy")
        from arraygrad.kernels import choice
        answer(
            status=plugin["status"], reason=plugin["reason"], api=plugin["api"],
            provides=plugin["provides"], cube=float(y.data), problems=table()[
                "arraygrad-frozen"]["problems"],
            double=float(registry.lookup("functions", "frozen_double")()(np.array(2.0)).data),
            gain=ag.layers.Gain(3)(np.ones((2, 3), np.float32)).shape,
            squares=[len(data), int(data[3][1])], moved=bool((model.l1.W.data != before).any()),
            backend=backend.name, kernel=choice("core:erf", "frozen_numpy").entry.id,
            command=registry.lookup("commands", "frozen")(["a", "b"]),
        )
        """,
        ARRAYGRAD_STRICT_PLUGINS="1",
    )
    assert (answer["status"], answer["reason"], answer["api"]) == ("active", "", "1.0")
    assert answer["provides"] == {
        "backends": ["frozen_numpy"],
        "functions": ["cube", "frozen_double"],
        "kernels": ["core:erf@frozen_numpy", "core:tan.x@frozen_numpy"],
        "layers": ["Gain"],
        "models": ["TwoLayers"],
        "optimizers": ["SignSGD"],
        "datasets": ["Squares"],
        "commands": ["frozen"],
    }
    assert answer["problems"] == []
    assert (answer["cube"], answer["double"], answer["gain"]) == (8.0, 4.0, [2, 3])
    assert (answer["squares"], answer["moved"]) == ([5, 9], True)
    assert answer["backend"] == "frozen_numpy"
    assert answer["kernel"] == "frozen:core:erf@frozen_numpy"
    assert answer["command"] == 3


def test_the_kit_of_today_takes_it(frozen):
    answer = frozen.run(
        """
        from arraygrad.testing import check_plugin
        report = check_plugin("frozen", skip=["kernels", "backends", "light import"])
        answer(ok=report.ok, ran=report.ran, failures=report.failures, counts=report.counts)
        """
    )
    assert answer["failures"] == []
    assert answer["ok"]
    assert answer["ran"] > 400
