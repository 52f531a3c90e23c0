"""Run: one sample of an op in one place and dtype, against the truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from arraygrad.backend import is_inexact
from arraygrad.testing.places import ROUNDING, Place, close, on_host
from arraygrad.testing.report import Report
from arraygrad.testing.truth import Truth
from arraygrad.variable import Variable


class Run:
    """One sample in one place and dtype: its result and its gradients, against the truth."""

    def __init__(self, truth: Truth, place: Place, dtype: str, strided: bool = False) -> None:
        self.truth, self.place, self.dtype = truth, place, dtype
        self.where = f"{truth.where} on {place.name} {dtype}"
        self.values = [place.cast(v, dtype, strided=strided) for v in truth.values]
        # (what, array) of all that was computed.
        self.found: list[tuple[str, Any]] = []

    def make(self, value: np.ndarray) -> Any:
        return self.place.cast(value, self.dtype)

    def forward(self, report: Report) -> bool:
        """Compute the result and the first gradients; whether that was possible."""
        try:
            self.y, self.first = self.truth.first_gradients(self.values, self.make)
        except Exception as error:
            report.expect(False, f"{self.where}: {type(error).__name__}: {error}")
            return False
        if not isinstance(self.y, Variable):
            return report.expect(False, f"{self.where}: the result is a {type(self.y).__name__}")
        self.found = [("result", self.y.data)]
        return True

    def compare_result(self, report: Report) -> None:
        """The result against the truth."""
        right = close(on_host(self.y.data), self.truth.out, ROUNDING[self.dtype])
        report.expect(right, f"{self.where}: forward differs")

    def compare(self, report: Report, order: str, found: Any, expected: Any) -> None:
        """Gradients of an order against the truth."""
        rounding = ROUNDING[self.dtype] * 10
        for k, (gx, right) in enumerate(zip(found, expected, strict=True)):
            if right is None or gx is None:
                report.expect(
                    all(v is None or not np.any(on_host(v)) for v in (gx, right)),
                    f"{self.where}: {order} gradient {k} is missing",
                )
                continue
            self.found.append((f"{order} gradient {k}", gx))
            report.expect(
                close(on_host(gx), right, rounding), f"{self.where}: {order} gradient {k} differs"
            )

    def expect_dtypes(self, report: Report) -> None:
        """What was computed has the dtype of the inputs."""
        # A result that is not differentiable, as a share of right answers, has one of its own.
        if not self.truth.smooth or self.truth.op.definition.title == "astype":
            return
        backend = self.place.backend
        real = [
            x for x, v in zip(self.values, self.truth.values, strict=True) if v.dtype.kind == "f"
        ]
        wanted = real[0].dtype if real else backend.dtype(self.dtype)
        for what, x in self.found:
            if is_inexact(x.dtype, backend.xp):
                right = x.dtype == wanted
                report.expect(right, f"{self.where}: the {what} has dtype {x.dtype}")


def tell(report: Report, told: Iterable[tuple[bool, str]]) -> None:
    """Count what was found out before."""
    for right, what in told:
        report.expect(right, what)
