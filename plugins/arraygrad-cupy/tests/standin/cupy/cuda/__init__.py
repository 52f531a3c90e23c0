"""Two devices that are none, and what CuPy says of driver and toolkit."""

from __future__ import annotations

from types import SimpleNamespace

_current = [0]


class Device:
    """A device; as a block, the current one."""

    def __init__(self, device=None):
        self.id = _current[-1] if device is None else int(device)

    def __int__(self):
        return self.id

    def __enter__(self):
        _current.append(self.id)
        return self

    def __exit__(self, *error):
        _current.pop()

    def __eq__(self, other):
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self):
        return hash(self.id)

    def __repr__(self):
        return f"<CUDA Device {self.id}>"


runtime = SimpleNamespace(
    getDeviceCount=lambda: 2, runtimeGetVersion=lambda: 12090, driverGetVersion=lambda: 12090
)
nvrtc = SimpleNamespace(getVersion=lambda: (12, 9))
