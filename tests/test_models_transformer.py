"""The small Transformer: what it sees, that it learns, how it writes, and its errors."""

import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import models, optimizers
from arraygrad.errors import ArraygradError, LayerError

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


def small(**options):
    np.random.seed(0)
    defaults = {"vocabulary": 7, "size": 8, "heads": 2, "depth": 2, "length": 6}
    return models.Transformer(**{**defaults, **options})


def test_a_block_is_attention_and_a_perceptron_each_with_its_normalization():
    np.random.seed(0)
    block = models.TransformerBlock(4, heads=2, hidden=6, activation=F.relu)
    x = np.random.randn(2, 3, 4).astype("float32")
    h = x + block.attention(F.layer_norm(x)).data
    m = np.maximum(F.layer_norm(h).data @ block.wide.W.data, 0)
    np.testing.assert_allclose(block(x).data, h + m @ block.narrow.W.data, rtol=1e-4, atol=1e-5)
    assert models.TransformerBlock(4, heads=2).wide.out_size == 16


def test_scores_parameters_and_lazy_import():
    model = small()
    assert model(np.zeros((3, 5), int)).shape == (3, 5, 7)
    assert model(np.zeros(5, int)).shape == (5, 7)
    names = [name for name, _ in model.named_params()]
    assert len(names) == len(set(names)) == 2 + 2 * 16 + 2 + 2
    assert names[:3] == ["embed/W", "position/W", "blocks/0/norm1/gamma"]
    assert all(p.dtype == np.float32 for p in model.params())
    assert {"Transformer", "TransformerBlock"} <= set(models.__all__)


def test_a_position_sees_what_is_before_it_and_nothing_after():
    model = small()
    x = np.array([[1, 2, 3, 4, 5]])
    other = np.array([[1, 2, 3, 6, 0]])
    y, z = model(x).data, model(other).data
    np.testing.assert_allclose(y[:, :3], z[:, :3], rtol=1e-5, atol=1e-6)
    assert np.all(np.any(y[:, 3:] != z[:, 3:], axis=-1))
    np.testing.assert_allclose(model(x[:, :3]).data, y[:, :3], rtol=1e-5, atol=1e-5)
    both = small(causal=False)
    assert np.all(np.any(both(x).data != both(other).data, axis=-1))


def test_a_mask_hides_padding():
    model = small(causal=False)
    x = np.array([[1, 2, 3, 0, 0]])
    seen = np.array([[[True, True, True, False, False]]])
    y = model(x, mask=seen).data[:, :3]
    np.testing.assert_allclose(y, model(x[:, :3]).data, rtol=1e-5, atol=1e-5)


def test_it_learns_a_short_text_and_writes_it():
    text = "the whole book, step by step"
    letters = sorted(set(text))
    tokens = np.array([letters.index(c) for c in text])
    model = small(vocabulary=len(letters), size=32, heads=4, length=len(text))
    optimizer = optimizers.Adam(0.01).setup(model)
    losses = []
    for _ in range(60):
        loss = F.softmax_cross_entropy(model(tokens[None, :-1]), tokens[None, 1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss.data))
    assert losses[0] > 1
    assert losses[-1] < 0.1
    written = model.generate(tokens[:3], len(text) - 3, temperature=0)
    assert "".join(letters[i] for i in written) == text


def test_what_is_written_is_decided_by_the_seed():
    model = small()
    first = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        first.append(model.generate([1, 2], 30).tolist())
    assert first[0] == first[1] != first[2]
    assert first[0][:2] == [1, 2]
    assert len(first[0]) == 32  # more than the model sees at once
    assert set(first[0]) <= set(range(7))
    assert model.generate(np.array([3]), 0).tolist() == [3]


def test_generate_leaves_the_modes_alone_and_drops_nothing():
    model = small(dropout_ratio=0.9)
    greedy = [model.generate([1], 5, temperature=0).tolist() for _ in range(2)]
    assert greedy[0] == greedy[1]
    assert ag.Config.train
    assert ag.Config.enable_backprop
    x = np.array([[1, 2, 3]])
    assert np.any(model(x).data != model(x).data)


def test_weights_are_saved_and_loaded(tmp_path):
    model = small()
    path = model.save_weights(tmp_path / "weights.npz")
    np.random.seed(5)
    fresh = models.Transformer(7, 8, 2, 2, 6)
    fresh.load_weights(path)
    x = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(fresh(x).data, model(x).data)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: small()(np.zeros((1, 7), int)), r"x has the shape \(1, 7\).* T from 1 to 6"),
        (lambda: small()(np.zeros((1, 0), int)), r"x has the shape \(1, 0\)"),
        (lambda: small()(np.zeros((1, 2, 3), int)), r"x has the shape \(1, 2, 3\)"),
        (lambda: small(heads=3), r"size is 8 and heads is 3"),
        (lambda: small(depth=0), r"depth is 0"),
        (lambda: small(length=-1), r"length is -1"),
        (lambda: small().generate([], 3), r"0 numbers to start with"),
        (lambda: small().generate([1], 3, temperature=-1), r"temperature=-1"),
        (lambda: small().generate([1], -3), r"count=-3"),
        (lambda: small(causal=False).generate([1], 3), r"causal=False"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(LayerError, match=words):
        call()


def test_numbers_that_the_model_does_not_know():
    with pytest.raises(ArraygradError, match="7"):
        small()(np.array([[1, 7]]))


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_on_other_libraries(name):
    if name not in EXTRA:
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    expected = small(depth=1)
    model = small(depth=1).to(name)
    tokens = np.array([1, 2, 3])
    backend = ag.get_backend(name)
    y = model(backend.from_numpy(tokens))
    np.testing.assert_allclose(
        backend.to_numpy(y.data), expected(tokens).data, rtol=1e-3, atol=1e-4
    )
    written = [m.generate([1, 2, 3], 1, temperature=0).tolist() for m in (model, expected)]
    assert written[0] == written[1]
