"""`dlnetwork`: layers, what they learn, and what they remember; `forward` and `predict`.

A network is a tree like any other: an objective takes it as an argument, `dlgradient(loss, net.learnables)`
gives a tree like ``net.learnables``, and the update functions give the next network.  The layers are known
while a program is built, so one training step is one program, in which no layer is left.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..cache import Flags
from ..calls.accelerate import AcceleratedFunction
from ..dlarray import dlarray
from ..errors import UnsupportedSyntax
from ..failures.failure import lifted, replaying, valuing
from .foreign_weights import from_safetensors
from .initializing import first_values, input_layouts
from .layer import of_layer
from .parameters import Parameters
from .picture import drawn
from .plan import Plan, planned
from .saving import read, write
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
        if initialize and (X or not self.plan.begins_openly):
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
        layouts, learnables, state = first_values(self.plan, input_layouts(self.plan, X), generator, dtype)
        self._take(self.plan.made_for(layouts), learnables, state)
        return self

    def _take(self, plan: Plan, learnables: dict, state: dict) -> None:
        object.__setattr__(self, "learnables", Parameters(learnables))
        object.__setattr__(self, "state", Parameters(state))
        self.plan = plan

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

    def plot(self, path: Any = None, ax: Any = None) -> Any:
        """Draw the layers and the ways between them, from top to bottom; needs matplotlib.

        Parameters
        ----------
        path : path, optional
            A PNG, SVG or PDF file to be written; left out, the picture is matplotlib's current figure.
        ax : matplotlib Axes, optional
            To draw into.

        Returns
        -------
        matplotlib Axes
        """
        return drawn(self, path, ax)

    # ------------------------------------------------------------------ files

    def save(self, path: Any) -> None:
        """Write the network to one file: an archive of arrays that `numpy.load` reads, and layers as JSON.

        There is no pickle in it, and nothing is executed when it is read.  The file is written whole or not
        at all.

        Raises
        ------
        TypeError
            If a layer has a function without a name, a lambda.
        ValueError
            If ``learnables`` or ``state`` have other sizes than the layers say.

        Examples
        --------
        >>> import os, tempfile
        >>> from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer, ReluLayer
        >>> net = dlnetwork([FeatureInputLayer(4), FullyConnectedLayer(3, name="fc"), ReluLayer()], rng=1)
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     net.save(os.path.join(directory, "net.npz"))
        ...     again = dlnetwork.load(os.path.join(directory, "net.npz"))
        >>> again
        dlnetwork of 3 layers, 15 learnables
        >>> bool((again.learnables["fc"]["Weights"].data == net.learnables["fc"]["Weights"].data).all())
        True
        """
        write(path, self.plan, self.learnables, self.state)

    @staticmethod
    def load(path: Any, known: Iterable[Any] = ()) -> "dlnetwork":
        """Read a network that `save` wrote.

        Parameters
        ----------
        path : path
        known : iterable of classes and functions
            Layers and functions of yours that the network has: a file names them, it does not hold them.

        Raises
        ------
        ValueError
            If the file is no such network or was cut off or changed, if it names a layer or a function that
            is not known, or if an array is missing, is one too many, or has another size than its layer says.
        """
        made = object.__new__(dlnetwork)
        made._take(*read(path, known))
        return made

    def load_safetensors(self, path: Any, names: Mapping | None = None, strict: bool = True) -> "dlnetwork":
        """A network with the weights of a safetensors file; needs the package ``safetensors``.

        Parameters
        ----------
        path : path
        names : mapping, optional
            From ``"layer/parameter"`` to the name in the file, or to a pair of that and a function of the
            array, for one that is laid out otherwise: ``{"conv/Weights": ("conv.weight", lambda w:
            w.transpose(2, 3, 1, 0))}`` for PyTorch's filters.  What is not in it has this name in the file.
        strict : bool
            Whether it is an error if the file lacks an array of the network, or has another one.  If not,
            what is missing stays as it is.

        Raises
        ------
        ImportError
            If the package is not installed.
        ValueError
            If names do not go together, naming them, or an array has another shape than the network's.
        """
        learnables, state = from_safetensors(self, path, names or {}, strict)
        return self.replace(learnables=learnables, state=state)

    def reset_state(self) -> "dlnetwork":
        """A network in which layers through time begin with zeros again; other states are as they were.

        >>> from dlsrc.networks import GruLayer, SequenceInputLayer
        >>> net = dlnetwork([SequenceInputLayer(1), GruLayer(2, keep_state=True, name="gru")])
        >>> _, net.state = forward(net, dlarray(np.ones((1, 3, 4)), "CBT"), return_state=True)
        >>> net.state["gru"]["HiddenState"].shape, net.reset_state().state["gru"]["HiddenState"].shape
        ((2, 3), (2,))
        """
        state = {name: dict(found) for name, found in self.state.items()}
        for step in self.plan.steps:
            if getattr(step.layer, "state_per_observation", False) and step.name in state:
                state[step.name] = {
                    name: dlarray(np.zeros(x.shape[0], x.dtype)) for name, x in state[step.name].items()
                }
        return self.replace(state=state)

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

    replace.__dlsrc_special__ = "replaced network"  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------- the values


def _computed(net, X, training, key):  # type: ignore[no-untyped-def]
    """The outputs of all layers by name, and the new state."""
    if len(X) != len(net.plan.inputs):
        raise TypeError("the network has another number of inputs: net.input_names tells them")
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
                Y, new = of_layer(step.name, step.layer.forward, *inputs, params, net.state[step.name])
            else:
                Y, new = of_layer(step.name, step.layer.predict, *inputs, params, net.state[step.name])
            state[step.name] = new
        elif step.kind == "random" and training:
            Y = of_layer(
                step.name, step.layer.forward, *inputs, params, None if key is None else key * 65537 + number
            )
            number += 1
        elif step.has_predict and not training:
            Y = of_layer(step.name, step.layer.predict, *inputs, params)
        else:
            Y = of_layer(step.name, step.layer.forward, *inputs, params)
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
        if valuing() or replaying():
            return self.fun(*args, **options)  # asked is what Python makes of the layers
        try:
            return super().__call__(*args, **options)
        except UnsupportedSyntax as error:  # its lines are dlsrc's own
            raise lifted(error, sys._getframe(1)) from None
        except Exception as error:
            raise error.with_traceback(None) from None


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
def predict(net, *X, outputs=None, return_state=False):  # type: ignore[no-untyped-def]
    """The outputs of a network in use: statistics as they were learned, no dropout.

    Parameters and result are those of `forward`; a state that changes in use is that of layers through time
    with ``keep_state=True``.

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
    values, state = _computed(net, X, False, None)
    if return_state:
        return _chosen(net, values, outputs), state
    return _chosen(net, values, outputs)
