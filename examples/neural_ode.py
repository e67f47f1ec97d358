"""Hares and lynxes: a differential equation whose right-hand side is a network.

The Hudson's Bay Company counted pelts of snowshoe hares and of the lynxes that eat them (1900 to 1920, in
thousands; Elton and Nicholson, *Journal of Animal Ecology* 11, 1942, as tabulated by Howard, *Modeling
Basics*, 2009).  The logarithms of both numbers are said to move as ``du/dt = network(u)`` (Chen et al.,
*Neural ordinary differential equations*, NeurIPS 2018).  From each year `dlode45` goes four years ahead, and
the loss asks how far off it is; its gradient is that of the solver's steps.

In full the network learns for 2,000 steps, ``--short`` for 300.  ``--picture orbit.png`` needs matplotlib.
"""

import argparse

import numpy as np

from dlsrc import adamupdate, dlarray, dlfeval, dlgradient, dlnetwork, dlode45, forward, stripdims
from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer, TanhLayer

HARES = [30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4, 27.1, 40.3, 57.0, 76.6, 52.3, 19.5, 11.2,
         7.6, 14.6, 16.2, 24.7]  # fmt: skip
LYNXES = [4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1, 7.4, 8.0, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8,
          9.7, 10.1, 8.6]  # fmt: skip
AHEAD = 4


def slope(t, u, net):
    return forward(net, u)


def model_loss(net, start, targets, times):
    """How far off the next years are, for all years at once: ``start`` is (2, years)."""
    solution = stripdims(dlode45(slope, times, dlarray(start, "CB"), net))
    loss = np.mean((solution - targets) ** 2)
    return loss, dlgradient(loss, net.learnables)


def show(u, net, file):
    """The counts, and the solution from the first year on."""
    import matplotlib.pyplot as plt

    times = np.linspace(0.0, 20.0, 401)
    found = np.concatenate((u[:, :1], dlode45(slope, times, u[:, :1], net, data_format="CB")[:, 0]), axis=1)
    figure, axes = plt.subplots(figsize=(8, 3))
    for k, (name, colour) in enumerate((("hares", "tab:blue"), ("lynxes", "tab:red"))):
        axes.plot(1900 + times, found[k], color=colour)
        axes.plot(1900 + np.arange(21), u[k], "o", color=colour, label=name)
    axes.set(ylabel="logarithm, standardized", xticks=range(1900, 1921, 5))
    axes.legend()
    figure.savefig(file, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--picture")
    options = parser.parse_args()

    u = np.log([HARES, LYNXES])
    u = (u - u.mean(axis=1, keepdims=True)) / u.std(axis=1, keepdims=True)
    years = u.shape[1] - AHEAD
    start = u[:, :years]
    targets = np.stack([u[:, k : years + k] for k in range(1, AHEAD + 1)], axis=-1)
    unchanged = np.mean((start[..., None] - targets) ** 2)

    layers = [FeatureInputLayer(2), FullyConnectedLayer(16), TanhLayer(), FullyConnectedLayer(2)]
    net = dlnetwork(layers, rng=0)
    averages, times = ([], []), np.arange(AHEAD + 1.0)
    for step in range(1, (300 if options.short else 2000) + 1):
        loss, gradients = dlfeval(model_loss, net, start, targets, times)
        net, *averages = adamupdate(net, gradients, *averages, step, 0.01)
    if options.picture:
        show(u, net, options.picture)
    print("a tenth of the error of the forecast that nothing changes:", float(loss) < unchanged / 10)
    # prints with --short: a tenth of the error of the forecast that nothing changes: True
    # prints: a tenth of the error of the forecast that nothing changes: True


if __name__ == "__main__":
    main()
