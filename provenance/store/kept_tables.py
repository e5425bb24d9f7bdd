"""Find the files of tables that were ingested from memory among the files of a ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from provenance.io.objects import Location
from provenance.store.connection import Database
from provenance.store.layout import Layout

_FILE = re.compile(r".*/tables/([0-9a-f]{64})\.parquet")


def kept_tables(
    layout: Layout, connection: Database, files: str
) -> Iterator[tuple[str, str, Path | Location]]:
    """Kept tables: the name that the ledger has for each, its digest, and where it lies.

    The name is that of before where the folder of the ledger was moved since.

    Args:
        files: SQL of a relation with a column ``uri``.
    """
    rows = connection.execute(
        f"SELECT DISTINCT uri FROM {files} WHERE uri LIKE '%/tables/%.parquet' ORDER BY uri"
    ).fetchall()
    for (uri,) in rows:
        if found := _FILE.fullmatch(uri):
            place = layout.kept_table(found[1])
            if uri == str(place) or (isinstance(place, Path) and place.exists()):
                yield uri, found[1], place
