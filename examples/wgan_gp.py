"""A Wasserstein GAN with a gradient penalty: a loss made of gradients, differentiated again.

python examples/wgan_gp.py [picture.png]; the picture needs pip install "arraygrad[plot]".
Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), arXiv:1704.00028.
"""

from __future__ import annotations

import sys

import numpy as np

import arraygrad.functions as F
from arraygrad import Model, Variable, grad, no_grad, optimizers
from arraygrad.models import MLP

PENALTY = 1.0


def ring(n: int) -> np.ndarray:
    """Points (n, 2) from eight narrow normal distributions on a circle."""
    angle = np.random.randint(8, size=n) * (np.pi / 4)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * np.random.randn(n, 2)
    return points.astype(np.float32)


def noise(n: int) -> np.ndarray:
    return np.random.randn(n, 2).astype(np.float32)


def critic_loss(critic: Model, real: np.ndarray, drawn: np.ndarray) -> Variable:
    """How little the critic tells real from drawn, and how far its slope is from 1 between them."""
    share = np.random.rand(len(real), 1).astype(np.float32)
    between = Variable(share * real + (1 - share) * drawn)
    slope = grad(lambda x: F.sum(critic(x)))(between)
    norm = F.sqrt(F.sum(slope**2, axis=1) + 1e-12)
    return F.mean(critic(drawn)) - F.mean(critic(real)) + PENALTY * F.mean((norm - 1) ** 2)


def main(
    steps: int = 1500, batch_size: int = 256, picture: str | None = "wgan_gp.png"
) -> np.ndarray:
    """Train, draw, and return 1,000 points of the generator."""
    np.random.seed(0)
    generator = MLP((64, 64, 2), activation=F.relu)
    critic = MLP((64, 64, 1), activation=lambda x: F.leaky_relu(x, 0.2))
    to_generate = optimizers.Adam(alpha=0.001, beta1=0.5, beta2=0.9).setup(generator)
    to_judge = optimizers.Adam(alpha=0.001, beta1=0.5, beta2=0.9).setup(critic)
    for step in range(steps):
        for _ in range(3):
            with no_grad():
                drawn = generator(noise(batch_size)).data
            loss = critic_loss(critic, ring(batch_size), drawn)
            critic.cleargrads()
            loss.backward()
            to_judge.update()
        score = -F.mean(critic(generator(noise(batch_size))))
        generator.cleargrads()
        score.backward()
        to_generate.update()
        if (step + 1) % 250 == 0 or step + 1 == steps:
            print(f"step {step + 1}: Wasserstein distance about {-loss.item():.3f}")
    with no_grad():
        points = generator(noise(1000)).data
    if picture:
        from matplotlib.figure import Figure

        panel = (figure := Figure(figsize=(6, 6), layout="constrained")).add_subplot()
        panel.scatter(*ring(1000).T, s=5, color="#888888", label="data")
        panel.scatter(*points.T, s=5, color="#d1495b", label="generator")
        panel.set(aspect="equal", xlabel="x", ylabel="y")
        panel.legend(loc="center")
        figure.savefig(picture, dpi=120)
        print(f"in {picture}: the data and what the generator draws")
    return points


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["wgan_gp.png"])[0])
