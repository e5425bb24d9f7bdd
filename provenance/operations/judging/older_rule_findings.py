"""Findings about files that were read under an older rule of the canonical form."""

from __future__ import annotations

from provenance.model.finding import Finding
from provenance.operations.older_rules import older_readings
from provenance.store.connection import Database


def older_rule_findings(connection: Database) -> list[Finding]:
    """Report sources whose files were read under an older rule of the canonical form.

    The same content may then be two records. A record of an older reading is recognised by its
    former id, unless empty members were left out of it since.
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
