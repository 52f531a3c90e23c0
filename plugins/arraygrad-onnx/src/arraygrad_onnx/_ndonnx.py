"""ndonnx, imported without its warning that onnxruntime is not installed, and so it is slower."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ndonnx

__all__ = ["ndonnx"]
