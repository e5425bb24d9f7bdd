"""Define the classes of nodes and the effects of edges in the lineage graph."""

from __future__ import annotations

from collections.abc import Collection

from provenance.model.base import quote_literal
from provenance.model.origin import GENERATIVE, Label, Process

MACHINE_PROCESSES: frozenset[Process] = GENERATIVE - {Process.FEEDBACK}
"""Processes in which a machine writes the text of the child, whatever the parent is."""

NO_TEXT_PROCESSES: frozenset[Process] = frozenset({Process.FEEDBACK, Process.ANNOTATE})
"""Processes that say something about the parent and pass on none of its text."""

EDITING_PROCESSES: frozenset[Process] = frozenset({Process.EDIT, Process.CLEAN})
"""Processes that change a text and do not write a new one."""

HUMAN_OR_UNKNOWN, ARTIFICIAL, CONTAINER, MODEL = range(4)
"""Classes of nodes: a record of human or unknown origin; a synthetic or mixed record; a source or a
release; a model."""

ADDS_STEP, PASSES_DEPTH = 1, 2
"""Effects of an edge, as bits: it adds a generative step; it passes the parent's depth on."""


def is_one_of(column: str, values: Collection[str]) -> str:
    """SQL that is true where a column is one of these values, and false for NULL."""
    listed = ", ".join(quote_literal(value) for value in sorted(values))
    return f"coalesce({column} IN ({listed}), false)"


def class_sql(node: str) -> str:
    """SQL of the class of a node, given the alias of a row of the nodes relation."""
    artificial = is_one_of(f"{node}.label", {Label.SYNTHETIC, Label.MIXED})
    record = f"CASE WHEN {artificial} THEN {ARTIFICIAL} ELSE {HUMAN_OR_UNKNOWN} END"
    return (
        f"(CASE {node}.kind WHEN 'record' THEN {record} "
        f"WHEN 'model' THEN {MODEL} ELSE {CONTAINER} END)::TINYINT"
    )
