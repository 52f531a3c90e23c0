"""Tables of results: text for the terminal, Markdown and JSON for files."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from .harness import Result

REFERENCES = ("numpy", "torch", "jax.jit")
PACKAGES = ("arraygrad", "numpy", "torch", "jax", "autograd")


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _table(result: Result) -> tuple[list[str], list[list[str]]]:
    references = [r for r in REFERENCES if r in result.rows]
    head = ["", f"median {result.unit}", "best", *(f"/ {r}" for r in references), ""]
    lines = []
    for name, row in result.rows.items():
        ratios = [result.ratio(name, r) for r in references]
        lines.append(
            [
                name,
                f"{row.median:.4g}",
                f"{row.best:.4g}",
                *("" if r is None else f"{r:.2f}" for r in ratios),
                row.note,
            ]
        )
    lines += [[name, "not installed", *[""] * (len(head) - 2)] for name in result.missing]
    return head, lines


def as_text(result: Result) -> str:
    head, lines = _table(result)
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]

    def fit(line: list[str]) -> str:
        middle = (cell.rjust(w) for cell, w in zip(line[1:-1], widths[1:-1], strict=True))
        return f"  {line[0]:{widths[0]}}  {'  '.join(middle)}  {line[-1]}".rstrip()

    return "\n".join([f"\n{result.title}", *map(fit, [head, *lines])])


def as_agreement(result: Result) -> str:
    """One line for `--check`: who gave the results computed by hand."""
    missing = f" (not installed: {', '.join(result.missing)})" if result.missing else ""
    return f"{result.title}: equal results from {', '.join(result.rows)}{missing}"


def targets(results: Sequence[Result]) -> Iterator[tuple[str, str, float | None, float]]:
    """Yield (title, what, measured or None, limit) for every target."""
    for result in results:
        for target in result.targets:
            measured = result.ratio(target.contestant, target.reference)
            what = f"{target.contestant} / {target.reference}"
            yield result.title, what, measured, target.limit
        for name, limit in result.absolute:
            row = result.rows.get(name)
            yield result.title, f"{name}, {result.unit}", row and row.median, limit


def verdict(measured: float | None, limit: float) -> str:
    if measured is None:
        return "not measured"
    return "met" if measured <= limit else "MISSED"


def target_lines(results: Sequence[Result]) -> list[str]:
    lines = ["", "Targets"]
    for title, what, measured, limit in targets(results):
        value = "-" if measured is None else f"{measured:.3f}"
        lines.append(
            f"  {title:62}  {what:34}  {value:>6} <= {limit:<5g}  {verdict(measured, limit)}"
        )
    return lines


def as_markdown(results: Sequence[Result]) -> str:
    out = ["# Benchmarks", "", ", ".join(f"{k} {v}" for k, v in versions().items()), ""]
    out += ["| measurement | figure | measured | target | |", "|---|---|---|---|---|"]
    for title, what, measured, limit in targets(results):
        value = "-" if measured is None else f"{measured:.3f}"
        out.append(f"| {title} | {what} | {value} | {limit:g} | {verdict(measured, limit)} |")
    for result in results:
        head, lines = _table(result)
        out += ["", f"## {result.title}", ""]
        out += [f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines]]
    return "\n".join(out) + "\n"


def as_json(results: Sequence[Result]) -> str:
    figures = [
        {
            "title": r.title,
            "unit": r.unit,
            "rows": {
                name: {"best": row.best, "median": row.median, "note": row.note}
                for name, row in r.rows.items()
            },
            "missing": r.missing,
        }
        for r in results
    ]
    goals = [
        {"title": t, "figure": w, "measured": m, "limit": limit, "verdict": verdict(m, limit)}
        for t, w, m, limit in targets(results)
    ]
    return json.dumps({"versions": versions(), "targets": goals, "results": figures}, indent=2)
