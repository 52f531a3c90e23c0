"""Function: the book's classes, with several inputs and outputs, and the mistakes they can hold."""

import gc
import weakref

import numpy as np
import pytest

import arraygrad as ag
from arraygrad import Function, Variable, no_grad
from arraygrad.errors import ArraygradError, DtypeError, GradientError, GradientShapeError


def var(value, dtype=np.float64, **kwargs):
    return Variable(np.array(value, dtype), **kwargs)


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        (x,) = self.inputs
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return gy * self.outputs[0]()


class Mul(Function):
    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs
        return gy * x1, gy * x0


class SinCos(Function):
    def forward(self, x):
        return np.sin(x), np.cos(x)

    def backward(self, gs, gc):
        s, c = [y() for y in self.outputs]
        return gs * c - gc * s


class Scale(Function):
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def backward(self, gy):
        return gy * self.factor


class Gives(Function):
    """x0 * x1, with a gradient that the test chooses."""

    def __init__(self, gxs):
        self.gxs = gxs

    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        return self.gxs


def test_one_input():
    x = var(3.0)
    y = Square()(x)
    assert isinstance(y, Variable)
    assert isinstance(y.creator, Square)
    y.backward()
    assert (y.item(), x.grad.item()) == (9.0, 6.0)


def test_two_inputs():
    x, y = var([1.0, 2.0]), var([3.0, 4.0])
    Mul()(x, y).sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    np.testing.assert_array_equal(y.grad.data, x.data)


def test_several_outputs_are_a_list():
    x = var(0.5)
    ys = SinCos()(x)
    assert type(ys) is list
    s, c = ys
    (s * 2.0 + c * 3.0).backward()
    assert x.grad.item() == pytest.approx(2 * np.cos(0.5) - 3 * np.sin(0.5), rel=1e-15)


@pytest.mark.parametrize(("i", "slope"), [(0, np.cos(0.5)), (1, -np.sin(0.5))])
def test_an_unused_output_has_gradient_zero(i, slope):
    # In the original: an AttributeError if it was dropped, None in backward if not.
    x = var(0.5)
    y = SinCos()(x)[i]
    y.backward()
    assert x.grad.item() == pytest.approx(slope, rel=1e-15)


def test_each_output_may_be_a_start():
    x = var(0.5)
    s, c = SinCos()(x)
    s.backward()
    c.backward()
    assert x.grad.item() == pytest.approx(np.cos(0.5) - np.sin(0.5), rel=1e-15)


def test_second_order_through_several_outputs():
    x = var(0.5)
    s, c = SinCos()(x)
    (s * c).backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    assert gx.item() == pytest.approx(np.cos(1.0), rel=1e-14)
    assert x.grad.item() == pytest.approx(-2 * np.sin(1.0), rel=1e-14)


@pytest.mark.parametrize("create_graph", [False, True])
def test_retained_gradients_through_several_outputs(create_graph):
    x = var(0.5)
    s, c = SinCos()(x)
    y = s * c
    y.backward(retain_grad=True, create_graph=create_graph)
    assert s.grad.item() == pytest.approx(np.cos(0.5), rel=1e-15)
    assert c.grad.item() == pytest.approx(np.sin(0.5), rel=1e-15)
    assert x.grad.item() == pytest.approx(np.cos(1.0), rel=1e-14)


def test_the_creator_of_one_of_several_outputs():
    x = var(0.5)
    s, c = SinCos()(x)
    assert isinstance(s.creator, SinCos)
    assert s.creator is c.creator
    assert s.creator.inputs[0].item() == 0.5
    assert [y().item() for y in s.creator.outputs] == [s.item(), c.item()]


def test_cutting_at_several_outputs():
    x = var(0.5)
    middle = x * 2.0
    s, c = SinCos()(middle)
    s.unchain_backward()  # keeps SinCos itself, as with one output
    (s + c).backward()
    assert x.grad is None
    assert middle.grad.item() == pytest.approx(np.cos(1.0) - np.sin(1.0), rel=1e-14)
    x, y = var(0.5), var(2.0)
    s, c = SinCos()(x)
    s.unchain()
    (s * c * y).backward()
    assert s.grad.item() == pytest.approx(2 * np.cos(0.5), rel=1e-14)
    assert x.grad.item() == pytest.approx(-2 * np.sin(0.5) ** 2, rel=1e-14)


