"""The record of a sweep, and the page made from it.

python tests/libraries/report.py        write docs/libraries.md anew from result.json
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULT = Path(__file__).with_name("result.json")
PAGE = Path(__file__).parents[2] / "docs" / "libraries.md"
# Never in a record.
WRONG = ("wrong", "broken")
PACKAGES = (
    "array-api-compat",
    "array-api-extra",
    "einops",
    "numpy",
    "scikit-learn",
    "scipy",
    "xarray",
)
KINDS = {
    "second": "Right to second order",
    "first": "Right to first order",
    "constant": "Zero",
    "number": "Number",
    "refused": "Refused",
}
HEAD = """\
<!-- Made by tests/libraries/report.py from tests/libraries/result.json; a test checks that it is
fresh. -->

# Other libraries on Variables

SciPy, scikit-learn, xarray, array-api-extra and einops have functions that are written against the
[array API standard](array-api.md), and these take Variables unchanged. (They are not installed with
arraygrad: `pip install "arraygrad[data,scipy]"` brings the first two.) Here is the gradient of a
p-value:

```python
>>> import os
>>> os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported for the first time
>>> import numpy as np
>>> from arraygrad import Variable
>>> from scipy import stats
>>> x = Variable(np.array([1.1, 2.3, 1.9, 2.8]))
>>> y = Variable(np.array([0.4, 1.2, 0.9, 1.7]))
>>> p = stats.ttest_ind(x, y).pvalue
>>> p.backward()
>>> p
variable(0.07373722...)
>>> x.grad
variable([-0.13994766 -0.03160108 -0.06771661  0.01354332])
```

How a point moves with the rotation vector that turns it:

```python
>>> import arraygrad as ag
>>> from scipy.spatial.transform import Rotation
>>> point = Variable(np.array([1.0, 0.0, 0.0]), requires_grad=False)
>>> def turned(v):
...     return Rotation.from_rotvec(v).apply(point)
>>> ag.jacobian(turned)(np.array([0.0, 0.0, np.pi / 2])).round(3)
array([[ 0.   ,  0.   , -1.   ],
       [ 0.   ,  0.   ,  0.   ],
       [ 0.637, -0.637,  0.   ]])
```

And a pipeline of scikit-learn, by the data that it was fitted to:

```python
>>> import sklearn
>>> from sklearn.decomposition import PCA
>>> from sklearn.linear_model import Ridge
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> rng = np.random.default_rng(0)
>>> X, y = Variable(rng.normal(size=(5, 3))), Variable(rng.normal(size=5))
>>> with sklearn.config_context(array_api_dispatch=True), np.errstate(invalid="ignore"):
...     model = make_pipeline(StandardScaler(), PCA(2), Ridge(solver="svd")).fit(X, y)
...     model.predict(X)[0].backward()
>>> y.grad
variable([ 0.3925828   0.36152597  0.14284651  0.22021087 -0.11716615])
>>> X.grad.shape
(5, 3)
```

- All arrays of a call must be Variables over one library: make constants of those that are data,
  with `Variable(data, requires_grad=False)`. Python numbers may stay what they are.
- SciPy reads `SCIPY_ARRAY_API` once, when it is first imported. Special functions alone, as
  `scipy.special.gammaln(x)`, take Variables without it.
- What is compiled refuses a tracked Variable, with an error that says so; no gradient is lost in
  silence. A gradient ends where a library makes a Python number of a Variable, as most metrics
  of scikit-learn do: `using_config("warn_lost_gradients", True)` warns where that happens.
- An array of xarray holds a Variable as it holds any array of the standard. Say `skipna=False` in
  reductions, as NaN is looked for with functions of NumPy. Some functions (`align`, `sortby`) copy
  what they get: the copy of a Variable of yours is another leaf, with a gradient of its own; inside
  of `ag.grad` and other transforms, copies keep the gradient.
- On other array libraries the same calls work as far as the library itself does: a sample of them
  is checked on PyTorch, on JAX, and inside `jax.jit`.
