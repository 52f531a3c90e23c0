"""PyTorch as a backend of arraygrad.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves;
PyTorch is imported when somebody uses the backend, or gives arraygrad a tensor.
"""

__version__ = "0.1.0"
