"""Run the conformance suite of the array API standard on arraygrad and on the libraries alone.

    python tests/conformance/run.py CHECKOUT [--backend numpy] [--tracked] [--examples 25]

CHECKOUT is a checkout of github.com/data-apis/array-api-tests with its submodule. Each test that
passes on the library alone and not here is printed; the exit code is 1 if report.py knows no
reason for one of them. With --record the result is kept in result.json beside this file and
docs/conformance.md is written from it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import report

HERE = Path(__file__).parent
SOFTWARE = (
    "arraygrad",
    "numpy",
    "array-api-compat",
    "array-api-strict",
    "torch",
    "jax",
    "hypothesis",
    "ndindex",
    "pytest",
)


@dataclass
class Backend:
    """An array library, as the suite sees it.

    alone: the namespace of the library itself.
    module: the module whose arrays the differentiable namespace is asked of.
    environment: what the library needs; the version of the standard is the one that it states.
    """

    alone: str
    module: str
    standard: str = "2025.12"
    environment: dict[str, str] = field(default_factory=dict)


BACKENDS = {
    "numpy": Backend("array_api_compat.numpy", "numpy"),
    "strict": Backend("array_api_strict", "array_api_strict"),
    # PyTorch has these dtypes and next to no functions of them.
    "torch": Backend(
        "array_api_compat.torch",
        "torch",
        environment={"ARRAY_API_TESTS_SKIP_DTYPES": "uint16,uint32,uint64"},
    ),
    "jax": Backend("jax.numpy", "jax.numpy", "2024.12", {"JAX_ENABLE_X64": "1"}),
}


@dataclass
class Suite:
    """The suite in a checkout, pointed at a namespace."""

    checkout: Path
    namespace: str
    backend: Backend

    def run(self, examples: int, only: list[str] | None = None) -> report.Run:
        """Run it, or the tests of it named."""
        env = {
            "PYTHONHASHSEED": "0",  # Hypothesis draws by hashes too
            **self.backend.environment,
            **os.environ,
            "ARRAY_API_TESTS_MODULE": self.namespace,
            "ARRAY_API_TESTS_VERSION": self.backend.standard,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.getenv("PYTHONPATH")])),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "unshrunk"]
        command += [f"--max-examples={examples}", "--derandomize", "--disable-deadline", "--tb=no"]
        command += [f"array_api_tests/{test}" for test in only or [""]]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            command += ["--json-report", f"--json-report-file={path}"]
            command += ["--json-report-omit=keywords,streams,warnings,log"]
            done = subprocess.run(
                command, cwd=self.checkout, env=env, capture_output=True, text=True
            )
            text = path.read_text(encoding="utf-8") if path.exists() else '{"tests": []}'
        result = report.read(json.loads(text))
        if not result:
            raise SystemExit(f"{self.namespace}: no tests ran\n{done.stdout}\n{done.stderr}")
        return result


def compare(name: str, suite: Path, examples: int, kinds: list[str]) -> dict[str, Any]:
    """What the record tells of a backend: the library alone, and each kind beside it."""
    backend = BACKENDS[name]
    alone = Suite(suite, backend.alone, backend)
    baseline = alone.run(examples)
    entry = {
        "module": backend.alone,
        "standard": backend.standard,
        "examples": examples,
        "baseline": report.counts(baseline),
    }
    print(f"{backend.alone}: {entry['baseline']}", flush=True)
    for kind in kinds:
        prefix = "tracked_" if kind == "tracked" else ""
        ours = Suite(suite, f"namespaces.{prefix}{backend.module}", backend)
        run = ours.run(examples)
        found = report.compare(baseline, run)
        # One seed does not draw the same examples: Hypothesis looks at the code under test too.
        again = [
            other.run(40 * examples, list(found[what])) if found[what] else {}
            for other, what in [(alone, "worse"), (ours, "better")]
        ]
        entry[kind] = {"counts": report.counts(run), **report.settle(found, *again)}
    report.share([entry[kind] for kind in kinds])
    for kind in kinds:
        print(f"{report.KINDS[kind]}, over {name}: {entry[kind]['counts']}")
        for what in ("worse", "better", "unsteady"):
            print(f"  {what}: {len(entry[kind][what])}")
            for test in entry[kind][what]:
                print(f"    {test}: {entry[kind][what][test] if what != 'unsteady' else ''}")
        sys.stdout.flush()
    return entry


def commit_of(checkout: Path) -> str:
    """The commit of a checkout, if git knows it."""
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def versions() -> dict[str, str]:
    """What is installed of the software that matters."""
    found = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument(
        "--backend", action="append", choices=BACKENDS, help="may be given several times [numpy]"
    )
    parser.add_argument("--tracked", action="store_true", help="also with every float tracked")
    parser.add_argument("--examples", type=int, default=25, help="examples of each test [25]")
    parser.add_argument("--commit", help="the suite's commit, where the checkout has no git")
    parser.add_argument("--record", action="store_true", help="keep the result, write the page")
    args = parser.parse_args()
    if not (args.checkout / "array_api_tests").is_dir():
        parser.error(f"{args.checkout}: expected a checkout of array-api-tests")

    kinds = ["plain", "tracked"] if args.tracked else ["plain"]
    bad = False
    for name in args.backend or ["numpy"]:
        entry = compare(name, args.checkout.resolve(), args.examples, kinds)
        bad = bad or any(entry[kind]["worse"].keys() - report.REASONS.keys() for kind in kinds)
        if args.record:
            record = report.load()
            backends = {**record["backends"], name: entry}
            record["backends"] = {name: backends[name] for name in BACKENDS if name in backends}
            record["suite"] = args.commit or commit_of(args.checkout)
            record["versions"] = versions()
            report.save(record)
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
