"""CuPy as a backend of arraygrad.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves;
CuPy is imported when somebody uses the backend, or gives arraygrad an array of it.
"""

__version__ = "0.1.0"
