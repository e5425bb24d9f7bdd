"""Verify that no stored data was changed or lost."""

from __future__ import annotations

import json
from collections.abc import Iterator

from provenance.errors import IntegrityError
from provenance.io.files import file_sha256
from provenance.model.base import Contract
from provenance.operations.members.of_release import release_members
from provenance.operations.releases.inspect import release_manifest
from provenance.operations.releases.seal import members_digest
from provenance.store.connection import Database
from provenance.store.data_files import check_data_file, local_copy
from provenance.store.kept_tables import kept_tables
from provenance.store.ledger_store import Store
from provenance.store.replacements import standing


class Verification(Contract):
    """What was checked, and the problems found."""

    parts: int
    bytes: int
    rows: int
    releases: int
    problems: tuple[str, ...] = ()


def verify(store: Store, release: str | None = None) -> Verification:
    """Verify every data file against its recorded size and digest, and releases against theirs.

    Args:
        release: verify only this release; data files are all verified.

    Raises:
        NotFoundError: there is no such release.
    """
    problems: list[str] = []
    parts = size = rows = 0
    with store.snapshot(cache_small_tables=False) as connection:
        listed = connection.execute("SELECT parts FROM ledger.commits ORDER BY seq").fetchall()
        for part in standing([json.loads(text) for (text,) in listed]):
            path = store.layout.data_file(part["table"], part["sha256"])
            parts, size, rows = parts + 1, size + part["bytes"], rows + part["rows"]
            try:
                with local_copy(path) as file:
                    check_data_file(
                        file, rows=part["rows"], size=part["bytes"], sha256=part["sha256"]
                    )
            except IntegrityError as error:
                problems.append(f"{part['table']}: {error.message}")
        readable = not problems
        names = (
            [release]
            if release
            else [
                row[0]
                for row in connection.execute("SELECT name FROM releases ORDER BY seq").fetchall()
            ]
        )
        for name in names if readable else ():
            try:
                manifest = release_manifest(connection, name)
                release_members(connection, name, today=False)
                if members_digest(connection) != manifest.body.members_digest:
                    problems.append(f"release `{name}`: its members differ from the sealed digest")
            except IntegrityError as error:
                problems.append(error.message)
        if readable:
            problems += _kept_tables(store, connection)
    return Verification(
        parts=parts, bytes=size, rows=rows, releases=len(names), problems=tuple(problems)
    )


def _kept_tables(store: Store, connection: Database) -> Iterator[str]:
    """Tables that were ingested from memory and are not what the names of their files say.

    Those with purged records are left out: a purge asks to delete them.
    """
    files = """(
        SELECT uri FROM files ANTI JOIN (
            SELECT reading_id FROM ledger.sightings SEMI JOIN ledger.tombstones USING (record_id)
        ) USING (reading_id))"""
    for sha256, place in kept_tables(store.layout, connection, files):
        try:
            with local_copy(place) as file:
                if not file.is_file():
                    yield f"tables: `{place}` is missing"
                elif file_sha256(file) != sha256:
                    yield f"tables: `{place}` is not what was ingested"
        except IntegrityError as error:
            yield f"tables: {error.message}"
