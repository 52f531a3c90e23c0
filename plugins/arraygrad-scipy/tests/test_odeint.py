"""odeint against closed forms and SciPy: values, gradients of all kinds, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import ArgumentError, DtypeError, GradientError, ShapeError
from arraygrad_scipy.integrate import IntegrationError, odeint

TIGHT = {"rtol": 1e-11, "atol": 1e-11}


def spring(y: Any, t: Any, w: Any) -> Any:
    """x'' = -w ** 2 x, as a dict."""
    return {"x": y["v"], "v": -w * w * y["x"]}


def prey_and_predators(y: Any, t: Any, p: Any) -> Any:
    u, v = y
    return [p["a"] * u - p["b"] * u * v, -p["c"] * v + p["d"] * u * v]


P = {"a": 1.1, "b": 0.4, "c": 0.4, "d": 0.1}


def test_a_spring_has_the_closed_form_with_all_its_derivatives() -> None:
    ts = [0.0, 0.3, 1.0, 2.0]

    def end(x: Any, w: Any) -> Any:
        return odeint(spring, {"x": x, "v": 0.0}, ts, w, **TIGHT)["x"][3]

    def right(x: Any, w: Any) -> Any:
        return x * F.cos(w * 2.0)

    y = odeint(spring, {"x": 2.0, "v": 0.0}, ts, 1.3, **TIGHT)
    np.testing.assert_allclose(y["x"].data, 2.0 * np.cos(1.3 * np.array(ts)), atol=1e-9)
    for got, wanted in zip(
        ag.grad(end, (0, 1))(2.0, 1.3), ag.grad(right, (0, 1))(2.0, 1.3), strict=True
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-8)
    second = ag.hessian(lambda p: end(p[0], p[1]))(np.array([2.0, 1.3]))
    np.testing.assert_allclose(
        second, ag.hessian(lambda p: right(p[0], p[1]))(np.array([2.0, 1.3])), atol=1e-7
    )


def test_times_have_gradients_to_second_order_forwards_and_backwards() -> None:
    def end(t: Any) -> Any:  # y = exp(sin t - sin t0)
        return odeint(lambda y, t: F.cos(t) * y, 1.0, t, **TIGHT)[-1]

    for t in (np.array([0.0, 0.7, 2.0]), np.array([2.0, 0.7, 0.0])):
        a, b = t[0], t[2]
        y = np.exp(np.sin(b) - np.sin(a))
        ca, cb = np.cos(a), np.cos(b)
        np.testing.assert_allclose(ag.grad(end)(t), [-ca * y, 0.0, cb * y], atol=1e-8)
        H = ag.hessian(end)(t)
        wanted = [(ca * ca + np.sin(a)) * y, -ca * cb * y, (cb * cb - np.sin(b)) * y]
        np.testing.assert_allclose([H[0, 0], H[0, 2], H[2, 2]], wanted, atol=1e-7)


def test_prey_and_predators_are_scipys() -> None:
    integrate: Any = pytest.importorskip("scipy.integrate")
    ts = np.linspace(0.0, 10.0, 11)
    theirs = integrate.solve_ivp(
        lambda t, y: prey_and_predators(y, t, P), (0, 10), [10.0, 5.0], t_eval=ts,
        rtol=1e-12, atol=1e-12, method="DOP853",
    ).y  # fmt: skip
    for tol, near in ((1e-5, 3e-3), (1e-8, 1e-6)):
        ours = odeint(prey_and_predators, [10.0, 5.0], ts, P, rtol=tol, atol=tol)
        np.testing.assert_allclose(np.stack([y.data for y in ours]), theirs, atol=near)


def test_checkpoints_change_nothing_but_the_memory() -> None:
    def loss(p: Any, checkpoints: bool) -> Any:
        u, v = odeint(prey_and_predators, [10.0, 5.0], [0.0, 1.0, 2.0], p, checkpoints=checkpoints)
        return (u * v).sum()

    kept, again = (ag.grad(loss)(P, c) for c in (False, True))
    for name in P:
        np.testing.assert_allclose(kept[name], again[name], rtol=1e-12)


def test_gradients_are_those_of_the_solution_as_computed() -> None:
    # At a loose tolerance too: differences of what was computed say the same.
    def end(a: Any) -> Any:
        return odeint(lambda y, t: -a * y * y, 1.0, [0.0, 1.0], rtol=1e-3, atol=1e-3)[1]

    e = 1e-5
    numeric = (float(end(1.0 + e).data) - float(end(1.0 - e).data)) / (2 * e)
    np.testing.assert_allclose(ag.grad(end)(1.0), numeric, rtol=2e-3)
    np.testing.assert_allclose(ag.grad(end)(1.0), -0.25, rtol=2e-3)


def test_weights_that_the_function_reads_have_gradients() -> None:
    W = Variable(np.array([[-0.5, 0.2], [0.1, -0.3]]))
    y0 = np.array([1.0, -1.0])
    odeint(lambda y, t: W @ y, y0, [0.0, 1.0], checkpoints=True)[1].sum().backward()
    right = ag.grad(lambda W: (F.expm(W) @ y0).sum())(W.data)
    assert W.grad is not None
    np.testing.assert_allclose(W.grad.data, right, atol=1e-7)


def test_a_float32_solution_stays_one() -> None:
    y = odeint(lambda y, t: -y, np.ones(2, np.float32), [0.0, 1.0])
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data[1], np.exp(-1.0), rtol=3e-6)


def stiff(y: Any, t: Any) -> Any:
    return -1e5 * (y - F.cos(t))


ONE = np.ones(2)
WRONG = [
    (lambda: odeint(stiff, 0.0, [0.0, 1.0], mxstep=300), IntegrationError, "stiff there"),
    (lambda: odeint(lambda y, t: y * y, ONE, [0.0, 2.0]), IntegrationError, "came to t = 1 "),
    (lambda: odeint(lambda y, t: y * np.nan, ONE, [0.0, 2.0], mxstep=50), IntegrationError, "nan"),
    (lambda: odeint(lambda y, t: y, ONE, [0.0, 1.0, 0.5]), ArgumentError, "neither"),
    (lambda: odeint(lambda y, t: y, ONE, 1.0), ShapeError, r"\(T,\)"),
    (lambda: odeint(lambda y, t: y[:1], ONE, [0.0, 1.0]), ShapeError, r"expected \(2,\)"),
    (lambda: odeint(lambda y, t: [y], ONE, [0.0, 1.0]), ArgumentError, "structure"),
    (lambda: odeint(lambda y, t: y * 1j, ONE, [0.0, 1.0]), DtypeError, "complex"),
    (lambda: odeint(lambda y, t: y, np.ones(2, int), [0.0, 1.0]), DtypeError, "floating"),
    (lambda: odeint(lambda y, t: y, ONE, [0.0, 1.0], rtol=-1.0), ArgumentError, "rtol = -1"),
]


@pytest.mark.parametrize(("call", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_errors_say_what_happened(call: Any, error: type, says: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(error, match=says):
        call()


def test_under_jit_it_says_why_not() -> None:
    jax = pytest.importorskip("jax")
    pytest.importorskip("arraygrad_jax")
    with pytest.raises(ArgumentError, match="outside of jit"):
        jax.jit(lambda y: odeint(lambda y, t: -y, y, [0.0, 1.0]).data)(np.ones(2, np.float32))


def spiral(y: Any, t: Any, p: Any) -> Any:
    """A state in two parts, that reads a dict, the time, and weights from outside."""
    return {"x": W @ y["x"] * p["a"] + F.sin(p["b"] * t), "s": (y["x"] * y["x"]).sum() - y["s"]}


W = Variable(np.array([[-0.5, 0.8], [-0.7, -0.2]]))
TIMES = np.array([0.0, 0.4, 1.0, 1.7])


def both(loss: Any, *args: Any) -> tuple[Any, Any]:
    return tuple(loss(*args, adjoint) for adjoint in (False, True))  # type: ignore[return-value]


def test_the_adjoint_gives_the_same_gradients() -> None:
    def loss(y0: Any, t: Any, p: Any, adjoint: bool) -> Any:
        y = odeint(spiral, y0, t, p, adjoint=adjoint, rtol=1e-9, atol=1e-9)
        return (y["x"] ** 3).sum() + (y["s"][1:] * np.array([1.0, -2.0, 0.5])).sum()

    start = {"x": np.array([1.0, 0.5]), "s": np.array(0.3)}
    for t in (TIMES, TIMES[::-1].copy()):
        p = {"a": 1.3, "b": np.array([0.7, -0.4])}
        found = []
        for adjoint in (False, True):
            W.cleargrad()
            y0, ts, ps = ({k: Variable(np.asarray(v)) for k, v in tree.items()} for tree in
                          (start, {"t": t}, p))  # fmt: skip
            loss(y0, ts["t"], ps, adjoint).backward()
            variables = [*y0.values(), *ts.values(), *ps.values(), W]
            found.append([v.grad.data for v in variables if v.grad is not None])
        assert len(found[0]) == len(found[1]) == 6
        for kept, back in zip(*found, strict=True):
            np.testing.assert_allclose(back, kept, rtol=1e-6, atol=1e-7)


def test_the_adjoint_has_second_derivatives() -> None:
    def loss(q: Any, adjoint: bool) -> Any:
        t = F.concat([np.zeros(1), q[3:4], q[3:4] * 2.0])
        y = odeint(lambda y, t, a: -a * y * y + F.sin(t * q[2]), q[0], t, q[1],
                   adjoint=adjoint, rtol=1e-8, atol=1e-8)  # fmt: skip
        return y[1] * y[2]

    q = np.array([0.8, 0.6, 1.1, 0.5])
    kept, back = (ag.hessian(lambda q, a=a: loss(q, a))(q) for a in (False, True))
    np.testing.assert_allclose(back, kept, atol=1e-6)


def test_the_adjoint_of_complex_numbers() -> None:
    def loss(y: Any, a: Any, adjoint: bool) -> Any:
        end = odeint(lambda y, t: a * y, y, [0.0, 1.0], adjoint=adjoint, **TIGHT)[1]
        return F.real(end * end * (1 - 2j))

    y, a = np.array(0.5 + 1j), np.array(-0.3 + 0.4j)
    kept, back = (ag.grad(loss, (0, 1))(y, a, adjoint) for adjoint in (False, True))
    np.testing.assert_allclose(back, kept, rtol=1e-8)


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_the_adjoint_on_other_libraries(name: str) -> None:
    pytest.importorskip(name)
    backend = ag.get_backend(name)
    y0 = backend.asarray(np.array([1.0, 2.0], "float32"))

    def loss(y: Any, adjoint: bool) -> Any:
        return odeint(lambda y, t: -y * y, y, [0.0, 0.5, 1.0], adjoint=adjoint, rtol=1e-5)[2].sum()

    kept, back = (ag.grad(loss)(y0, adjoint) for adjoint in (False, True))
    assert back.dtype == y0.dtype
    np.testing.assert_allclose(backend.to_numpy(back), backend.to_numpy(kept), rtol=1e-3)


def test_the_adjoint_keeps_no_steps() -> None:
    y = odeint(lambda y, t: F.cos(9.0 * t) * y, Variable(np.ones(3)), [0.0, 9.0], adjoint=True)
    nodes, pending = set(), [y._node]
    while pending:
        if (node := pending.pop()) is not None and node not in nodes:
            nodes.add(node)
            pending += node.edges
    assert len(nodes) < 10


def test_without_a_gradient_the_adjoint_is_a_constant() -> None:
    y = odeint(lambda y, t: -y, np.ones(2), [0.0, 1.0], adjoint=True)
    assert not y.requires_grad
    np.testing.assert_allclose(y.data[1], np.exp(-1.0), rtol=1e-7)


def test_the_adjoint_says_what_it_cannot_do() -> None:
    a, b = Variable(np.array(1.0)), Variable(np.array(2.0))
    y = odeint(lambda y, t: -y * (a if t < 0.5 else b), 1.0, [0.0, 1.0], adjoint=True)
    with pytest.raises(GradientError, match=r"1 tracked Variables .* same ones at all times"):
        y[1].backward()

    # Forwards this forgets where it began; backwards any error grows by exp(100).
    y = odeint(lambda y, t: -50.0 * a * y, 1.0, [0.0, 2.0], adjoint=True, mxstep=100)
    with np.errstate(all="ignore"), pytest.raises(IntegrationError) as caught:
        y[1].backward()
    assert "solved backwards" in "".join(caught.value.__notes__)
