"""Kernels for arraygrad on NumPy, compiled by Numba.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves;
Numba is imported when an op is called for which there is a kernel here.
"""

__version__ = "0.1.0"
