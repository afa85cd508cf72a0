"""Whether all that a run needs is there: ``airglow doctor``. It changes nothing."""

__all__: list[str] = []
