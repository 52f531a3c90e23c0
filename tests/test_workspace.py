"""Memory that is used again, and never while somebody looks at it."""

import sys
import threading

import numpy as np
import pytest

from arraygrad import workspace

FLOAT32 = np.dtype("float32")
LARGE = (256, 256)

pytestmark = pytest.mark.skipif(not workspace.COUNTS, reason="this Python does not count exactly")


def address(x):
    return x.__array_interface__["data"][0]


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    monkeypatch.setattr(workspace, "_own", workspace._Blocks())


def test_memory_is_used_again_once_the_array_is_gone():
    x = workspace.empty(LARGE, FLOAT32)
    place = address(x)
    del x
    assert address(workspace.empty(LARGE, FLOAT32)) == place


def test_living_arrays_have_memory_of_their_own():
    xs = [workspace.empty(LARGE, FLOAT32) for _ in range(5)]
    for i, x in enumerate(xs):
        x[...] = i
    assert [float(x.max()) for x in xs] == [0, 1, 2, 3, 4]
    assert [float(x.min()) for x in xs] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x[3:],
        lambda x: x.T,
        lambda x: x.reshape(-1)[::2],
        lambda x: memoryview(x),
        lambda x: np.broadcast_to(x[0], (7, 256)),
        lambda x: x.view("int32"),
        lambda x: np.from_dlpack(x),
    ],
)
def test_a_view_keeps_the_memory(look):
    x = workspace.empty(LARGE, FLOAT32)
    place = address(x)
    view = look(x)
    del x
    y = workspace.empty(LARGE, FLOAT32)
    assert address(y) != place
    del view, y
    places = [address(x) for x in [workspace.empty(LARGE, FLOAT32) for _ in range(2)]]
    assert place in places


def test_small_arrays_come_from_numpy():
    x = workspace.empty((10, 10), FLOAT32)
    assert x.base is None
    assert workspace.held() == 0


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_empty_like_has_the_order_in_memory(axes):
    x = np.ones((40, 50, 60), np.float32).transpose(axes)
    for like in (x, x[::2], np.broadcast_to(x[:1], x.shape)):
        y = workspace.empty_like(like)
        assert (y.shape, y.dtype) == (like.shape, like.dtype)
        assert y.strides == np.empty_like(like).strides
    assert workspace.empty_like(x[:2, :2]).base is None


def test_sizes_that_are_nearly_equal_share_a_block():
    place = address(workspace.empty((110, 1000), FLOAT32))
    assert address(workspace.empty((100, 1000), FLOAT32)) == place
    assert workspace.empty((100, 1000), FLOAT32).shape == (100, 1000)


def test_free_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(workspace, "LIMIT", 1 << 20)
    for n in range(200, 400):
        workspace.empty((n, n), FLOAT32)
    assert workspace.held() <= 1 << 20
    kept = workspace.empty((400, 400), FLOAT32)
    kept[...] = 1
    workspace.empty((1000, 1000), FLOAT32)
    assert kept.min() == 1  # what is in use is not given back


def test_clear_gives_back_what_is_free():
    kept = workspace.empty(LARGE, FLOAT32)
    workspace.empty((512, 512), FLOAT32)
    workspace.clear()
    assert workspace.held() == kept.nbytes


def test_threads_have_blocks_of_their_own():
    place = address(workspace.empty(LARGE, FLOAT32))
    x = None

    def run():
        nonlocal x
        x = workspace.empty(LARGE, FLOAT32)
        x[...] = 1

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert address(x) != place
    assert x.min() == 1  # and it outlives its thread


def empty_interrupted_at(instruction):
    """An array, and one made by a handler that ran after so many instructions of `empty`."""
    left, theirs = instruction, []

    def interrupt(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename == workspace.__file__:
            frame.f_trace_opcodes = True
            left -= event == "opcode"
            if left < 0 and not theirs:
                theirs.append(workspace.empty(LARGE, FLOAT32))
        return interrupt

    tracing = sys.gettrace()
    sys.settrace(interrupt)
    try:
        mine = workspace.empty(LARGE, FLOAT32)
    finally:
        sys.settrace(tracing)
        interrupt = None  # it refers to itself, and so to theirs
    return mine, theirs


@pytest.mark.parametrize("blocks", [0, 2])
def test_a_signal_handler_that_computes_gets_memory_of_its_own(blocks):
    empty_interrupted_at(0)  # Python 3.12 counts instructions from the second time on
    for instruction in range(1000):
        workspace.clear()
        free = [workspace.empty(LARGE, FLOAT32) for _ in range(blocks)]
        del free
        mine, theirs = empty_interrupted_at(instruction)
        if not theirs:
            break
        assert address(mine) != address(theirs[0])
        del mine, theirs
    assert 30 < instruction < 999


def test_clearing_keeps_track_of_what_is_in_use():
    kept = [workspace.empty(LARGE, FLOAT32) for _ in range(4)]
    places = {address(x) for x in kept}
    size = workspace.held()
    workspace.clear()
    assert workspace.held() == size
    del kept
    assert address(workspace.empty(LARGE, FLOAT32)) in places
    assert workspace.held() == size


def test_a_backward_pass_with_workspace_gradients_gives_leaves_of_their_own():
    from arraygrad import Variable

    x = Variable(workspace.empty(LARGE, FLOAT32))
    x.data[...] = 1
    y = Variable(np.ones(LARGE, np.float32))
    (x + y).backward()
    assert x.grad.data is not y.grad.data
    x.grad.data[...] = 5
    assert y.grad.data.max() == 1
