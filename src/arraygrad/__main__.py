"""`arraygrad` and `python -m arraygrad`: the command line, if its extra is installed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and leave with its exit code."""
    try:
        import click  # noqa: F401
    except ImportError:
        sys.stderr.write(
            "error: the command line needs the package click, which is not installed; run: "
            'pip install "arraygrad[cli]"\n'
        )
        sys.exit(2)
    from arraygrad.cli import program

    program.main(prog_name="arraygrad")


if __name__ == "__main__":
    main()
