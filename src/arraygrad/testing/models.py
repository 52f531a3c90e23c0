"""check_model: what check_layer checks, and that the model can be trained and summarised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from arraygrad.layers.summary import summary
from arraygrad.models import Model
from arraygrad.testing.calls import Call, Made, as_float64
from arraygrad.testing.core_samples import LAYERS, MODELS
from arraygrad.testing.layers import check as of_layers
from arraygrad.testing.layers import run_layer
from arraygrad.testing.places import PLACES
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.testing.samples import Sample, name_of, samples_of
from arraygrad.testing.suite import Suite, undisturbed

check = Suite("check_model")
check.extend(of_layers)


@check("is a Model", "model")
def _(report: Report, made: Made) -> None:
    model = made.layer()
    report.expect(isinstance(model, Model), f"make() gives a {type(model).__name__}, not a Model")


@check("trains", "model")
def _(report: Report, made: Made) -> None:
    """A small step against the gradients makes the loss smaller."""
    model = as_float64(made.called())
    call = Call(made, model, dtype="float64")
    if not call.differentiable or not any(g is not None for g in call.grads.values()):
        raise SkipCheck("there is nothing to train")
    norm = sum(float(np.sum(p.grad.data**2)) for p in model.params() if p.grad is not None)
    step = 1e-5 / max(1.0, norm) ** 0.5
    for p in model.params():
        if p.grad is not None:
            p.data = p.data - step * p.grad.data
    if hasattr(model, "reset_state"):
        model.reset_state()
    after = Call(made, model, dtype="float64", backward=False).loss()
    report.expect(
        after < call.loss(), f"a step against the gradients takes the loss {call.loss()} to {after}"
    )


@check("summary", "model")
def _(report: Report, made: Made) -> None:
    model = made.called()
    text = summary(model, *made.inputs())
    total = sum(int(np.prod(p.shape)) for p in model.params())
    report.expect(f"{total:,}" in text or str(total) in text, f"summary lacks {total} parameters")


@check.public
def check_model(
    model: Any,
    *inputs: Any,
    places: Sequence[str] = PLACES,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
    **options: Any,
) -> Report:
    """Check a model: all that `check_layer` checks, that it trains, and its summary.

    The arguments are those of `check_layer`.

    >>> from arraygrad.models import MLP
    >>> from arraygrad.op import arr
    >>> check_model(lambda: MLP((5, 3)), arr(4, 2), places=["numpy"])
    <Report <lambda>: ... checks, 0 failed>
    """
    samples = samples_of("check_model", model, inputs, options, {**LAYERS, **MODELS})
    chosen = check.select(only, skip)
    report = Report(name_of(model), expected_failures)
    run_model(report, chosen, model, samples, places)
    return report.finish()


def run_model(
    report: Report, chosen: set[str], model: Any, samples: list[Sample], places: Sequence[str]
) -> None:
    """The checks of a model, of each sample."""
    run_layer(report, chosen, model, samples, places)
    with undisturbed():
        for sample in samples:
            where = f"{report.name}{sample}"
            told = Report(where)
            check.run("model", chosen, told, Made(sample), where=where)
            report.include(told)
