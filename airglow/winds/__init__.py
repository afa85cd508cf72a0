"""Doppler reference, line-of-sight winds, and quality flags with their reasons. Import from the modules."""
