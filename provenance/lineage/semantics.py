"""What nodes are and what edges carry from parent to child, in SQL: what depth rests on."""

from __future__ import annotations

from collections.abc import Collection

from provenance.model.base import quote_literal
from provenance.model.origin import GENERATIVE, Label, Process

MACHINE: frozenset[Process] = GENERATIVE - {Process.FEEDBACK}
"""Processes of a machine that make the text of the child, whatever the parent is."""

SILENT: frozenset[Process] = frozenset({Process.FEEDBACK, Process.ANNOTATE})
"""Processes that say something about the parent and hand on none of its text."""

TOUCHED_UP: frozenset[Process] = frozenset({Process.EDIT, Process.CLEAN})
"""Processes that leave a text what it was, more or less."""

FIXED, WRITTEN, VESSEL, MODEL = range(4)
"""Classes of nodes: a record of human or unknown origin; a synthetic or mixed one; a source or a
release; a model."""

STEP, DEPTH, TEXT, WRITES = 1, 2, 4, 8
"""What an edge does: adds a generative step, hands on depth, hands on text, proves by itself that a
machine wrote the child."""


def among(column: str, values: Collection[str]) -> str:
    """SQL that is true where a column holds one of these words, and false for NULL."""
    listed = ", ".join(quote_literal(value) for value in sorted(values))
    return f"coalesce({column} IN ({listed}), false)"


def class_sql(node: str) -> str:
    """The class of a node, a row of the nodes relation."""
    written = among(f"{node}.label", {Label.SYNTHETIC, Label.MIXED})
    return (
        f"(CASE {node}.kind WHEN 'record' THEN CASE WHEN {written} THEN {WRITTEN} ELSE {FIXED} END "
        f"WHEN 'model' THEN {MODEL} ELSE {VESSEL} END)::TINYINT"
    )


def offers_sql(edges: str) -> str:
    """Edges (child, parent, offers, …): what their words alone say that they would do, as bits.

    Words are read here, before any join, and numbers from here on.
    """
    generative = f"(process IS NULL OR {among('process', GENERATIVE)})"
    return (
        "(SELECT * EXCLUDE (relation, process), ("
        f"CASE WHEN {generative} THEN {STEP} ELSE 0 END + "
        f"CASE WHEN relation <> 'derived' THEN 0 WHEN {among('process', SILENT)} THEN {DEPTH} "
        f"WHEN {among('process', MACHINE)} THEN {DEPTH | TEXT | WRITES} ELSE {DEPTH | TEXT} END"
        f")::UTINYINT AS offers FROM {edges} AS edges)"
    )


def carries_sql(offers: str, child: str, parent: str) -> str:
    """What an edge does, as bits.

    A written record takes depth from context too; a fixed one takes none; a vessel or a model takes
    no step. What comes from a model was written by a machine.

    Args:
        offers: SQL of what it offers.
        child: SQL of the class of the child.
        parent: SQL of the class of the parent, NULL where it is not among the nodes.
    """
    return (
        f"(CASE {child} WHEN {WRITTEN} THEN {offers} & {STEP | TEXT | WRITES} | {DEPTH} "
        f"WHEN {FIXED} THEN {offers} & {TEXT | WRITES} ELSE {offers} & {DEPTH | TEXT} END "
        f"| CASE WHEN {child} <= {WRITTEN} AND {parent} = {MODEL} AND {offers} & {TEXT} <> 0 "
        f"THEN {WRITES} ELSE 0 END)::UTINYINT"
    )
