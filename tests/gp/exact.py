"""Conditional mean and variance of a Gaussian process with 60 digits, and no code shared.

The covariance is written down anew from the definition of the process, and solved by elimination.
"""

from decimal import Decimal, localcontext

DIGITS = 60


def _matern_3_2(x):
    x *= Decimal(3).sqrt()
    return (1 + x) * (-x).exp()


def _matern_5_2(x):
    x *= Decimal(5).sqrt()
    return (1 + x + x * x / 3) * (-x).exp()


def _squared_exponential(x):
    return (-x * x / 2).exp()


KERNELS = {
    "matern_3_2": _matern_3_2,
    "matern_5_2": _matern_5_2,
    "squared_exponential": _squared_exponential,
}


def solve(matrix, right):
    """Solve a linear system by elimination with the largest pivot."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = max(range(k, n), key=lambda row: abs(rows[row][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for row in rows[k + 1 :]:
            factor = row[k] / rows[k][k]
            for column in range(k, n + 1):
                row[column] -= factor * rows[k][column]
    solution = [Decimal(0)] * n
    for k in reversed(range(n)):
        known = sum((rows[k][j] * solution[j] for j in range(k + 1, n)), Decimal(0))
        solution[k] = (rows[k][n] - known) / rows[k][k]
    return solution


def predict(samples, process, at_s):
    """Value and standard error at times, of a process about a linear trend through samples."""
    with localcontext() as context:
        context.prec = DIGITS
        time, value, error = (
            [Decimal(float(x)) for x in column] for column in (samples.time_s, samples.value, samples.error)
        )
        n, rate = len(time), Decimal(float(samples.natural_rate))
        amplitude, length, excess = (
            Decimal(x) for x in (process.amplitude, process.length_s, process.excess)
        )
        kernel = KERNELS[process.kernel.__name__]
        spread, hours = max(value) - min(value), max((max(time) - min(time)) / 3600, Decimal(1))
        middle = sum(time) / n
        ordered = sorted(value)
        median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
        level, slope = 10 * (spread + rate), spread / hours + 2 * rate

        def covariance(a, b):
            trend = level**2 + slope**2 * (a - middle) * (b - middle) / 3600**2
            return amplitude**2 * kernel(abs(a - b) / length) + trend

        matrix = [[covariance(a, b) for b in time] for a in time]
        for k in range(n):
            matrix[k][k] += error[k] ** 2 + excess**2
        values, errors = [], []
        for at in (Decimal(float(t)) for t in at_s):
            cross = [covariance(at, b) for b in time]
            weights = solve(matrix, cross)
            values.append(median + sum(w * (v - median) for w, v in zip(weights, value, strict=True)))
            variance = covariance(at, at) - sum(w * c for w, c in zip(weights, cross, strict=True))
            errors.append(variance.sqrt())
        return [float(v) for v in values], [float(e) for e in errors]
