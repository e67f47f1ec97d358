"""`dlnetwork`: layers, what they learn, and what they remember; `forward` and `predict`.

A network is a tree like any other: an objective takes it as an argument, `dlgradient(loss, net.learnables)`
gives a tree like ``net.learnables``, and the update functions give the next network.  The layers are known
while a program is built, so one training step is one program, in which no layer is left.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..accelerate import AcceleratedFunction
from ..cache import Flags
from ..dlarray import dlarray
from ..failure import valuing
from .layer import Layout, output_of
from .parameters import Parameters
from .plan import Plan, planned
from .summary import summary_of

__all__ = ["dlnetwork", "forward", "predict"]


@dataclasses.dataclass(init=False, repr=False, eq=False)
class dlnetwork:
    """A network of layers.

    Parameters
    ----------
    layers : sequence of layers
        Objects of the classes in `dlsrc.networks`, or of frozen dataclasses of yours with a method
        ``forward(X, params)``.
    *X : dlarrays with labels
        Examples of the inputs, from which the sizes of the weights follow; left out where the network begins
        with input layers.
    connections : iterable of tuples of names, optional
        The ways through the network; left out, the layers follow each other.
    rng : Generator or int
        Where the weights come from; the same number gives the same weights.
    initialize : bool
        Whether there are weights at once.
    dtype : dtype
        Of the weights.

    Attributes
    ----------
    learnables, state : Parameters
        Dicts of dicts of dlarrays: by layer, then by name.  They may be assigned.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, dlnetwork, predict
    >>> from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer, ReluLayer
    >>> net = dlnetwork([FeatureInputLayer(4), FullyConnectedLayer(3), ReluLayer(), FullyConnectedLayer(2)])
    >>> net.learnables
    Layer               Parameter   Value
    _________________   _________   ___________
    fully_connected     Weights     3x4 dlarray
    fully_connected     Bias        1x3 dlarray
    fully_connected_1   Weights     2x3 dlarray
    fully_connected_1   Bias        1x2 dlarray
    >>> predict(net, dlarray(np.ones((4, 5)), "CB")).shape
    (2, 5)
    """

    __dlsrc_network__: ClassVar[bool] = True  # by which the update functions know it

    plan: Plan = dataclasses.field(metadata={"static": True})
    learnables: Parameters
    state: Parameters

    def __init__(
        self, layers: Any, *X: Any, connections: Iterable[Sequence[str]] | None = None,
        rng: np.random.Generator | int = 0, initialize: bool = True, dtype: Any = np.float64,
    ):  # fmt: skip
        self.plan = planned(layers, connections)
        self.learnables = Parameters()
        self.state = Parameters()
        if initialize and (X or self.plan.inputs != ("input",)):
            self.initialize(*X, rng=rng, dtype=dtype)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("learnables", "state"):
            if not isinstance(value, Mapping):
                raise TypeError(f"net.{name} is a dict of dicts of dlarrays, not a {type(value).__name__}")
            old = self.__dict__.get(name)
            if old and list(value) != list(old):
                raise ValueError(
                    f"net.{name} has the layers {', '.join(old)}; what is assigned has "
                    f"{', '.join(value) or 'none'}"
                )
            value = value if type(value) is Parameters else Parameters(value)
        object.__setattr__(self, name, value)

    # ------------------------------------------------------------------ what it is made of

    @property
    def layers(self) -> tuple:
        """The layers, in the order in which they are computed."""
        return self.plan.layers

    @property
    def connections(self) -> tuple[tuple[str, str], ...]:
        """Pairs of names: from where, to where."""
        return self.plan.connections

    @property
    def input_names(self) -> tuple[str, ...]:
        """The layers that data goes into, in the order of the arguments of `forward`."""
        return self.plan.inputs

    @property
    def output_names(self) -> tuple[str, ...]:
        """The layers that nothing follows."""
        return self.plan.outputs

    @property
    def initialized(self) -> bool:
        """Whether there are weights."""
        return self.plan.layouts is not None

    def layer(self, name: str) -> Any:
        """The layer of this name."""
        for step in self.plan.steps:
            if step.name == name:
                return step.layer
        names = ", ".join(step.name for step in self.plan.steps)
        raise ValueError(f"no layer has the name {name!r}; there are {names}")

    def __repr__(self) -> str:
        counted = sum(x.size for found in self.learnables.values() for x in found.values())
        words = f"{counted} learnables" if self.initialized else "not initialized"
        return f"dlnetwork of {len(self.plan.steps)} layers, {words}"

    # ------------------------------------------------------------------ weights

    def initialize(
        self, *X: Any, rng: np.random.Generator | int = 0, dtype: Any = np.float64
    ) -> "dlnetwork":
        """Give the layers their first weights, and the network itself.

        Parameters
        ----------
        *X : dlarrays with labels
            Examples of the inputs, one for each; left out, the input layers say the sizes.
        rng : Generator or int

        Raises
        ------
        ValueError
            If the sizes of a layer's inputs do not go together, naming the layer.
        """
        generator = rng if isinstance(rng, np.random.Generator) else np.random.default_rng(rng)
        layouts = dict(zip(self.plan.inputs, self._layouts_of(X), strict=True))
        learnables: dict[str, dict] = {}
        state: dict[str, dict] = {}
        for step in self.plan.steps:
            given = tuple(layouts[name] for name in step.inputs)
            try:
                params, remembered = _first(step, given, generator, dtype)
                if step.kind != "input":
                    layouts[step.name] = output_of(step.layer, given, params, remembered)
            except (ValueError, TypeError) as error:
                sizes = ", ".join(f"{shape} {labels!r}" for shape, labels in given)
                raise type(error)(f"layer {step.name!r}, with input {sizes}: {error}") from None
            if params:
                learnables[step.name] = params
            if remembered:
                state[step.name] = remembered
        object.__setattr__(self, "learnables", Parameters(learnables))
        object.__setattr__(self, "state", Parameters(state))
        plan = self.plan
        made_for = tuple((name, tuple(layout)) for name, layout in layouts.items())
        self.plan = Plan(plan.steps, plan.inputs, plan.outputs, made_for)
        return self

    def _layouts_of(self, X: tuple) -> list[Layout]:
        if not X:
            layers = [self.layer(name) for name in self.plan.inputs if name != "input"]
            if not layers:
                raise ValueError("initialize(X): there is no input layer, so an example says the sizes")
            return [layer.layout() for layer in layers]
        if len(X) != len(self.plan.inputs):
            inputs = ", ".join(self.plan.inputs)
            raise ValueError(f"the network has the inputs {inputs}; {len(X)} were given")
        for x in X:
            if not isinstance(x, dlarray) or not x.labels:
                raise ValueError("the example must be a formatted dlarray: dlarray(X, 'SSCB'), say")
        return [Layout(x.shape, x.labels) for x in X]

    def summary(self) -> str:
        """A table of layers, sizes and counts, and their sum; `print` it.

        >>> from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer
        >>> print(dlnetwork([FeatureInputLayer(4, name="x"), FullyConnectedLayer(3, name="fc")]).summary())
        Layer   Kind                  Inputs   Output        Learnables
        _____   ___________________   ______   ___________   __________
        x       FeatureInputLayer              4(C) x 1(B)   0
        fc      FullyConnectedLayer   x        3(C) x 1(B)   15
        total                                                15
        """
        return summary_of(self)

    def replace(self, **parts: Any) -> "dlnetwork":
        """A network with other ``learnables`` or ``state``; the layers are the same.

        >>> from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer
        >>> net = dlnetwork([FeatureInputLayer(1), FullyConnectedLayer(1, name="fc")])
        >>> float(net.replace(learnables={"fc": {"Weights": dlarray(2.0)}}).learnables["fc"]["Weights"])
        2.0
        """
        for name in parts:
            if name not in ("learnables", "state"):
                raise TypeError(f"replace takes learnables and state, not {name!r}")
        made = object.__new__(dlnetwork)
        made.__dict__.update(self.__dict__)
        for name, value in parts.items():
            setattr(made, name, value)
        return made


def _first(step: Any, given: tuple[Layout, ...], rng: np.random.Generator, dtype: Any) -> tuple[dict, dict]:
    """What a layer learns and remembers, at first."""
    method = getattr(step.layer, "initialize", None)
    params: dict = {}
    state: dict = {}
    if method is not None:
        found = method(*given, rng)
        params, state = found if step.kind == "stateful" else (found, {})
    return tuple(  # type: ignore[return-value]
        {name: dlarray(np.asarray(x).astype(dtype)) for name, x in part.items()} for part in (params, state)
    )


# ---------------------------------------------------------------------------------- the values


def _computed(net, X, training, key):  # type: ignore[no-untyped-def]
    """The outputs of all layers by name, and the new state."""
    values = dict(zip(net.plan.inputs, X, strict=True))
    state = {}
    number = 0
    for step in net.plan.steps:
        if step.kind == "input":
            continue
        inputs = [values[name] for name in step.inputs]
        params = net.learnables.get(step.name, {})
        if step.kind == "stateful":
            if training or not step.has_predict:
                Y, new = step.layer.forward(*inputs, params, net.state[step.name])
            else:
                Y, new = step.layer.predict(*inputs, params, net.state[step.name])
            state[step.name] = new
        elif step.kind == "random" and training:
            Y = step.layer.forward(*inputs, params, None if key is None else key * 65537 + number)
            number += 1
        elif step.has_predict and not training:
            Y = step.layer.predict(*inputs, params)
        else:
            Y = step.layer.forward(*inputs, params)
        values[step.name] = Y
    return values, state


def _chosen(net, values, outputs):  # type: ignore[no-untyped-def]
    names = net.plan.outputs if outputs is None else outputs
    if isinstance(names, str):
        return values[names]
    if len(names) == 1:
        return values[names[0]]
    return tuple([values[name] for name in names])


class _Compiled(AcceleratedFunction):
    """Called outside of an objective it is compiled for itself; inside, it is a part of the objective."""

    def __init__(self, fun: Callable):
        super().__init__(fun, Flags())

    def __call__(self, *args: Any, return_state: bool = False, **options: Any) -> Any:
        if not args or not isinstance(args[0], dlnetwork):
            raise TypeError(f"{self.fun.__name__}(net, X): the first argument is a dlnetwork")
        if return_state:
            options["return_state"] = "state"  # a word is known while the program is built, a truth value not
        if valuing():
            return self.fun(*args, **options)  # `check` asks what Python makes of the layers
        return super().__call__(*args, **options)


@_Compiled
def forward(net, *X, outputs=None, return_state=False, key=None):  # type: ignore[no-untyped-def]
    """The outputs of a network while it is trained: batch statistics, dropout.

    Parameters
    ----------
    net : dlnetwork
    *X : dlarrays with labels, one for each input
    outputs : list of names of layers, or one, optional
        Whose outputs are given; left out, those of the layers that nothing follows.
    return_state : bool
        Whether the new state is given too, to be assigned to ``net.state``.
    key : int
        For networks with dropout: another number, other zeros.

    Returns
    -------
    dlarray, or tuple of them where there are several outputs; with ``return_state`` that and the state

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import crossentropy, dlarray, dlfeval, dlgradient, dlnetwork, forward, sgdmupdate
    >>> from dlsrc.networks import BatchNormalizationLayer, FeatureInputLayer
    >>> from dlsrc.networks import FullyConnectedLayer, SoftmaxLayer
    >>> net = dlnetwork(
    ...     [FeatureInputLayer(2), BatchNormalizationLayer(), FullyConnectedLayer(2), SoftmaxLayer()]
    ... )
    >>> def model_loss(net, X, T):
    ...     Y, state = forward(net, X, return_state=True)
    ...     loss = crossentropy(Y, T)
    ...     return loss, dlgradient(loss, net.learnables), state
    >>> rng = np.random.default_rng(1)
    >>> X = dlarray(rng.standard_normal((2, 64)), "CB")
    >>> T = dlarray(np.stack([X.data[0] > 0, X.data[0] <= 0]).astype(float), "CB")
    >>> velocity = []
    >>> for _ in range(60):
    ...     loss, gradients, net.state = dlfeval(model_loss, net, X, T)
    ...     net, velocity = sgdmupdate(net, gradients, velocity, 0.2)
    >>> float(loss) < 0.15
    True
    """
    values, state = _computed(net, X, True, key)
    if return_state:
        return _chosen(net, values, outputs), state
    return _chosen(net, values, outputs)


@_Compiled
def predict(net, *X, outputs=None):  # type: ignore[no-untyped-def]
    """The outputs of a network in use: statistics as they were learned, no dropout.

    Parameters and result are those of `forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, dlnetwork, predict
    >>> from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer, ReluLayer
    >>> net = dlnetwork([FeatureInputLayer(3), FullyConnectedLayer(2, name="fc"), ReluLayer()])
    >>> Y, before = predict(net, dlarray(np.ones((3, 1)), "CB"), outputs=["relu", "fc"])
    >>> bool(np.all(Y.data == np.maximum(before.data, 0)))
    True
    """
    values, _ = _computed(net, X, False, None)
    return _chosen(net, values, outputs)
