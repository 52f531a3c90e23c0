"""Differentiable functions, one file for each kind of mathematics; plugins' ops are here too.

`import arraygrad.functions as F` gives them under the book's names.
"""

from typing import Any

from arraygrad.functions import (
    activation,
    arithmetic,
    attention,
    contraction,
    conv,
    cumulative,
    elementwise,
    embedding,
    indexing,
    joining,
    linalg,
    logic,
    loss,
    normalization,
    ordering,
    pool,
    probability,
    random,
    recurrent,
    reduction,
    regression,
    resizing,
    selection,
    shape,
    special,
    windows,
)
from arraygrad.functions.activation import *
from arraygrad.functions.arithmetic import *
from arraygrad.functions.attention import *
from arraygrad.functions.contraction import *
from arraygrad.functions.conv import *
from arraygrad.functions.cumulative import *
from arraygrad.functions.elementwise import *
from arraygrad.functions.embedding import *
from arraygrad.functions.indexing import *
from arraygrad.functions.joining import *
from arraygrad.functions.linalg import *
from arraygrad.functions.logic import *
from arraygrad.functions.loss import *
from arraygrad.functions.normalization import *
from arraygrad.functions.ordering import *
from arraygrad.functions.pool import *
from arraygrad.functions.probability import *
from arraygrad.functions.random import *
from arraygrad.functions.recurrent import *
from arraygrad.functions.reduction import *
from arraygrad.functions.regression import *
from arraygrad.functions.resizing import *
from arraygrad.functions.selection import *
from arraygrad.functions.shape import *
from arraygrad.functions.special import *
from arraygrad.functions.windows import *
from arraygrad.plugins import module_hooks

__all__ = sorted(
    activation.__all__
    + arithmetic.__all__
    + attention.__all__
    + conv.__all__
    + cumulative.__all__
    + contraction.__all__
    + elementwise.__all__
    + embedding.__all__
    + indexing.__all__
    + joining.__all__
    + linalg.__all__
    + logic.__all__
    + loss.__all__
    + normalization.__all__
    + ordering.__all__
    + pool.__all__
    + probability.__all__
    + random.__all__
    + recurrent.__all__
    + reduction.__all__
    + regression.__all__
    + resizing.__all__
    + selection.__all__
    + shape.__all__
    + special.__all__
    + windows.__all__
)


def _class_of_the_book(name: str) -> Any:
    """`F.Sin` and its like, which few ask for."""
    if not name[:1].isupper():
        return None
    from arraygrad.functions import book

    return getattr(book, name) if name in book.CLASSES else None


__getattr__, __dir__ = module_hooks("functions", __name__, _class_of_the_book)
