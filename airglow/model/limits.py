"""Limits beyond which samples are flagged, of those that pages and plots show as well."""

CLOUDY_C = -22.0  # sky minus ambient
OVERCAST_C = -10.0
WARM_CCD_C = -60.0
POOR_FIT_CHI_SQUARE = 10.0
