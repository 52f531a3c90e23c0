"""What the standard lacks and rules may ask a backend for, on Variables."""

from __future__ import annotations

from typing import Any

from arraygrad import functions
from arraygrad.backend import backend_of
from arraygrad.variable import Variable, constant


class Tracked:
    """The methods of a Backend that rules may ask for, as ops."""

    index_add = staticmethod(lambda shape, key, values: functions.index_add(values, key, shape))
    set_item = staticmethod(functions.set_item)
    to_device = staticmethod(functions.to_device)

    @staticmethod
    def one_hot(t: Any, classes: int, like: Any) -> Variable:
        data = like.data if isinstance(like, Variable) else like
        t = t.data if isinstance(t, Variable) else t
        return constant(backend_of(data).one_hot(t, classes, data))


TRACKED = Tracked()
