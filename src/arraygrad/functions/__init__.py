"""Differentiable functions, one file for each kind of mathematics; plugins' ops are here too.

`import arraygrad.functions as F` gives them under the book's names.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from arraygrad.op import table
from arraygrad.plugins import module_hooks

if TYPE_CHECKING:  # imported late, see LATE
    from arraygrad.functions.arrangement import *
    from arraygrad.functions.complex import *
    from arraygrad.functions.creation import *
    from arraygrad.functions.decompositions import *
    from arraygrad.functions.determinants import *
    from arraygrad.functions.eigenvalues import *
    from arraygrad.functions.exponents import *
    from arraygrad.functions.fourier import *
    from arraygrad.functions.fourier_real import *
    from arraygrad.functions.norms import *
    from arraygrad.functions.products import *
    from arraygrad.functions.sets import *
    from arraygrad.functions.solving import *
    from arraygrad.functions.statistics import *
    from arraygrad.functions.trigonometry import *

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


# Modules that are imported when one of their functions is first asked for: module -> names.
LATE: dict[str, tuple[str, ...]] = {
    "arrangement": (
        "broadcast_arrays", "diff", "meshgrid", "repeat", "roll", "tile", "tril", "triu", "unstack",
    ),
    "complex": ("conj", "copysign", "imag", "sign"),
    "creation": ("asarray", "linspace"),
    "decompositions": ("cholesky", "qr", "svd", "svdvals"),
    "determinants": ("det", "slogdet"),
    "eigenvalues": ("eig", "eigh", "eigvals", "eigvalsh"),
    "exponents": ("log2", "log10", "logaddexp", "reciprocal"),
    "fourier": ("fft", "fftn", "fftshift", "ifft", "ifftn", "ifftshift"),
    "fourier_real": ("hfft", "ihfft", "irfft", "irfftn", "rfft", "rfftn"),
    "norms": ("matrix_norm", "vector_norm"),
    "products": (
        "cross", "diagonal", "matrix_power", "outer", "tensordot", "trace", "vecdot",
    ),
    "scipy_special": (),
    "sets": ("unique_all", "unique_counts", "unique_inverse", "unique_values"),
    "solving": ("inv", "lstsq", "matrix_rank", "pinv", "solve"),
    "standard": (),
    "statistics": ("cumprod", "std", "var"),
    "trigonometry": ("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "hypot"),
}  # fmt: skip
_MODULE = {name: module for module, names in LATE.items() for name in names}
__all__ += _MODULE


# Names of the standard whose ops are private there, since F has functions of the book instead.
_PRIVATE = frozenset((
    "clip", "cumulative_prod", "cumulative_sum", "from_dlpack", "full", "full_like", "prod",
    "reshape", "sum", "take",
))  # fmt: skip


def of_standard(name: str) -> Any:
    """The op with that name in the array API standard, such as "linalg.svd"; None without one."""
    start, _, short = name.rpartition(".")
    if start == "special":
        from arraygrad.functions.scipy_special import special

        return special(short)
    if module := "standard" if name in _PRIVATE else _MODULE.get(short):
        import_module(f"{__name__}.{module}")
    return next((op for op in table.values() if op.definition.standard == name), None)


def everything() -> None:
    """Import what is imported late, and make what is made late: for listings of all functions."""
    for module in LATE:
        import_module(f"{__name__}.{module}")
    from arraygrad.functions.scipy_special import NAMES, special

    for name in sorted(NAMES):
        special(name)


def _late(name: str) -> Any:
    """A function that is imported late, or a class of the book, `F.Sin` and its like."""
    if name in _MODULE:
        function = globals()[name] = getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
        return function
    if not name[:1].isupper():
        return None
    from arraygrad.functions import book

    return getattr(book, name) if name in book.CLASSES else None


__getattr__, __dir__ = module_hooks("functions", __name__, _late)
