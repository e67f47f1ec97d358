"""One file a task or a family of tasks; ``TASKS`` are all rows of the table in their order."""

from tests.benchmarks.tasks import (
    bundle, chains, garch, heat, kalman, lstm, mixture, newton, ode, perceptron, regression, rosenbrock, rows,
    training,
)  # fmt: skip

__all__ = ["TASKS"]

TASKS = {
    task.name: task
    for family in (
        rosenbrock, regression, mixture, bundle, lstm, ode, garch, heat, kalman, newton, perceptron, chains, rows,
        training,
    )
    for task in family.TASKS
}  # fmt: skip
