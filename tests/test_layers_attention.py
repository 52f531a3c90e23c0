"""MultiHeadAttention: what it computes, its parameters, masks and errors."""

import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, optimizers
from arraygrad.errors import LayerError

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


def draw(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def made(size=6, heads=3, in_size=4, **options):
    np.random.seed(0)
    layer = L.MultiHeadAttention(size, heads, dtype="float64", in_size=in_size, **options)
    for name, p in layer.named_params():
        if name.endswith("/b"):
            p.data = draw(*p.shape, seed=len(name))
    return layer


def by_hand(layer, x, context, allowed=None):
    """Head after head, of one sample after the other."""
    q, k, v = (
        a @ getattr(layer, name).W.data + getattr(layer, name).b.data
        for a, name in ((x, "q"), (context, "k"), (context, "v"))
    )
    width = layer.size // layer.heads
    found = np.zeros((*x.shape[:-1], layer.size))
    for n in range(len(x)):
        for h in range(layer.heads):
            part = slice(h * width, (h + 1) * width)
            p = np.exp(q[n, :, part] @ k[n, :, part].T / np.sqrt(width))
            if allowed is not None:
                p = p * allowed
            p = p / p.sum(axis=-1, keepdims=True)
            found[n, :, part] = p @ v[n, :, part]
    return found @ layer.out.W.data + layer.out.b.data


def test_attention_to_itself_and_to_a_context():
    layer = made()
    x, context = draw(2, 5, 4), draw(2, 7, 4, seed=1)
    np.testing.assert_allclose(layer(x).data, by_hand(layer, x, x), rtol=1e-10)
    np.testing.assert_allclose(layer(x, context).data, by_hand(layer, x, context), rtol=1e-10)
    causal = np.tri(5)
    np.testing.assert_allclose(layer(x, causal=True).data, by_hand(layer, x, x, causal))


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_any_number_of_leading_axes(lead):
    layer = made()
    x = draw(*lead, 5, 4)
    y = layer(x).data
    assert y.shape == (*lead, 5, 6)
    expected = by_hand(layer, x.reshape(-1, 5, 4), x.reshape(-1, 5, 4)).reshape(y.shape)
    np.testing.assert_allclose(y, expected, rtol=1e-10)


def test_parameters_are_made_at_the_first_call_and_named():
    layer = L.MultiHeadAttention(6, 2)
    assert [name for name, p in layer.named_params() if p.data is None] == [
        "q/W", "q/b", "k/W", "k/b", "v/W", "v/b",
    ]  # fmt: skip
    layer(draw(1, 2, 4, dtype="float32"), draw(1, 2, 5, dtype="float32"))
    shapes = {name: p.shape for name, p in layer.named_params()}
    assert shapes == {
        "q/W": (4, 6), "q/b": (6,), "k/W": (5, 6), "k/b": (6,), "v/W": (5, 6), "v/b": (6,),
        "out/W": (6, 6), "out/b": (6,),
    }  # fmt: skip
    assert {str(p.dtype) for p in layer.params()} == {"float32"}
    assert [p.shape for p in L.MultiHeadAttention(6, 2, nobias=True, in_size=3).params()] == [
        (3, 6), (3, 6), (3, 6), (6, 6),
    ]  # fmt: skip


def test_masks_of_all_heads_and_of_each():
    layer = made()
    x = draw(2, 5, 4)
    allowed = np.random.default_rng(2).uniform(size=(5, 5)) > 0.4
    allowed[:, 0] = True
    expected = by_hand(layer, x, x, allowed)
    for mask in (
        allowed,
        np.stack([allowed] * 2),  # (N, T, S)
        np.broadcast_to(allowed, (2, 3, 5, 5)),  # (N, heads, T, S)
        Variable(np.where(allowed, 0.0, -np.inf)),
    ):
        np.testing.assert_allclose(layer(x, mask=mask).data, expected, rtol=1e-10)
    padding = np.array([[True] * 5, [True] * 3 + [False] * 2])  # (N, S)
    y = layer(x, mask=padding[:, None, :]).data
    np.testing.assert_allclose(y[1], by_hand(layer, x, x[:, :3])[1], rtol=1e-10)


def test_every_parameter_and_both_inputs_get_their_gradient():
    layer = made(size=4, heads=2, in_size=3)
    x, context = Variable(draw(2, 3, 3)), Variable(draw(2, 4, 3, seed=1))
    weight = draw(2, 3, 4, seed=2)
    leaves = {"x": x, "context": context, **dict(layer.named_params())}
    (layer(x, context) * weight).sum().backward()
    for name, leaf in leaves.items():
        if name == "k/b":  # it shifts all scores of a query alike
            np.testing.assert_allclose(leaf.grad.data, 0, atol=1e-12)
            continue
        step, data = draw(*leaf.shape, seed=3), leaf.data
        ends = []
        for sign in (1e-6, -1e-6):
            leaf.data = data + sign * step
            ends.append((layer(x, context).data * weight).sum())
        leaf.data = data
        exact = (leaf.grad.data * step).sum()
        np.testing.assert_allclose(exact, (ends[0] - ends[1]) / 2e-6, rtol=1e-5, err_msg=name)


def test_it_learns_to_look_at_the_position_before():
    np.random.seed(0)
    x = np.concatenate(
        [draw(8, 6, 4, dtype="float32"), np.tile(np.eye(6, dtype="f4"), (8, 1, 1))], 2
    )
    t = np.concatenate([x[:, :1, :4], x[:, :-1, :4]], axis=1)
    layer = L.MultiHeadAttention(8, heads=2)
    head = L.Linear(4)
    model = ag.models.Sequential(layer, head)
    optimizer = optimizers.Adam(0.02).setup(model)
    losses = []
    for _ in range(60):
        loss = F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss.data))
    assert losses[-1] < 0.2 * losses[0]


