"""What lineage says about the origin of records: claims of tier ``derived``."""

from __future__ import annotations

from provenance.lineage.edges import Relations, scratch
from provenance.lineage.semantics import MACHINE, SILENT, TOUCHED_UP, among
from provenance.lineage.traverse import DOWN, walk
from provenance.model.base import quote_identifier
from provenance.model.origin import Label


def derived_claims(connection: Relations, nodes: str, edges: str, into: str) -> None:
    """Make the table ``into`` (record_id, claim, process, basis) of what the edges prove.

    A machine process makes its child synthetic, whatever the parents are; so does a model, when no
    process is named. What was edited or cleaned, or derived nobody says how, from a synthetic or
    mixed record is mixed, and so is what a model edited or cleaned. The child's claim counts for
    what was made from the child in turn. A source or a release hands on what it holds: it counts
    as mixed for what was made of it when anything that it came of is synthetic or mixed, or when a
    machine process made it. Context, feedback and annotation prove nothing.

    There is one row per record, claim and process; the basis names the least of the parents.
    """
    table = quote_identifier(into)
    names = ("derivations", "handed_on", "reached")
    with scratch(connection, *names) as (derivations, handed_on, reached):
        _prepare(connection, nodes, edges, derivations)
        connection.execute(
            f"CREATE TEMP TABLE {handed_on} AS SELECT child, parent "
            f"FROM {derivations} WHERE NOT writes AND parent_kind <> 'model' ORDER BY parent"
        )
        roots = (
            f"(SELECT parent AS id FROM {derivations} WHERE NOT writes AND artificial "
            f"UNION SELECT child FROM {derivations} WHERE writes OR parent_kind = 'model')"
        )
        walk(connection, DOWN, (handed_on,), roots, None, reached)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS {_claims(derivations, reached)}"
        )


def _prepare(connection: Relations, nodes: str, edges: str, table: str) -> None:
    """The edges that can prove anything, with what is known of their parents."""
    from_model = "parents.kind = 'model'"
    machine = among("edges.process", MACHINE)
    kept = among("edges.process", TOUCHED_UP)
    connection.execute(
        f"CREATE TEMP TABLE {table} AS SELECT edges.child, edges.parent, edges.process, "
        "children.kind AS child_kind, coalesce(parents.kind, 'record') AS parent_kind, "
        "parents.label AS parent_label, "
        f"{among('parents.label', {Label.SYNTHETIC, Label.MIXED})} AS artificial, "
        f"{machine} OR coalesce({from_model}, false) AND NOT {kept} AS writes "
        f"FROM {edges} AS edges JOIN {nodes} AS children ON children.id = edges.child "
        f"LEFT JOIN {nodes} AS parents ON parents.id = edges.parent "
        "WHERE edges.relation = 'derived' AND children.kind <> 'model' "
        f"AND NOT {among('edges.process', SILENT)} AND ({machine} OR parents.kind IS NOT NULL)"
    )


def _claims(derivations: str, reached: str) -> str:
    named = (
        "CASE WHEN parent IS NULL THEN 'an unknown parent' "
        "WHEN parent_kind = 'record' THEN 'record sha256:' || replace(parent::VARCHAR, '-', '') "
        "ELSE parent_kind || ' ' || parent::VARCHAR END"
    )
    doing = "CASE WHEN process IS NULL THEN 'derived from ' ELSE process || ' of ' END"
    label = "CASE WHEN parent_label IS NULL THEN '' ELSE ' (' || parent_label || ')' END"
    more = "CASE WHEN several THEN ' and others' ELSE '' END"
    proves = (
        f"SELECT *, if(writes, '{Label.SYNTHETIC}', '{Label.MIXED}') AS claim "
        f"FROM {derivations} WHERE child_kind = 'record' AND (writes OR parent_kind = 'model' "
        f"OR parent IN (SELECT id FROM {reached}))"
    )
    least = (
        "min(struct_pack(parent := parent, parent_kind := parent_kind, "
        "parent_label := parent_label))"
    )
    return (
        f"SELECT record_id, claim, process, {doing} || {named} || {label} || {more} AS basis FROM ("
        "SELECT record_id, claim, process, several, unnest(least) FROM ("
        f"SELECT child AS record_id, claim, process, {least} AS least, "
        f"coalesce(min(parent) < max(parent), false) AS several FROM ({proves}) GROUP BY ALL))"
    )
