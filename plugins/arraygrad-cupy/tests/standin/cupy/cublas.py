"""The one function of cupy.cublas that is used."""

from cupy._array import here


def gemm(transa, transb, a, b, out=None, alpha=1.0, beta=0.0):
    if not (a.ndim == b.ndim == 2 and a.dtype == b.dtype == out.dtype and a.dtype.char in "fd"):
        raise TypeError("invalid dtype")
    x, y, z = here(a), here(b), here(out)
    product = (x.T if transa == "T" else x) @ (y.T if transb == "T" else y)
    if z.shape != product.shape or not (z.flags.c_contiguous or z.flags.f_contiguous):
        raise AssertionError("out")
    z[...] = alpha * product + (beta * z if beta else 0)  # as there, beta 0 does not read
    return out
