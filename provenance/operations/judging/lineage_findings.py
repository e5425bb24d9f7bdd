"""Findings about lineage: missing parents, ambiguous references and cycles."""

from __future__ import annotations

from provenance.lineage import Cycle, cycles
from provenance.model.finding import Finding
from provenance.store.connection import Database
from provenance.views.ledger_graph import NAMED, chain_text, make_graph

LISTED = 20
"""Most cycles, and most missing parents, that are named."""

_STATED = "findings_edges"


def lineage_findings(connection: Database, members: str) -> list[Finding]:
    """Report missing and ambiguous parents of a set's records, and cycles through them.

    Args:
        members: the relation of the set, with a column ``record_id``.
    """
    row = connection.execute("""
        SELECT EXISTS (FROM ledger.edges) OR EXISTS (FROM ledger.quotes)
            OR EXISTS (FROM imported_edges)""").fetchone()
    if not (row and row[0]):
        return []
    make_graph(connection)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_STATED} AS
        SELECT child, parent, parent_ref, parent_kind, relation, process, activity FROM lineage
        WHERE child IS NOT NULL""")
    return [
        *_missing(connection, members),
        *ambiguous_parents(connection, members),
        *_loops(connection, members),
    ]


def ambiguous_parents(connection: Database, members: str) -> list[Finding]:
    """Report references that match several parents, all of which are kept as candidates.

    Args:
        members: the relation of the set, with a column ``record_id``.
    """
    row = connection.execute("""
        SELECT EXISTS (FROM ledger.quotes)
            OR EXISTS (FROM ledger.edges WHERE child IS NULL OR parent IS NULL)""").fetchone()
    if not (row and row[0]):
        return []
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE ambiguous_references AS
        SELECT DISTINCT r.reference, r.child, r.parent_ref, r.candidates FROM resolved_edges r
        SEMI JOIN {members} m ON m.record_id = r.child WHERE r.candidates > 1""")
    total, children = connection.execute(
        "SELECT count(DISTINCT reference), count(DISTINCT child) FROM ambiguous_references"
    ).fetchone() or (0, 0)
    if not total:
        return []
    some = connection.execute(f"""
        SELECT parent_ref, max(candidates) FROM ambiguous_references
        GROUP BY 1 ORDER BY 1 LIMIT {LISTED}""").fetchall()
    listed = ", ".join(f"{reference} ({fits:,})" for reference, fits in some)
    return [
        Finding(
            code="ambiguous-parent",
            severity="warning",
            subject="the set",
            reason=f"{total:,} parent references of {children:,} records match several records "
            f"each; the most synthetic candidate counts: {listed}",
            remedy="name the source of the ids with `--parent-source`, or use unique ids",
        )
    ]


def _missing(connection: Database, members: str) -> list[Finding]:
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW missing_parents AS
        SELECT l.child, l.parent_ref FROM {_STATED} l
        SEMI JOIN {members} m ON m.record_id = l.child
        WHERE l.parent IS NULL
            OR l.parent_kind <> 'record' AND l.parent NOT IN (SELECT id FROM {NAMED})""")
    row = connection.execute(
        "SELECT count(*), count(DISTINCT child) FROM missing_parents"
    ).fetchone()
    total, children = row or (0, 0)
    if not total:
        return []
    some = connection.execute(
        f"SELECT DISTINCT parent_ref FROM missing_parents ORDER BY 1 LIMIT {LISTED}"
    ).fetchall()
    return [
        Finding(
            code="missing-parents",
            severity="note",
            subject="the set",
            reason=f"{total:,} parents of {children:,} records are not in the ledger: "
            + ", ".join(str(reference) for (reference,) in some),
            remedy='ingest them; `prov query "FROM lineage WHERE parent IS NULL"` lists them all',
        )
    ]


def _loops(connection: Database, members: str) -> list[Finding]:
    # What goes round through a model is no mistake, but self-consumption.
    found = cycles(connection, f"(FROM {_STATED} WHERE parent IS NOT NULL)", LISTED)
    connection.execute("CREATE OR REPLACE TEMP TABLE looped (id UUID)")
    findings = []
    for cycle in found.listed:
        connection.execute("DELETE FROM looped")
        ids = list({step.child for step in cycle.loop})
        connection.execute("INSERT INTO looped SELECT unnest(?)", [ids])
        row = connection.execute(
            f"SELECT EXISTS (FROM looped l SEMI JOIN {members} m ON m.record_id = l.id)"
        ).fetchone()
        if row and row[0]:
            findings.append(_loop(connection, cycle))
    if found.total > len(found.listed):
        findings.append(
            Finding(
                code="more-loops",
                severity="warning",
                subject="the ledger",
                reason=f"{found.total - len(found.listed):,} more loops in its lineage",
            )
        )
    return findings


def _loop(connection: Database, cycle: Cycle) -> Finding:
    chain = chain_text(connection, cycle.loop)
    return Finding(
        code="lineage-loop",
        severity="warning",
        subject=chain.split(" ", 1)[0],
        reason=f"{cycle.nodes:,} records form a cycle, each derived from another one: {chain}",
        remedy="correct the parents at their source and ingest it again",
    )
