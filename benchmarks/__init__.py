"""Benchmarks of arraygrad against NumPy by hand, PyTorch eager, JAX jitted and HIPS autograd.

    python -m benchmarks                       every workload, about ten minutes
    python -m benchmarks --quick               fewer rounds, smaller peers, under two minutes
    python -m benchmarks per_op spiral_mlp     the named ones
    python -m benchmarks --check               only the comparison of results, nothing is timed
    python -m benchmarks --all-threads mlp     with the threads there are, by the clock on the wall
    python -m benchmarks --json b.json --markdown b.md

Only ratios measured in one run mean anything: the contestants of one workload take turns in
random order. What counts is CPU time on one thread, or with --all-threads the time on the wall.
`pip install -e ".[bench]"` brings the peers; one that is missing is reported as "not installed".
"""

import os
import sys

# Read by the libraries when they are first imported, so they must be set before that.
if "--all-threads" not in sys.argv:
    for _name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
        os.environ[f"{_name}_NUM_THREADS"] = "1"
    os.environ["XLA_FLAGS"] = (
        "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 "
        + os.environ.get("XLA_FLAGS", "")
    ).strip()
os.environ.setdefault("JAX_PLATFORMS", "cpu")
