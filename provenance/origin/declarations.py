"""Turn declarations of origin, in a source contract or on the command line, into claims."""

from __future__ import annotations

from collections.abc import Mapping

from provenance.model.base import Connection, quote_literal
from provenance.model.origin import Label, Process
from provenance.origin.recognisers.families import family_of

_NO_WRITING = (Process.ANNOTATE, Process.FEEDBACK, Process.CLEAN)
"""Processes in which a model adds nothing to a text that somebody else wrote."""


def declared_label(
    label: Label | None, process: Process | None, generator: str | None, family: str | None
) -> Label:
    """Return the label that is claimed: a generator without a label claims synthetic.

    >>> declared_label(None, None, "gpt-4", None).value
    'synthetic'
    >>> declared_label(None, Process.ANNOTATE, "gpt-4", None).value
    'unknown'
    """
    named = (generator or family) and process not in _NO_WRITING
    if label in {None, Label.UNKNOWN} and named:
        return Label.SYNTHETIC
    return label or Label.UNKNOWN


def label_sql(row: str) -> str:
    """SQL of ``declared_label`` for a row of ``sources`` or ``declarations``."""
    processes = ", ".join(map(quote_literal, _NO_WRITING))
    return f"""CASE WHEN coalesce({row}.label, 'unknown') = 'unknown'
            AND coalesce({row}.generator, {row}.generator_family) IS NOT NULL
            AND coalesce({row}.process, '') NOT IN ({processes})
        THEN 'synthetic' ELSE {row}.label END"""


def declared_generator(
    generator: str | None, family: str | None, registered: Mapping[str, str]
) -> dict[str, str | None]:
    """The columns of a declared generator: its name, and its family where none is given.

    Args:
        registered: families of models that are registered, by name.
    """
    name = (generator or "").strip() or None
    if name and not family:
        family = registered.get(name) or family_of(name)
    return {"generator": name, "generator_family": family}


def registered_families(connection: Connection) -> dict[str, str]:
    """Families of registered models, by name."""
    rows = connection.execute("SELECT name, family FROM models WHERE family IS NOT NULL").fetchall()
    return dict(rows)


# A source's contract counts as new declared evidence only where what it claims of origin changed;
# a corrected licence must not undo a label that was given for one file since. What was said of a
# file on the command line, and not in its favour, holds for the next version of the file too.
DECLARED = f"""
WITH contracts AS (
    FROM (
        SELECT s.name, c.seq, {label_sql("s")} AS label, s.process, s.generator,
            s.generator_family, s.declared_by, struct_pack(l := s.label, p := s.process,
                g := s.generator, f := s.contract ->> '$.generator_family') AS claimed,
            lag(claimed) OVER (PARTITION BY s.name ORDER BY c.seq) AS before
        FROM ledger.sources s JOIN commits c USING (commit_id))
    WHERE before IS DISTINCT FROM claimed
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY seq DESC) = 1
), given AS (
    SELECT r.current_id AS reading_id, r.current, c.seq, {label_sql("d")} AS claim, d.process,
        d.generator, d.generator_family, d.declared_by
    FROM ledger.declarations d JOIN commits c USING (commit_id)
    JOIN spoken_readings r USING (reading_id)
), statements AS (
    SELECT f.reading_id, n.seq, n.label, n.process, n.generator, n.generator_family,
        coalesce(n.declared_by, 'the contract of source ' || f.source) AS observer,
        'source ' || f.source || ': label ' || n.label AS basis
    FROM files f JOIN contracts n ON n.name = f.source
    UNION ALL
    SELECT reading_id, seq, claim, process, generator, generator_family,
        coalesce(declared_by, 'the command line'),
        'ingest: label ' || claim || if(current, '', ', of an earlier version of the file')
    FROM given WHERE current OR claim IN ('synthetic', 'mixed')
)
SELECT * FROM statements WHERE label IS NOT NULL AND label <> 'unknown'
QUALIFY row_number() OVER (PARTITION BY reading_id ORDER BY seq DESC) = 1
"""
"""SQL of the view ``declared``: what is claimed of all records of each current file."""
