"""The errors that airglow raises on purpose: each says what was wrong, with what, and what to do."""


class AirglowError(Exception):
    """Base of every error that this package raises on purpose."""


class BadInput(AirglowError):
    """A file or object that is refused.

    Parameters
    ----------
    name
        The file or object, as its owner knows it.
    reason
        Why it is refused.
    hint
        What to do about it, if anything helps.
    """

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        self.name = str(name)
        self.reason = reason
        self.hint = hint
        super().__init__(f"{self.name}: {reason}" + (f". {hint}" if hint else ""))

    def __reduce__(self):  # three arguments, one message: pickling needs help
        return type(self), (self.name, self.reason, self.hint)


class StoreError(AirglowError):
    """The bucket cannot be reached, or did not do what it was asked."""


class RegistryError(AirglowError):
    """The registry is wrong, or does not know what it was asked for."""


class CatalogueError(AirglowError):
    """The database cannot be reached, or refused; nothing was changed."""


class NotAnalysable(AirglowError):
    """A night (of one tag) that yields no result, as an outcome on record rather than a fault.

    Parameters
    ----------
    state
        One word or two for tables: ``no frames``, ``camera off``.
    reason
        A sentence for people.
    """

    def __init__(self, state: str, reason: str) -> None:
        self.state = state
        self.reason = reason
        super().__init__(f"{state}: {reason}")

    def __reduce__(self):
        return type(self), (self.state, self.reason)
