"""RNN, LSTM and GRU: layers that remember, one time step at each call."""

from __future__ import annotations

from functools import lru_cache
from operator import is_
from typing import Any

import arraygrad.functions as F
from arraygrad.backend import backend_of
from arraygrad.config import is_recording
from arraygrad.errors import LayerError
from arraygrad.functions import recurrent
from arraygrad.layers.initial import array_of, whole
from arraygrad.layers.layer import Layer
from arraygrad.layers.linear import Linear
from arraygrad.variable import Parameter, Variable, as_variable, constant


class Recurrent(Layer):
    """What the recurrent layers share: their weights as one matrix, and their state.

    The parameters are those of the sublayers x2* (with a bias) and h2* (without one), one pair
    for each name in `gates`.
    """

    gates: str = ""

    def __init__(self, hidden_size: int, in_size: int | None = None) -> None:
        self.hidden_size = whole(type(self).__name__, "hidden_size", hidden_size)
        for gate in self.gates:
            setattr(self, f"x2{gate}", Linear(hidden_size, in_size=in_size))
        # Known from the start, but they should be born where the others will be.
        h_size = None if in_size is None else hidden_size
        for gate in self.gates:
            setattr(self, f"h2{gate}", Linear(hidden_size, in_size=h_size, nobias=True))
        self._matrix: _Matrix | None = None
        self.reset_state()

    @property
    def in_size(self) -> int | None:
        """The size of the last axis of the inputs; None until it is known."""
        first: Linear = getattr(self, f"x2{self.gates[0]}")
        return first.in_size

    def reset_state(self) -> None:
        """Forget the state: the next call is the first time step of a sequence."""
        raise NotImplementedError

    def _sublayers(self) -> tuple[list[Linear], list[Linear]]:
        """The layers of the input and those of the state."""
        attributes = vars(self)
        xs, hs = _names(self.gates)
        return [attributes[name] for name in xs], [attributes[name] for name in hs]

    def _weights(self, x: Variable, state: Any) -> Variable:
        """The matrix for the cells of `arraygrad.functions`, once x and the state are checked."""
        name, shape = type(self).__name__, x._array().shape
        if len(shape) != 2:
            raise LayerError(
                f"{name}: x has the shape {tuple(shape)}; expected one time step, (N, I): call the "
                "layer once for each time step"
            )
        xs, hs = self._sublayers()
        params = [layer.W for layer in xs + hs] + [layer.b for layer in xs if layer.b is not None]
        matrix = self._matrix
        if matrix is None or not matrix.is_current(params):
            self._init_params(x, xs, hs)
            matrix = _Matrix(xs, params)
            # Not through __setattr__: no structure of layers changes.
            self.__dict__["_matrix"] = matrix
        if shape[1] != matrix.in_size:
            raise LayerError(
                f"{name}: x has the shape {tuple(shape)}; its last axis should have the size "
                f"{matrix.in_size} that the layer was made for; make another layer"
            )
        if state is not None and len(state) != shape[0]:
            raise LayerError(
                f"{name}: x has {shape[0]} rows and the state {len(state)}; expected "
                "one batch size for a whole sequence: call reset_state() before another one"
            )
        return matrix.W

    def _init_params(self, x: Variable, xs: list[Linear], hs: list[Linear]) -> None:
        like = array_of(type(self).__name__, x)
        in_size = whole(type(self).__name__, "the last axis of x", x.shape[-1])
        for layers, size in ((xs, in_size), (hs, self.hidden_size)):
            for layer in layers:
                if layer.W.data is None:
                    layer._init_params(size, like=like)

    def _zeros(self, x: Variable, W: Variable, *lead: int) -> Variable:
        """The state before the first time step."""
        backend = backend_of(x._data)
        xp = backend.xp
        dtype = xp.result_type(x.dtype, W.dtype)
        shape = (*lead, x.shape[0], self.hidden_size)
        return constant(xp.zeros(shape, dtype=dtype, device=backend.device(x._data)))

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_matrix": None}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.hidden_size}, in_size={self.in_size})"


class RNN(Recurrent):
    """h' = tanh(x2h(x) + h2h(h)): a layer that remembers its last result.

    x: (N, I), one time step of N sequences; result: h', (N, H), H = hidden_size. `h` is the state,
    None before the first time step. Sublayers: x2h, and h2h without a bias. Without `in_size`
    the parameters are made at the first call.

    Raises LayerError where x does not fit the layer or the state.

    Elman, "Finding Structure in Time" (1990).

    >>> rnn = RNN(4)
    >>> for t in range(3):
    ...     h = rnn(np.ones((2, 1), dtype=np.float32))
    >>> h.shape, rnn.h is h
    ((2, 4), True)
    >>> rnn.reset_state()
    """

    gates = "h"
    x2h: Linear
    h2h: Linear
    h: Variable | None

    def reset_state(self) -> None:
        self.h = None

    def forward(self, x: Any) -> Variable:
        return _simple(self, recurrent._rnn, x)


