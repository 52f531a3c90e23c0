"""What all workloads share: taking turns, checking results, ratios, targets."""

from __future__ import annotations

import gc
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Run = Callable[[], Any]
Make = Callable[[], Run]

OURS = "arraygrad"


@dataclass(frozen=True)
class Target:
    """A figure to reach: the cost of `contestant` over that of `reference` is at most `limit`."""

    reference: str
    limit: float
    contestant: str = OURS


@dataclass(frozen=True)
class Budget:
    """How long a measurement may take: seconds per turn, rounds, seconds of one case in all."""

    turn: float = 0.01
    rounds: int = 60
    case: float = 12.0


FULL = Budget()
QUICK = Budget(turn=0.004, rounds=25, case=2.5)


@dataclass
class Case:
    """One measurement: the same work done by every contestant.

    `contestants` maps a name to a function that prepares the work and returns a callable doing
    it once.  That callable returns its results (losses, gradients), which must equal those of
    the contestant `exact`, written by hand in float64, over `checks` calls.  `per` divides the
    time (operations per call).
    """

    title: str
    contestants: Mapping[str, Make]
    exact: Make
    targets: Sequence[Target] = ()
    per: int = 1
    checks: int = 1
    rtol: float = 1e-4
    atol: float = 1e-6


@dataclass
class Row:
    """The figures of one contestant: best and median cost, and the ratios to the others."""

    best: float
    median: float
    turns: list[float] = field(repr=False, default_factory=list)
    note: str = ""


@dataclass
class Result:
    """What a measurement gave; `unit` belongs to the rows' costs.

    `targets` are limits of ratios, `absolute` limits of costs; `best` compares the best costs
    instead of the medians (for what only ever gets slower by disturbance, such as an import).
    """

    title: str
    unit: str
    rows: dict[str, Row]
    missing: list[str] = field(default_factory=list)
    targets: Sequence[Target] = ()
    absolute: Sequence[tuple[str, float]] = ()
    best: bool = False

    def ratio(self, contestant: str, reference: str) -> float | None:
        """One contestant's cost over another's: the median over the rounds, or of the bests."""
        a, b = self.rows.get(contestant), self.rows.get(reference)
        if a is None or b is None:
            return None
        if self.best:
            return a.best / b.best
        if a.turns and len(a.turns) == len(b.turns):
            return statistics.median(x / y for x, y in zip(a.turns, b.turns, strict=True))
        return a.median / b.median


class MissingPeer(Exception):
    """A contestant's library is not installed."""


def prepare(name: str, make: Make) -> Run:
    """Call `make`, turning the absence of the contestant's own library into MissingPeer."""
    try:
        return make()
    except ModuleNotFoundError as error:
        library = name.split()[0].removesuffix(".jit")
        if (error.name or "").partition(".")[0] in {library, f"{library}lib"}:
            raise MissingPeer(name) from error
        raise


def as_float64(result: Any) -> list[np.ndarray]:
    """Flatten nested results of any library into float64 arrays."""
    if isinstance(result, (list, tuple)):
        return [a for item in result for a in as_float64(item)]
    if hasattr(result, "detach"):
        result = result.detach()
    return [np.asarray(result, dtype=np.float64)]


def check(case: Case, name: str, run: Run) -> None:
    """Raise if a contestant's results differ from those computed by hand in float64."""
    exact = case.exact()
    for call in range(case.checks):
        got, expected = as_float64(run()), as_float64(exact())
        if len(got) != len(expected):
            raise AssertionError(
                f"{case.title}: {name} gave {len(got)} results, expected {len(expected)}"
            )
        for i, (a, b) in enumerate(zip(got, expected, strict=True)):
            np.testing.assert_allclose(
                a,
                b,
                rtol=case.rtol,
                atol=case.atol,
                err_msg=f"{case.title}: {name}, result {i} of call {call}",
            )


# On one thread the CPU time of this process, which others on the machine disturb less.
clock: Callable[[], int] = time.process_time_ns


def spent(run: Run, number: int) -> float:
    """The seconds that `number` calls take, per call.

    The garbage collector runs as it does in production.
    """
    start = clock()
    for _ in range(number):
        run()
    return (clock() - start) / number / 1e9


def measure(case: Case, budget: Budget, *, only_check: bool = False, seed: int = 0) -> Result:
    """Check every contestant of a case, then let them take turns in random order."""
    runs: dict[str, Run] = {}
    missing = []
    for name, make in case.contestants.items():
        try:
            run = prepare(name, make)
        except MissingPeer:
            missing.append(name)
            continue
        check(case, name, run)
        runs[name] = prepare(name, make)
    if only_check:
        rows = {name: Row(math.nan, math.nan) for name in runs}
        return Result(case.title, "us", rows, missing, case.targets)

    # In production the peers' modules are not there to be searched for garbage.
    gc.collect()
    gc.freeze()
    numbers = {}
    for name, run in runs.items():
        run()
        once = min(spent(run, 1) for _ in range(3))
        numbers[name] = max(1, round(budget.turn / max(once, 1e-7)))
    turn = sum(max(budget.turn, spent(run, 1)) for run in runs.values())
    rounds = max(5, min(budget.rounds, int(budget.case / max(turn, 1e-9))))
    rng = random.Random(seed)
    turns: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name in rng.sample(sorted(runs), len(runs)):
            turns[name].append(spent(runs[name], numbers[name]) * 1e6 / case.per)
    rows = {n: Row(min(t), statistics.median(t), t) for n, t in turns.items()}
    return Result(case.title, "us", rows, missing, case.targets)


def all_threads() -> None:
    """Let the libraries have their threads; what counts is then the time on the wall."""
    global clock
    clock = time.perf_counter_ns


def single_thread() -> None:
    """Keep the installed libraries on one thread (the environment does it for NumPy and JAX)."""
    try:
        import torch
    except ModuleNotFoundError:
        return
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)


def take_turns(
    names: Sequence[str], turn: Callable[[str], Any], rounds: int, seed: int = 0
) -> dict[str, list[Any]]:
    """Call `turn` for every name in random order, `rounds` times; None drops the name."""
    rng = random.Random(seed)
    answers: dict[str, list[Any]] = {name: [] for name in names}
    missing: set[str] = set()
    for _ in range(rounds):
        for name in rng.sample(list(names), len(names)):
            if name not in missing:
                answer = turn(name)
                if answer is None:
                    missing.add(name)
                else:
                    answers[name].append(answer)
    return answers


def reset_peak_bytes() -> int:
    """Forget the peak resident set of this process so far; return the present one (Linux)."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    return peak_bytes()


def peak_bytes() -> int:
    """The peak resident set of this process; unlike `ru_maxrss`, not that of its parent."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def in_fresh_process(program: str, *args: str, env: Mapping[str, str] | None = None) -> Any:
    """Run a module (dotted name) or a file with arguments; its last line of output is JSON.

    Returns None if the library it needs is not installed.
    """
    where = [program] if program.endswith(".py") else ["-m", program]
    done = subprocess.run(
        [sys.executable, *where, *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    if "ModuleNotFoundError: No module named" in done.stderr.splitlines()[-1]:
        return None
    raise RuntimeError(f"{program} {' '.join(args)} failed:\n{done.stderr}")
