"""Resolve the records and files that a user names to digests and uris."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from provenance.errors import MisuseError, NotFoundError
from provenance.io.discovery.discover import uri_of
from provenance.model.takedown import Kind, Selector, Takedown
from provenance.operations.coerce import AnyPath, build_options, path_list
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


def build_takedown(
    store: Store,
    selectors: Mapping[Kind, AnyPath | Iterable[AnyPath]],
    attributes: Mapping[str, str | Iterable[str]],
    *,
    through_models: bool = False,
) -> Takedown:
    """Build a takedown of what people name: any id of a record, the path of a file.

    Raises:
        MisuseError: nothing is named, or a value is empty.
        NotFoundError: there is no such record.
    """
    found: list[Selector] = []
    for kind, given in selectors.items():
        values = path_list(given)
        if kind == "record":
            values = [digest_of(store, value) for value in values]
        elif kind == "file":
            values = [uri_of_file(store, value) for value in values]
        if values:
            found.append(_selector({"kind": kind, "values": values}))
    for name, given in attributes.items():
        found.append(_selector({"kind": "attribute", "name": name, "values": path_list(given)}))
    if not found:
        raise MisuseError("no record is named", hint="name records, sources, files or attributes")
    return Takedown(selectors=tuple(found), through_models=through_models)


def _selector(members: dict[str, object]) -> Selector:
    return build_options(Selector, None, members, "revoke")
