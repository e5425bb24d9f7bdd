"""The one tree of failures that a user is meant to read, each with its exit code.

====================  ====  ======================================================
class                 exit  meaning
====================  ====  ======================================================
ProvError               70  the root; never raised itself
  GateError              1  the gate says no
  MisuseError            2  the request itself is wrong: option, policy, name
    PolicyError          2  a policy file that cannot be judged by
    ConditionError       2  a condition that does not parse, or names no column
  InputError            10  data that cannot be read as it is
    AmbiguousError      10  data that can be read in more than one way
    UnforeseenError     10  data on which the program fails in a way nobody foresaw
  NotFoundError         11  a name, id or path that is not there
  BusyError             12  the ledger is held by somebody else
  IntegrityError        13  stored or re-read bytes are not what was recorded
  StorageError          14  a disk, a directory or an object store refuses
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
        message: what happened, with the value; no full stop.
        hint: what to do next; empty when there is nothing useful to say.
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
    """The gate says no."""

    exit_code = 1
    code = "gate"


class MisuseError(ProvError):
    """The request itself is wrong."""

    exit_code = 2
    code = "misuse"


class PolicyError(MisuseError):
    """A policy file that cannot be judged by."""

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
    """Data on which the program fails in a way nobody foresaw: a defect of it, but of one file.

    Args:
        trace: where in the program that was, as Python prints it.
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
    """A name, id or path that is not there."""

    exit_code = 11
    code = "not-found"


class BusyError(ProvError):
    """The ledger is held by somebody else."""

    exit_code = 12
    code = "busy"


class IntegrityError(ProvError):
    """Stored or re-read bytes are not what was recorded."""

    exit_code = 13
    code = "integrity"


class StorageError(ProvError):
    """A disk, a directory or an object store refuses."""

    exit_code = 14
    code = "storage"


class ReadOnlyError(StorageError):
    """The ledger may be read but not written."""

    code = "read-only"


class VersionError(StorageError):
    """The ledger was made by another schema version."""

    code = "version"
