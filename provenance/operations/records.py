"""Answer `prov status` and `prov show`: totals of the ledger, and one record with evidence."""

from __future__ import annotations

import json
import uuid
from collections import Counter

from pydantic import Field

from provenance.errors import NotFoundError
from provenance.model.base import Contract, quote_literal
from provenance.model.evidence import Evidence
from provenance.model.origin import TIER_RANK, Label, Origin, Tier
from provenance.model.origin_rules import RULES
from provenance.model.takedown import Revoked
from provenance.operations.older_rules import OlderReadings, older_readings
from provenance.origin import resolver
from provenance.store.connection import Database
from provenance.store.ledger_store import Store
from provenance.views.copies import materialize_copies
from provenance.views.identifiers import resolve_record
from provenance.views.materialized_origins import kept_origins

UNACCEPTED = "the file says human; nobody accepted that"
ONLY_RAISES = "the file says that the rest is human; nobody accepted that"
EARLIER = "said by an earlier version of the file; in force until `prov ingest --replace`"
"""Notes on evidence that counts less than stated, or is from an earlier version of a file."""


class Status(Contract):
    """Totals of a ledger."""

    records: int
    sightings: int
    sources: int
    files: int
    edges: int
    releases: int
    bytes: int
    labels: dict[str, int]
    conflicts: int
    revoked: int = Field(default=0, description="Records that are revoked now.")
    older_rules: tuple[OlderReadings, ...] = Field(
        default=(),
        description="Files whose structured records have ids of an older rule, by source.",
    )


class Sighting(Contract):
    """One occurrence of a record in a file."""

    source: str
    file: str
    row: int
    external_id: str | None
    attributes: dict[str, str]


class ShownOrigin(Origin):
    """The origin of a record, with its evidence."""

    evidence: tuple[Evidence, ...]

    @property
    def rule_text(self) -> str:
        """What the rule that decided means; empty for a rule of another version."""
        return RULES.get(self.rule, "")


class Shown(Contract):
    """One record with its origin and sightings."""

    record_id: str
    digest: str
    bytes: int
    chars: int
    words: int
    kind: str
    norm_id: str | None
    origin: ShownOrigin
    sightings: tuple[Sighting, ...]
    releases: tuple[str, ...] = Field(description="Releases that contain it.")
    revoked: tuple[Revoked, ...] = Field(default=(), description="Why it is revoked, if it is.")


# Most records have only the declarations of their files as evidence. These have few combinations,
# so each is resolved once, as a record of one byte; records with evidence of their own are resolved
# individually.
_BITS = (("human", 1), ("synthetic", 2), ("mixed", 4))
_COMBINED = " UNION ALL ".join(
    f"SELECT combined.record_id, 'declared', '{claim}', true, NULL::BIGINT, NULL::BIGINT, "
    f"NULL::BIGINT, NULL, NULL, NULL FROM combined WHERE said & {bit} <> 0"
    for claim, bit in _BITS
)
_CLAIM = "tier, claim, whole, part_bytes, part_chars, part_words, process, generator, "
_WITH_EVIDENCE = "spoken_of AS (SELECT DISTINCT record_id FROM evidence)"
_KEPT_LABELS = """
SELECT label, count(*), sum(bytes), count(*) FILTER (conflict) FROM origins GROUP BY label
"""
_DECLARED_LABELS = f"""
WITH {_WITH_EVIDENCE}, seen AS (
    SELECT s.record_id, max(s.bytes) AS bytes,
        bit_or(CASE d.label {" ".join(f"WHEN '{c}' THEN {b}" for c, b in _BITS)} ELSE 0 END) AS said
    FROM sightings s LEFT JOIN declared d USING (reading_id) ANTI JOIN spoken_of USING (record_id)
    GROUP BY s.record_id
), tallied AS (
    SELECT said, count(*) AS records, sum(bytes) AS bytes FROM seen GROUP BY said
), combined AS (
    SELECT said, md5(said::VARCHAR)::UUID AS record_id FROM tallied
), resolved AS ({
    resolver.origin_sql(
        f"(SELECT record_id, {_CLAIM} generator_family FROM ({_COMBINED}) "
        f"AS c(record_id, {_CLAIM} generator_family))",
        "(SELECT record_id, 1::BIGINT AS bytes, 1::BIGINT AS chars, 1::BIGINT AS words "
        "FROM combined)",
    )
})
SELECT label, records, tallied.bytes, CASE WHEN conflict THEN records ELSE 0 END
FROM tallied JOIN combined USING (said) JOIN resolved USING (record_id)
"""
_EVIDENCE_LABELS = f"""
WITH {_WITH_EVIDENCE}
SELECT label, count(*), sum(bytes), count(*) FILTER (conflict) FROM ({
    resolver.origin_sql(
        "(SELECT * FROM claims SEMI JOIN spoken_of USING (record_id))",
        "(SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words "
        "FROM sightings SEMI JOIN spoken_of USING (record_id) GROUP BY record_id)",
    )
}) GROUP BY label
"""


