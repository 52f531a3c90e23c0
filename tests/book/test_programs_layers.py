"""Programs that readers of the book wrote down, step 44, word for word."""

from __future__ import annotations

import ast
import re

import pytest


def numbers(text):
    return [float(number) for number in re.findall(r"\((.*?)\)", text)]


def test_step_44_parameters(run):
    program = """
import numpy as np
from dezero import Variable, Parameter

x = Variable(np.array(1.0))
p = Parameter(np.array(2.0))
y = x * p

print(y)
print(isinstance(p, Parameter))
print(isinstance(x, Parameter))
print(isinstance(y, Parameter))
"""
    assert run(program) == "variable(2.0)\nTrue\nFalse\nFalse\n"


OWN_PARAMETER = """
from dezero.core import Variable

class Parameter(Variable):
    pass

import numpy as np

x = Variable(np.array(1.0))
p = Parameter(np.array(2.0))
y = x * p

print(y)
print(isinstance(p, Parameter))
print(isinstance(x, Parameter))
print(isinstance(y, Parameter))
"""


def test_step_44_a_parameter_class_of_ones_own(run):
    assert run(OWN_PARAMETER) == "variable(2.0)\nTrue\nFalse\nFalse\n"


OWN_LAYER = """
import weakref
import numpy as np
import dezero.functions as F
from dezero import Variable, cuda
from dezero.core import Parameter

class Layer:
    def __init__(self):
        self._params = set()

    def __setattr__(self, name, value):
        if isinstance(value, (Parameter, Layer)):
            self._params.add(name)
        super().__setattr__(name, value)

    def __call__(self, *inputs):
        outputs = self.forward(*inputs)
        if not isinstance(outputs, tuple):
            outputs = (outputs,)
        self.inputs = [weakref.ref(x) for x in inputs]
        self.outputs = [weakref.ref(y) for y in outputs]
        return outputs if len(outputs) > 1 else outputs[0]

    def forward(self, inputs):
        raise NotImplementedError()

    def params(self):
        for name in self._params:
            obj = self.__dict__[name]

            if isinstance(obj, Layer):
                yield from obj.params()
            else:
                yield obj

    def cleargrads(self):
        for param in self.params():
            param.cleargrad()

class Linear(Layer):
    def __init__(self, out_size, nobias=False, dtype=np.float32, in_size=None):
        super().__init__()
        self.in_size = in_size
        self.out_size = out_size
        self.dtype = dtype

        self.W = Parameter(None, name='W')
        if self.in_size is not None:
            self._init_W()

        if nobias:
            self.b = None
        else:
            self.b = Parameter(np.zeros(out_size, dtype=dtype), name='b')

    def _init_W(self, xp=np):
        I, O = self.in_size, self.out_size
        W_data = xp.random.randn(I, O).astype(self.dtype) * np.sqrt(1 / I)
        self.W.data = W_data

    def forward(self, x):
        if self.W.data is None:
            self.in_size = x.shape[1]
            xp = cuda.get_array_module(x)
            self._init_W(xp)

        y = F.linear(x, self.W, self.b)
        return y
"""
IN_LAYER = """
layer = Layer()

layer.p1 = Parameter(np.array(1))
layer.p2 = Parameter(np.array(2))
layer.p3 = Variable(np.array(3))
layer.p4 = 'test'

print(layer._params)
print('-----')

for name in layer._params:
    print(name, layer.__dict__[name])
"""


@pytest.mark.parametrize(
    "head",
    [OWN_LAYER, "import numpy as np\nfrom dezero import Layer, Parameter, Variable\n"],
    ids=["own", "ours"],
)
def test_step_44_what_a_layer_finds(run, head):
    names, line, *lines = run(head + IN_LAYER).splitlines()
    assert (ast.literal_eval(names), line) == ({"p1", "p2"}, "-----")
    assert sorted(lines) == ["p1 variable(1)", "p2 variable(2)"]


LOSSES = """\
variable(0.8165178492839196)
variable(0.24990280802148895)
variable(0.24609876581126014)
variable(0.23721590814318072)
variable(0.20793216413350174)
variable(0.12311905720649353)
variable(0.07888166506355153)
variable(0.07655073683421634)
variable(0.07637803086238225)
variable(0.07618764131185568)
"""
TRAINING = """
np.random.seed(0)
x = np.random.rand(100, 1)
y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)

l1 = L.Linear(10)       # 출력 크기 지정
l2 = L.Linear(1)


def predict(x):
    y = l1(x)
    y = F.sigmoid(y)
    y = l2(y)
    return y


lr = 0.2
iters = 10000

for i in range(iters):
    y_pred = predict(x)
    loss = F.mean_squared_error(y, y_pred)

    l1.cleargrads()
    l2.cleargrads()
    loss.backward()

    for l in [l1, l2]:
        for p in l.params():
            p.data -= lr * p.grad.data
    if i % 1000 == 0:
        print(loss)
"""


def test_step_44_training(run, seed):
    head = "import numpy as np\nimport dezero.functions as F\nimport dezero.layers as L\n"
    found = numbers(run(head + TRAINING))
    assert found[0] == pytest.approx(numbers(LOSSES)[0], abs=1e-6)
    assert found == pytest.approx(numbers(LOSSES), abs=3e-4)


def test_step_44_training_of_layers_of_ones_own(run, seed):
    program = TRAINING.replace("L.Linear", "Linear").replace("iters = 10000", "iters = 1001")
    found = numbers(run(OWN_LAYER + program))
    assert found == pytest.approx(numbers(LOSSES)[:2], abs=3e-4)


def test_step_44_a_linear_layer_of_the_older_kind(run, seed):
    program = """
import numpy as np
import dezero.functions as F
from dezero import Layer, Parameter

class Linear(Layer):
    def __init__(self, in_size, out_size, nobias=False, dtype=np.float32):
        super().__init__()

        I, O = in_size, out_size
        W_data = np.random.randn(I, O).astype(dtype) * np.sqrt(1 / I)
        self.W = Parameter(W_data, name='W')
        if nobias:
            self.b = None
        else:
            self.b = Parameter(np.zeros(O, dtype=dtype), name='b')

    def forward(self, x):
        y = F.linear(x, self.W, self.b)
        return y

np.random.seed(0)
layer = Linear(3, 2)
y = layer(np.ones((1, 3)))
y.backward()
print(sorted(layer._params), layer.b.grad, layer.outputs[0]() is y)
print(sorted(Linear(3, 2, nobias=True)._params))
"""
    assert run(program) == "['W', 'b'] variable([1. 1.]) True\n['W']\n"
