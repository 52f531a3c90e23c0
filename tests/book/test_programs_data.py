"""Programs that readers of the book wrote down, steps 48 to 58, word for word."""

from __future__ import annotations

import numpy as np
import pytest


def test_step_48_spiral(run, seed):
    program = """
import math
import numpy as np
import dezero
from dezero import optimizers
import dezero.functions as F
from dezero.models import MLP

x, t = dezero.datasets.get_spiral(train=True)
print(x.shape)
print(t.shape)

print(x[10],t[10])
print(x[110],t[110])

max_epoch = 30
batch_size = 30
hidden_size = 10
lr = 1.0

np.random.seed(0)
model = MLP((hidden_size, 3))
optimizer = optimizers.SGD(lr).setup(model)

data_size = len(x)
max_iter = math.ceil(data_size / batch_size)

for epoch in range(max_epoch):
    index = np.random.permutation(data_size)
    sum_loss = 0

    for i in range(max_iter):
        batch_index = index[i * batch_size:(i + 1) * batch_size]
        batch_x = x[batch_index]
        batch_t = t[batch_index]

        y = model(batch_x)
        loss = F.softmax_cross_entropy(y, batch_t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        sum_loss += float(loss.data) * len(batch_t)

    if epoch in (0, 29):
        print('epoch %d, loss %.2f' % (epoch + 1, sum_loss / data_size))
"""
    # The points, and the losses from the same seed, are those of the original.
    assert run(program) == (
        "(300, 2)\n(300,)\n[-0.12995958 -0.00324155] 1\n[ 0.3282343  -0.54941994] 0\n"
        "epoch 1, loss 1.06\nepoch 30, loss 0.73\n"
    )


def test_steps_50_to_52_functions_of_ones_own(run):
    program = """
import numpy as np
from dezero import Variable, Function, as_variable, as_array, cuda

def accuracy(y,t):
    y,t = as_variable(y), as_variable(t)

    pred = y.data.argmax(axis=1).reshape(t.shape)
    result = (pred == t.data)
    acc = result.mean()
    return Variable(as_array(acc))

class ReLu(Function):
    def forward(self,x):
        y = np.maximum(x,0.0)
        return y

    def backward(self,gy):
        x, = self.inputs
        mask = x.data > 0
        gx = gy*mask
        return gx

def relu(x):
    return ReLu()(x)

class Sin(Function):
    def forward(self, x):
        xp = cuda.get_array_module(x)
        y = xp.sin(x)
        return y

y = np.array([[0.2, 0.8, 0], [0.1, 0.9, 0], [0.8, 0.1, 0.1]])
t = np.array([1, 2, 0])
print(accuracy(y, t))
x = Variable(np.array([-1.0, 0.0, 2.0]))
y = relu(x)
y.backward()
print(y, x.grad)
n = np.array([1, 2, 3])
assert cuda.get_array_module(n) == np
assert cuda.get_array_module(Variable(n)) == np
assert type(cuda.as_numpy(Variable(n))) == np.ndarray
print(Sin()(Variable(np.array(1.0))))
"""
    assert run(program) == (
        "variable(0.6666666666666666)\nvariable([0. 0. 2.]) variable([0. 0. 1.])\n"
        "variable(0.8414709848078965)\n"
    )


def test_step_53_weights(run, tmp_path, monkeypatch):
    program = """
import os
import numpy as np
from dezero.models import MLP

x = np.random.randn(3, 4).astype(np.float32)
model = MLP((10, 2))
y = model(x)
params_dict = {}
model._flatten_params(params_dict)
print(sorted(params_dict))
model.save_weights('my_mlp.npz')

again = MLP((10, 2))
if os.path.exists('my_mlp.npz'):
    again.load_weights('my_mlp.npz')
print(np.allclose(again(x).data, y.data, atol=1e-9))
arrays = np.load('my_mlp.npz')
print(sorted(arrays))
"""
    monkeypatch.chdir(tmp_path)
    keys = "['l0/W', 'l0/b', 'l1/W', 'l1/b']\n"
    assert run(program) == f"{keys}True\n{keys}"


def test_step_54_dropout(run):
    program = """
import numpy as np
from dezero import test_mode
import dezero.functions as F

x = np.ones(5)
print(x)

# When training
y = F.dropout(x)
print(set(y.data.tolist()) <= {0.0, 2.0})

# When testing (predicting)
with test_mode():
    y = F.dropout(x)
    print(y)
"""
    assert run(program) == "[1. 1. 1. 1. 1.]\nTrue\nvariable([1. 1. 1. 1. 1.])\n"


def test_step_58_preprocessing(run):
    image = pytest.importorskip("PIL.Image")
    program = """
from dezero.models import VGG16

x = VGG16.preprocess(img)
print(type(x), x.dtype)
x = x[np.newaxis]
print(x.shape)
"""
    img = image.fromarray(np.full((30, 40, 3), (10, 20, 30), np.uint8))
    printed = run("import numpy as np\n" + program, img=img)
    assert printed == "<class 'numpy.ndarray'> float32\n(1, 3, 224, 224)\n"
