"""Gaussian processes: kernels, hyperparameters and their fit, posterior, outliers, courses in time."""

from airglow.gp.cholesky import Factor, SingularCovariance, factorise
from airglow.gp.course import Course, fit_course
from airglow.gp.fit import log_density, log_density_and_slope, minimise
from airglow.gp.kernels import KERNELS, MATERN, Kernel
from airglow.gp.outliers import find_inliers, find_inliers_worst_first
from airglow.gp.posterior import conditional_covariance, conditional_mean, gain
from airglow.gp.priors import Prior, Priors
from airglow.gp.regression import Regression, regress
from airglow.gp.series import Process, Samples, fit_process

__all__ = [
    "KERNELS",
    "MATERN",
    "Course",
    "Factor",
    "Kernel",
    "Prior",
    "Priors",
    "Process",
    "Regression",
    "Samples",
    "SingularCovariance",
    "conditional_covariance",
    "conditional_mean",
    "factorise",
    "find_inliers",
    "find_inliers_worst_first",
    "fit_course",
    "fit_process",
    "gain",
    "log_density",
    "log_density_and_slope",
    "minimise",
    "regress",
]
