"""What the analysis of a night is, and what all rooms share.

Results, the table of their columns, a night's summary, names of products, tags, causes of flags, errors and
version. Nothing here imports another room, or anything heavy: functions that compute import NumPy when they
are called, since most steps of the workflow only want a name or a state. Import from the modules.
"""
