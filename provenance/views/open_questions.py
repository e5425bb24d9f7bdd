"""Query the fields that look like marks of origin and that nobody has explained."""

from __future__ import annotations

SAMPLES = 5
"""Values of a field that are shown: the most frequent ones."""


def questions_sql(asked: str, place: str) -> str:
    """SQL of what is asked: place, field, records, and values with the most frequent ones first.

    Args:
        asked: SQL of a relation with the columns of ``evidence``, and with ``place``.
        place: column that tells questions about one field apart: a source, a file.
    """
    return f"""
        WITH asked AS (
            SELECT {place} AS place, field, record_id,
                if(starts_with(basis, field || '='), substr(basis, length(field) + 2), basis)
                    AS value
            FROM (SELECT * REPLACE (coalesce(field, observer) AS field) FROM ({asked}))
            WHERE claim = 'question'
        ), listed AS (
            SELECT place, field, value FROM asked GROUP BY place, field, value
            QUALIFY row_number() OVER (PARTITION BY place, field ORDER BY count(*) DESC, value)
                <= {SAMPLES}
        ), samples AS (
            SELECT place, field, list(value ORDER BY value) AS samples FROM listed GROUP BY ALL
        )
        SELECT a.place, a.field, count(DISTINCT a.record_id) AS records, any_value(s.samples)
        FROM asked a JOIN samples s ON s.field = a.field AND s.place IS NOT DISTINCT FROM a.place
        GROUP BY a.place, a.field ORDER BY records DESC, a.field, a.place"""
