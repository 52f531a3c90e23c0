"""`python -m benchmarks`: run workloads, print ratios beside their targets."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from . import __doc__ as package_doc
from .harness import FULL, QUICK, Result, all_threads, measure, single_thread
from .report import as_agreement, as_json, as_markdown, as_text, target_lines

WORKLOADS = (
    "per_op",
    "rosenbrock",
    "spiral_mlp",
    "hvp",
    "array_api",
    "transforms",
    "elementwise",
    "graphs",
    "mlp",
    "cnn",
    "lstm",
    "loading",
    "transformer",
    "backends",
    "imports",
)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=package_doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workloads", nargs="*", metavar="workload", help=", ".join(WORKLOADS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller graphs")
    parser.add_argument("--check", action="store_true", help="compare results, time nothing")
    parser.add_argument(
        "--all-threads", action="store_true", help="with the threads there are, by the wall clock"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.workloads) - set(WORKLOADS)):
        parser.error(f"no workload named {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")

    all_threads() if args.all_threads else single_thread()
    budget = QUICK if args.quick else FULL
    all_results: list[Result] = []
    for name in args.workloads or WORKLOADS:
        workload = import_module(f".{name}", __package__)
        if hasattr(workload, "cases"):
            for case in workload.cases(quick=args.quick):
                result = measure(case, budget, only_check=args.check)
                print(as_agreement(result) if args.check else as_text(result), flush=True)
                all_results.append(result)
        if hasattr(workload, "results") and not args.check:
            for result in workload.results(quick=args.quick):
                print(as_text(result), flush=True)
                all_results.append(result)
    if not args.check:
        print("\n".join(target_lines(all_results)))
    if args.json:
        args.json.write_text(as_json(all_results), encoding="utf-8")
    if args.markdown:
        args.markdown.write_text(as_markdown(all_results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
