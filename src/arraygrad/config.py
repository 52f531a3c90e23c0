"""Switches: the book's `enable_backprop` and `train`, and two more; safe under threads.

Assigning to `Config` changes the default of the whole process; `using_config` changes a switch
for one block, in this thread or task only. Settings that come from the environment or from files
are in `arraygrad.settings`.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from typing import Any

from arraygrad.errors import ConfigError


class Defaults:
    """The process-wide value of each switch, read where no block has set it."""

    __slots__ = ("enable_backprop", "strong_zeros", "train", "warn_lost_gradients")

    def __init__(self) -> None:
        self.enable_backprop = True
        self.strong_zeros = True
        self.train = True
        self.warn_lost_gradients = False


default = Defaults()
overrides: dict[str, ContextVar[bool | None]] = {
    name: ContextVar(f"arraygrad.{name}", default=None) for name in Defaults.__slots__
}
# Empty until `enable_backprop` is first turned off, anywhere in the process: until then the op
# path, which looks here first, need not ask. It is never emptied again, as a task or thread that
# was started inside of a block takes its switch along, beyond the end of the block.
turned_off: list[str] = []


def is_recording() -> bool:
    """Whether ops on tracked Variables are recorded here and now."""
    here = overrides["enable_backprop"].get()
    return default.enable_backprop if here is None else here


def strong_zeros() -> bool:
    """Whether a gradient of zero times an infinite derivative is zero here and now."""
    here = overrides["strong_zeros"].get()
    return default.strong_zeros if here is None else here


def warns_lost_gradients() -> bool:
    """Whether a Python number made of a tracked Variable is warned of here and now."""
    here = overrides["warn_lost_gradients"].get()
    return default.warn_lost_gradients if here is None else here


def _known(name: str) -> str:
    if name not in overrides:
        raise ConfigError(f"Config: got the name {name!r}, expected one of {', '.join(overrides)}")
    return name


def _note(name: str, value: bool) -> None:
    if name == "enable_backprop" and not value and not turned_off:
        turned_off.append(name)


class _Config:
    """The switches, as attributes; assigning changes the process-wide default.

    enable_backprop: record ops on tracked Variables. train: layers such as dropout work as in
    training. strong_zeros: what takes no part in a result has gradient 0, also behind a division
    by zero; see `arraygrad.engine.walk`. warn_lost_gradients: warn where float(x), bool(x), ... of
    a tracked Variable ends its gradient; off by default, to find out where one was lost.

    >>> from arraygrad import Config, test_mode
    >>> Config.train
    True
    >>> with test_mode():
    ...     Config.train
    False
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> bool:
        if name not in overrides:
            raise AttributeError(
                f"Config has no switch {name!r}; its switches are {', '.join(overrides)}"
            )
        here = overrides[name].get()
        return getattr(default, name) if here is None else here

    def __setattr__(self, name: str, value: bool) -> None:
        setattr(default, _known(name), bool(value))
        _note(name, bool(value))

    def __dir__(self) -> list[str]:
        return list(overrides)

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{name}={getattr(self, name)}' for name in overrides)})"


Config = _Config()


class using_config(ContextDecorator):
    """Give a switch another value inside a `with` block, in this thread or task only.

    Raises ConfigError for an unknown name; an exception in the block restores the switch too.

    >>> from arraygrad import Config, using_config
    >>> with using_config("enable_backprop", False):
    ...     Config.enable_backprop
    False
    """

    def __init__(self, name: str, value: bool) -> None:
        self._switch = overrides[_known(name)]
        _note(name, bool(value))
        self._value = bool(value)
        self._tokens: list[Token[bool | None]] = []

    def _recreate_cm(self) -> using_config:
        # As a decorator, every call of the function gets a block of its own.
        block = using_config.__new__(using_config)
        block._switch, block._value, block._tokens = self._switch, self._value, []
        return block

    def __enter__(self) -> None:
        self._tokens.append(self._switch.set(self._value))

    def __exit__(self, *exc: Any) -> None:
        self._switch.reset(self._tokens.pop())


def no_grad() -> using_config:
    """Record nothing inside the block: results there are constants.

    >>> import numpy as np
    >>> from arraygrad import Variable, no_grad
    >>> with no_grad():
    ...     y = Variable(np.array(2.0)) ** 2
    >>> y.creator is None
    True
    """
    return using_config("enable_backprop", False)


def test_mode() -> using_config:
    """Run layers as at test time inside the block: dropout is the identity, for example."""
    return using_config("train", False)


test_mode.__test__ = False  # type: ignore[attr-defined]  # pytest collects names with test_
