"""Where the plugin is not installed there is nothing to test."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("arraygrad_vision") else ["src/*", "tests/*", "examples/*"]
