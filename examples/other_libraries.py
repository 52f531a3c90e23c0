"""One function of the array API, differentiated on every array library that is installed.

python examples/other_libraries.py
"""

from __future__ import annotations

from typing import Any

import array_api_compat

from arraygrad import get_backend, grad
from arraygrad.errors import BackendError


def energy(x: Any) -> Any:
    """A soft well, in terms of whatever namespace the array has."""
    xp = array_api_compat.array_namespace(x)
    return xp.sum(xp.log1p(xp.exp(-x)) + 0.1 * x * x)


def main() -> dict[str, list[float]]:
    """The gradient at the same point on each library."""
    found = {}
    for name in ("numpy", "array_api_strict", "torch", "jax", "cupy"):
        try:
            backend = get_backend(name)
        except BackendError as error:
            print(f"{name}: {error}")
            continue
        x = backend.asarray([-1.0, 0.0, 2.0])
        slope = grad(energy)(x)
        found[name] = backend.to_numpy(slope).tolist()
        print(f"{name}: {type(slope).__name__} {found[name]}")
    return found


if __name__ == "__main__":
    main()
