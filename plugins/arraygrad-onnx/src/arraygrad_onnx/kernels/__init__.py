"""Kernels for the backend "ndonnx": each emits the ONNX operator that an op is.

A kernel that returns None leaves a call to the definition of its op.
"""
