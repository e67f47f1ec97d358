"""ADBench's bundle adjustment: the Jacobian of two reprojection residuals by fifteen parameters, a row an observation.

Šrajer, Kukelova, Fitzgibbon (2018), section 3.2.  Each observation has its own parameters gathered in a row of
``P``: three of a rotation, three of the centre, the focal length, two of the principal point, two of the
distortion; the point; the weight.  Since a residual depends on its own row only, the gradient of the sum of all
first residuals by ``P`` is the first row of every block, and so for the second.
"""

import numpy as np

from tests.benchmarks.task import Task

__all__ = ["TASKS"]


def residuals(P, features):
    """The sums of the first and of the second residuals over all observations."""
    first, second = 0.0, 0.0
    for i in range(P.shape[0]):
        a, b, c = P[i, 0], P[i, 1], P[i, 2]
        x, y, z = P[i, 11] - P[i, 3], P[i, 12] - P[i, 4], P[i, 13] - P[i, 5]
        theta = np.sqrt(a * a + b * b + c * c)
        cosine, sine = np.cos(theta), np.sin(theta)
        a, b, c = a / theta, b / theta, c / theta
        along = (a * x + b * y + c * z) * (1.0 - cosine)
        u = x * cosine + (b * z - c * y) * sine + a * along
        v = y * cosine + (c * x - a * z) * sine + b * along
        w = z * cosine + (a * y - b * x) * sine + c * along
        u, v = u / w, v / w
        square = u * u + v * v
        scale = P[i, 6] * (1.0 + P[i, 9] * square + P[i, 10] * square * square)
        first += P[i, 14] * (u * scale + P[i, 7] - features[i, 0])
        second += P[i, 14] * (v * scale + P[i, 8] - features[i, 1])
    return first, second


def by_hand(P, features):
    """Both sums, and the two rows of each observation from one forward pass of it."""
    n = P.shape[0]
    J = np.empty((2, n, 15))
    first, second = 0.0, 0.0
    for i in range(n):
        ra, rb, rc = P[i, 0], P[i, 1], P[i, 2]
        x, y, z = P[i, 11] - P[i, 3], P[i, 12] - P[i, 4], P[i, 13] - P[i, 5]
        theta = np.sqrt(ra * ra + rb * rb + rc * rc)
        cosine, sine = np.cos(theta), np.sin(theta)
        inverse = 1.0 / theta
        a, b, c = ra * inverse, rb * inverse, rc * inverse
        dot = a * x + b * y + c * z
        rest = 1.0 - cosine
        along = dot * rest
        cu, cv, cw = b * z - c * y, c * x - a * z, a * y - b * x
        u3 = x * cosine + cu * sine + a * along
        v3 = y * cosine + cv * sine + b * along
        w3 = z * cosine + cw * sine + c * along
        depth = 1.0 / w3
        u, v = u3 * depth, v3 * depth
        square = u * u + v * v
        distortion = 1.0 + P[i, 9] * square + P[i, 10] * square * square
        f, weight = P[i, 6], P[i, 14]
        scale = f * distortion
        r0, r1 = u * scale + P[i, 7] - features[i, 0], v * scale + P[i, 8] - features[i, 1]
        first += weight * r0
        second += weight * r1
        slope = f * (P[i, 9] + 2.0 * P[i, 10] * square)
        for k in range(2):
            own, r = (u, r0) if k == 0 else (v, r1)
            d_scale = weight * own
            d_square = d_scale * slope
            du, dv = 2.0 * u * d_square, 2.0 * v * d_square
            if k == 0:
                du += weight * scale
            else:
                dv += weight * scale
            du3, dv3 = du * depth, dv * depth
            dw3 = -(du * u + dv * v) * depth
            d_along = du3 * a + dv3 * b + dw3 * c
            d_dot = d_along * rest
            d_cosine = du3 * x + dv3 * y + dw3 * z - d_along * dot
            d_sine = du3 * cu + dv3 * cv + dw3 * cw
            eu, ev, ew = du3 * sine, dv3 * sine, dw3 * sine
            da = du3 * along + d_dot * x - ev * z + ew * y
            db = dv3 * along + d_dot * y + eu * z - ew * x
            dc = dw3 * along + d_dot * z - eu * y + ev * x
            dx = du3 * cosine + d_dot * a + ev * c - ew * b
            dy = dv3 * cosine + d_dot * b - eu * c + ew * a
            dz = dw3 * cosine + d_dot * c + eu * b - ev * a
            d_theta = d_sine * cosine - d_cosine * sine - (da * a + db * b + dc * c) * inverse
            J[k, i, 0] = da * inverse + d_theta * a
            J[k, i, 1] = db * inverse + d_theta * b
            J[k, i, 2] = dc * inverse + d_theta * c
            J[k, i, 3], J[k, i, 4], J[k, i, 5] = -dx, -dy, -dz
            J[k, i, 6] = d_scale * distortion
            J[k, i, 7], J[k, i, 8] = (weight, 0.0) if k == 0 else (0.0, weight)
            J[k, i, 9] = d_scale * f * square
            J[k, i, 10] = d_scale * f * square * square
            J[k, i, 11], J[k, i, 12], J[k, i, 13] = dx, dy, dz
            J[k, i, 14] = r
    return first + second, (J[0], J[1])