def test_an_instance_called_twice_makes_two_nodes():
    # The original kept one node, and lost the first gradient in silence.
    f = Square()
    x, y = var(2.0), var(3.0)
    a, b = f(x), f(y)
    assert a.creator is not b.creator
    (a + b).backward()
    assert (x.grad.item(), y.grad.item()) == (4.0, 6.0)
    x.cleargrad()
    f(f(x)).backward()
    assert x.grad.item() == 32.0


def test_parameters_of_an_instance():
    x = var(2.0)
    f = Scale(3.0)
    y = f(x)
    f.factor = 100.0  # the application keeps what it was called with
    y.backward()
    assert (y.item(), x.grad.item()) == (6.0, 3.0)


def test_what_forward_leaves_on_self_is_there_in_backward():
    class Relu(Function):
        def forward(self, x):
            self.mask = x > 0
            return x * self.mask

        def backward(self, gy):
            return gy * self.mask

    x, y = var([-1.0, 2.0]), var([3.0, -4.0])
    f = Relu()
    (f(x) + f(y)).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 1.0])
    np.testing.assert_array_equal(y.grad.data, [1.0, 0.0])


def test_higher_orders_through_the_same_text():
    x = var(2.0)
    y = Exp()(Square()(x))
    orders = []
    for _ in range(3):
        y.backward(create_graph=True)
        y = x.grad
        x.cleargrad()
        orders.append(y.item())
    e = np.exp(4.0)
    np.testing.assert_allclose(orders, [4 * e, 18 * e, 88 * e], rtol=1e-14)


def test_with_ops_and_the_functional_front_door():
    f = lambda x: (Square()(x) * ag.functions.sin(x)).sum()
    x = np.array([0.5, 1.5])
    np.testing.assert_allclose(ag.grad(f)(x), 2 * x * np.sin(x) + x**2 * np.cos(x), rtol=1e-14)


def test_a_none_gradient():
    x, y = var(2.0), var(3.0)
    Gives((Variable(np.array(5.0), requires_grad=False), None))(x, y).backward()
    assert x.grad.item() == 5.0
    assert y.grad is None


def test_constants_and_plain_arrays_as_inputs():
    x = var([1.0, 2.0])
    y = Mul()(x, np.array([3.0, 4.0]))
    assert [v.requires_grad for v in y.creator.inputs] == [True, False]
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [3.0, 4.0])
    assert Mul()(np.ones(2), x.detach()).creator is None
    assert Square()(3.0).item() == 9.0


def test_inside_no_grad_nothing_is_kept():
    gc.collect()
    x = var([1.0, 2.0])
    with no_grad():
        y = Square()(x)
    assert (y.creator, y.requires_grad) == (None, False)


def test_forward_gets_arrays_and_backward_variables():
    seen = []

    class Look(Function):
        def forward(self, x):
            seen.append(type(x))
            return x * 1.0

        def backward(self, gy):
            seen.append(type(gy))
            seen.append(ag.Config.enable_backprop)
            return gy

    x = var(1.0)
    y = Look()(x)
    y.backward()
    y.backward(create_graph=True)
    assert seen == [np.ndarray, Variable, False, Variable, True]
    assert ag.Config.enable_backprop


def test_an_exception_in_backward_restores_recording():
    class Fails(Function):
        def forward(self, x):
            return x * 1.0

        def backward(self, gy):
            raise ZeroDivisionError

    x = var(1.0)
    with pytest.raises(ZeroDivisionError):
        Fails()(x).backward()
    assert (x * 2.0).creator is not None


def test_inputs_are_the_living_places_in_the_graph():
    x = var(2.0)
    y = Square()(x)
    z = Square()(y)
    (back,) = z.creator.inputs
    assert back.creator is y.creator
    z.backward(retain_grad=True)
    assert back.grad.item() == y.grad.item() == 8.0
    assert y.creator.inputs[0].grad is x.grad


