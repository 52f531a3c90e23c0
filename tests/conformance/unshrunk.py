"""Plugin of pytest for the suite: what fails is reported as found, not made smaller first.

Hypothesis takes a hundred times as long to make a failing example small as to find it, and here
only whether a test passes is wanted.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Take the phase out of the profile that the suite has loaded."""
    settings.register_profile("unshrunk", settings(), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("unshrunk")
