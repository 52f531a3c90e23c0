"""Faster forms of core ops and of their rules for NumPy, one file for each kind of mathematics.

Each file says what was measured, and names its kernels in `KERNELS`: op, or "op.input" for a rule,
-> function. A kernel gives what the definition gives, to rounding; what it does not know, such as
other dtypes or another order of bytes, it leaves to the definition.
"""

from arraygrad.numpy_kernels import (
    activation,
    attention,
    basic,
    conv,
    linalg,
    normalization,
    pool,
    recurrent,
    select,
)

MODULES = (
    activation, attention, basic, conv, linalg, normalization, pool, recurrent, select,
)  # fmt: skip
