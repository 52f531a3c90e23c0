"""Without Numba there is nothing to import here, and the tests skip with a reason."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("numba") else ["src/*", "benchmark.py"]
