"""Networks for pictures, with trained weights by name, and augmentation, for arraygrad.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves.
The networks are in `arraygrad_vision.models`, and once this distribution is installed in
`arraygrad.models` too; augmentation is in `arraygrad_vision.transforms`, and the reader of
PyTorch's files in `arraygrad_vision.torch_file`.
"""

__version__ = "0.1.0"