def test_outputs_of_an_application():
    y = Square()(var(3.0))
    (output,) = y.creator.outputs
    assert output().item() == 9.0
    assert output().creator is y.creator


def test_results_that_are_numbers_or_numpy_scalars():
    class Norm(Function):
        def forward(self, x):
            return float(np.sqrt((x * x).sum()))

        def backward(self, gy):
            (x,) = self.inputs
            return gy * x / self.outputs[0]()

    x = var([3.0, 4.0])
    y = Norm()(x)
    assert (y.shape, y.item()) == ((), 5.0)
    y.backward()
    np.testing.assert_allclose(x.grad.data, [0.6, 0.8])


def test_the_inputs_die_with_the_graph():
    gc.collect()
    gc.disable()
    try:
        x = var([1.0, 2.0])
        y = Square()(x * 2.0)
        node, data = weakref.ref(y.creator), weakref.ref(y.creator.inputs[0].data)
        y.sum().backward()
        del y
        assert (node(), data()) == (None, None)
    finally:
        gc.enable()


# -- mistakes


def both(x0, x1):
    return [None if x.grad is None else x.grad.data for x in (x0, x1)]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_gradients(count, create_graph):
    x0, x1 = var([1.0, 2.0]), var([3.0, 4.0])
    y = Gives((var([1.0, 1.0]),) * count)(x0, x1)
    with pytest.raises(
        GradientShapeError, match=rf"Gives\.backward: got {count} gradients, expected 2"
    ) as caught:
        y.backward(create_graph=create_graph)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, GradientError)
    assert both(x0, x1) == [None, None]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (1,), (2, 1), (2, 2), (0,)])
def test_a_gradient_of_the_wrong_shape(shape, create_graph):
    x0, x1 = var([1.0, 2.0]), var([3.0, 4.0])
    y = Gives((var([1.0, 1.0]), Variable(np.ones(shape))))(x0, x1)
    with pytest.raises(GradientShapeError) as caught:
        y.backward(create_graph=create_graph)
    message = str(caught.value)
    assert message.startswith("Gives.backward: ")
    assert "input 1" in message
    assert str(shape) in message
    assert "(2,)" in message
    assert both(x0, x1) == [None, None]


def test_a_number_for_an_array_of_gradients():
    x0, x1 = var([1.0, 2.0]), var([3.0, 4.0])
    with pytest.raises(GradientShapeError, match=r"Gives.*1\.0.*\(2,\)"):
        Gives((1.0, None))(x0, x1).backward()
    assert both(x0, x1) == [None, None]


def test_a_gradient_that_is_no_array():
    x0, x1 = var([1.0, 2.0]), var([3.0, 4.0])
    with pytest.raises(DtypeError, match=r"Gives.*str"):
        Gives(("text", None))(x0, x1).backward()
    assert both(x0, x1) == [None, None]


def test_arrays_as_gradients_are_fine():
    x0, x1 = var([1.0, 2.0]), var([3.0, 4.0])
    Gives((np.ones(2), np.full(2, 2.0)))(x0, x1).backward()
    np.testing.assert_array_equal(both(x0, x1), [[1.0, 1.0], [2.0, 2.0]])


def test_methods_that_are_missing():
    class Nothing(Function):
        pass

    class Forward(Function):
        def forward(self, x):
            return x

    x = var(1.0)
    with pytest.raises(NotImplementedError, match=r"Nothing.*forward"):
        Nothing()(x)
    with pytest.raises(NotImplementedError, match=r"Forward.*backward"):
        Forward()(x).backward()
    assert x.grad is None


def test_inputs_that_are_no_arrays():
    for x in ("text", object()):
        with pytest.raises(ArraygradError):
            Square()(x)


def test_a_variable_without_data():
    with pytest.raises(ArraygradError, match="no data yet"):
        Square()(Variable(None))


def test_a_result_that_is_no_array():
    class Text(Function):
        def forward(self, x):
            return "text"

    with pytest.raises(DtypeError, match=r"Text.*str"):
        Text()(var(1.0))


