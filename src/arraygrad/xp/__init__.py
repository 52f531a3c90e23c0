"""The array API standard over Variables: `arraygrad.xp` for NumPy, `arraygrad.xp.torch`, ... .

Each is the namespace of one array library: what `x.__array_namespace__()` of a Variable gives, so
that programs and libraries written against the standard run on Variables and are differentiable.

>>> import arraygrad.xp as xp
>>> x = Variable(np.array([3.0, 4.0]))
>>> y = xp.linalg.vector_norm(x)
>>> y.backward()
>>> x.grad
variable([0.6 0.8])
>>> x.__array_namespace__() is xp
True
"""

import sys as _sys
from typing import TYPE_CHECKING

from arraygrad.xp.namespaces import Namespace as _Namespace
from arraygrad.xp.namespaces import namespaces as _namespaces

if TYPE_CHECKING:
    from typing import Any

    def __getattr__(name: str) -> Any: ...


# The module itself is the namespace of NumPy, and the door to those of other libraries.
_sys.modules[__name__].__class__ = _Namespace
_namespaces["numpy"] = _sys.modules[__name__]  # type: ignore[assignment]
