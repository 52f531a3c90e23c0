"""One program of the standard, on Variables and on tensors: gradients and products with Hessians.

ARRAYGRAD_TEST_BACKENDS=torch runs them.
"""

import os

import numpy as np
import pytest

import arraygrad as ag

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")

pytestmark = pytest.mark.skipif(
    "torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch"
)


def adjoint(xp, x):
    return xp.conj(x).mT


def gram(xp, x):
    return x @ adjoint(xp, x) + xp.eye(x.shape[-2])


def of_eigh(xp, x):
    w, v = xp.linalg.eigh(x + adjoint(xp, x))
    return w, v[..., :1] @ adjoint(xp, v)[..., :1, :]


def of_svd(xp, x):
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    return s, u[..., :1] @ vh[..., :1, :], u[..., :2] @ adjoint(xp, u)[..., :2, :]


def of_eig(xp, x):
    w, v = xp.linalg.eig(x)
    return xp.sum(w**2, axis=-1), xp.sum(v * xp.conj(v) * (w**2)[..., None, :], axis=-1)


# What is computed from arrays of these shapes; the last word says of which kinds.
CALLS = {
    "solve": (lambda xp, a, b: xp.linalg.solve(a, b), [(3, 3), (3, 2)], "rc"),
    "solve a vector": (lambda xp, a, b: xp.linalg.solve(a, b), [(2, 3, 3), (3,)], "rc"),
    "inv": (lambda xp, a: xp.linalg.inv(a), [(2, 3, 3)], "rc"),
    "det": (lambda xp, a: xp.linalg.det(a), [(2, 3, 3)], "rc"),
    "slogdet": (lambda xp, a: tuple(xp.linalg.slogdet(a)), [(2, 3, 3)], "rc"),
    "pinv": (lambda xp, a: xp.linalg.pinv(a), [(2, 4, 3)], "rc"),
    "pinv, wide": (lambda xp, a: xp.linalg.pinv(a), [(3, 4)], "rc"),
    "cholesky": (lambda xp, a: xp.linalg.cholesky(gram(xp, a)), [(2, 3, 3)], "rc"),
    "upper": (lambda xp, a: xp.linalg.cholesky(gram(xp, a), upper=True), [(3, 3)], "rc"),
    "qr": (lambda xp, a: tuple(xp.linalg.qr(a)), [(2, 4, 3)], "rc"),
    "qr, square": (lambda xp, a: tuple(xp.linalg.qr(a)), [(3, 3)], "rc"),
    "qr, wide": (lambda xp, a: tuple(xp.linalg.qr(a)), [(2, 4)], "rc"),
    "eigh": (of_eigh, [(2, 3, 3)], "rc"),
    "eigvalsh": (lambda xp, a: xp.linalg.eigvalsh(a + adjoint(xp, a)), [(2, 3, 3)], "rc"),
    "eig": (of_eig, [(2, 3, 3)], "rc"),
    "svd": (of_svd, [(2, 4, 3)], "rc"),
    "svd, wide": (of_svd, [(3, 4)], "rc"),
    "svdvals": (lambda xp, a: xp.linalg.svdvals(a), [(3, 4)], "rc"),
    "matrix_power": (lambda xp, a: xp.linalg.matrix_power(a, -3), [(3, 3)], "rc"),
    "norm": (lambda xp, a: xp.linalg.vector_norm(a, axis=-1), [(2, 3)], "rc"),
    "norm 0.5": (lambda xp, a: xp.linalg.vector_norm(a, axis=0, ord=0.5), [(2, 3)], "rc"),
    "norm 3": (lambda xp, a: xp.linalg.vector_norm(a, ord=3), [(2, 3)], "rc"),
    "norm inf": (lambda xp, a: xp.linalg.vector_norm(a, ord=xp.inf), [(2, 3)], "r"),
    "nuc": (lambda xp, a: xp.linalg.matrix_norm(a, ord="nuc"), [(2, 4, 3)], "rc"),
    "vecdot": (lambda xp, a, b: xp.vecdot(a, b) ** 2, [(2, 3), (2, 3)], "rc"),
    "cross": (lambda xp, a, b: xp.linalg.cross(a, b), [(2, 3), (3,)], "rc"),
    "tensordot": (
        lambda xp, a, b: xp.tensordot(a, b, axes=((0, 2), (1, 0))), [(2, 3, 4), (4, 2, 5)], "rc",
    ),
    "fft": (lambda xp, a: xp.fft.fft(a, n=5, norm="ortho"), [(2, 3)], "c"),
    "ifftn": (lambda xp, a: xp.fft.ifftn(a, s=(2, 2), axes=(0, 1)), [(2, 3)], "c"),
    "rfft": (lambda xp, a: xp.fft.rfft(a, n=5), [(2, 4)], "r"),
    "rfftn": (lambda xp, a: xp.fft.rfftn(a, s=(3, 4), axes=(1, 0)), [(2, 4)], "r"),
    "irfft": (lambda xp, a: xp.fft.irfft(a, n=6), [(2, 4)], "c"),
    "irfftn": (lambda xp, a: xp.fft.irfftn(a), [(2, 4)], "c"),
    "hfft": (lambda xp, a: xp.fft.hfft(a, n=5), [(2, 4)], "c"),
    "ihfft": (lambda xp, a: xp.fft.ihfft(a), [(2, 5)], "r"),
}  # fmt: skip


def total(xp, found):
    """A real number that depends on all parts of all results."""
    y = 0.0
    for part in found if isinstance(found, tuple) else (found,):
        weights = np.random.default_rng(7).standard_normal(part.shape) * (1 + 0.5j)
        if "complex" in str(part.dtype):
            y = y + xp.real(xp.sum(xp.asarray(weights) * part * part))
        else:
            y = y + xp.sum(xp.asarray(weights.real) * part * part)
    return y


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("what", CALLS)
def test_gradients_and_products_with_hessians(what, kind):
    import array_api_compat.torch as tensors
    import torch

    call, shapes, kinds = CALLS[what]
    if kind[0] not in kinds:
        pytest.skip(f"not for {kind} numbers")
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((4, *shape)) for shape in shapes]
    xs = [v[0] + 1j * v[1] if kind == "complex" else v[0] for v in values]
    along = [v[2] + 1j * v[3] if kind == "complex" else v[2] for v in values]

    def loss(*xs):
        xp = xs[0].__array_namespace__()
        return total(xp, call(xp, *xs))

    def slope(*xs):
        xp = xs[0].__array_namespace__()
        gs = ag.grad(loss, argnums=tuple(range(len(xs))))(*xs)
        return sum(xp.sum(xp.real(g * np.conj(v))) for g, v in zip(gs, along, strict=True))

    ours = [ag.grad(f, argnums=tuple(range(len(xs))))(*xs) for f in (loss, slope)]
    leaves = [torch.tensor(x, requires_grad=True) for x in xs]
    first = torch.autograd.grad(total(tensors, call(tensors, *leaves)), leaves, create_graph=True)
    pairs = zip(first, map(torch.tensor, along), strict=True)
    slopes = [torch.sum(torch.real(g * torch.conj(v))) for g, v in pairs]
    theirs = [first, torch.autograd.grad(sum(slopes), leaves)]
    for order in (0, 1):
        for x, y in zip(ours[order], theirs[order], strict=True):
            y = y.detach().resolve_conj().numpy()
            np.testing.assert_allclose(x, y, rtol=1e-7, atol=1e-7 * np.abs(y).max())
