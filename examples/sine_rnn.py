"""A sine wave, one value after the other, with an RNN and with an LSTM.

python examples/sine_rnn.py [picture.png]; the picture needs pip install "arraygrad[plot]".
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Model, SeqDataLoader, Variable, datasets, no_grad, optimizers


class Predictor(Model):
    """A recurrent layer, and a linear one that turns its state into the next value."""

    def __init__(self, recurrent: Any) -> None:
        self.recurrent = recurrent
        self.out = L.Linear(1)

    def reset_state(self) -> None:
        self.recurrent.reset_state()

    def forward(self, x: Any) -> Variable:
        return self.out(self.recurrent(x))


def train(model: Predictor, epochs: int, batch_size: int = 30, length: int = 30) -> None:
    """Backpropagation through time, cut after `length` steps."""
    data = datasets.SinCurve(train=True)
    loader = SeqDataLoader(data, batch_size=batch_size)
    optimizer = optimizers.Adam().setup(model)
    for epoch in range(epochs):
        model.reset_state()
        loss, total, steps = 0, 0.0, 0
        for x, t in loader:
            loss = loss + F.mean_squared_error(model(x), t)
            steps += 1
            if steps % length == 0 or steps == len(loader):
                model.cleargrads()
                loss.backward()
                loss.unchain_backward()
                optimizer.update()
                total += float(loss)
                loss = 0
        if (epoch + 1) % 10 == 0 or epoch + 1 == epochs:
            print(f"{type(model.recurrent).__name__}, epoch {epoch + 1}: loss {total / steps:.4f}")


def predict(model: Predictor, values: np.ndarray) -> list[float]:
    """The value that the model expects after each."""
    model.to_cpu()  # wherever it was trained: the values are NumPy's
    model.reset_state()
    with no_grad():
        return [model(np.array(v, dtype=np.float32).reshape(1, 1)).item() for v in values]


def main(epochs: int = 100, picture: str | None = "sine_rnn.png") -> dict[str, list[float]]:
    """Train both on a noisy sine, predict a cosine, and draw."""
    np.random.seed(0)
    wave = np.cos(np.linspace(0, 4 * np.pi, 1000))
    predictions = {}
    for recurrent in (L.RNN(100), L.LSTM(100)):
        model = Predictor(recurrent)
        train(model, epochs)
        predictions[type(recurrent).__name__] = predict(model, wave)
    if picture:
        from matplotlib.figure import Figure

        panel = (figure := Figure(figsize=(8, 4), layout="constrained")).add_subplot()
        panel.plot(wave, color="#888888", linewidth=4, label="the wave")
        for (name, y), color in zip(predictions.items(), ("#1b6ca8", "#d1495b"), strict=True):
            panel.plot(np.arange(1, len(y) + 1), y, color=color, label=f"predicted by the {name}")
        panel.set(xlabel="step", ylabel="value")
        panel.legend(loc="upper right")
        figure.savefig(picture, dpi=120)
        print(f"in {picture}: a wave that was not trained on, and its prediction one step ahead")
    return predictions


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["sine_rnn.png"])[0])
