"""The two-layer network of the first book, its layers as pairs of forward and backward.

python examples/two_layer_net.py [picture.png]; the digits need pip install "arraygrad[data]", the
picture "arraygrad[plot]".
"""

from __future__ import annotations

import sys

import numpy as np

import arraygrad.functions as F
from arraygrad import Function, Variable, datasets, grad, no_grad, utils

Arrays = dict[str, np.ndarray]


class Relu(Function):
    """max(x, 0); the gradient passes where x is positive."""

    def forward(self, x):
        return x * (x > 0)

    def backward(self, gy):
        (x,) = self.inputs
        return gy * (x > 0)


class Sigmoid(Function):
    """1 / (1 + exp(-x)); the gradient is gy y (1 - y)."""

    def forward(self, x):
        return F.sigmoid(x).data

    def backward(self, gy):
        y = self.outputs[0]()
        return gy * (1 - y) * y


class Affine(Function):
    """x W + b for x of any shape (N, ...), flattened to rows."""

    def forward(self, x, W, b):
        return x.reshape(x.shape[0], -1) @ W + b

    def backward(self, gy):
        x, W, _ = self.inputs
        rows = F.flatten(x)
        return F.reshape(gy @ W.T, x.shape), rows.T @ gy, F.sum(gy, axis=0)


class SoftmaxWithLoss(Function):
    """The mean cross entropy of softmax(x) with one-hot rows t; the gradient is softmax(x) - t."""

    def forward(self, x, t):
        return F.softmax_cross_entropy(x, t).data

    def backward(self, gy):
        x, t = self.inputs
        return gy * (F.softmax(x) - t) / len(x), None


class TwoLayerNet:
    """Affine, Relu, Affine; `params` holds the arrays W1, b1, W2 and b2."""

    def __init__(
        self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01
    ) -> None:
        self.params = {
            "W1": weight_init_std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def predict(self, x: np.ndarray, params: Arrays | None = None) -> Variable:
        """The scores of the classes."""
        p = self.params if params is None else params
        h = Relu()(Affine()(x, p["W1"], p["b1"]))
        return Affine()(h, p["W2"], p["b2"])

    def loss(self, x: np.ndarray, t: np.ndarray, params: Arrays | None = None) -> Variable:
        """The mean cross entropy with the one-hot labels t."""
        return SoftmaxWithLoss()(self.predict(x, params), t)

    def accuracy(self, x: np.ndarray, t: np.ndarray) -> float:
        """The share of right answers; t: one-hot rows or class numbers."""
        with no_grad():
            return float(F.accuracy(self.predict(x), t))

    def gradient(self, x: np.ndarray, t: np.ndarray) -> Arrays:
        """The gradient of the loss for each parameter, by backpropagation."""
        return grad(lambda params: self.loss(x, t, params))(self.params)

    def numerical_gradient(self, x: np.ndarray, t: np.ndarray) -> Arrays:
        """The same by differences: slow, to check `gradient`."""
        return {
            key: utils.numerical_grad(lambda p, k=key: self.loss(x, t, {**self.params, k: p}), p)
            for key, p in self.params.items()
        }


def load_digits(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 64) from 0 to 1, and one-hot labels (N, 10)."""
    digits = datasets.Digits(train)
    return digits.data, np.eye(10)[digits.label]


def train(
    network: TwoLayerNet, steps: int, batch_size: int = 100, lr: float = 0.1
) -> tuple[list[float], list[float]]:
    """So many steps of gradient descent; the accuracies on both sets, once per epoch."""
    x, t = load_digits(train=True)
    x_test, t_test = load_digits(train=False)
    per_epoch = max(len(x) // batch_size, 1)
    train_acc, test_acc = [], []
    for step in range(steps):
        rows = np.random.choice(len(x), batch_size)
        gparams = network.gradient(x[rows], t[rows])
        for key in network.params:
            network.params[key] -= lr * gparams[key]
        if step % per_epoch == 0 or step + 1 == steps:
            train_acc.append(network.accuracy(x, t))
            test_acc.append(network.accuracy(x_test, t_test))
            if len(test_acc) % 20 == 1 or step + 1 == steps:
                print(f"step {step}: train acc {train_acc[-1]:.3f}, test acc {test_acc[-1]:.3f}")
    return train_acc, test_acc


def draw(train_acc: list[float], test_acc: list[float], path: str) -> None:
    """Both accuracies over the epochs."""
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(7, 4.5), layout="constrained")).add_subplot()
    axes.plot(train_acc, label="training set", color="#1b6ca8")
    axes.plot(test_acc, label="test set", color="#d1495b", linestyle="--")
    axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1), title="A two-layer network on digits")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
    print(f"in {path}: both accuracies by epoch")


def main(steps: int = 2000, picture: str | None = "two_layer_net.png") -> tuple[float, float]:
    """Train, draw, and return the last accuracy on both sets."""
    np.random.seed(0)
    network = TwoLayerNet(input_size=64, hidden_size=50, output_size=10)
    train_acc, test_acc = train(network, steps)
    if picture:
        draw(train_acc, test_acc, picture)
    return train_acc[-1], test_acc[-1]


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["two_layer_net.png"])[0])
