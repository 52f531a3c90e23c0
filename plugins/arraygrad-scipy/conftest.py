"""Where the plugin, or SciPy, is not installed there is nothing to test."""

from importlib.util import find_spec

installed = find_spec("arraygrad_scipy") and find_spec("scipy")
collect_ignore_glob = [] if installed else ["src/*", "tests/*", "examples/*"]