def both(P, features):
    """What `dlfeval` runs: the forward sweep is shared by the two gradients."""
    from dlsrc import dlgradient

    first, second = residuals(P, features)
    return first + second, dlgradient(first, P, retain_data=True), dlgradient(second, P)


def with_dlsrc(arguments, flags):
    """`dlfeval` on dlarrays, and a reader of what it gives."""
    from dlsrc import dlaccelerate, dlarray, dlfeval

    P, features = arguments
    traced, run = dlarray(P), dlaccelerate(both, **flags)

    def read(result):
        return float(result[0]), tuple(np.asarray(g) for g in result[1:])

    def call():
        return dlfeval(run, traced, features)

    call.explained = both, traced, features  # type: ignore[attr-defined]
    return call, read


def row(np):
    """One observation's residuals, for peers that map it over the rows; of a column each, for all of them at once."""

    def f(p, feature):
        rotation, X = p[:3], p[11:14] - p[3:6]
        theta = np.sqrt((rotation**2).sum(0))
        axis = rotation / theta
        cross = np.stack([
            axis[1] * X[2] - axis[2] * X[1], axis[2] * X[0] - axis[0] * X[2], axis[0] * X[1] - axis[1] * X[0]
        ])  # fmt: skip
        X = X * np.cos(theta) + cross * np.sin(theta) + axis * ((axis * X).sum(0) * (1.0 - np.cos(theta)))
        at = X[:2] / X[2]
        square = (at**2).sum(0)
        scale = p[6] * (1.0 + p[9] * square + p[10] * square * square)
        return p[14] * (at * scale + p[7:9] - feature)

    return f


def jax_peer(arguments):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    f = row(jnp)
    rows = jax.vmap(jax.jacrev(f))
    call = jax.jit(lambda P, features: (jax.vmap(f)(P, features).sum(), rows(P, features)))
    args = tuple(map(jax.device_put, arguments))

    def read(result):
        J = np.asarray(result[1])
        return float(result[0]), (J[:, 0], J[:, 1])

    return (lambda: jax.block_until_ready(call(*args))), read


def torch_peer(arguments):
    import torch
    from torch.func import jacrev, vmap

    torch.set_num_threads(1)
    f = row(torch)
    P, features = (torch.tensor(a) for a in arguments)
    rows = vmap(jacrev(f))

    def call():
        return vmap(f)(P, features).sum(), rows(P, features)

    def read(result):
        J = result[1].numpy()
        return float(result[0]), (J[:, 0], J[:, 1])

    return call, read


def autograd_peer(arguments):
    """Arrays of a column for each observation; the forward sweep is shared."""
    import autograd.numpy as anp
    from autograd import make_vjp

    P, features = arguments
    f, observed = row(anp), np.ascontiguousarray(features.T)
    run = make_vjp(lambda p: f(p.T, observed).sum(1))

    def call():
        back, sums = run(P)
        return sums, back(np.array([1.0, 0.0])), back(np.array([0.0, 1.0]))

    return call, lambda result: (float(result[0].sum()), tuple(result[1:]))


def casadi_peer(arguments):
    """The residuals of one observation and their Jacobian, mapped over all."""
    import casadi

    P, features = arguments
    n = P.shape[0]
    p, feature = casadi.SX.sym("p", 15), casadi.SX.sym("feature", 2)
    rotation, X = p[:3], p[11:14] - p[3:6]
    theta = casadi.norm_2(rotation)
    axis = rotation / theta
    X = X * casadi.cos(theta) + casadi.cross(axis, X) * casadi.sin(theta) + (
        axis * (casadi.dot(axis, X) * (1.0 - casadi.cos(theta)))
    )
    at = X[:2] / X[2]
    square = casadi.sumsqr(at)
    scale = p[6] * (1.0 + p[9] * square + p[10] * square * square)
    both = p[14] * (at * scale + p[7:9] - feature)
    rows = casadi.Function("rows", [p, feature], [both, casadi.jacobian(both, p).T]).map(n)
    values = [casadi.DM(np.ascontiguousarray(a.T)) for a in arguments]

    def read(result):
        J = np.asarray(result[1].full()).reshape(15, n, 2)
        return float(np.sum(result[0].full())), (J[:, :, 0].T, J[:, :, 1].T)

    return (lambda: rows(*values)), read


def arguments():
    rng = np.random.default_rng(10)
    n = 5000
    P = 0.3 * rng.standard_normal((n, 15))
    P[:, 6] = 500.0
    P[:, 9:11] *= 0.01
    P[:, 13] += 5.0
    P[:, 14] = rng.uniform(0.5, 1.5, n)
    return P, rng.standard_normal((n, 2))


TASKS = (
    Task(
        "bundle", "loop", residuals, by_hand, arguments,
        {"jax": jax_peer, "torch": torch_peer, "autograd": autograd_peer, "casadi": casadi_peer}, derive=with_dlsrc,
    ),
)  # fmt: skip
