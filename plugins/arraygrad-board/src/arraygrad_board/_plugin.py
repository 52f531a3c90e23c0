"""What arraygrad finds here: a name, imported when somebody uses it."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"


@hookimpl
def arraygrad_register_commands(register: Any) -> None:
    register(
        "board",
        "arraygrad_board.command:board",
        help="See trainings as a self-contained HTML page.",
    )
