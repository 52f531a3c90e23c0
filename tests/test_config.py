"""The two switches: blocks, decorators, exceptions, threads and async tasks."""

import asyncio
import threading

import numpy as np
import pytest

import arraygrad as ag
from arraygrad import Config, Variable, no_grad, using_config
from arraygrad.errors import ArraygradError, ConfigError


@pytest.fixture(autouse=True)
def _switches_end_as_they_began():
    yield
    assert Config.enable_backprop
    assert Config.train
    assert records()


def records() -> bool:
    """Whether an op is recorded here and now."""
    return (Variable(np.array(1.0)) * 2.0).creator is not None


def test_switches_at_first():
    values = "enable_backprop=True, strong_zeros=True, train=True, warn_lost_gradients=False"
    assert repr(Config) == f"Config({values})"
    assert dir(Config) == ["enable_backprop", "strong_zeros", "train", "warn_lost_gradients"]


def test_no_grad_records_nothing():
    x = Variable(np.array(2.0))
    with no_grad():
        y = x * 3.0
        assert not Config.enable_backprop
    assert y.creator is None
    assert not y.requires_grad
    assert (x * 3.0).creator is not None


def test_a_variable_made_inside_no_grad_is_tracked_after_it():
    with no_grad():
        x = Variable(np.array(2.0))
    (x * x).backward()
    assert x.grad.item() == 4.0


def test_a_block_inside_of_no_grad_records_again():
    with no_grad():
        with using_config("enable_backprop", True):
            assert records()
        assert not records()


def test_nested_no_grad():
    with no_grad():
        with no_grad():
            assert not records()
        assert not records()
    assert records()


@pytest.mark.parametrize("switch", ["enable_backprop", "strong_zeros", "train"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_restores_the_switch(switch, error):
    def fails():
        with using_config(switch, False):
            assert not getattr(Config, switch)
            raise error("stop")

    with pytest.raises(error):
        fails()
    assert getattr(Config, switch)
    assert records()


def test_test_mode():
    with ag.test_mode():
        assert not Config.train
        assert records()
    assert Config.train


def test_a_block_may_be_entered_again_also_inside_itself():
    block = no_grad()
    for _ in range(2):
        with block:
            with block:
                assert not records()
            assert not records()
        assert records()


def test_decorator_on_a_recursive_function():
    @no_grad()
    def depth(n):
        assert not records()
        return 0 if n == 0 else 1 + depth(n - 1)

    assert depth(3) == 3
    assert records()


def test_decorator_restores_after_an_exception():
    @no_grad()
    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert records()


def test_decorator_in_two_threads_at_once():
    one_in, other_in, one_left, results = *(threading.Event() for _ in range(3)), []

    @no_grad()
    def f(entered, may_leave):
        entered.set()
        assert may_leave.wait(120)
        results.append(records())

    def one():  # the first to enter is the first to leave
        f(one_in, other_in)
        results.append(records())
        one_left.set()

    def other():
        assert one_in.wait(120)
        f(other_in, one_left)

    in_threads(one, other)
    assert results == [False, True, False]


def test_unknown_switch():
    with pytest.raises(AttributeError, match="enable_backprop, strong_zeros, train"):
        Config.backprop  # noqa: B018
    with pytest.raises(ConfigError, match="'backprop'"):
        Config.backprop = False
    with pytest.raises(ConfigError, match="'backprop'") as caught:
        using_config("backprop", False)
    assert isinstance(caught.value, ArraygradError)
    assert isinstance(caught.value, ValueError)


def test_assigning_changes_the_whole_process():
    seen = []
    Config.enable_backprop = False
    try:
        Config.enable_backprop = False  # twice is once
        assert not records()
        in_threads(lambda: seen.append(records()))
        with using_config("enable_backprop", True):
            assert records()
        assert not records()
    finally:
        Config.enable_backprop = True
    assert seen == [False]
    assert records()


def test_assigning_train():
    Config.train = False
    try:
        assert not Config.train
        with using_config("train", True):
            assert Config.train
    finally:
        Config.train = True


def in_threads(*functions):
    """Run the functions at the same time; what one raises is raised here."""
    errors = []

    def guarded(f):
        try:
            f()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


def test_no_grad_in_one_thread_leaves_the_other_alone():
    inside, done = threading.Event(), threading.Event()
    seen = {}

    def quiet():
        with no_grad():
            inside.set()
            assert done.wait(120)
            seen["quiet"] = records()
        seen["quiet after"] = records()

    def loud():
        assert inside.wait(120)
        seen["loud"] = records()
        seen["switch"] = Config.enable_backprop
        done.set()

    in_threads(quiet, loud)
    assert seen == {"loud": True, "switch": True, "quiet": False, "quiet after": True}


def test_interleaved_blocks_of_two_threads():
    # In the original, the second to leave restored what the first had set: off for good.
    step, seen = threading.Barrier(2, timeout=120), []

    def first():
        with no_grad():
            step.wait()  # both are inside
            step.wait()
        step.wait()  # the first has left, the second has not
        seen.append(("first", records()))
        step.wait()

    def second():
        with no_grad():
            step.wait()
            step.wait()
            step.wait()
            seen.append(("second", records()))
            step.wait()

    in_threads(first, second)
    assert sorted(seen) == [("first", True), ("second", False)]
    assert records()


def test_backward_in_threads_with_graphs_of_their_own():
    start, grads = threading.Barrier(4, timeout=120), {}

    def work(k):
        x = Variable(np.full(3, float(k)))
        start.wait()
        for _ in range(50):
            x.cleargrad()
            (x**2).sum().backward()
        grads[k] = x.grad.data

    in_threads(*[lambda k=k: work(k) for k in range(4)])
    for k in range(4):
        np.testing.assert_array_equal(grads[k], np.full(3, 2.0 * k))


def test_async_tasks_have_switches_of_their_own():
    async def main():
        inside, done = asyncio.Event(), asyncio.Event()

        async def quiet():
            with no_grad(), ag.test_mode():
                inside.set()
                await done.wait()
                return records(), Config.train

        async def loud():
            await inside.wait()
            seen = records(), Config.train
            done.set()
            return seen

        return await asyncio.gather(quiet(), loud())

    assert asyncio.run(main()) == [(False, False), (True, True)]


def test_a_task_that_outlives_its_block_is_of_one_mind():
    """It carries a copy of the block's context; blocks of others must not change what it does."""

    async def main():
        left = asyncio.Event()

        async def task():
            await left.wait()
            alone = records(), Config.enable_backprop
            entered, done = threading.Event(), threading.Event()

            def other():
                with no_grad():
                    entered.set()
                    assert done.wait(120)

            thread = threading.Thread(target=other)
            thread.start()
            assert entered.wait(120)
            beside = records(), Config.enable_backprop
            done.set()
            thread.join(20)
            return {*alone, *beside}

        with no_grad():
            started = asyncio.ensure_future(task())
            await asyncio.sleep(0)  # let it begin
        left.set()
        return await started

    assert len(asyncio.run(main())) == 1


def test_a_failing_task_restores_nothing_of_others():
    async def main():
        async def fails():
            with no_grad():
                raise ValueError("stop")

        results = await asyncio.gather(fails(), return_exceptions=True)
        return [type(r) for r in results], records()

    assert asyncio.run(main()) == ([ValueError], True)
