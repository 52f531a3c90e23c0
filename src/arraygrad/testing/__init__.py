"""The conformance kit: proves ops, layers and all else right, on every array library.

Each function checks one kind of thing and returns a Report, which counts what ran and tells what
failed: `check_op`, `check_kernel`, `check_backend`, `check_layer`, `check_model`,
`check_optimizer`, `check_dataset`, and `check_plugin` for all that a distribution registers. Each
is a set of named checks, listed by `check_op.checks` and so on, of which `only` and `skip` select.

`python -m arraygrad.testing [PLACE ...]` checks every op of the core and counts the checks; a
place is an array library, a device of it, or NumPy with read-only arrays. In tests, load
`arraygrad.testing.pytest_plugin` for fixtures and options.
"""

from arraygrad.op import arr, case
from arraygrad.testing.backends import check_backend
from arraygrad.testing.core import main
from arraygrad.testing.datasets import check_dataset
from arraygrad.testing.kernels import check_kernel
from arraygrad.testing.layers import check_layer
from arraygrad.testing.models import check_model
from arraygrad.testing.ops import check_op
from arraygrad.testing.optimizers import check_optimizer
from arraygrad.testing.places import DTYPES, PLACES, Place, installed_places
from arraygrad.testing.plugins import check_plugin
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.testing.samples import Sample
from arraygrad.testing.transfers import transfers

__all__ = [
    "DTYPES", "PLACES", "Place", "Report", "Sample", "SkipCheck", "arr", "case", "check_backend",
    "check_dataset", "check_kernel", "check_layer", "check_model", "check_op", "check_optimizer",
    "check_plugin", "installed_places", "main", "transfers",
]  # fmt: skip
