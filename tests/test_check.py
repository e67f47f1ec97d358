"""``dlsrc.check``: a right derivative passes, and each thing that can be wrong is noticed."""

import functools
import importlib.util
import inspect
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc import check, crossentropy, dlarray, dlgradient, dlnetwork, forward, softmax, value_and_grad
from dlsrc.derivatives import Derivative
from dlsrc.networks import BatchNormalizationLayer, FeatureInputLayer, FullyConnectedLayer, SigmoidLayer

EXAMPLES = Path(__file__).parent.parent / "examples"


def recurrence(x, n):
    s = x[0]
    for k in range(n):
        s = np.sin(s) * x[1] + x[2]
    return s


def weighted(params, scale):
    return scale * np.sum(params["w"] ** 2) + params["b"] * params["w"][0]


def rosenbrock(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    return f, dlgradient(f, x)


def two(x, y):
    f = x * y**2
    gx, gy = dlgradient(f, x, y)
    return f, gx, gy


def overwrites(x):
    x[0] = 3.0 * x[1]
    return np.sum(x**2)


POINT = np.array([0.3, 0.9, 0.2])


@pytest.mark.parametrize("objective, args", [
    (recurrence, (POINT, 4)),
    (weighted, ({"w": np.array([1.0, 2.0]), "b": 0.5}, 2.0)),
    (rosenbrock, (dlarray([-1, 2]),)),
    (two, (dlarray(2.0), dlarray(3.0))),
    (overwrites, (POINT,)),
    (value_and_grad(recurrence), (POINT, 4)),
    (dlsrc.dlaccelerate(rosenbrock), (dlarray([-1, 2]),)),
    (lambda x: np.sum(np.sqrt(x)), (POINT.astype("float32"),)),
    (lambda x: np.log(x[0] - 0.299), (POINT,)),
], ids=["loop", "containers", "dlfeval", "two", "overwrites", "derivative", "accelerated", "float32", "near the edge"])
def test_a_right_derivative_passes(objective, args):
    verdict = check(objective, *args)
    assert verdict, str(verdict)
    assert str(verdict).count("\n") == 0 and "passed" in str(verdict)
    assert verdict.compared >= 2


def test_forward_mode_is_compared_too():
    verdict = check(recurrence, POINT, 4)
    assert verdict.modes < 1e-13 and "forward and reverse mode" in str(verdict)


@pytest.mark.parametrize("function, args", [
    (lambda x: np.outer(x, np.sin(x)), (POINT,)),
    (lambda x, n: {"a": x[0] ** n, "b": x * x[1]}, (POINT, 3)),
    (lambda x, y: (x * y, np.sum(x) - y), (POINT, 2.0)),
], ids=["matrix", "dict", "tuple"])  # fmt: skip
def test_functions_of_several_results(function, args):
    verdict = check(function, *args)
    assert verdict, str(verdict)
    assert verdict.modes is not None


def test_a_wrong_forward_mode_is_noticed(monkeypatch):
    monkeypatch.setattr("dlsrc.operators.verification.jvp", lambda f, p, t, has_aux: (f(*p), 1.001 * dlsrc.jvp(f, p, t)[1]))
    verdict = check(recurrence, POINT, 4)
    assert not verdict and "forward mode gives" in str(verdict)


def test_an_auxiliary_result_is_left_alone():
    assert check(lambda x: (np.sum(x**2), x[0]), POINT, has_aux=True)


@pytest.mark.compiled
def test_compiled_code_is_what_is_checked():
    assert check(recurrence, POINT, 4)


class Wrong(Derivative):
    """A derivative that is off in one respect."""

    how = ""
    calls = 0

    def __call__(self, x):
        value, gradients = super().__call__(x)
        Wrong.calls += 1
        if self.how == "gradient":
            gradients[0][1] *= 1.001
        elif self.how == "value":
            value += 1e-6
        elif self.how == "mutation":
            x[0] += 1.0
        elif self.how == "noise":
            value += 1e-15 * Wrong.calls
        elif self.how == "gradient noise":
            gradients[0][0] += 1e-14 * Wrong.calls
        return value, gradients


@pytest.mark.parametrize("how, said", [
    ("gradient", "along `x` the derivative is"), ("value", "plain Python gives"), ("mutation", "changed an argument"),
    ("noise", "called again, the value"), ("gradient noise", "called again, the gradient"),
])  # fmt: skip
def test_what_is_wrong_is_said(how, said, monkeypatch):
    monkeypatch.setattr(Wrong, "how", how)
    monkeypatch.setattr("dlsrc.operators.verification.value_and_grad", lambda f, n, aux: Wrong(f, n, aux, True))

    def energy(x):
        return np.sum(x**2) / x[0]

    verdict = check(energy, POINT)
    assert not verdict
    assert said in str(verdict) and str(verdict).startswith("energy: FAILED: ")


def test_a_kink_fails_and_a_point_beside_it_passes():
    assert not check(lambda x: max(x, 0.0) * 2.0, 0.0)
    assert check(lambda x: max(x, 0.0) * 2.0, 0.1)


def test_nothing_to_differentiate_by_is_an_error():
    with pytest.raises(TypeError, match="no argument holds real numbers"):
        check(lambda n: n * 2, 3)
    with pytest.raises(TypeError, match="return its value, then its gradients"):
        check(lambda x: dlgradient(x[0] ** 2, x), dlarray([1, 2]))


@dataclass
class Model:
    a: float
    b: float

    def energy(self, x):
        return self.a * np.sum(x**2) + self.b


def test_a_method_is_checked():
    assert check(Model(2.0, 1.0).energy, POINT)


def test_whole_numbers_between_the_arguments_that_are_differentiated():
    def counts(beta, y, x):
        return np.sum(y * (x @ beta) - np.exp(x @ beta))

    def rates(beta, n, x):
        return np.exp(x @ beta) / n

    x, n = np.array([[1.0, 0.5], [0.3, 2.0], [0.7, 0.1]]), np.array([1, 0, 2])
    verdict = check(counts, np.array([0.3, 0.2]), n, x)
    assert verdict and verdict.compared == 4 and verdict.modes is not None
    verdict = check(rates, np.array([0.3, 0.2]), n + 1, x)
    assert verdict and verdict.compared == 4 and verdict.modes is not None
    assert check(counts, np.array([0.3, 0.2]), n, x, argnums=2).modes is not None


def network():
    return dlnetwork([
        FeatureInputLayer(3), FullyConnectedLayer(4), BatchNormalizationLayer(name="norm"), SigmoidLayer(), FullyConnectedLayer(2)
    ])  # fmt: skip


RNG = np.random.default_rng(3)
X, T = dlarray(RNG.standard_normal((3, 6)), "CB"), dlarray(np.eye(2)[:, [0, 1, 1, 0, 1, 0]], "CB")


def model_loss(net, X, T):
    Y, state = forward(net, X, return_state=True)
    loss = crossentropy(softmax(Y), T)
    return loss, dlgradient(loss, net.learnables), state


def test_a_network_is_moved_along_what_it_learns():
    verdict = check(model_loss, network(), X, T, directions=3)
    assert verdict and verdict.compared == 3, str(verdict)

    def of_both(net, X):
        loss = np.sum(forward(net, X) ** 2)
        return loss, *dlgradient(loss, net.learnables, X)

    verdict = check(dlsrc.dlaccelerate(of_both), network(), X)
    assert verdict and verdict.compared == 4, str(verdict)


@pytest.mark.parametrize("how, said", [
    ("gradient", "along `net` the derivative is"), ("state", "changed an argument"), ("noise", "called again, the gradient"),
    ("value", "plain Python gives"),
])  # fmt: skip
def test_what_is_wrong_with_a_network_is_said(how, said, monkeypatch):
    calls = []

    def wrong(f, net, *data):
        loss, gradients, state = dlsrc.dlfeval(f, net, *data)
        calls.append(how)
        if how == "state":
            net.state["norm"]["TrainedMean"].data[0] += 1.0
        elif how == "value":
            loss = loss + 1e-6
        else:
            gradients["norm"]["Scale"].data[3] *= 1.001 if how == "gradient" else 1.0 + 1e-14 * len(calls)
        return loss, gradients, state

    monkeypatch.setattr("dlsrc.operators.verification.dlfeval", wrong)
    verdict = check(model_loss, network(), X, T)
    assert not verdict and said in str(verdict)


def test_a_captured_network_is_a_constant():
    net = network()

    def loss(X):
        Y, state = forward(net, X, return_state=True)
        loss = crossentropy(softmax(Y), T)
        return loss, dlgradient(loss, X), state

    assert check(loss, X)


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_objectives_of_the_examples_pass(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))  # some take their data from others
    rng = np.random.default_rng(5)
    m = example("rosenbrock")
    assert check(m.rosenbrock, dlarray([-1, 2])) and check(m.valley, rng.standard_normal(6))
    m = example("garch")
    assert check(m.negative_log_likelihood, np.array([0.1, 0.05, 0.8]), m.simulate()[:200], argnums=0)
    m = example("newton_inside")
    times = np.linspace(0.3, 30, 12)
    assert check(m.misfit, np.array([45.0, 0.3, 0.6, 4.2, 1.0]), times, 20 * np.sin(times), argnums=0)
    m = example("logistic_regression")
    theta = 0.1 * rng.standard_normal(m.PIXELS * m.DIGITS + m.DIGITS)
    images, targets = rng.uniform(0, 1, (20, m.PIXELS)), np.eye(m.DIGITS)[rng.integers(0, m.DIGITS, 20)]
    assert check(m.loss, theta, images, targets, argnums=0)
    m = example("curve_fit")
    assert check(m.adsorbed, m.PRESSURE, 240.0, 5e-4, argnums=(1, 2))
    line = np.array([5.4, -0.48])
    assert check(m.distances, line) and check(m.half_chi_squared, line)
    assert check(lambda x: dlsrc.grad(m.half_chi_squared)(x), line)  # whose Jacobian is the Hessian
    m = example("hmc")
    assert check(m.log_density, rng.standard_normal(10), m.EFFECT, m.ERROR, argnums=0)
    m = example("pinn")
    params = {name: dlarray(w) for name, w in m.start(rng).items()}
    verdict = check(m.loss_and_gradient, params, dlarray(np.linspace(-1.0, 1.0, 5)))
    assert verdict and verdict.compared >= 2, str(verdict)
    m = example("data_parallel")
    X, T = dlarray(rng.uniform(0, 1, (64, 6)), "CB"), dlarray(np.eye(10)[:, [3, 1, 4, 1, 5, 9]], "CB")
    verdict = check(m.model_loss, m.network(), X, T)
    assert verdict and verdict.compared >= 2, str(verdict)
    m = example("train_digits_cnn")
    X, T = dlarray(rng.uniform(0, 1, (8, 8, 1, 4)), "SSCB"), dlarray(np.eye(10)[:, [3, 1, 4, 1]], "CB")
    verdict = check(m.model_loss, m.network(rng), X, T)
    assert verdict and verdict.compared >= 2, str(verdict)
    cam = example("grad_cam")
    X = dlarray(cam.enlarged(np.random.default_rng(1).uniform(0, 1, (8, 8, 1, 4))), "SSCB")
    verdict = check(m.model_loss, cam.network(np.random.default_rng(0)), X, T)
    assert verdict and verdict.compared >= 2, str(verdict)
    m = example("sequence_lstm")
    lines, T = dlarray(rng.uniform(0, 1, (8, 3, 8)), "CBT"), dlarray(np.eye(10)[:, [3, 1, 4]], "CB")
    verdict = check(m.model_loss, m.network(), lines, T)
    assert verdict and verdict.compared >= 2, str(verdict)
    m = example("neural_ode")
    monkeypatch.setattr(m, "dlode45", functools.partial(m.dlode45, initial_step=0.1, max_step=0.1))  # steps are as given
    layers = [m.FeatureInputLayer(2), m.FullyConnectedLayer(4), m.TanhLayer(), m.FullyConnectedLayer(2)]
    verdict = check(
        m.model_loss, m.dlnetwork(layers, rng=0), rng.standard_normal((2, 3)), rng.standard_normal((2, 3, 2)),
        np.arange(3.0),
    )
    assert verdict and verdict.compared >= 2, str(verdict)


