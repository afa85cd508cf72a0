"""Fringes on annuli by quadrature: the Airy function, averaged over all that broadens it, point by point.

It shares neither code nor series with `airglow.etalon` and `airglow.spectra`.
"""

import numpy as np

LIGHT_SPEED_MPS = 299792458.0
BOLTZMANN = 1.380649e-23
OXYGEN_KG = 15.9949 * 1.66053906660e-27


def _gaussian(number):
    nodes, weights = np.polynomial.hermite_e.hermegauss(number)
    return nodes, weights / weights.sum()


def fringes_on_annuli(
    s_px2,
    width_px2,
    phase,
    parameters,
    *,
    velocity_mps=0.0,
    temperature_k=0.0,
    gaps=((0.0,), (1.0,)),
    thermal_nodes=33,
):
    """Mean of the fringes over annuli about r^2, with a mean of 1 over an order.

    ``phase`` is that along the axis. ``gaps`` are departures from the gap in radians, and their shares.
    Second and third derivatives by the gap ask for 65 ``thermal_nodes``.
    """
    legendre, leg_weight = np.polynomial.legendre.leggauss(4)
    along, along_weight = _gaussian(25)
    across, across_weight = _gaussian(3)
    thermal, thermal_weight = _gaussian(thermal_nodes) if temperature_k else (np.zeros(1), np.ones(1))
    s = s_px2[:, None, None, None] + 0.5 * width_px2 * legendre[:, None, None]
    rho = np.pi * np.sqrt(s) / parameters.max_radius_px
    b0, b1, b2 = parameters.blur_px
    blur = np.sqrt((b0 + b1 * np.sin(rho) + b2 * np.cos(rho)) ** 2 + 1.0 / 12.0)  # and a square pixel's own
    square = (np.sqrt(s) + blur * along[:, None]) ** 2 + (blur * across) ** 2
    cosine = 1.0 / np.sqrt(1.0 + parameters.plate_scale_rad_per_pixel**2 * square)
    weight = 0.5 * leg_weight[:, None, None] * along_weight[:, None] * across_weight
    reflectivity, mean = parameters.reflectivity, np.zeros(s_px2.size)
    velocities = velocity_mps + np.sqrt(BOLTZMANN * temperature_k / OXYGEN_KG) * thermal
    for velocity, part in zip(velocities, thermal_weight, strict=True):
        for departure, share in zip(*gaps, strict=True):
            phi = (phase + departure) * cosine / (1.0 + velocity / LIGHT_SPEED_MPS)
            airy = (1.0 - reflectivity**2) / (1.0 + reflectivity**2 - 2.0 * reflectivity * np.cos(phi))
            mean += part * share * np.einsum("aijk,ijk->a", airy, weight)
    return mean


def illumination(s_px2, parameters):
    """Illumination at r^2 over that at the centre."""
    rho = np.sqrt(s_px2) / parameters.max_radius_px
    return 1.0 + parameters.falloff[0] * rho + parameters.falloff[1] * rho**2


def bounds(derivatives, sigma):
    """Cramér-Rao bounds of all unknowns from the derivatives of counts by each, at given errors."""
    matrix = np.stack(derivatives, axis=1) / sigma[:, None]
    return np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)))
