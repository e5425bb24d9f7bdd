"""Define all errors that are shown to users, as one tree of classes with exit codes.

====================  ====  ======================================================
class                 exit  meaning
====================  ====  ======================================================
ProvError               70  the root; never raised itself
  GateError              1  a check failed
  MisuseError            2  the request itself is wrong: option, policy, name
    PolicyError          2  a policy that is not valid
    ConditionError       2  a condition that does not parse, or names no column
  InputError            10  data that cannot be read as it is
    AmbiguousError      10  data that can be read in more than one way
    UnforeseenError     10  data on which the program fails unexpectedly
  NotFoundError         11  a name, id or path that does not exist
  BusyError             12  another process is writing to the ledger
  IntegrityError        13  stored or re-read bytes are not what was recorded
  StorageError          14  a disk, a directory or an object store failed
    ReadOnlyError       14  the ledger may be read but not written
    VersionError        14  the ledger was made by another schema version
====================  ====  ======================================================

Anything that is not a ``ProvError`` is a bug (70) and keeps its traceback. An indeterminate verdict
is an answer and not an error: `audit` and `assemble` end with 3. Two more codes come from the
system: 130 interrupted, 141 closed pipe.
"""

from __future__ import annotations

from typing import ClassVar


class ProvError(Exception):
    """A failure that is shown to the user as one line, with a hint below it.

    Args:
        message: the problem, with the value; no full stop.
        hint: how to fix it; may be empty.
    """

    exit_code: ClassVar[int] = 70
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip from a worker process, keyword argument included."""
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[ProvError], message: str, hint: str) -> ProvError:
    return kind(message, hint=hint)


class GateError(ProvError):
    """A check failed."""

    exit_code = 1
    code = "gate"


class MisuseError(ProvError):
    """The request itself is wrong."""

    exit_code = 2
    code = "misuse"


class PolicyError(MisuseError):
    """A policy that is not valid."""

    code = "policy"


class ConditionError(MisuseError):
    """A condition that does not parse, or names no column."""

    code = "condition"


class InputError(ProvError):
    """Data that cannot be read as it is."""

    exit_code = 10
    code = "input"


class AmbiguousError(InputError):
    """Data that can be read in more than one way."""

    code = "ambiguous"


class UnforeseenError(InputError):
    """Data on which the program fails unexpectedly: a defect, limited to one file.

    Args:
        trace: the traceback, as Python prints it.
    """

    code = "unforeseen"

    def __init__(self, message: str, *, hint: str = "", trace: str = "") -> None:
        super().__init__(message, hint=hint)
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip from a worker process, trace included."""
        return (_rebuild_traced, (self.message, self.hint, self.trace))


def _rebuild_traced(message: str, hint: str, trace: str) -> UnforeseenError:
    return UnforeseenError(message, hint=hint, trace=trace)


class NotFoundError(ProvError):
    """A name, id or path that does not exist."""

    exit_code = 11
    code = "not-found"


class BusyError(ProvError):
    """Another process is writing to the ledger."""

    exit_code = 12
    code = "busy"


class IntegrityError(ProvError):
    """Stored or re-read bytes are not what was recorded."""

    exit_code = 13
    code = "integrity"


class StorageError(ProvError):
    """A disk, a directory or an object store failed."""

    exit_code = 14
    code = "storage"


class ReadOnlyError(StorageError):
    """The ledger may be read but not written."""

    code = "read-only"


class VersionError(StorageError):
    """The ledger was made by another schema version."""

    code = "version"
