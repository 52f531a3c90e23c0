"""Pictures of a run as PNG files; they need matplotlib, which is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from arraygrad.backend import get_backend, using_backend
from arraygrad.config import no_grad, test_mode
from arraygrad.training.result import Result
from arraygrad.weights import whole_file

TRAIN, TEST, WRONG, QUIET = "#1f77b4", "#d95f02", "#c0152f", "#666666"


def missing() -> str:
    """What to install before pictures can be drawn, or nothing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return 'matplotlib is not installed; run: pip install "arraygrad[plot]"'
    return ""


def curves(log: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw loss and accuracy by epoch, for training and held-out samples."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = _figure(10, 4)
    epochs = [line["epoch"] for line in log]
    marker = "." if len(log) <= 40 else ""
    for place, (what, title) in enumerate((("loss", "Loss"), ("accuracy", "Accuracy"))):
        axes = figure.add_subplot(1, 2, place + 1)
        for part, label, color in (
            ("train", "training, while it learns", TRAIN),
            ("test", "held-out", TEST),
        ):
            values = [line[f"{part}_{what}"] for line in log]
            axes.plot(epochs, values, color=color, marker=marker, label=label)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.set_ylabel("cross-entropy" if what == "loss" else "right answers")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color="#dddddd")
        axes.set_axisbelow(True)
        if what == "loss":
            axes.set_ylim(bottom=0)
            axes.legend()
        else:
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.legend(loc="lower right")
    figure.suptitle(f"Held-out accuracy {log[-1]['test_accuracy']:.2%} after epoch {epochs[-1]}")
    _save(figure, path)


def predictions(result: Result, path: Path) -> bool:
    """Draw held-out samples with the class each was given; False if there is no way to."""
    if result.image(0) is not None:
        _draw_images(result, path)
    elif result.data.facts["shape"] == [2]:
        _draw_plane(result, path)
    else:
        return False
    return True


def confusion(result: Result, path: Path) -> bool:
    """Draw how often each class was taken for each class; mistakes stand out in red."""
    counts = result.confusion
    size = len(counts)
    side = max(4.5, min(12.0, 1.6 + 0.52 * size))
    figure = _figure(side, side)
    axes = figure.add_subplot()
    right = np.eye(size, dtype=bool)
    for where, colors, top in ((right, "Blues", counts[right].max()), (~right, "Reds", None)):
        shown = np.ma.masked_where(~where | (counts == 0), counts)
        largest = int(shown.max()) if shown.count() else 1
        # Light enough for dark figures in every cell; a single mistake is to be seen too.
        axes.imshow(shown, cmap=colors, vmin=-0.3 * largest, vmax=1.8 * (top or max(largest, 3)))
    for i, j in np.argwhere(counts) if size <= 30 else ():
        weight = "normal" if i == j else "bold"
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=11, weight=weight)
    axes.set_xticks(range(size))
    axes.set_yticks(range(size))
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#e5e5e5", linewidth=0.8)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    n = len(result.labels)
    axes.set_title(f"{n - int(counts[~right].sum())} of {n} held-out samples are right")
    _save(figure, path)
    return True


def _draw_images(result: Result, path: Path) -> None:
    columns, first_rows, most_mistakes = 10, 3, 20
    first = list(range(min(columns * first_rows, len(result.labels))))
    all_wrong = np.flatnonzero(result.predictions != result.labels).tolist()
    wrong = all_wrong[:most_mistakes]
    these = f"All {len(wrong)}" if len(wrong) == len(all_wrong) else f"The first {len(wrong)}"
    parts = {
        "The first held-out samples, as the model reads them": first,
        f"{these} mistakes among {len(result.labels)} held-out samples": wrong,
    }
    parts = {title: places for title, places in parts.items() if places}
    heights = [-(-len(places) // columns) + 0.3 for places in parts.values()]
    figure = _figure(10, 1.22 * sum(heights))
    grid = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)
    for axes, (title, places) in zip(grid.flat, parts.items(), strict=True):
        axes.set_title(title)
        _draw_mosaic(axes, result, places, columns)
    _save(figure, path)


def _draw_mosaic(axes: Any, result: Result, places: list[int], columns: int) -> None:
    """All samples in one plot, which is several times faster than a plot for each."""
    height, width = result.image(0).shape  # type: ignore[union-attr]
    above, beside = 0.35 * height, 0.2 * width
    axes.set_axis_off()
    axes.set_xlim(-beside / 2, columns * (width + beside) - beside / 2)
    axes.set_ylim(-(-len(places) // columns) * (height + above), 0)
    for n, i in enumerate(places):
        row, column = divmod(n, columns)
        x, y = column * (width + beside), row * (height + above) + above
        axes.imshow(
            result.image(i), cmap="gray_r", vmin=0, vmax=1, extent=(x, x + width, y + height, y)
        )
        truth, said = int(result.labels[i]), int(result.predictions[i])
        text, color = (f"{said}", QUIET) if truth == said else (f"{said}, but is {truth}", WRONG)
        axes.text(x + width / 2, y - 0.07 * height, text, color=color, ha="center", va="bottom")


def _draw_plane(result: Result, path: Path) -> None:
    x = np.asarray(result.data.test.data, dtype=np.float32)
    classes = result.data.facts["classes"]
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.1 * (high - low)
    sides = [np.linspace(a, b, 200) for a, b in zip(low - margin, high + margin, strict=True)]
    plane = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2).astype(np.float32)
    figure = _figure(6.5, 6)
    axes = figure.add_subplot()
    colors = _colors(classes)
    regions = _classes(result, plane).reshape(200, 200)
    extent = (sides[0][0], sides[0][-1], sides[1][0], sides[1][-1])
    axes.imshow(colors[regions], extent=extent, origin="lower", alpha=0.25)
    for c in range(classes):
        here = result.labels == c
        axes.scatter(*x[here].T, color=colors[c : c + 1], s=14, label=f"class {c}")
    wrong = result.predictions != result.labels
    if wrong.any():
        label = f"mistakes ({int(wrong.sum())})"
        axes.scatter(*x[wrong].T, s=70, facecolors="none", edgecolors="black", label=label)
    axes.set_title("Held-out points, and the class that the model gives to each place")
    axes.set_xlabel("x[0]")
    axes.set_ylabel("x[1]")
    axes.set_aspect("equal")
    figure.legend(loc="outside lower center", ncols=min(classes + 1, 6))
    _save(figure, path)


def _classes(result: Result, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    backend = get_backend(result.recipe.backend)
    transform = result.data.test.transform
    with using_backend(backend.name), no_grad(), test_mode():
        ready = backend.from_numpy(x if transform is None else transform.batch(x))
        first = next(result.model.params(), None)
        if first is not None and result.recipe.device is not None:
            ready = backend.to_device(ready, first.device)
        y = backend.to_numpy(result.model(ready).data)
    return y.argmax(axis=1)


def _colors(classes: int) -> np.ndarray[Any, Any]:
    from matplotlib import colormaps

    name, size = ("tab10", 10) if classes <= 10 else ("tab20", 20)
    return np.asarray(colormaps[name](np.arange(classes) % size))


def _rows(places: Sequence[int], columns: int) -> int:
    return -(-len(places) // columns)


def _figure(width: float, height: float) -> Any:
    # Not pyplot: it keeps figures alive, and asks for a display.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def _save(figure: Any, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with whole_file(path) as file:
        figure.savefig(file, format="png")
