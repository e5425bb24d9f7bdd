"""Find the files of tables that were ingested from memory among the files of a ledger.

A ledger names such a file by where it lay when the table was ingested. The folder of a ledger may
be moved, copied, or opened by another path: then the file of that name in the folder of now is the
table, for its name is the digest of what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from provenance.io import objects
from provenance.io.objects import Location
from provenance.model.base import quote_literal
from provenance.store.connection import Database
from provenance.store.layout import Layout

_FILE = re.compile(r".*/tables/([0-9a-f]{64})\.parquet")
_LIKE = "uri LIKE '%/tables/%.parquet'"
_VARIABLE = "kept_tables"


def kept_tables(
    layout: Layout, connection: Database, files: str
) -> Iterator[tuple[str, Path | Location]]:
    """Kept tables, in the order of their recorded names: the digest of each, and where it lies.

    Args:
        files: SQL of a relation with a column ``uri``.
    """
    rows = connection.execute(
        f"SELECT DISTINCT uri FROM {files} WHERE {_LIKE} ORDER BY uri"
    ).fetchall()
    seen: set[str] = set()
    for (uri,) in rows:
        if (found := _FILE.fullmatch(uri)) and found[1] not in seen:
            path = layout.kept_table(found[1])
            if uri == str(path) or (isinstance(path, Path) and path.exists()):
                seen.add(found[1])
                yield found[1], path


def tell_folder(layout: Layout, connection: Database) -> None:
    """Let ``present_name`` know, on this connection, where the ledger keeps its tables."""
    connection.execute(f"SET VARIABLE {_VARIABLE} = {quote_literal(str(layout.tables))}")


def present_name(connection: Database, uri: str) -> str:
    """Where a file lies now: a kept table in the ledger that is open, any other as recorded."""
    if not (found := _FILE.fullmatch(uri)):
        return uri
    row = connection.execute(f"SELECT getvariable('{_VARIABLE}')").fetchone()
    if row is None or row[0] is None:
        return uri
    present = f"{row[0]}/{found[1]}.parquet"
    return present if present == uri or _is_there(present) else uri


def _is_there(uri: str) -> bool:
    if objects.is_url(uri):
        return objects.find(objects.parse_url(uri)) is not None
    return Path(uri).is_file()


def recorded_names(
    layout: Layout, connection: Database, source: str, uris: Collection[str]
) -> dict[str, str]:
    """The names that a source has for kept tables from before the ledger was moved.

    Args:
        uris: of files; those that are no kept tables of this ledger are passed over.

    Returns:
        The recorded name by the name of now, where they differ.
    """
    matches = {uri: _FILE.fullmatch(uri) for uri in uris}
    present = {
        uri: found[1]
        for uri, found in matches.items()
        if found and uri == str(layout.kept_table(found[1]))
    }
    if not present:
        return {}
    rows = connection.execute(
        f"SELECT uri FROM files WHERE source = ? AND {_LIKE} ORDER BY uri DESC", [source]
    ).fetchall()
    recorded = {found[1]: uri for (uri,) in rows if (found := _FILE.fullmatch(uri))}
    known = {uri for (uri,) in rows}
    return {
        uri: recorded[digest]
        for uri, digest in present.items()
        if digest in recorded and uri not in known
    }