class GRU(Recurrent):
    """The gated recurrent unit: h' = z h + (1 - z) u.

    z = sigmoid(x2z(x) + h2z(h)), r = sigmoid(x2r(x) + h2r(h)), u = tanh(x2u(x) + h2u(r h)).

    x: (N, I), one time step of N sequences; result: h', (N, H), H = hidden_size. `h` is the state,
    None before the first time step. Sublayers: x2z x2r x2u, and h2z h2r h2u without a bias.
    Without `in_size` the parameters are made at the first call.

    Raises LayerError where x does not fit the layer or the state.

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
    Translation" (2014), arXiv:1406.1078.

    >>> gru = GRU(4)
    >>> for t in range(3):
    ...     h = gru(np.ones((2, 1), dtype=np.float32))
    >>> h.shape, gru.h is h
    ((2, 4), True)
    >>> gru.reset_state()
    """

    gates = "zru"
    x2z: Linear
    x2r: Linear
    x2u: Linear
    h2z: Linear
    h2r: Linear
    h2u: Linear
    h: Variable | None

    def reset_state(self) -> None:
        self.h = None

    def forward(self, x: Any) -> Variable:
        return _simple(self, recurrent._gru, x)


class LSTM(Recurrent):
    """Long short-term memory: c' = f c + i u, h' = o tanh(c').

    f = sigmoid(x2f(x) + h2f(h)), i and o in the same way, u = tanh(x2u(x) + h2u(h)).

    x: (N, I), one time step of N sequences; result: h', (N, H), H = hidden_size. `h` and `c` are
    the state, None before the first time step. Sublayers: x2f x2i x2o x2u, and h2f h2i h2o h2u
    without a bias. Without `in_size` the parameters are made at the first call.

    Raises LayerError where x does not fit the layer or the state.

    Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); Gers, Schmidhuber and Cummins,
    "Learning to Forget" (2000).

    >>> lstm = LSTM(4)
    >>> for t in range(3):
    ...     h = lstm(np.ones((2, 1), dtype=np.float32))
    >>> h.shape, lstm.h is h, lstm.c.shape
    ((2, 4), True, (2, 4))
    >>> lstm.reset_state()
    >>> lstm.h, lstm.c
    (None, None)
    """

    gates = "fiou"
    x2f: Linear
    x2i: Linear
    x2o: Linear
    x2u: Linear
    h2f: Linear
    h2i: Linear
    h2o: Linear
    h2u: Linear

    def reset_state(self) -> None:
        self._set_state(None, None, None)

    @property
    def h(self) -> Variable | None:
        """The hidden state, (N, H)."""
        return self._h

    @h.setter
    def h(self, h: Any) -> None:
        self._set_state(None, None if h is None else _input(h), self.c)

    @property
    def c(self) -> Variable | None:
        """The memory, (N, H)."""
        if self._c is None and self._hc is not None:
            self._c = self._hc[1]
        return self._c

    @c.setter
    def c(self, c: Any) -> None:
        self._set_state(None, self.h, None if c is None else _input(c))

    def _set_state(self, hc: Variable | None, h: Variable | None, c: Variable | None) -> None:
        # h and c in one array, (2, N, H), as the cell has them; None where somebody set one.
        self.__dict__.update(_hc=hc, _h=h, _c=c)

    def forward(self, x: Any) -> Variable:
        x = _input(x)
        hc, state = self._hc, self._h if self._h is not None else self._c
        W = self._weights(x, state)
        if hc is None:
            hc = self._joined(x, W)
        hc = recurrent._lstm(x, hc, W)
        h = hc[0]
        self._set_state(hc, h, None)
        return h

    def _joined(self, x: Variable, W: Variable) -> Variable:
        if self._h is None and self._c is None:
            return self._zeros(x, W, 2)
        zeros = self._zeros(x, W)
        return F.stack([zeros if s is None else s for s in (self._h, self._c)])

    _hc: Variable | None
    _h: Variable | None
    _c: Variable | None


def _simple(layer: RNN | GRU, cell: Any, x: Any) -> Variable:
    """A step of a layer whose result is its state."""
    x = _input(x)
    h = layer.h
    W = layer._weights(x, h)
    h = cell(x, layer._zeros(x, W) if h is None else h, W)
    layer.__dict__["h"] = h
    return h


@lru_cache(maxsize=16)
def _names(gates: str) -> tuple[list[str], list[str]]:
    return [f"x2{gate}" for gate in gates], [f"h2{gate}" for gate in gates]


def _input(x: Any) -> Variable:
    return x if isinstance(x, Variable) else as_variable(x, requires_grad=False)


class _Matrix:
    """The weights and biases of all gates in one matrix, made by an op of the parameters.

    One product then serves all gates, and gradients reach the parameters through the op. It is
    made once for each update. The parameters get views of it for their data: what is written
    into them in place is seen here too.
    """

    __slots__ = ("W", "datas", "in_size", "params")

    def __init__(self, xs: list[Linear], params: list[Parameter]) -> None:
        self.W = W = recurrent._gate_matrix(*params, gates=len(xs))
        self.params, self.in_size = params, xs[0].W.shape[0]
        for p, view in zip(params, recurrent.gate_parts(W._data, len(xs)), strict=True):
            if view.shape == p.shape and view.dtype == p.dtype:
                p._data = view
        self.datas = [p._data for p in params]

    def is_current(self, params: list[Parameter]) -> bool:
        """Whether these parameters have the arrays that the matrix was made of."""
        if not all(map(is_, params, self.params)):
            return False
        if not all(map(is_, [p._data for p in params], self.datas)):
            return False
        node = self.W._node
        # Made without a graph, or cut off from its parameters by unchain_backward.
        return not is_recording() if node is None else not node.is_leaf
