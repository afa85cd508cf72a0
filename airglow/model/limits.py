"""Limits of what is measured beyond which a sample is flagged, for those that draw them as well."""

CLOUDY_C = -22.0  # sky minus ambient
OVERCAST_C = -10.0
WARM_CCD_C = -60.0
POOR_FIT_CHI_SQUARE = 10.0
