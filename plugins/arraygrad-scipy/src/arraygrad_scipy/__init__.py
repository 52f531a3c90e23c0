"""What SciPy does in compiled code, differentiable and on every array library, for arraygrad.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves.
Once this distribution is installed, `arraygrad.functions` has its functions; here they are in
`convolution`, `filters`, `smoothing`, `ndimage`, `interpolation`, `splines`, `linalg`,
`exponential` and `integrate`.
"""

__version__ = "0.1.0"
