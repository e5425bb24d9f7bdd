"""Choose the table of a database file, and refuse a file with changes outside of it."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.errors import AmbiguousError, InputError, NotFoundError
from provenance.io.contract.reader import Input


def choose_table(source: Input, tables: Sequence[str], asked: str | None) -> str:
    """Choose the table named with ``--records``, or the only one.

    Raises:
        NotFoundError: there is no such table.
        AmbiguousError: there are several, and none was asked for.
        InputError: there is none.
    """
    names = ", ".join(tables[:20])
    if asked is not None:
        if asked in tables:
            return asked
        raise NotFoundError(f"no table {asked!r} in {source.uri}", hint=f"tables: {names}")
    if not tables:
        raise InputError(f"{source.uri} holds no table", hint="name another file")
    if len(tables) > 1:
        raise AmbiguousError(
            f"{source.uri} holds {len(tables)} tables", hint=f"name one with `--records`: {names}"
        )
    return tables[0]


def require_checkpointed(source: Input, log_suffix: str, command: str) -> None:
    """Refuse a database whose last changes are in its write-ahead log.

    Args:
        source: the database file.
        log_suffix: what the name of the log has behind the name of the database.
        command: what writes the changes into the database.

    Raises:
        InputError: the log is not empty.
    """
    log = source.path.with_name(f"{source.path.name}{log_suffix}")
    if log.exists() and log.stat().st_size:
        raise InputError(
            f"the last changes of {source.uri} are in {log.name}",
            hint=f"close the program that writes it, or run {command} there",
        )
