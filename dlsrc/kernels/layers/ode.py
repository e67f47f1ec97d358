"""The solution of an ordinary differential equation by Runge-Kutta pairs of orders 4 and 5.

Dormand and Prince, *Journal of Computational and Applied Mathematics* 6, 1980; values between steps by the
polynomial of order 4 of Shampine, *Mathematics of Computation* 46, 1986.
"""

import numpy as np

from ..primitive import Refusal, composite, folded, primitive, real, refuse, rejects, sample
from ..programs.labels import format_of, in_order, labelled, labels_of, unlabelled, with_label
from ..programs.rules import floats_of, only_floats, pulled_back, ruled, with_floats
from ..programs.trace import detach

__all__ = ["dlode45"]

# The parts of a step at which slopes are taken, and what of the slopes before leads there; the last one is
# the solution of order 5 at the end of the step.
PARTS = np.array([0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0])
STAGES = np.array([
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0],
    [44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0],
    [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
])  # fmt: skip
# By how much the solution of order 4 differs.
ERROR = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
# The solution at a part r of a step: the weight of each slope by powers of r, from r on.
BETWEEN = np.array([
    [1.0, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432],
    [0.0, 0.0, 0.0, 0.0],
    [0.0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799],
    [0.0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072],
    [0.0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632],
    [0.0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844],
    [0.0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
])  # fmt: skip


def slope_at(odefun, t, y, theta, fmt):
    """The right-hand side, with parameters or without, of an array or of a dlarray with this format."""
    start = labelled(y, fmt) if fmt else y
    found = odefun(t, start) if theta is None else odefun(t, start, theta)
    if fmt is None:
        return found
    have = labels_of(found)
    if not fits(have, fmt):
        refuse(
            f"dlode45: odefun is given a dlarray with the format {fmt!r}, and returns one with "
            f"{have or 'none'!r}; write dlarray(…, fmt) of what it returns"
        )
    return unlabelled(found, fmt)


@folded
def fits(have, fmt):
    """Whether it is known which axis is which in an array with these labels, or none."""
    return sorted(have) == sorted(fmt) if have else in_order(fmt)


@composite()
def weighted(weights, slopes):
    """A sum of slopes, one along the first axis for each weight."""
    total = weights[0] * slopes[0]
    for j in range(1, len(weights)):
        total = total + weights[j] * slopes[j]
    return total


@composite()
def first_step(y, k1, relative_tolerance, absolute_tolerance, span):
    """A first step by the size of solution and slope, at most a tenth of the interval."""
    scale = absolute_tolerance + relative_tolerance * np.abs(y)
    size, slope = np.sqrt(np.mean((y / scale) ** 2)), np.sqrt(np.mean((k1 / scale) ** 2))
    if size < 1e-5 or slope < 1e-5:
        return min(1e-6, 0.1 * span)
    return min(0.01 * size / slope, 0.1 * span)


def solution(
    odefun, times, y0, theta, fmt, initial_step, max_step, relative_tolerance, absolute_tolerance,
    counted=None,
):
    """The solutions at all times but the first, along a new first axis.

    ``counted`` says how many elements of a vector have an error that counts; None is all.
    """
    count = times.shape[0] - 1
    if count < 1:
        raise ValueError("dlode45: tspan needs two times at least")
    direction = 1.0 if times[count] > times[0] else -1.0
    for i in range(count):
        if direction * (times[i + 1] - times[i]) <= 0:
            raise ValueError("dlode45: the times must rise or fall, strictly")
    span = direction * (times[count] - times[0])
    longest = span if max_step is None else max_step
    t = 1.0 * times[0]
    y = np.zeros(y0.shape) + y0
    slopes = np.zeros((7, *y0.shape))
    slopes[0] = slope_at(odefun, t, y, theta, fmt)
    if initial_step is None:
        h = detach(first_step(
            measured(y, counted), measured(slopes[0], counted), relative_tolerance, absolute_tolerance, span
        ), False)  # fmt: skip
    else:
        h = initial_step
    h = min(h, longest)
    found = np.empty((count, *y0.shape))
    done = 0
    while done < count:
        left = direction * (times[count] - t)
        h = min(h, left)
        if h < 1e-14 * span:
            raise ValueError("dlode45: the steps became too small; is the solution still finite?")
        d = direction * h
        ahead = y
        for i in range(1, len(PARTS)):  # with range(1, 7) odefun would be written out for each
            ahead = y + d * weighted(STAGES[i, :i], slopes)
            slopes[i] = slope_at(odefun, t + PARTS[i] * d, ahead, theta, fmt)
        miss = detach(h * weighted(ERROR, slopes), False)
        scale = absolute_tolerance + relative_tolerance * np.maximum(np.abs(y), np.abs(ahead))
        error = detach(np.sqrt(np.mean(measured((miss / scale) ** 2, counted))), False)
        if error <= 1:
            last = h >= left
            reached = times[count] if last else t + d
            while done < count and (last or direction * (reached - times[done + 1]) >= 0):
                r = (times[done + 1] - t) / d
                found[done] = y + d * weighted(BETWEEN @ np.array([r, r**2, r**3, r**4]), slopes)
                done = done + 1
            t = reached
            y = ahead
            slopes[0] = slopes[6]
        h = h * min(5.0, max(0.2, 0.9 * (error + 1e-30) ** -0.2))
        h = min(h, longest)
    return found


@composite()
def measured(x, counted):
    """The elements whose error counts."""
    return x if counted is None else x[:counted]


@ruled(
    captured="dlode45(gradient_mode='adjoint') gives derivatives by tspan, y0 and theta, and odefun uses "
    "another value that the gradient depends on: hand it on in theta, or use gradient_mode='direct'",
    forward="dlode45(gradient_mode='adjoint') solves an equation backwards, and has no forward mode: use "
    "gradient_mode='direct' for jvp, jacfwd, hessian and hvp",
)  # fmt: skip
def adjoint_solution(odefun, times, y0, theta, fmt, seminorm, initial_step, max_step, relative, absolute):
    """What `solution` gives, with the derivative of the equation and not of the steps."""
    return solution(odefun, times, y0, theta, fmt, initial_step, max_step, relative, absolute)


@adjoint_solution.reverse
def adjoint_solution_back(
    dy, y, odefun, times, y0, theta, fmt, seminorm, initial_step, max_step, relative, absolute
):
    """From the last time to the first: the solution, its cotangent ``a``, and those of the parameters.

        da/dt = -a df/dy        dg/dt = -a df/dtheta        at the k-th time: a += dy[k]

    all in one vector, beginning anew with the solution that was found at each time.
    """
    count = times.shape[0] - 1
    size = y0.size
    numbers = floats_of(theta)

    def backwards(t, z):
        arguments = (np.reshape(z[:size], y0.shape), numbers)
        slope, (da, dp) = pulled_back(
            lambda y, numbers: slope_at(odefun, t, y, with_floats(theta, numbers), fmt), arguments,
            np.reshape(z[size : 2 * size], y0.shape),
        )  # fmt: skip
        return np.concatenate((np.ravel(slope), *[-row(d) for d in (da, *dp)]))

    a = np.zeros(y0.shape)
    gathered = np.concatenate((np.zeros(0), *[0.0 * row(p) for p in numbers]))
    dtimes = np.zeros(count + 1)
    for k in range(count, 0, -1):
        end = y[k - 1]
        dtimes[k] = np.sum(dy[k - 1] * slope_at(odefun, times[k], end, theta, fmt))
        a = a + dy[k - 1]
        z = np.concatenate((np.ravel(end), np.ravel(a), gathered))
        z = solution(
            backwards, np.array([times[k], times[k - 1]]), z, None, None, initial_step, max_step,
            relative, absolute, 2 * size if seminorm else None,
        )[0]  # fmt: skip
        a = np.reshape(z[size : 2 * size], y0.shape)
        gathered = z[2 * size :]
    dtimes[0] = -np.sum(a * slope_at(odefun, times[0], y0, theta, fmt))
    gathered = only_once(gathered)
    parts: list = []
    at = 0
    for p in numbers:
        parts.append(like(gathered[at : at + np.size(p)], p))
        at = at + np.size(p)
    da = like(np.ravel(only_once(a)), y0)
    return None, only_once(dtimes), da, only_floats(theta, parts), None, None, None, None, None, None


@primitive(inline=True)
def only_once(x):
    """What an equation gave that was solved backwards: how that varies is not known."""
    return 1.0 * x


@only_once.result
def only_once_result(x):
    return x


only_once.unknown("x", (
    "dlode45(gradient_mode='adjoint') has no second derivative: use gradient_mode='direct'"
))  # fmt: skip
only_once.samples(sample(real(3)), sample(real(2, 3)))


def row(x):
    """The elements of an array, or a number, in a vector."""
    x = unlabelled(x)
    return np.array([x]) if np.ndim(x) == 0 else np.ravel(x)


def like(elements, x):
    """These elements in the shape of an array, or as a number."""
    x = unlabelled(x)
    if np.ndim(x) == 0:
        return elements[0]
    return np.reshape(elements, np.shape(x)).astype(x.dtype)


@composite()
def dlode45(
    odefun, tspan, y0, theta=None, *, gradient_mode="direct", initial_step=None, max_step=None,
    relative_tolerance=1e-3, absolute_tolerance=1e-6, data_format=None,
):
    """The solution of ``dy/dt = odefun(t, y, theta)``, with ``y0`` at the first time.

    Parameters
    ----------
    odefun : function of the time, an array like ``y0``, and ``theta`` where it is given; it gets a dlarray
        with the format of ``y0``, or ``data_format``, and returns one with the same labels
    tspan : a pair of numbers, first and last time; or a vector of times, rising or falling
    y0 : array, or dlarray with labels
    theta : parameters, in any container, or None
    gradient_mode : "direct", the derivative of the steps that were taken, all of which are kept; "adjoint",
        that of the solution, by an equation that is solved from the last time to the first, with nothing kept
        but the result (Chen et al., *Neural Ordinary Differential Equations*, NeurIPS 2018); or
        "adjoint-seminorm", in which the errors of the parameters' integrals do not count (Kidger et al.,
        *"Hey, that's not an ODE"*, ICML 2021)
    initial_step, max_step : numbers, or None
    relative_tolerance, absolute_tolerance : what the error of a step is compared with; on the way back, too
    data_format : the format in which ``odefun`` wants an array ``y0`` without labels

    Returns
    -------
    array like ``y0``, the solution at the last time of a pair; of a vector the solutions at all times but
    the first, along a new last axis; where ``y0`` has labels, that axis is T ("CB" gives "CBT")

    Raises
    ------
    ValueError
        If the times neither rise nor fall, or the steps become too small.

    Notes
    -----
    The sizes of the steps pass no derivative: they are chosen by the error, as if they had been given.

    The two modes differ by about the tolerances.  In adjoint mode the gradient is by ``tspan``, ``y0`` and
    ``theta``; another value that ``odefun`` captures is refused where the gradient depends on it, and so is
    forward mode.

    Examples
    --------
    >>> y = dlode45(lambda t, y: -y, (0.0, 1.0), np.ones(1), relative_tolerance=1e-8)
    >>> y.round(5)
    array([0.36788])
    """
    if gradient_mode not in ("direct", "adjoint", "adjoint-seminorm"):
        refuse(f"dlode45(gradient_mode={gradient_mode!r}): use 'direct', 'adjoint' or 'adjoint-seminorm'")
    labels = labels_of(y0)
    if labels and data_format is not None:
        refuse(f"dlode45: y0 has the format {labels!r}; data_format= is for arrays without labels")
    if labels_of(tspan):
        refuse("dlode45: times have no labels; write stripdims(tspan)")
    y0 = unlabelled(y0)
    fmt = labels or data_format
    if fmt is not None and fmt != "":
        fmt = format_of(fmt, y0.ndim, "dlode45")
    else:
        fmt = None
    times = np.asarray(tspan)
    if times.ndim != 1:
        refuse("dlode45 takes tspan as a vector of times")
    if gradient_mode == "direct":
        found = solution(
            odefun, times, y0, theta, fmt, initial_step, max_step, relative_tolerance, absolute_tolerance
        )
    else:
        found = adjoint_solution(
            odefun, times, y0, theta, fmt, gradient_mode == "adjoint-seminorm",
            initial_step, max_step, relative_tolerance, absolute_tolerance,
        )  # fmt: skip
    if isinstance(tspan, (tuple, list)) and len(tspan) == 2:
        return labelled(found[0], labels) if labels else found[0]
    found = np.moveaxis(found, 0, y0.ndim)
    return labelled(found, with_label(labels, "T", "dlode45")) if labels else found


def _decay(t, y):
    return -y * (1.0 + 0.1 * t)


def _turning(t, y, theta):
    return np.stack((theta[0] * y[1], -theta[1] * y[0] + 0.1 * t))


dlode45.samples(
    sample(_decay, (0.0, 1.0), real(3), relative_tolerance=1e-10, absolute_tolerance=1e-12),
    sample(_turning, np.array([0.0, 0.4, 1.0]), real(2), np.array([1.3, 0.7]), relative_tolerance=1e-10,
           absolute_tolerance=1e-12),
    sample(_decay, np.array([1.0, 0.5, 0.0]), real(2), initial_step=0.1, max_step=0.2),
    rejects(_decay, np.array([0.0, 1.0, 0.5]), real(2), error=ValueError),
    rejects(_decay, np.array([0.0, 1.0]), real(2), gradient_mode="backward", error=Refusal),
)
