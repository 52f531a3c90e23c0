"""The examples run, a few steps of each, and come to what they say."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_newton(capsys):
    newton = example("newton")
    newton.main(steps=10)
    assert "Newton, step 6: x = 1.000000000002" in capsys.readouterr().out
    # The book's printed way, and its place in the valley after 1,000 steps.
    way = [2.0, 1.4545454545454546, 1.1510467893775467, 1.0253259289766978, 1.0009084519430513]
    assert newton.newton(steps=4) == pytest.approx(way, rel=1e-14)
    assert newton.descent(1000) == pytest.approx((0.68371, 0.46595), abs=1e-5)


def test_spiral(tmp_path, capsys):
    spiral = example("spiral")
    spiral.main(epochs=2, picture=str(tmp_path / "spiral.png"))
    assert (tmp_path / "spiral.png").read_bytes().startswith(b"\x89PNG")
    assert "right:" in capsys.readouterr().out


def test_other_libraries():
    found = example("other_libraries").main()
    assert {"numpy", "array_api_strict"} <= set(found)
    for slope in found.values():
        np.testing.assert_allclose(slope, found["numpy"], rtol=1e-6)


@pytest.mark.parametrize("way", ["file", "environment"])
@pytest.mark.parametrize("name", ["torch", "jax"])
def test_one_line(name, way, tmp_path):
    """One line of settings is all that differs, and losses are equal but for rounding."""
    if name not in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(","):
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    expected, accuracy = example("one_line").main()
    env = {key: value for key, value in os.environ.items() if key != "ARRAYGRAD_BACKEND"}
    if way == "file":
        (tmp_path / "arraygrad.toml").write_text(f'backend = "{name}"\n')
    else:
        env["ARRAYGRAD_BACKEND"] = name
    done = subprocess.run(
        [sys.executable, FOLDER / "one_line.py"],
        capture_output=True, text=True, check=False, env=env, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head == f"on {name}"
    *losses, right = [float(line.split()[-1]) for line in lines]
    assert losses == pytest.approx(expected, rel=1e-5)
    assert right == pytest.approx(accuracy, abs=2e-3)
    assert right > 0.8


def test_one_line_compared(capsys):
    """What is not here is named with its reason."""
    assert example("one_line").compare(("numpy", "nosuch")) == 0
    table = capsys.readouterr().out
    assert "| numpy | 2." in table
    assert "| nosuch | not here: " in table


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


def test_high_order(tmp_path):
    picture = tmp_path / "high_order.png"
    curves = example("high_order").main(picture=str(picture))
    x = np.linspace(-7, 7, 201)
    for found, right in zip(curves["sin"][1:], (np.cos(x), -np.sin(x), -np.cos(x)), strict=False):
        np.testing.assert_allclose(found, right, atol=1e-12)
    t = np.tanh(x)
    np.testing.assert_allclose(curves["tanh"][2], -2 * t * (1 - t**2), atol=1e-12)
    assert is_png(picture)


def test_regression(tmp_path, capsys):
    picture = tmp_path / "regression.png"
    example("regression").main(steps=1, picture=str(picture))
    out = capsys.readouterr().out
    assert "y = 2.1181 x + 5.4661, loss 0.0791" in out  # the book's figures
    assert "step 0: loss 0.8165" in out
    assert is_png(picture)


def test_digits_cnn():
    assert example("digits_cnn").main(epochs=2) > 0.7


def test_sine_rnn(tmp_path):
    picture = tmp_path / "sine_rnn.png"
    predictions = example("sine_rnn").main(epochs=2, picture=str(picture))
    wave = np.cos(np.linspace(0, 4 * np.pi, 1000))
    for y in predictions.values():
        assert np.corrcoef(y[100:-1], wave[101:])[0, 1] > 0.9
    assert is_png(picture)


def test_char_lstm(capsys):
    written = example("char_lstm").main(epochs=1, steps=80)
    assert written.startswith("The ")
    assert len(written) == 304


def test_vae(tmp_path):
    vae = example("vae")
    picture = tmp_path / "vae.png"
    assert vae.main(epochs=3, picture=str(picture)) < vae.main(epochs=1, picture=None)
    assert is_png(picture)


def test_gan(tmp_path):
    picture = tmp_path / "gan.png"
    generator = example("gan").main(epochs=1, picture=str(picture))
    y = generator(np.zeros((3, 16), dtype=np.float32))
    assert y.shape == (3, 1, 8, 8)
    assert 0 <= y.data.min() <= y.data.max() <= 1
    assert is_png(picture)


def test_wgan_gp(tmp_path):
    wgan = example("wgan_gp")
    picture = tmp_path / "wgan_gp.png"
    assert wgan.main(steps=2, picture=str(picture)).shape == (1000, 2)
    assert is_png(picture)
    # The penalty reaches the critic's weights: a critic of slope 1 pays none, one of slope 3 does.
    for slope, penalty in ((1.0, 0.0), (3.0, 4.0)):
        critic = wgan.MLP((1,))
        critic(wgan.ring(2))
        critic.l0.W.data = np.array([[slope], [0.0]], dtype=np.float32)
        real = wgan.ring(5)
        loss = wgan.critic_loss(critic, real, real)
        assert float(loss) == pytest.approx(wgan.PENALTY * penalty, abs=1e-5)
        loss.backward()
        assert critic.l0.W.grad[0].item() == pytest.approx(2 * (slope - 1), abs=1e-5)


def test_grad_cam(tmp_path):
    picture = tmp_path / "grad_cam.png"
    cams = example("grad_cam").main(epochs=1, picture=str(picture))
    assert cams.shape == (10, 8, 8)
    assert 0 <= cams.min() <= cams.max() <= 1
    assert is_png(picture)


def test_style_transfer(tmp_path):
    style = example("style_transfer")
    picture = tmp_path / "style_transfer.png"
    result = style.main(steps=2, picture=str(picture))
    assert result.shape == (1, 3, 64, 64)
    assert not np.array_equal(result, style.content_picture())
    assert is_png(picture)


def test_enzyme_kinetics(tmp_path):
    pytest.importorskip("scipy.optimize")
    picture = tmp_path / "enzyme_kinetics.png"
    p, error = example("enzyme_kinetics").main(picture=str(picture))
    # The least squares that R's nls has in its manual, for the same measurements.
    assert p["treated"]["top"] == pytest.approx(212.68370, rel=1e-6)
    assert p["treated"]["half"] == pytest.approx(0.06412123, rel=1e-5)
    assert p["untreated"]["top"] == pytest.approx(160.28, rel=1e-4)
    assert p["untreated"]["half"] == pytest.approx(0.0477, rel=1e-2)
    # Of errors alike in both groups: nls, which has sigma from 23 - 4, gives 6.9 and 0.0083.
    assert 6.0 < error["treated"]["top"] < 7.0
    assert 0.007 < error["treated"]["half"] < 0.0085
    assert is_png(picture)


def test_classify_vgg16(tmp_path, capsys):
    from PIL import Image

    from arraygrad.models import VGG16

    classify = example("classify_vgg16")

    class Small(VGG16):
        channels = ((2,),) * 5
        fc_sizes = (4, 4, 10)

    np.random.seed(0)
    small = Small()
    small(np.zeros((1, 3, 32, 32), dtype=np.float32))
    small.fc8.b.data = np.eye(10, dtype=np.float32)[7] * 100  # one class stands out
    image = Image.new("RGB", (50, 40), (200, 30, 30))
    found = classify.classify(small, image, {7: "zebra"}, size=32)
    assert found[0] == "100.0%  zebra"
    assert len(found) == 5
    # Weights that do not exist are an error before anything is computed.
    image.save(tmp_path / "picture.png")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        classify.main(str(tmp_path / "picture.png"), str(tmp_path / "nowhere.npz"))


def test_every_example_is_tested():
    source = Path(__file__).read_text(encoding="utf-8")
    names = {path.stem for path in FOLDER.glob("*.py")}
    assert len(names) >= 15
    assert {name for name in names if f'example("{name}")' not in source} <= {"two_layer_net"}
