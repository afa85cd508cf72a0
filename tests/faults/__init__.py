"""The suite of faults: what is done to the workflow, and what must hold meanwhile."""
