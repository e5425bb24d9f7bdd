"""Labels of the records just read, by the evidence of this run alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from provenance import labelling
from provenance.model.origin import Label
from provenance.store.catalogue import over_parts
from provenance.store.layout import Layout
from provenance.store.parts import Part

_CLAIMS = """
CREATE TEMP VIEW claims AS
SELECT record_id, tier, claim, whole, part_bytes, part_chars, part_words,
    process, generator, generator_family
FROM evidence
UNION ALL
SELECT DISTINCT record_id, 'declared', $label, true, NULL::BIGINT, NULL::BIGINT, NULL::BIGINT,
    NULL, NULL, NULL
FROM sightings WHERE $label <> 'unknown'
"""

_SIZES = """
CREATE TEMP VIEW sizes AS
SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words, count(*) AS seen
FROM sightings GROUP BY record_id
"""


def label_counts(
    layout: Layout, parts: Sequence[Part], declared: Label, kept: int
) -> dict[str, int]:
    """Sightings by label, from the parts of one commit and what is declared of them.

    What other files say of the same records is left out: it would cost a look at the whole ledger.
    """
    paths: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        paths[part.table].append(part.path)
    if "evidence" not in paths or "sightings" not in paths:
        return {declared.value: kept}
    with over_parts(layout, paths) as connection:
        connection.execute(_CLAIMS.replace("$label", f"'{declared.value}'"))
        connection.execute(_SIZES)
        origins = labelling.origin_sql("claims", "sizes")
        rows = connection.execute(
            f"SELECT label, sum(seen) FROM ({origins}) JOIN sizes USING (record_id) GROUP BY label"
        ).fetchall()
    return {str(label): int(count) for label, count in rows}
