"""Transforms: derivatives as values, of functions of arrays or nested containers of arrays.

`reverse` has `grad` and `value_and_grad`; the others are imported when `arraygrad.<name>` is first
asked for: products (vjp, jvp, linearize, hvp), jacobians, checkpoints, custom rules, implicit
differentiation, checks, and objectives for SciPy's optimizers.
"""

from arraygrad.autodiff.reverse import grad, value_and_grad

__all__ = ["grad", "value_and_grad"]