def status(store: Store) -> Status:
    """Count records, labels and other totals of the ledger."""
    with store.snapshot(threads=1) as connection:
        rows = _labels(connection)
        counts = connection.execute("""
            SELECT (SELECT coalesce(sum(kept), 0) FROM files), (SELECT count(*) FROM sources),
                (SELECT count(*) FROM files),
                (SELECT count(*) FROM ledger.edges
                    WHERE reading_id IS NULL OR reading_id IN (SELECT reading_id FROM files))
                    + (SELECT count(DISTINCT (reading_id, row)) FROM ledger.quotes
                        WHERE reading_id IN (SELECT reading_id FROM files))
                    + (SELECT count(*) FROM imported_edges),
                (SELECT count(*) FROM releases),
                (SELECT count(DISTINCT record_id) FROM revoked)""").fetchone()
        older = older_readings(connection)
    labels: Counter[str] = Counter()
    for label, records, *_ in rows:
        labels[label] += int(records)
    sightings, sources, files, edges, releases, revoked = counts or (0, 0, 0, 0, 0, 0)
    return Status(
        records=sum(labels.values()),
        sightings=int(sightings),
        sources=sources,
        files=files,
        edges=edges,
        releases=releases,
        bytes=sum(int(row[2]) for row in rows),
        labels={label.value: labels[label.value] for label in Label},
        conflicts=sum(int(row[3]) for row in rows),
        revoked=revoked,
        older_rules=older,
    )


def _labels(connection: Database) -> list[tuple[str, int, int, int]]:
    """Count records, bytes and conflicts by label; a label may occur in several rows."""
    kept = kept_origins(connection)
    if kept is not None and not kept.stale:
        return connection.execute(_KEPT_LABELS).fetchall()
    materialize_copies(connection)
    rows = connection.execute(_DECLARED_LABELS).fetchall()
    if connection.execute("FROM evidence LIMIT 1").fetchall():
        rows += connection.execute(_EVIDENCE_LABELS).fetchall()
    return rows


def show(store: Store, text: str) -> Shown:
    """Load one record with its origin, evidence and sightings.

    Raises:
        NotFoundError, MisuseError: as ``resolve_record``.
    """
    with store.snapshot() as connection:
        record_id = resolve_record(connection, text)
        materialize_copies(connection)
        row = connection.execute(
            """SELECT digest, bytes, chars, words, kind, norm_id, label, lo_chars, hi_chars,
                lo_bytes, hi_bytes, process, generator, depth, rule, conflict
            FROM records WHERE record_id = ?""",
            [record_id],
        ).fetchone()
        if row is None:
            raise NotFoundError(f"record `{text}` is in no current file")
        evidence = _evidence(connection, record_id)
        sightings = _sightings(connection, record_id)
        releases = connection.execute(
            "SELECT DISTINCT release FROM members WHERE record_id = ? ORDER BY 1", [record_id]
        ).fetchall()
        revoked = connection.execute(
            "SELECT revocation, hops, reason FROM revoked WHERE record_id = ? ORDER BY ALL",
            [record_id],
        ).fetchall()
    digest, size, chars, words, kind, norm, label, lo, hi, lo_bytes, hi_bytes, *rest = row
    process, generator, depth, rule, conflict = rest
    share = (lo / chars, hi / chars) if chars else (lo_bytes / size, hi_bytes / size)
    return Shown(
        record_id=str(record_id),
        digest=digest,
        bytes=size,
        chars=chars,
        words=words,
        kind=kind,
        norm_id=f"xxh3:{norm.hex}" if norm else None,
        origin=ShownOrigin(
            label=label,
            share=share,
            process=process,
            generator=generator,
            depth=depth or 0,
            rule=rule,
            conflict=conflict,
            evidence=evidence,
        ),
        sightings=sightings,
        releases=tuple(row[0] for row in releases),
        revoked=tuple(
            Revoked(revocation=name, hops=hops, reason=reason) for name, hops, reason in revoked
        ),
    )


_EVIDENCE = f"""
SELECT e.tier, e.claim, e.whole OR coalesce(e.unaccepted, false) AS whole, e.part_chars,
    e.observer, e.basis, e.process, e.generator, e.field, CASE
        WHEN e.unaccepted AND e.claim = 'human' THEN {quote_literal(UNACCEPTED)}
        WHEN e.unaccepted THEN {quote_literal(ONLY_RAISES)}
        WHEN e.reading_id IS NOT NULL AND f.reading_id IS NULL THEN {quote_literal(EARLIER)}
    END AS note, e.recorded_at
FROM evidence e LEFT JOIN files f USING (reading_id) WHERE e.record_id = $id
UNION ALL
SELECT 'declared', d.label, true, NULL, d.observer, d.basis, d.process, d.generator, NULL, NULL,
    f.recorded_at
FROM ledger.sightings s JOIN declared d USING (reading_id) JOIN files f USING (reading_id)
WHERE s.record_id = $id
"""


def _evidence(connection: Database, record_id: uuid.UUID) -> tuple[Evidence, ...]:
    rows = connection.execute(_EVIDENCE, {"id": record_id}).to_arrow_table().to_pylist()
    found = [Evidence.model_validate(row) for row in rows]
    found.sort(key=lambda e: (-TIER_RANK[Tier(e.tier)], e.observer, e.basis, str(e.recorded_at)))
    return tuple(found)


def _sightings(connection: Database, record_id: uuid.UUID) -> tuple[Sighting, ...]:
    rows = connection.execute(
        """SELECT source, uri, row, external_id, attributes FROM sightings
        WHERE record_id = ? ORDER BY source, uri, row""",
        [record_id],
    ).fetchall()
    return tuple(
        Sighting(
            source=source,
            file=uri,
            row=row,
            external_id=external_id,
            attributes=json.loads(attributes) if attributes else {},
        )
        for source, uri, row, external_id, attributes in rows
    )
