"""Without JAX there is nothing to import here, and the tests skip with a reason."""

from importlib.util import find_spec

_here = find_spec("jax") is not None
_installed = find_spec("arraygrad_jax") is not None
collect_ignore_glob = [] if _here and _installed else ["src/*"]
collect_ignore_glob += [] if _installed else ["tests/*"]