def test_the_losses_of_two_networks_pass(monkeypatch):
    """Each by the network that it is of: the other one is as it is."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    rng = np.random.default_rng(6)
    images = dlarray(rng.uniform(0, 1, (8, 8, 1, 3)), "SSCB")
    m = example("train_gan")
    Z = dlarray(rng.standard_normal((m.LATENT, 3)), "CB")
    net_g, net_d = m.painter(rng), m.judge(rng)

    def of_painter(net_g, net_d, images, Z):
        out = m.model_loss(net_g, net_d, images, Z, 2)
        return out[0], out[2]

    def of_judge(net_g, net_d, images, Z):
        out = m.model_loss(net_g, net_d, images, Z, 2)
        return out[1], out[3]

    for f in (of_painter, of_judge):
        verdict = check(f, net_g, net_d, images, Z)
        assert verdict and verdict.compared >= 2, str(verdict)
    m = example("wgan_gp")
    rng = np.random.default_rng(0)  # away from the kinks of relu
    Z, mix = dlarray(rng.standard_normal((m.LATENT, 3)), "CB"), dlarray(rng.uniform(size=(1, 1, 1, 3)), "SSCB")
    for f, nets, given in ((m.critic_loss, (m.critic(rng), m.painter(rng)), (images, Z, mix.data)),
                           (m.painter_loss, (m.painter(rng), m.critic(rng)), (Z,))):
        verdict = check(f, *nets, *given)
        assert verdict and verdict.compared >= 2, str(verdict)


def test_every_example_is_among_them():
    text = inspect.getsource(test_the_objectives_of_the_examples_pass) + inspect.getsource(test_the_losses_of_two_networks_pass)
    assert all(f'example("{path.stem}")' in text for path in EXAMPLES.glob("*.py"))
