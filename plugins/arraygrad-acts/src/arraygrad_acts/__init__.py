"""More activation functions and gated layers for arraygrad.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves.
The functions are in `arraygrad_acts.functions`, the layers in `arraygrad_acts.layers`; once this
distribution is installed, `arraygrad.functions` and `arraygrad.layers` have them too.
"""

__version__ = "0.1.0"
