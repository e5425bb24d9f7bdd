"""Find a record by a digest, a record id, a unique prefix of one, or an external id."""

from __future__ import annotations

import re
import uuid

from provenance.errors import MisuseError, NotFoundError
from provenance.store.connection import Database

_HEX = re.compile(r"^[0-9a-f]{4,64}$")


_BY_DIGEST = """
SELECT DISTINCT record_id, record_id, digest_rest FROM sightings WHERE record_id BETWEEN ? AND ?
"""


# Who wrote a digest down before the rule of the canonical form changed is still understood.
_BY_FORMER_DIGEST = """
SELECT DISTINCT record_id, former_id, former_rest FROM sightings WHERE former_id BETWEEN ? AND ?
"""


def resolve_record(connection: Database, text: str) -> uuid.UUID:
    """The record behind a digest, a record id or a unique prefix of one, or an external id.

    Raises:
        NotFoundError: there is none.
        MisuseError: several begin like that, or carry that external id.
    """
    plain = text.lower().removeprefix("sha256:").replace("-", "")
    found: list[uuid.UUID] = []
    if _HEX.match(plain):
        low, high = plain[:32].ljust(32, "0"), plain[:32].ljust(32, "f")
        ends = [uuid.UUID(low), uuid.UUID(high)]
        rows = connection.execute(_BY_DIGEST, ends).fetchmany(10) or connection.execute(
            _BY_FORMER_DIGEST, ends
        ).fetchmany(10)
        found = [row[0] for row in rows if (row[1].hex + row[2].hex).startswith(plain)]
    if not found:
        rows = connection.execute(
            "SELECT DISTINCT record_id FROM sightings WHERE external_id = ?", [text]
        ).fetchmany(10)
        found = [row[0] for row in rows]
    if not found:
        raise NotFoundError(
            f"there is no record `{text}`", hint="a digest, a prefix of one, or an external id"
        )
    if len(found) > 1:
        some = ", ".join(item.hex[:12] for item in found[:5])
        raise MisuseError(f"`{text}` fits {len(found)} records", hint=f"among them {some}")
    return found[0]
