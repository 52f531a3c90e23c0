"""`arraygrad onnx`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write the model of a run as ONNX.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The file to write; model.onnx in the folder RUN if it is not given.",
)  # fmt: skip
@click.option(
    "--batch", type=click.IntRange(min=1), metavar="N",
    help="Always N samples at a time; any number if it is not given.",
)  # fmt: skip
@click.option("--opset", type=click.IntRange(min=7), metavar="V", help="The version of operators.")
def onnx(run: Path, output: Path | None, batch: int | None, opset: int | None) -> None:
    """Write the model in the folder RUN of `arraygrad train` as an ONNX file.

    The results are compared with those of the model on held-out samples, if onnxruntime is
    installed. Inputs are as the model reads them: minus the mean and over the deviation of the
    training data, which the file holds as metadata.
    """
    import numpy as np

    from arraygrad.training import load
    from arraygrad_onnx.exporting import export

    result = load(run, "numpy")
    path = run / "model.onnx" if output is None else output
    size = min(batch or 8, len(result.data.test))
    x = np.stack([np.asarray(result.data.test[i][0]) for i in range(size)])
    if batch is not None:
        x = np.resize(x, (batch, *x.shape[1:]))
    facts = result.data.facts
    done = export(
        result.model,
        x,
        path=path,
        dynamic_batch=batch is None,
        opset=opset,
        metadata={
            "dataset": result.recipe.dataset,
            "model": result.recipe.model,
            "classes": facts["classes"],
            "mean": facts["mean"],
            "std": facts["std"],
        },
    )
    operators = ", ".join(f"{count} {name}" for name, count in done.nodes.items())
    click.echo(str(done))
    click.echo(f"operators: {operators}")
    click.echo(f"inputs: minus {facts['mean']:.6g}, over {facts['std']:.6g}, as in training")
