"""Which table of a database holds the records."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.errors import AmbiguousError, InputError, NotFoundError
from provenance.io.contract.reader import Input


def table_of(source: Input, tables: Sequence[str], asked: str | None) -> str:
    """The table that was asked for with ``--records``, or the only one.

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
