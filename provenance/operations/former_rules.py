"""Files that were read under a former rule of the canonical form, and how they are read again.

Nothing is reckoned anew on its own: what was read under a rule keeps its ids until somebody asks.
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
from provenance.model.finding import Finding
from provenance.store.connection import Database

_NAMED = 20
"""Files that a command names one by one; of more, the folder that they lie in."""

_RULE = f"coalesce(f.canon, {quote_literal(FIRST_RULE)})"

# Only structured records have a canonical form: texts and pictures are their own.
_OLDER = f"""
FROM files f WHERE {_RULE} <> {quote_literal(RULE)} AND f.reading_id IN (
    SELECT reading_id FROM ledger.sightings WHERE kind = 'structured')
"""


class OlderReadings(Contract):
    """Current files of one source whose structured records are told by a former rule."""

    source: str
    rule: str = Field(description="The rule of the canonical form: `json-1`.")
    files: int
    command: str = Field(description="What reads them again, under the newest rule.")


def knows_former_rules(connection: Database) -> bool:
    """Whether anything was ever read under a former rule: one look at the table of files."""
    row = connection.execute(
        f"SELECT EXISTS (FROM ledger.files f WHERE {_RULE} <> {quote_literal(RULE)})"
    ).fetchone()
    return bool(row and row[0])


def readings_by_older_rules(connection: Database) -> frozenset[uuid.UUID]:
    """The current readings of such files."""
    if not knows_former_rules(connection):
        return frozenset()
    rows = connection.execute(f"SELECT f.reading_id {_OLDER}").fetchall()
    return frozenset(reading for (reading,) in rows)


def older_readings(connection: Database) -> tuple[OlderReadings, ...]:
    """Such files by source, rule and reader settings, each group with its command."""
    if not knows_former_rules(connection):
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


def older_rule_findings(connection: Database) -> list[Finding]:
    """That the same content may be two records as long as files under two rules stand side by side.

    A record of an older reading is recognised by its former id, unless a member of it that says
    nothing was left out since.
    """
    return [
        Finding(
            code="older-rule",
            severity="note",
            subject=f"source {each.source}",
            reason=f"{each.files:,} of its files were read under the rule {each.rule}: a record "
            "with empty members there may not be recognised where they are left out",
            remedy=each.command,
        )
        for each in older_readings(connection)
    ]


def _command(source: str, uris: Sequence[str], settings: dict[str, Any]) -> str:
    places = list(uris)
    if len(places) > _NAMED:
        places = sorted({uri.rpartition("/")[0] or "/" for uri in uris})
    said = ["prov", "ingest", *places, "--source", source]
    for field in settings["content"]:
        said += ["--content", field]
    for name in ("format", "id", "parent", "parent_source", "parent_text", "parent_file"):
        if settings[name] is not None:
            said += [f"--{name.replace('_', '-')}", settings[name]]
    if settings["relation"] != "derived":
        said += ["--relation", settings["relation"]]
    for name, field in settings["attributes"].items():
        said += ["--attr", f"{name}={field}"]
    if settings["records"] is not None:
        said += ["--records", settings["records"]]
    if settings["max_record"] != MAX_RECORD:
        said += ["--max-record", str(settings["max_record"])]
    return shlex.join([*said, "--rehash"])
