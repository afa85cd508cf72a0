"""What a run needs beside science: delivery, the state of nights, locks, checks beforehand, the working disk.

Import from the modules.
"""