def test_a_function_that_returns_its_input_does_not_share_gradients():
    class Both(Function):
        def forward(self, x0, x1):
            return x0 + x1

        def backward(self, gy):
            return gy, gy

    x0, x1 = var([1.0, 2.0]), var([3.0, 4.0])
    Both()(x0, x1).backward()
    x0.grad.data += 5.0
    np.testing.assert_array_equal(both(x0, x1), [[6.0, 6.0], [1.0, 1.0]])


# -- several outputs, as section 4 of the book's flaws has them


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_the_zero_gradient_of_an_unused_output_is_zero_whatever_it_holds(bad, create_graph):
    class AndBad(Function):
        def forward(self, x):
            return x * 2.0, np.full(x.shape, bad)

        def backward(self, g0, g1):
            return g0 * 2.0 + g1

    x = var([1.0, 2.0])
    y, _ = AndBad()(x)
    y.sum().backward(create_graph=create_graph)
    np.testing.assert_array_equal(x.grad.data, [2.0, 2.0])


def test_an_unused_output_of_whole_numbers():
    class Sorted(Function):
        def forward(self, x):
            self.order = np.argsort(x)
            return x[self.order], self.order

        def backward(self, gy, g_order):
            assert g_order.dtype.kind == "i"
            gx = np.empty_like(gy.data)
            gx[self.order] = gy.data
            return gx

    x = var([3.0, 1.0, 2.0])
    y, order = Sorted()(x)
    (y * np.array([1.0, 2.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(order.data, [1, 2, 0])
    np.testing.assert_array_equal(x.grad.data, [3.0, 1.0, 2.0])


def test_dropped_outputs_are_there_again_in_backward():
    x = var(0.5)
    y = SinCos()(x)[1] * 3.0
    gc.collect()
    y.backward(create_graph=True)
    gx = x.grad
    assert gx.item() == pytest.approx(-3 * np.sin(0.5), rel=1e-15)
    x.cleargrad()
    gx.backward()
    assert x.grad.item() == pytest.approx(-3 * np.cos(0.5), rel=1e-15)


def test_one_output_used_twice_and_the_other_not_at_all():
    x = var(0.5)
    s, c = SinCos()(x)
    (s * s).backward()
    assert x.grad.item() == pytest.approx(2 * np.sin(0.5) * np.cos(0.5), rel=1e-15)
    assert c.grad is None


def test_a_tuple_of_one_output_is_one_variable():
    class One(Function):
        def forward(self, x):
            return (x * 2.0,)

        def backward(self, gy):
            return (gy * 2.0,)

    x = var(3.0)
    y = One()(x)
    assert isinstance(y, Variable)
    y.backward()
    assert x.grad.item() == 2.0


def test_a_layer_returns_the_list_of_a_function():
    class Both(ag.Layer):
        def forward(self, x, scale=1.0, mask=None):
            return SinCos()(x * scale)

    layer = Both()
    x = var(0.5)
    s, c = layer(x, scale=2.0, mask=[None])
    assert [y().item() for y in layer.outputs] == [s.item(), c.item()]
    assert layer.inputs[0]() is x
    (s + c).backward()
    assert x.grad.item() == pytest.approx(2 * (np.cos(1.0) - np.sin(1.0)), rel=1e-14)
    assert layer(x, 1.0, None)[0].item() == np.sin(0.5)


@pytest.mark.parametrize("result", [None, (), [], (np.ones(2), None)])
def test_a_forward_that_returns_nothing(result):
    class Forgets(Function):
        def forward(self, x):
            return result

    with pytest.raises(DtypeError, match=r"Forgets\.forward: returned .*expected an array"):
        Forgets()(var(1.0))


# -- the instance after a call


def test_an_instance_has_the_inputs_and_outputs_of_its_last_call():
    f = Square()
    x = var([1.0, 2.0], name="x")
    y = f(x)
    assert (f.inputs[0].name, f.generation) == ("x", y.generation)
    assert f.outputs[0]().creator is y.creator
    np.testing.assert_array_equal(f.outputs[0]().data, y.data)
    z = f(y)
    assert f.outputs[0]().creator is z.creator
    assert [v().item() for v in SinCos()(var(0.5))[0].creator.outputs] == [
        np.sin(0.5), np.cos(0.5),
    ]  # fmt: skip
    several = SinCos()
    s, _ = several(var(0.5))
    assert [v().creator is s.creator for v in several.outputs] == [True, True]


def test_an_instance_without_a_call_or_a_result():
    f = Square()
    for name in ("inputs", "outputs", "generation"):
        with pytest.raises(AttributeError, match="Square: it has no inputs and outputs"):
            getattr(f, name)
    y = f(var(2.0))
    assert f.inputs[0].item() == 2.0
    del y  # the instance keeps nothing alive
    with pytest.raises(AttributeError, match=r"ask y\.creator"):
        f.inputs  # noqa: B018
    with no_grad():
        f(var(2.0))
    with pytest.raises(AttributeError):
        f.outputs  # noqa: B018


def test_a_called_instance_can_be_copied_and_pickled():
    import copy
    import pickle

    f = Scale(3.0)
    x = var(2.0)
    y = f(x)
    for g in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert g(x).item() == 6.0
    for g in (copy.deepcopy(y.creator), pickle.loads(pickle.dumps(y.creator))):
        assert not hasattr(g, "inputs")  # the graph does not travel
        assert g(x).item() == 6.0


# -- set_creator


def test_set_creator_takes_the_place_of_the_result():
    x = var([1.0, 2.0])
    y = Square()(x)
    again = Variable(y.data, name="again")
    assert (again.creator, again.generation) == (None, 0)
    again.set_creator(y.creator)
    assert again.creator is y.creator
    assert (again.generation, again.name) == (y.generation, "again")
    again.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])
    z = ag.functions.exp(x)  # an op's application too
    again = Variable(z.data)
    again.set_creator(z.creator)
    assert again.creator is z.creator
    s, c = SinCos()(x)
    again = Variable(c.data)
    again.set_creator(s.creator)
    x.cleargrad()
    again.sum().backward()
    np.testing.assert_allclose(x.grad.data, -np.sin(x.data))


def test_set_creator_of_something_else():
    class Own:  # as in steps 7 to 9, before there is a graph that could hold it
        def __call__(self, x):
            y = Variable(x.data**2)
            y.set_creator(self)
            return y

    with pytest.raises(GradientError, match=r"Own.*derive the class from arraygrad\.Function"):
        Own()(var(2.0))
    y = var(2.0)
    for func in (Square(), None, Square):
        with pytest.raises(GradientError, match="expected one application of a Function"):
            y.set_creator(func)
    with pytest.raises(ag.errors.ShapeError, match=r"got \(\) float64.*Square, which is \(2,\)"):
        y.set_creator(Square()(var([1.0, 2.0])).creator)
    assert y.creator is None


def test_none_is_an_input_for_nothing():
    class Affine(Function):
        def forward(self, x, b):
            return x * 2 if b is None else x * 2 + b

        def backward(self, gy):
            _, b = self.inputs
            return gy * 2, None if b.data is None else gy

    x, b = Variable(np.array(3.0)), Variable(np.array(1.0))
    y = Affine()(x, None)
    y.backward()
    assert (y.item(), x.grad.item()) == (6.0, 2.0)
    Affine()(x, b).backward()
    assert (x.grad.item(), b.grad.item()) == (4.0, 1.0)


@pytest.mark.parametrize("t", [np.array(5.0), Variable(np.array(5)), 5])
def test_gradients_of_constants_at_the_end_may_be_left_out(t):
    class Distance(Function):
        def forward(self, x, t):
            return x - t

        def backward(self, gy):
            return gy

    x = Variable(np.array(3.0))
    Distance()(x, t).backward()
    assert x.grad.item() == 1.0
    with pytest.raises(GradientShapeError, match="got 1 gradients, expected 2"):
        Distance()(x, Variable(np.array(5.0))).backward()
