"""The rules of the house: import direction, no cycles, public names, a light import."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
PACKAGE = "arraygrad"

# A module may import what stands above it, and a package its own modules; never a neighbour.
LAYERS = (
    ("arrays", "errors", "gather", "workspace"),
    ("config", "settings"),
    ("downloads", "hookspecs", "installed", "registry"),
    ("core_plugin", "loading", "namespaces"),
    ("plugins",),
    ("kernels",),
    ("backend",),
    ("engine", "inplace", "interop", "numpy_backend"),
    ("variable",),
    ("function", "op"),
    ("firstcall",),
    ("dispatch",),
    ("opcode",),
    ("functions",),
    ("numpy_kernels",),
    ("explain", "xp"),
    ("autodiff", "einops", "layers"),
    ("models", "optimizers"),
    ("compiling", "transforms", "weights"),
    ("datasets",),
    ("dataloaders",),
    ("core", "core_simple", "cuda", "draw", "functions_conv", "notebook", "testing"),
    ("utils",),
    ("__init__",),
    # Programs: they use the package as anybody does.
    ("training",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# Importing arraygrad costs little more than importing NumPy. What is needed later is imported
# later, inside the function that needs it.
HEAVY = {
    "PIL",
    "argparse",
    "array_api_compat",
    "array_api_strict",
    "asyncio",
    "click",
    "concurrent",
    "cupy",
    "email",
    "importlib.metadata",
    "jax",
    "json",
    "logging",
    "matplotlib",
    "multiprocessing",
    "pooch",
    "requests",
    "safetensors",
    "scipy",
    "sklearn",
    "tomllib",
    "torch",
    "tqdm",
    "urllib.request",
    "zipfile",
}


def modules() -> dict[str, Path]:
    """Dotted name -> file, for every module of the package."""
    found = {}
    for path in sorted(SRC.joinpath(PACKAGE).rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(name: str) -> set[str]:
    """The modules of the package that `name` imports when it is itself imported."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in at_import(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            names = {f"{base}.{alias.name}" for alias in node.names}
            submodules = names & MODULES.keys()
            found |= submodules
            if names - submodules:
                found.add(base)
    # Importing a.b.c runs a.b too, unless the importer is inside of it and so a.b runs already.
    packages = {other.rpartition(".")[0] for other in found}
    found |= {other for other in packages if not f"{name}.".startswith(f"{other}.")}
    return {other for other in found if other in MODULES and other != name}


def at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run at import: not those in functions or under TYPE_CHECKING."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from at_import(node.orelse)
            continue
        yield node
        for field in ("body", "orelse", "finalbody", "handlers"):
            for child in getattr(node, field, []):
                yield from at_import(
                    child.body if isinstance(child, ast.ExceptHandler) else [child]
                )


def part(name: str) -> str:
    """The module or subpackage directly below the package: the unit of the table of layers."""
    return name.split(".")[1] if "." in name else "__init__"


def test_every_module_has_its_place() -> None:
    assert {part(name) for name in MODULES} <= LEVEL.keys(), "add the new module to LAYERS"


def test_imports_point_one_way() -> None:
    wrong = [
        f"{name} imports {other}"
        for name in MODULES
        for other in sorted(imported(name))
        if part(other) != part(name) and LEVEL.get(part(other), 0) >= LEVEL.get(part(name), 99)
    ]
    assert wrong == []


def test_no_import_cycle() -> None:
    try:
        TopologicalSorter({name: imported(name) for name in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}", pytrace=False)


def test_public_names() -> None:
    import arraygrad

    assert sorted(arraygrad.__all__) == sorted(PUBLIC_MODULES | PUBLIC_NAMES)
    for name in arraygrad.__all__:
        assert inspect.ismodule(getattr(arraygrad, name)) == (name in PUBLIC_MODULES)


PUBLIC_MODULES = {
    "autodiff", "backend", "config", "core", "core_simple", "cuda", "dataloaders", "datasets",
    "draw", "engine", "errors", "function", "functions", "functions_conv", "hookspecs", "kernels",
    "layers",
    "models", "op", "optimizers", "plugins", "registry", "settings", "transforms", "utils",
    "variable", "weights", "xp",
}  # fmt: skip
PUBLIC_NAMES = {
    "ArraygradError", "Backend", "Buffer", "Config", "DataLoader", "Dataset", "Function", "Layer",
    "Model", "Parameter", "SeqDataLoader", "Variable", "as_array", "as_variable", "backend_of",
    "current_backend", "explain", "get_backend", "grad", "hookimpl", "jit", "no_grad",
    "set_backend", "setup_variable", "test_mode", "using_backend", "using_config",
    "using_kernels", "value_and_grad",
    "check_grads", "checkpoint", "custom", "elementwise_grad", "fixed_point", "hessian", "hvp",
    "implicit_root", "jacfwd", "jacobian", "jacrev", "jvp", "linearize", "scipy_objective",
    "stop_gradient", "vjp",
}  # fmt: skip


def fresh(code: str) -> dict:
    """Run code in a fresh interpreter without user site and environment; its output is JSON."""
    script = f"import sys; sys.path.insert(0, {str(SRC)!r})\n{code}"
    env = {**os.environ, "ARRAYGRAD_PLUGINS": "none"}
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_import_stays_light() -> None:
    answer = fresh(
        "import numpy\n"
        "from time import process_time\n"
        "before, start = set(sys.modules), process_time()\n"
        "import arraygrad\n"
        "seconds, new = process_time() - start, sorted(set(sys.modules) - before)\n"
        "import json; print(json.dumps({'new': new, 'seconds': seconds}))"
    )
    heavy = sorted(m for m in answer["new"] if m in HEAVY or m.partition(".")[0] in HEAVY)
    print(f"import arraygrad after numpy: {1e3 * answer['seconds']:.1f} ms")
    print(f"{len(answer['new'])} new modules: {', '.join(answer['new'])}")
    assert heavy == []


def test_no_plotting_or_data_library_for_the_layers() -> None:
    answer = fresh(
        "import arraygrad.functions, arraygrad.layers, arraygrad.models\n"
        "import arraygrad.optimizers, arraygrad.datasets, arraygrad.weights\n"
        "import json; print(json.dumps({'new': sorted(sys.modules)}))"
    )
    third_party = {"PIL", "click", "matplotlib", "pooch", "safetensors", "sklearn", "torch", "tqdm"}
    assert sorted(third_party & set(answer["new"])) == []
