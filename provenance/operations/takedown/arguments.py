"""Resolve the records and files that a user names to digests and uris."""

from __future__ import annotations

import re

from provenance.errors import NotFoundError
from provenance.io.discovery.discover import uri_of
from provenance.store.ledger_store import Store
from provenance.views.identifiers import resolve_record

_WHOLE = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def digest_of(store: Store, text: str) -> str:
    """Resolve a whole digest, or any id of a record in a current file, to the whole digest.

    Raises:
        NotFoundError, MisuseError: there is none, or there are several.
    """
    if whole := _WHOLE.fullmatch(text.lower()):
        return f"sha256:{whole[1]}"
    with store.snapshot(threads=1) as connection:
        record = resolve_record(connection, text)
        row = connection.execute(
            "SELECT min(digest_rest) FROM ledger.sightings WHERE record_id = ?", [record]
        ).fetchone()
    if row is None or row[0] is None:
        raise NotFoundError(f"there is no record `{text}`")
    return f"sha256:{record.hex}{row[0].hex}"


def uri_of_file(store: Store, text: str) -> str:
    """Resolve a file to its uri: a uri of the ledger, else a path."""
    with store.snapshot(threads=1) as connection:
        known = connection.execute("SELECT 1 FROM ledger.files WHERE uri = ? LIMIT 1", [text])
        return text if known.fetchall() else uri_of(text)
