"""Whole steps of training: loss, gradient and Adam, of three networks, on a batch of 64, float64 and float32.

dlsrc's is the loop of the examples.  JAX's step is one jitted function, its old parameters donated; PyTorch's
is eager, with its fused Adam.  All begin with the same weights.  The rate is so small that the thousands of
steps of a timing stay where they began.
"""

import numpy as np

from tests.benchmarks.task import Task

__all__ = ["TASKS"]

BATCH, CLASSES, RATE = 64, 10, 1e-6

SHAPES = {
    "cnn": ((3, 3, 1, 16), (16,), (16,), (16,), (3, 3, 16, 32), (32,), (32,), (32,), (CLASSES, 512), (CLASSES,)),
    "mlp": ((256, 64), (256,), (256, 256), (256,), (CLASSES, 256), (CLASSES,)),
    "lstm": ((256, 16), (256, 64), (256,), (256, 64), (256, 64), (256,), (CLASSES, 64), (CLASSES,)),
}
DATA = {"cnn": (8, 8, 1, BATCH), "mlp": (64, BATCH), "lstm": (16, BATCH, 32)}
FORMATS = {"cnn": "SSCB", "mlp": "CB", "lstm": "CBT"}
# A bias before a batch normalization has no influence: its gradient is made of rounding.
ROUNDING = {"cnn": (1, 5), "mlp": (), "lstm": ()}


def compared(name, loss, gradients):
    gradients = [np.asarray(g) for g in gradients]
    return float(loss), tuple(g for k, g in enumerate(gradients) if k not in ROUNDING[name])


# ---------------------------------------------------------------------------------- dlsrc


def layers(name):
    from dlsrc import networks as n

    if name == "cnn":
        return [
            n.ImageInputLayer((8, 8, 1)),
            n.ConvolutionLayer(3, 16, padding="same"), n.BatchNormalizationLayer(), n.ReluLayer(),
            n.MaxPoolingLayer(2, stride=2),
            n.ConvolutionLayer(3, 32, padding="same"), n.BatchNormalizationLayer(), n.ReluLayer(),
            n.FullyConnectedLayer(CLASSES), n.SoftmaxLayer(),
        ]  # fmt: skip
    if name == "mlp":
        return [
            n.FeatureInputLayer(64), n.FullyConnectedLayer(256), n.ReluLayer(), n.FullyConnectedLayer(256),
            n.ReluLayer(), n.FullyConnectedLayer(CLASSES), n.SoftmaxLayer(),
        ]  # fmt: skip
    return [
        n.SequenceInputLayer(16, length=32), n.LstmLayer(64), n.LstmLayer(64, output_mode="last"),
        n.FullyConnectedLayer(CLASSES), n.SoftmaxLayer(),
    ]  # fmt: skip


def model_loss(net, X, T):
    from dlsrc import crossentropy, dlgradient, forward

    Y, state = forward(net, X, return_state=True)
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.learnables), state


def with_dlsrc(name):
    def derive(arguments, flags):
        from dlsrc import adamupdate, dlarray, dlfeval, dlnetwork

        X, classes, weights = arguments
        X, T = dlarray(X, FORMATS[name]), dlarray(np.eye(CLASSES, dtype=X.dtype)[:, classes], "CB")
        net = dlnetwork(layers(name), dtype=str(X.dtype))
        given = iter(weights)
        for found in net.learnables.values():
            for parameter, value in found.items():
                ours = next(given)
                assert value.shape == ours.shape, (parameter, value.shape, ours.shape)
                found[parameter] = dlarray(ours, value.labels)
        averages, count = ([], []), 0

        def step():
            nonlocal net, averages, count
            count += 1
            loss, gradients, net.state = dlfeval(model_loss, net, X, T)
            net, *averages = adamupdate(net, gradients, *averages, count, RATE)
            return float(loss), gradients

        def read(result):
            return compared(name, result[0], [g.data for found in result[1].values() for g in found.values()])

        step.explained = model_loss, net, X, T  # type: ignore[attr-defined]
        return step, read

    return derive


# ---------------------------------------------------------------------------------- JAX


