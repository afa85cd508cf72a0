"""What the analysis of a night is, and what all rooms share.

Results, the table of their columns, a night's summary, names of products, tags, causes of flags, errors and
version. Nothing here imports another room, or anything heavier than NumPy. Import from the modules.
"""
