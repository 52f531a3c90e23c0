"""Gradients of a differential equation by a second one, solved backwards in time.

Where g = dL/dy along the solution of dy/dt = f(y, t), dg/dt = -(df/dy).T g, and the gradient of
what else f reads is the integral of (df/dtheta).T g (Pontryagin 1962; Chen et al. 2018,
arXiv:1806.07366). Nothing is kept but the states at the times that were asked for. The integral has
no say in the choice of steps, which it would only shorten (Kidger et al. 2021, arXiv:2009.09457).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from arraygrad import Variable, no_grad, using_config
from arraygrad.arrays import is_inexact
from arraygrad.autodiff.arguments import nested
from arraygrad.autodiff.deferred import Deferred, older, transposed
from arraygrad.config import is_recording
from arraygrad.engine import Node, next_seq
from arraygrad.errors import GradientError, OpError
from arraygrad.variable import constant
from arraygrad_scipy.runge_kutta import State
from arraygrad_scipy.shared import zeros

__all__ = ["solved"]

Slopes = Callable[[State, Any], State]
# slopes, state, times, how many parts of the state have a say in the steps -> states at all times
Solve = Callable[[Slopes, State, list[float], int], list[State]]


class Adjoint(Deferred):
    """The solution of one differential equation."""

    __slots__ = ()


def solved(
    solve: Solve, f: Slopes, y: State, times: list[float], moving: Variable | None, count: int
) -> list[State]:
    """The states at all times, which `solve` finds without recording, with gradients all the same.

    moving: the times as a Variable, if they have a gradient. f may read tracked Variables beside
    its arguments, the same ones at all times.
    """
    with no_grad():
        found = solve(f, [x.detach() for x in y], times, count)
    if not is_recording() or len(times) == 1:
        return [y, *found[1:]]
    start = next_seq()
    inputs = [Variable(x.data) for x in y]
    own = {x._node for x in inputs}
    read = tuple(dict.fromkeys(z for z in older(f(inputs, times[0]), start) if z not in own))
    begins = [x._node for x in (*y, *([] if moving is None else [moving])) if x._node is not None]
    if not begins and not read:
        return found
    datas = [x._data for state in found[1:] for x in state]
    inside = nested.get()

    def gradients(
        node: Deferred, parts: dict[int, Any], first: int, graph: bool
    ) -> Iterable[tuple[Node, Any]]:
        # To be differentiated again, the states are what they are: results of this node.
        after = _rows(node.results(datas), len(y)) if graph else found[1:]
        arrived = _rows([_variable(parts.get(i)) for i in range(len(datas))], len(y))
        token = nested.set(inside or graph)
        try:
            with using_config("enable_backprop", graph):
                pairs = _pulled([y, *after], arrived, graph)
        except OpError as error:
            error.add_note("This is about the adjoint equation, which is solved backwards in time.")
            raise
        finally:
            nested.reset(token)
        return [(z, g if graph else g._data) for z, g in pairs if z is not None and z.seq >= first]

    def _pulled(at: list[State], arrived: list[State], graph: bool) -> list[tuple[Any, Variable]]:
        """The nodes behind, with their gradients, from those that arrived at the later states."""
        back = _Backwards(f, len(y), read, graph)
        n = len(y)
        g = [_zeros(x.shape, x) for x in y]
        totals = [_nothing(z, y[0]) for z in read]
        work: list[Any] = [None] * len(times)
        for i in range(len(times) - 1, 0, -1):
            if moving is not None:
                work[i] = _work(f, at[i], moving[i], arrived[i - 1])
            g = [b if a is None else a + b for a, b in zip(arrived[i - 1], g, strict=True)]
            state, way = [*at[i], *g, *totals], [times[i], times[i - 1]]
            if graph:
                ends = None if moving is None else moving[i - 1 : i + 1][::-1]
                state = solved(solve, back, state, way, ends, 2 * n)[1]
            else:
                state = solve(back, state, way, 2 * n)[1]
            g, totals = state[n : 2 * n], state[2 * n :]
        pairs = [*zip([x._node for x in y], g, strict=True), *zip(read, totals, strict=True)]
        if moving is not None:
            work[0] = -_work(f, at[0], moving[0], g)
            pairs.append((moving._node, moving.__array_namespace__().stack(work)))
        return pairs

    results = Adjoint((*begins, *read), gradients).results(datas)
    return [y, *_rows(results, len(y))]


class _Backwards:
    """The slopes of the state, of its gradient, and of the gradients of what f reads."""

    def __init__(self, f: Slopes, n: int, read: tuple[Node, ...], graph: bool) -> None:
        self.f, self.n, self.read, self.graph = f, n, read, graph

    def __call__(self, state: State, t: Any) -> State:
        ys, gs, totals = state[: self.n], state[self.n : 2 * self.n], state[2 * self.n :]
        graph = self.graph and is_recording()
        ys = [y if graph and y._node is not None else Variable(y._data) for y in ys]
        last = next_seq()  # what is older, the state among it, is not looked behind
        with using_config("enable_backprop", True):
            ks = self.f(ys, t)
        pairs = [(k, g if graph else g._data) for k, g in zip(ks, gs, strict=True)]
        found = transposed(pairs, last=last, graph=graph)
        slopes = [
            self._slope(found.pop(z, None), x)
            for z, x in zip([y._node for y in ys], gs, strict=True)
        ]
        slopes += [
            self._slope(found.pop(z, None), x) for z, x in zip(self.read, totals, strict=True)
        ]
        if found:
            raise GradientError(
                f"odeint: got a function that read {len(found)} tracked Variables at t = {t:.6g} "
                f"that it did not read at the begin, expected the same ones at all times with "
                f"adjoint=True; give adjoint=False"
            )
        return [*(ks if graph else [k.detach() for k in ks]), *slopes]

    def _slope(self, g: Any, like: Variable) -> Variable:
        if g is None:
            return _zeros(like.shape, like)
        g = -_variable(g)
        return g if g.dtype == like.dtype else like.__array_namespace__().astype(g, like.dtype)


def _nothing(z: Node, like: Variable) -> Variable:
    """The gradient of something that f reads, to begin with."""
    made = _zeros(z.y_shape or (), like)
    xp = like.__array_namespace__()
    return xp.astype(made, z.y_dtype) if is_inexact(z.y_dtype, xp) else made


def _work(f: Slopes, ys: State, t: Any, gs: State) -> Any:
    """The gradient of a later end of the time: the slopes there, times what arrived there."""
    total = _zeros((), ys[0])
    for k, g in zip(f(ys, t), gs, strict=True):
        if g is not None:
            total = total + (k * g).sum()
    return total


def _variable(x: Any) -> Any:
    return x if x is None or isinstance(x, Variable) else constant(x)


def _zeros(shape: tuple[int, ...], like: Variable) -> Variable:
    return zeros(like.__array_namespace__(), shape, like)


def _rows(xs: list[Any], n: int) -> list[list[Any]]:
    return [xs[i : i + n] for i in range(0, len(xs), n)]
