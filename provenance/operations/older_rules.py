"""Find files that were read under an older rule of the canonical form, and how to re-read them.

Records keep the ids of the rule that they were read under until their files are re-read.
"""

from __future__ import annotations

import json
import shlex
import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from provenance.content.identity import FIRST_RULE, RULE
from provenance.io.contract.reader import MAX_RECORD
from provenance.model.base import Contract, quote_literal
from provenance.store.connection import Database

_MAX_NAMED_FILES = 20
"""Most files that a command names; of more, it names their folders."""

_RULE = f"coalesce(f.canon, {quote_literal(FIRST_RULE)})"

# Only structured records have a canonical form.
_OLDER = f"""
FROM files f WHERE {_RULE} <> {quote_literal(RULE)} AND f.reading_id IN (
    SELECT reading_id FROM ledger.sightings WHERE kind = 'structured')
"""


class OlderReadings(Contract):
    """Current files of one source whose structured records have ids of an older rule."""

    source: str
    rule: str = Field(description="The rule of the canonical form: `json-1`.")
    files: int
    command: str = Field(description="Command that re-reads them under the newest rule.")


def has_older_readings(connection: Database) -> bool:
    """Whether any file was ever read under an older rule."""
    row = connection.execute(
        f"SELECT EXISTS (FROM ledger.files f WHERE {_RULE} <> {quote_literal(RULE)})"
    ).fetchone()
    return bool(row and row[0])


def readings_by_older_rules(connection: Database) -> frozenset[uuid.UUID]:
    """List the current readings under an older rule."""
    if not has_older_readings(connection):
        return frozenset()
    rows = connection.execute(f"SELECT f.reading_id {_OLDER}").fetchall()
    return frozenset(reading for (reading,) in rows)


def older_readings(connection: Database) -> tuple[OlderReadings, ...]:
    """Group files read under an older rule by source, rule and settings, with their command."""
    if not has_older_readings(connection):
        return ()
    rows = connection.execute(f"""
        SELECT f.source, {_RULE} AS rule, f.settings, list(f.uri ORDER BY f.uri) {_OLDER}
        GROUP BY ALL ORDER BY ALL""").fetchall()
    return tuple(
        OlderReadings(
            source=source,
            rule=rule,
            files=len(uris),
            command=_command(source, uris, json.loads(settings)),
        )
        for source, rule, settings, uris in rows
    )


def _command(source: str, uris: Sequence[str], settings: dict[str, Any]) -> str:
    paths = list(uris)
    if len(paths) > _MAX_NAMED_FILES:
        paths = sorted({uri.rpartition("/")[0] or "/" for uri in uris})
    command = ["prov", "ingest", *paths, "--source", source]
    for field in settings["content"]:
        command += ["--content", field]
    for name in ("format", "id", "parent", "parent_source", "parent_text", "parent_file"):
        if settings[name] is not None:
            command += [f"--{name.replace('_', '-')}", settings[name]]
    if settings["relation"] != "derived":
        command += ["--relation", settings["relation"]]
    for name, field in settings["attributes"].items():
        command += ["--attr", f"{name}={field}"]
    if settings["records"] is not None:
        command += ["--records", settings["records"]]
    if settings["max_record"] != MAX_RECORD:
        command += ["--max-record", str(settings["max_record"])]
    return shlex.join([*command, "--rehash"])