def logits_by_jax(name):
    import jax
    import jax.numpy as jnp
    from jax import lax

    def convolution(x, w, b):
        return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b

    def normalized(x, offset, scale):
        mean = x.mean((0, 1, 2))
        variance = (x * x).mean((0, 1, 2)) - mean**2
        return scale * (x - mean) * lax.rsqrt(variance + 1e-5) + offset, (mean, variance)

    def recurrent(x, w, r, b):
        def step(state, given):
            h, c = state
            i, f, g, o = jnp.split(given + h @ r.T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((x.shape[1], r.shape[1]), x.dtype)
        return lax.scan(step, (start, start), x @ w.T + b)[1]

    def cnn(p, x):
        x, first = normalized(convolution(x, *p[:2]), *p[2:4])
        x = jax.nn.relu(x).reshape(BATCH, 4, 2, 4, 2, 16).max((2, 4))
        x, second = normalized(convolution(x, *p[4:6]), *p[6:8])
        return jax.nn.relu(x).reshape(BATCH, 512) @ p[8].T + p[9], (first, second)

    def mlp(p, x):
        for k in (0, 2):
            x = jax.nn.relu(x @ p[k].T + p[k + 1])
        return x @ p[4].T + p[5], ()

    def lstm(p, x):
        return recurrent(recurrent(x, *p[:3]), *p[3:6])[-1] @ p[6].T + p[7], ()

    return {"cnn": cnn, "mlp": mlp, "lstm": lstm}[name]


def with_jax(name):
    def build(arguments):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        logits = logits_by_jax(name)
        X, classes, weights = arguments
        X = jax.device_put(X.transpose({"cnn": (3, 0, 1, 2), "mlp": (1, 0), "lstm": (2, 1, 0)}[name]))
        classes = jax.device_put(classes)

        def loss_of(p, X, classes):
            Y, statistics = logits(p, X)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(Y), classes[:, None], 1)
            return -chosen.mean(), statistics

        def advance(p, m, s, running, count, X, classes):
            (loss, found), g = jax.value_and_grad(loss_of, has_aux=True)(p, X, classes)
            running = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, running, found)
            m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
            s = [0.999 * a + 0.001 * b * b for a, b in zip(s, g)]
            first, second = 1 - 0.9**count, 1 - 0.999**count
            p = [a - RATE * (b / first) / (jnp.sqrt(c / second) + 1e-8) for a, b, c in zip(p, m, s)]
            return loss, g, p, m, s, running

        advance = jax.jit(advance, donate_argnums=(0, 1, 2, 3))
        p = [jnp.array(w) for w in weights]
        m, s = [jnp.zeros_like(w) for w in p], [jnp.zeros_like(w) for w in p]
        running, count = jax.tree.map(jnp.zeros_like, jax.eval_shape(logits, p, X)[1]), 0

        def step():
            nonlocal p, m, s, running, count
            count += 1
            loss, g, p, m, s, running = advance(p, m, s, running, X.dtype.type(count), X, classes)
            return float(loss), g

        return step, lambda result: compared(name, *result)

    return build


# ---------------------------------------------------------------------------------- PyTorch


def modules(name):
    from torch import nn

    if name == "cnn":
        return [
            nn.Conv2d(1, 16, 3, padding="same"), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(16, 32, 3, padding="same"), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(),
            nn.Linear(512, CLASSES),
        ]  # fmt: skip
    if name == "mlp":
        return [nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, CLASSES)]
    return [nn.LSTM(16, 64, 2), nn.Linear(64, CLASSES)]


def in_order(module):
    """PyTorch's parameters in the order of dlsrc's; of an LSTM's two biases one stays zero."""
    from torch import nn

    for part in module:
        if isinstance(part, nn.LSTM):
            for k in range(2):
                getattr(part, f"bias_hh_l{k}").requires_grad_(False).zero_()
                yield from (getattr(part, f"{what}_l{k}") for what in ("weight_ih", "weight_hh", "bias_ih"))
        elif isinstance(part, nn.BatchNorm2d):
            yield from (part.bias, part.weight)
        else:
            yield from part.parameters()


def turned(value, back=False):
    """Weights of dlsrc as PyTorch lays them out, or back: channels before places."""
    if value.ndim == 4:
        return value.transpose((2, 3, 1, 0) if back else (3, 2, 0, 1))
    if value.shape == (CLASSES, 512):
        sizes = (32, 16) if back else (16, 32)
        return value.reshape(CLASSES, *sizes).transpose(0, 2, 1).reshape(CLASSES, -1)
    return value


def with_torch(name):
    def build(arguments):
        import torch
        from torch import nn

        torch.set_num_threads(1)
        X, classes, weights = arguments
        X = torch.tensor(X.transpose({"cnn": (3, 2, 0, 1), "mlp": (1, 0), "lstm": (2, 1, 0)}[name]).copy())
        classes = torch.tensor(classes)
        parts = nn.ModuleList(modules(name)).to(X.dtype)
        parameters = list(in_order(parts))
        for parameter, value in zip(parameters, weights, strict=True):
            parameter.data.copy_(torch.tensor(turned(value).copy()))
        optimizer = torch.optim.Adam(parameters, RATE, fused=True)
        loss_of = nn.CrossEntropyLoss()

        def step():
            y = X
            for part in parts:
                y = part(y)
                if isinstance(y, tuple):
                    y = y[0][-1]
            loss = loss_of(y, classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item(), [p.grad for p in parameters]

        return step, lambda result: compared(name, result[0], [turned(g.numpy(), True) for g in result[1]])

    return build


# ---------------------------------------------------------------------------------- the tasks


def task(name, dtype, tolerance):
    def arguments():
        rng = np.random.default_rng(0)
        X = rng.standard_normal(DATA[name]).astype(dtype)
        weights = [
            (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1] if len(shape) == 4 else shape[1:]))
             if len(shape) > 1 else rng.uniform(0.5, 1.0, shape)).astype(dtype)
            for shape in SHAPES[name]
        ]  # fmt: skip
        return X, rng.integers(0, CLASSES, BATCH), weights

    return Task(
        f"{name} step" + (", float32" if dtype == "float32" else ""), "array", model_loss, None, arguments,
        {"jax": with_jax(name), "torch": with_torch(name)}, derive=with_dlsrc(name), tolerance=tolerance,
        why_not={"autograd": "has no layers of networks", "casadi": "has no layers of networks"},
    )  # fmt: skip


TASKS = tuple(task(name, *kind) for name in SHAPES for kind in (("float64", 1e-8), ("float32", 1e-3)))
