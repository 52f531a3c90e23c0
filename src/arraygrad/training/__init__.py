"""Training runs in a folder of their own: reproducible, interruptible, resumable.

A `Recipe` says what to train on what and how, a `Folder` holds what a run leaves behind, and
`train` goes from one to the other. `arraygrad train` is this with a command line in front.

>>> import tempfile
>>> from arraygrad.training import make_recipe, train
>>> with tempfile.TemporaryDirectory() as path:
...     log = train(make_recipe(dataset="spiral", epochs=2), path)
>>> [line["epoch"] for line in log]
[1, 2]
"""

from arraygrad.training.data import Data, prepare
from arraygrad.training.folder import Folder
from arraygrad.training.loop import Progress, train
from arraygrad.training.recipe import Recipe, make_recipe
from arraygrad.training.result import Result, load

__all__ = [
    "Data",
    "Folder",
    "Progress",
    "Recipe",
    "Result",
    "load",
    "make_recipe",
    "prepare",
    "train",
]
