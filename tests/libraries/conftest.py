"""What is here runs in a process of its own, see sweep.py: pytest has nothing to collect."""

collect_ignore_glob = ["*.py"]
