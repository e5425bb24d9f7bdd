"""Find the sealed human records that a budget with `accumulate` requires a set to keep."""

from __future__ import annotations

from provenance.errors import MisuseError
from provenance.model.base import quote_literal
from provenance.model.policy import Policy
from provenance.store.connection import Database
from provenance.store.renamed_ids import FORMER_IDS


def make_anchors(connection: Database, policy: Policy) -> dict[str, str]:
    """Create a relation of required records for each release that a budget accumulates.

    Required are the members that were human when sealed, still are, and are not revoked; the others
    are excused.

    Returns:
        Name of the relation (record_id, required) by name of the release.

    Raises:
        MisuseError: there is no such release.
    """
    anchors: dict[str, str] = {}
    for rule in policy.budgets:
        release = rule.accumulate
        if release is None or release in anchors:
            continue
        if not connection.execute("SELECT 1 FROM releases WHERE name = ?", [release]).fetchall():
            raise MisuseError(
                f"budget `{rule.name}` accumulates release `{release}`, which is not in the ledger"
            )
        relation = f"anchor_{len(anchors)}"
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE {relation} AS
            SELECT coalesce(o.record_id, m.record_id) AS record_id,
                coalesce(m.label = 'human' AND o.label = 'human', false)
                AND m.record_id NOT IN (SELECT record_id FROM revoked) AS required
            FROM members m LEFT JOIN ({FORMER_IDS}) n ON n.former_id = m.record_id
            LEFT JOIN origins o ON o.record_id = coalesce(n.record_id, m.record_id)
            WHERE m.release = {quote_literal(release)} AND m.label = 'human'""")
        anchors[release] = relation
    return anchors
