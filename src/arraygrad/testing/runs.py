"""Run: one sample of an op in one place and dtype, against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from arraygrad.arrays import is_inexact
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
        self.noisy = truth.noisy and place.own_noise
        # (what, array) of all that was computed.
        self.found: list[tuple[str, Any]] = []

    def make(self, value: np.ndarray) -> Any:
        return self.place.cast(value, self.dtype)

    def compute(self) -> None:
        """The results and the first gradients."""
        self.ys, self.first = self.truth.first_gradients(self.values, self.make)
        self.found = [(_result(k, self.ys), y.data) for k, y in enumerate(self.ys)]

    def forward(self, report: Report) -> bool:
        """Compute the results and the first gradients; whether that was possible."""
        try:
            self.ys, self.first = self.truth.first_gradients(self.values, self.make)
        except Exception as error:
            report.expect(False, f"{self.where}: {type(error).__name__}: {error}")
            return False
        for k, y in enumerate(self.ys):
            if not isinstance(y, Variable):
                what = f"the {_result(k, self.ys)} is a {type(y).__name__}"
                return report.expect(False, f"{self.where}: {what}, expected a Variable")
        self.found = [(_result(k, self.ys), y.data) for k, y in enumerate(self.ys)]
        return True

    def compare_result(self, report: Report) -> None:
        """The results against the truth."""
        if len(self.ys) != len(self.truth.outs):
            text = f"{len(self.ys)} results, {len(self.truth.outs)} on numpy"
            report.expect(False, f"{self.where}: {text}")
            return
        if self.noisy:
            report.skip(f"values of {self.where}", "noise is drawn there in another way")
            shapes = [y.shape for y in self.ys]
            wanted = [out.shape for out in self.truth.outs]
            report.expect(shapes == wanted, f"{self.where}: shapes {shapes}, expected {wanted}")
            return
        for k, (y, out) in enumerate(zip(self.ys, self.truth.outs, strict=True)):
            right = close(on_host(y.data), out, ROUNDING[self.dtype])
            which = "" if len(self.ys) == 1 else f" of {_result(k, self.ys)}"
            report.expect(right, f"{self.where}: forward{which} differs")

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
            if not self.noisy:
                same = close(on_host(gx), right, rounding)
                report.expect(same, f"{self.where}: {order} gradient {k} differs")

    def expect_dtypes(self, report: Report) -> None:
        """What was computed has the dtype of the inputs."""
        # A result that is not differentiable, as a share of right answers, has one of its own.
        if not self.truth.smooth or self.truth.op.definition.title == "astype":
            return
        xp = self.place.backend.xp
        moving = [self.truth.values[i] for i in self.truth.moving]
        gradients = [f"gradient {k}" for k in range(len(moving))]
        for what, x in self.found:
            if is_inexact(x.dtype, xp):
                like = [v for name, v in zip(gradients, moving, strict=True) if what.endswith(name)]
                like += [
                    out for k, out in enumerate(self.truth.outs) if what == _result(k, self.ys)
                ]
                part = like[0].dtype.type(0) if like[0].dtype.kind in "fc" else np.float64(0)
                wanted = self.place.cast(np.asarray(part), self.dtype).dtype
                text = f"{self.where}: the {what} has dtype {x.dtype}, expected {wanted}"
                report.expect(x.dtype == wanted, text)


def _result(k: int, ys: Sequence[Any]) -> str:
    return "result" if len(ys) == 1 else f"result {k}"


def tell(report: Report, told: Iterable[tuple[bool, str]]) -> None:
    """Count what was found out before."""
    for right, what in told:
        report.expect(right, what)
