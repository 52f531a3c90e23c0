"""The array: NumPy's behind a wall. What CuPy refuses is refused, what waits is noted."""

from __future__ import annotations

import operator
from types import SimpleNamespace

import numpy as np

from cupy import cuda

# What went between host and device, or made the host wait: "to host: float", ...
traffic: list[str] = []

_SCALARS = (bool, int, float, complex, np.generic)


class ndarray:
    """An array on a device. It becomes one of NumPy by `get` alone."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_a", "base", "device")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float, order="C"):
        self._a = np.empty(shape, dtype, order)
        # What nobody has written yet must not pass for zeros.
        self._a.fill(np.nan if self._a.dtype.kind in "fc" else 77)
        self.device, self.base = cuda.Device(), None

    # -- what it is

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    itemsize = property(lambda self: self._a.itemsize)
    nbytes = property(lambda self: self._a.nbytes)
    strides = property(lambda self: self._a.strides)
    T = property(lambda self: view(self, self._a.T))
    mT = property(lambda self: view(self, self._a.mT))
    real = property(
        lambda self: view(self, self._a.real), lambda self, v: self.real.__setitem__(..., v)
    )
    imag = property(
        lambda self: view(self, self._a.imag), lambda self, v: self.imag.__setitem__(..., v)
    )

    @property
    def flags(self):
        flags = self._a.flags
        return SimpleNamespace(c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous)

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self._a)))

    def __repr__(self):
        return f"cupy.{self._host('repr')!r}"

    # -- ways to the host

    def _host(self, how):
        traffic.append(f"to host: {how}")
        return self._a

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def get(self, stream=None, order="C", out=None, blocking=True):
        return self._host("get").copy()

    def item(self, *args):
        return self._host("item").item(*args)

    def tolist(self):
        return self._host("tolist").tolist()

    def __bool__(self):
        return bool(self._host("bool"))

    def __int__(self):
        return int(self._host("int"))

    def __float__(self):
        return float(self._host("float"))

    def __complex__(self):
        return complex(self._host("complex"))

    # -- what it meets

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__":
            return NotImplemented
        return run(getattr(np, ufunc.__name__), *inputs, **kwargs)

    def __getitem__(self, key):
        return view(self, here(self)[inside(key)])

    def __setitem__(self, key, value):
        here(self)[inside(key)] = value if isinstance(value, _SCALARS) else here(value)

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if not copy and self.dtype == dtype:
            return self
        return run(np.ndarray.astype, self, dtype)

    def copy(self, order="C"):
        return fresh(self._a.copy(order))  # on the current device, wherever it was

    def fill(self, value):
        self[...] = value

    def reshape(self, *shape, order="C"):
        return run(np.reshape, self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes):
        return view(self, self._a.transpose(*axes))

    def take(self, indices, axis=None):
        return run(np.take, self, indices, axis=axis, mode="wrap")  # CuPy does not look

    def nonzero(self):
        traffic.append("waits: nonzero")
        return run(np.nonzero, self)


def fresh(a):
    """A new array on the current device."""
    x = ndarray.__new__(ndarray)
    x._a, x.device, x.base = np.asarray(a), cuda.Device(), None
    return x


def view(of, a):
    """An array of the same memory."""
    if isinstance(a, np.ndarray) and np.may_share_memory(a, of._a):
        x = fresh(a)
        x.device, x.base = of.device, of if of.base is None else of.base
        return x
    return fresh(a)


def here(x):
    """What NumPy computes with; raises for all but arrays on the current device and numbers."""
    if isinstance(x, ndarray):
        if x.device != cuda.Device():
            raise ValueError(f"the array is on {x.device}, the current device is {cuda.Device()}")
        return x._a
    foreign = hasattr(x, "__array_ufunc__") and not isinstance(x, np.generic)
    if foreign or isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    return type(x)(map(here, x)) if type(x) in (list, tuple) else x


def inside(key):
    """A key with the arrays in it; one of NumPy has to be sent there first."""
    if isinstance(key, tuple):
        return tuple(map(inside, key))
    if isinstance(key, np.ndarray | list):
        traffic.append("from host: key")
        return key
    if isinstance(key, ndarray) and key.dtype == bool:
        traffic.append("waits: mask")
    return here(key)


def run(function, *args, **kwargs):
    """A function of NumPy on the arrays behind; a GPU does not warn of nan."""
    values = [here(x) for x in args]
    named = {name: here(x) for name, x in kwargs.items()}
    with np.errstate(all="ignore"):
        result = function(*values, **named)
    given = [x for x in (*args, *kwargs.values()) if isinstance(x, ndarray)]
    return wrapped(result, given)


def holds_arrays(x):
    return type(x) in (list, tuple) and any(isinstance(part, ndarray) for part in x)


def of_arrays(function, x, *args, **kwargs):
    """`run`, for functions of arrays: CuPy makes no arrays of lists, numbers and generators."""
    parts = x if type(x) in (list, tuple) else [x]
    if not parts or not all(isinstance(part, ndarray) for part in parts):
        raise TypeError(f"{function.__name__}: expected a cupy.ndarray, got {type(x)}")
    return run(function, x, *args, **kwargs)


def wrapped(result, given):
    if isinstance(result, np.ndarray | np.generic):
        for x in given:
            if result is x._a:
                return x
            if isinstance(result, np.ndarray) and np.may_share_memory(result, x._a):
                return view(x, result)
        return fresh(result)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(wrapped(part, given) for part in result))
    if type(result) in (tuple, list):
        return type(result)(wrapped(part, given) for part in result)
    return result


def _operators():
    both = [name for name in _UFUNCS if name not in _COMPARED]
    for name in _UFUNCS:
        sign = getattr(operator, name if name not in ("and", "or") else f"{name}_")

        def left(self, other, sign=sign, name=name):
            ufunc = getattr(other, "__array_ufunc__", 0)
            if ufunc is None:
                return NotImplemented
            if ufunc and not isinstance(other, (ndarray, np.ndarray, np.generic)):
                return ufunc(_UFUNCS[name], "__call__", self, other)
            return run(sign, self, other)

        def right(self, other, sign=sign):
            return run(sign, other, self)

        def within(self, other, sign=sign):
            self._a[...] = here(run(sign, self, other))
            return self

        setattr(ndarray, f"__{name}__", left)
        if name in both:
            setattr(ndarray, f"__r{name}__", right)
        if name in both and name != "matmul":  # x @= y makes another array
            setattr(ndarray, f"__i{name}__", within)
    for name in ("neg", "pos", "abs", "invert"):
        sign = getattr(operator, name)
        setattr(ndarray, f"__{name}__", lambda self, sign=sign: run(sign, self))
    for name in _METHODS:
        method = getattr(np.ndarray, name)
        setattr(ndarray, name, lambda self, *a, _m=method, **k: run(_m, self, *a, **k))


_METHODS = """
all any argmax argmin argsort clip conj cumprod cumsum diagonal dot flatten max mean min prod
ravel repeat round sort squeeze std sum swapaxes trace var view
""".split()  # noqa: SIM905
_COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")
_UFUNCS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
_operators()
