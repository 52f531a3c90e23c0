"""Text, one character after the other, with an LSTM: it learns from Python's own help pages.

python examples/char_lstm.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Model, SeqDataLoader, Variable, datasets, no_grad, optimizers


class CharLSTM(Model):
    """Numbers of characters (N,) to scores of the next (N, characters)."""

    def __init__(self, characters: int, hidden: int = 128) -> None:
        self.embed = L.EmbedID(characters, 32)
        self.lstm = L.LSTM(hidden)
        self.out = L.Linear(characters)

    def reset_state(self) -> None:
        self.lstm.reset_state()

    def forward(self, x: Any) -> Variable:
        return self.out(self.lstm(self.embed(x)))


def write(model: CharLSTM, text: Any, start: str = "The ", length: int = 300) -> str:
    """`start`, and what the model goes on with, each character drawn by its probability."""
    model.to_cpu()  # wherever it was trained: characters are drawn by NumPy
    model.reset_state()
    written = start
    with no_grad():
        for i in range(len(start) + length - 1):
            scores = model(np.array([text.char_to_id[written[i]]]))
            if i + 1 == len(written):
                p = F.softmax(scores * 1.4).data[0].astype(np.float64)  # above 1: less daring
                written += text.id_to_char[int(np.random.choice(len(p), p=p / p.sum()))]
    return written


def main(epochs: int = 2, batch_size: int = 64, length: int = 40, steps: int | None = None) -> str:
    """Train, then write; `steps` ends an epoch early."""
    np.random.seed(0)
    text = datasets.PythonDocs()
    model = CharLSTM(len(text.char_to_id))
    optimizer = optimizers.Adam(alpha=0.004).setup(model)
    optimizer.add_hook(optimizers.ClipGrad(5.0))
    for epoch in range(epochs):
        model.reset_state()
        loss, total = 0, 0.0
        for i, (x, t) in enumerate(SeqDataLoader(text, batch_size=batch_size), start=1):
            loss = loss + F.softmax_cross_entropy(model(x), t)
            if i % length == 0:
                model.cleargrads()
                loss.backward()
                loss.unchain_backward()
                optimizer.update()
                total += float(loss)
                loss = 0
            if i % 2000 == 0:
                print(f"epoch {epoch + 1}, step {i}: {total / i / np.log(2):.2f} bits a character")
            if i == steps:
                break
    written = write(model, text)
    print(written)
    return written


if __name__ == "__main__":
    main()
