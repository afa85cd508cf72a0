"""What the analysis of a night is, and what all rooms share: results, causes of flags, errors, version.

Nothing here imports another room, or anything heavier than NumPy. Import from the modules.
"""