"""


def name_of(text: str, known: Any) -> str:
    """The text of a call, numbered if there are several of it."""
    name, number = text, 2
    while name in known:
        name, number = f"{text}  # {number}", number + 1
    return name


def versions() -> dict[str, str]:
    """The libraries that ran."""
    known = {"Python": platform.python_version()}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            known[name] = version(name)
    return known


def record_of(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A record: area -> call -> (kind, why), and the versions of what ran."""
    areas = {area: {name: list(o) for name, o in calls.items()} for area, calls in found.items()}
    return {"versions": versions(), "areas": areas}


def lost(record: dict[str, Any], found: dict[str, dict[str, Any]]) -> list[str]:
    """What the record has right, and is not right any more, in lines of text."""
    good = ("first", "second", "constant")
    lines = []
    for area, calls in found.items():
        for name, outcome in calls.items():
            before = record["areas"].get(area, {}).get(name, ["not recorded"])[0]
            worse = before in good and outcome[0] not in (before, "second")
            if worse or before == "not recorded":
                lines.append(f"{area}: {name}: {before} before, now {outcome[0]}: {outcome[1]}")
    return lines


def page(record: dict[str, Any]) -> str:
    """The page of a record."""
    parts = [HEAD, "## Calls that were checked\n", INTRODUCTION, _table(record["areas"])]
    for area, calls in record["areas"].items():
        parts += [f"### {area}\n"]
        for kind, title in TITLES.items():
            chosen = {name: why for name, (k, why) in calls.items() if k == kind}
            if chosen:
                parts += [f"{title}:\n", *_listed(chosen, kind)]
    known = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return "\n".join([*parts, f"## What ran\n\n{known}.\n", FOOT])


INTRODUCTION = """\
Each call ran on random numbers. Its value is compared with that of the same call on NumPy's arrays,
its first derivative along a random direction with differences of that call, and its second one
with differences of the first. *Zero* are calls whose derivative is zero, as that of ranks is; they
give untracked results. *Number* are calls that give a Python number. *Refused* are calls that raise
an error for tracked Variables. No call gave a wrong gradient. Whole numbers, truth values, and the
arguments of a special function by which it has no derivative in arraygrad were constants.
"""
TITLES = {
    "second": "Right to second order",
    "first": "Right to first order; the second is refused",
    "constant": "The derivative is zero",
    "number": "A Python number, where the gradient ends",
    "refused": "Refused",
}
FOOT = """\
To run it again, with these libraries installed:

```sh
python tests/libraries/sweep.py             # a minute at most; --record writes this page
```
"""


def _table(areas: dict[str, dict[str, Any]]) -> str:
    columns = ["Library", "Calls", *KINDS.values()]
    rows = [columns, ["---"] * len(columns)]
    total: Counter[str] = Counter()
    for area, calls in areas.items():
        counts = Counter(kind for kind, _ in calls.values())
        total += counts
        rows.append([area, str(len(calls)), *(str(counts[kind]) for kind in KINDS)])
    rows.append(["all", str(total.total()), *(str(total[kind]) for kind in KINDS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _listed(calls: dict[str, str], kind: str) -> list[str]:
    if kind != "refused":
        return [f"- `{name}`" for name in calls] + [""]
    reasons: dict[str, list[str]] = {}
    for name, why in calls.items():
        reasons.setdefault(why, []).append(name)
    lines = []
    for why, names in reasons.items():
        lines += [f"- {why}:", *(f"  - `{name}`" for name in names)]
    return [*lines, ""]


def load() -> dict[str, Any]:
    """The record that is kept beside this file."""
    return json.loads(RESULT.read_text(encoding="utf-8"))


def save(record: dict[str, Any]) -> None:
    """Keep a record, and write the page of it; a record has nothing wrong in it."""
    wrong = [n for calls in record["areas"].values() for n, o in calls.items() if o[0] in WRONG]
    if wrong:
        raise SystemExit(f"not recorded, as these are wrong: {', '.join(wrong)}")
    RESULT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    save(load())
