"""The solution of an ordinary differential equation by Runge-Kutta pairs of orders 4 and 5.

Dormand and Prince, *Journal of Computational and Applied Mathematics* 6, 1980; values between steps by the
polynomial of order 4 of Shampine, *Mathematics of Computation* 46, 1986.
"""

import numpy as np

from .primitive import Refusal, composite, real, refuse, rejects, sample
from .trace import detach

__all__ = ["dlode45"]


@composite()
def slope_at(odefun, t, y, theta):
    """The right-hand side, with parameters or without."""
    if theta is None:
        return odefun(t, y)
    return odefun(t, y, theta)


@composite()
def between(y, h, r, k1, k3, k4, k5, k6, k7):
    """The solution at a part ``r`` of a step."""
    b1 = r * (1 + r * (-8048581381 / 2820520608 + r * (8663915743 / 2820520608 + r * (
        -12715105075 / 11282082432))))
    b3 = r * r * (131558114200 / 32700410799 + r * (-68118460800 / 10900136933 + r * (
        87487479700 / 32700410799)))
    b4 = r * r * (-1754552775 / 470086768 + r * (14199869525 / 1410260304 + r * (
        -10690763975 / 1880347072)))
    b5 = r * r * (127303824393 / 49829197408 + r * (-318862633887 / 49829197408 + r * (
        701980252875 / 199316789632)))
    b6 = r * r * (-282668133 / 205662961 + r * (2019193451 / 616988883 + r * (-1453857185 / 822651844)))
    b7 = r * r * (40617522 / 29380423 + r * (-110615467 / 29380423 + r * (69997945 / 29380423)))
    return y + h * (b1 * k1 + b3 * k3 + b4 * k4 + b5 * k5 + b6 * k6 + b7 * k7)


@composite()
def first_step(y, k1, relative_tolerance, absolute_tolerance, span):
    """A first step by the size of solution and slope, at most a tenth of the interval."""
    scale = absolute_tolerance + relative_tolerance * np.abs(y)
    size, slope = np.sqrt(np.mean((y / scale) ** 2)), np.sqrt(np.mean((k1 / scale) ** 2))
    if size < 1e-5 or slope < 1e-5:
        return min(1e-6, 0.1 * span)
    return min(0.01 * size / slope, 0.1 * span)


@composite()
def dlode45(
    odefun, tspan, y0, theta=None, *, gradient_mode="direct", initial_step=None, max_step=None,
    relative_tolerance=1e-3, absolute_tolerance=1e-6,
):
    """The solution of ``dy/dt = odefun(t, y, theta)``, with ``y0`` at the first time.

    Parameters
    ----------
    odefun : function of the time, an array like ``y0``, and ``theta`` where it is given
    tspan : a pair of numbers, first and last time; or a vector of times, rising or falling
    y0 : array
    theta : parameters, in any container, or None
    gradient_mode : "direct", the derivative of the steps that were taken
    initial_step, max_step : numbers, or None
    relative_tolerance, absolute_tolerance : what the error of a step is compared with

    Returns
    -------
    array like ``y0``, the solution at the last time of a pair; of a vector the solutions at all times but
    the first, along a new last axis

    Raises
    ------
    ValueError
        If the times neither rise nor fall, or the steps become too small.

    Notes
    -----
    The sizes of the steps pass no derivative: they are chosen by the error, as if they had been given.

    Examples
    --------
    >>> y = dlode45(lambda t, y: -y, (0.0, 1.0), np.ones(1), relative_tolerance=1e-8)
    >>> y.round(5)
    array([0.36788])
    """
    if gradient_mode != "direct":
        refuse(f"dlode45(gradient_mode={gradient_mode!r}): use 'direct', the derivative of the steps")
    times = np.asarray(tspan)
    if times.ndim != 1:
        refuse("dlode45 takes tspan as a vector of times")
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
    y = 1.0 * y0
    k1 = slope_at(odefun, t, y, theta)
    if initial_step is None:
        h = detach(first_step(y, k1, relative_tolerance, absolute_tolerance, span), False)
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
        k2 = slope_at(odefun, t + d / 5, y + d * (k1 / 5), theta)
        k3 = slope_at(odefun, t + d * 0.3, y + d * (3 / 40 * k1 + 9 / 40 * k2), theta)
        k4 = slope_at(odefun, t + d * 0.8, y + d * (44 / 45 * k1 - 56 / 15 * k2 + 32 / 9 * k3), theta)
        k5 = slope_at(
            odefun, t + d * (8 / 9),
            y + d * (19372 / 6561 * k1 - 25360 / 2187 * k2 + 64448 / 6561 * k3 - 212 / 729 * k4), theta,
        )
        k6 = slope_at(
            odefun, t + d,
            y + d * (
                9017 / 3168 * k1 - 355 / 33 * k2 + 46732 / 5247 * k3 + 49 / 176 * k4 - 5103 / 18656 * k5
            ),
            theta,
        )
        ahead = y + d * (
            35 / 384 * k1 + 500 / 1113 * k3 + 125 / 192 * k4 - 2187 / 6784 * k5 + 11 / 84 * k6
        )
        k7 = slope_at(odefun, t + d, ahead, theta)
        miss = h * (
            71 / 57600 * k1 - 71 / 16695 * k3 + 71 / 1920 * k4 - 17253 / 339200 * k5 + 22 / 525 * k6 - k7 / 40
        )
        scale = absolute_tolerance + relative_tolerance * np.maximum(np.abs(y), np.abs(ahead))
        error = detach(np.sqrt(np.mean((miss / scale) ** 2)), False)
        if error <= 1:
            last = h >= left
            reached = times[count] if last else t + d
            while done < count and (last or direction * (reached - times[done + 1]) >= 0):
                part = (times[done + 1] - t) / d
                found[done] = between(y, d, part, k1, k3, k4, k5, k6, k7)
                done = done + 1
            t = reached
            y = ahead
            k1 = k7
        h = h * min(5.0, max(0.2, 0.9 * (error + 1e-30) ** -0.2))
        h = min(h, longest)
    if isinstance(tspan, (tuple, list)) and len(tspan) == 2:
        return found[0]
    return np.moveaxis(found, 0, y0.ndim)


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
    rejects(_decay, np.array([0.0, 1.0]), real(2), gradient_mode="adjoint", error=Refusal),
)
