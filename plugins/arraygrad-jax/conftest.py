"""Without JAX there is nothing to import here, and the tests skip with a reason."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("jax") else ["src/*", "benchmark.py"]