def test_weights_are_saved_and_loaded(tmp_path):
    layer = made()
    path = layer.save_weights(tmp_path / "weights.npz")
    fresh = L.MultiHeadAttention(6, 3, dtype="float64")
    fresh.load_weights(path)
    x = draw(2, 5, 4)
    np.testing.assert_array_equal(fresh(x).data, layer(x).data)


def test_dropout_is_off_in_test_mode():
    layer = made(dropout_ratio=0.5)
    x = draw(2, 5, 4)
    assert np.any(layer(x).data != layer(x).data)
    with ag.test_mode():
        np.testing.assert_allclose(layer(x).data, by_hand(layer, x, x), rtol=1e-10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: L.MultiHeadAttention(6, 4), r"size is 6 and heads is 4; the heads should divide"),
        (lambda: L.MultiHeadAttention(0, 1), r"size is 0"),
        (lambda: L.MultiHeadAttention(6, 2.0), r"heads is 2.0"),
        (lambda: L.MultiHeadAttention(6, 2, dropout_ratio=2), r"dropout_ratio is 2"),
        (lambda: made()(draw(4)), r"x has the shape \(4,\); it should have positions"),
        (lambda: made()(draw(5, 3)), r"its last axis should have the size 4"),
        (lambda: made()(draw(2, 5, 4), draw(3, 5, 4)), r"x has the shape .* context \(3, 5, 4\)"),
        (lambda: made()(draw(2, 5, 4), mask=np.ones((4, 5), bool)), r"mask of shape \(4, 5\)"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(LayerError, match=words):
        call()


@pytest.mark.skipif("torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch")
def test_the_same_as_torch():
    import torch

    layer = made(size=6, heads=3, in_size=6)
    theirs = torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for mine, part in zip((layer.q, layer.k, layer.v), range(3), strict=True):
            rows = slice(6 * part, 6 * part + 6)
            theirs.in_proj_weight[rows] = torch.tensor(mine.W.data.T.copy())
            theirs.in_proj_bias[rows] = torch.tensor(mine.b.data)
        theirs.out_proj.weight.copy_(torch.tensor(layer.out.W.data.T.copy()))
        theirs.out_proj.bias.copy_(torch.tensor(layer.out.b.data))
    x, context = draw(2, 5, 6), draw(2, 7, 6, seed=1)
    expected, _ = theirs(*map(torch.tensor, (x, context, context)))
    np.testing.assert_allclose(layer(x, context).data, expected.detach().numpy(), rtol=1e-9)
