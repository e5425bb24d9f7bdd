"""Say in SQL which class a node of the lineage graph has, and what an edge passes to its child."""

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

ADDS_STEP, PASSES_DEPTH, PASSES_TEXT, MACHINE_WROTE = 1, 2, 4, 8
"""Effects of an edge, as bits: it adds a generative step; it passes depth on; it passes text on; it
proves by itself that a machine wrote the child."""


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


def process_effects_sql(edges: str) -> str:
    """SQL of edges (child, parent, offers, …): the effects that relation and process alone allow.

    Relation and process are compared here, before any join; later steps work on numbers.
    """
    generative = f"(process IS NULL OR {is_one_of('process', GENERATIVE)})"
    no_text = is_one_of("process", NO_TEXT_PROCESSES)
    machine = is_one_of("process", MACHINE_PROCESSES)
    return (
        "(SELECT * EXCLUDE (relation, process), ("
        f"CASE WHEN {generative} THEN {ADDS_STEP} ELSE 0 END + "
        f"CASE WHEN relation <> 'derived' THEN 0 WHEN {no_text} THEN {PASSES_DEPTH} "
        f"WHEN {machine} THEN {PASSES_DEPTH | PASSES_TEXT | MACHINE_WROTE} "
        f"ELSE {PASSES_DEPTH | PASSES_TEXT} END"
        f")::UTINYINT AS offers FROM {edges} AS edges)"
    )


def effects_sql(offers: str, child: str, parent: str) -> str:
    """SQL of the effects of an edge, as bits, given the classes of its ends.

    A synthetic or mixed record takes depth from context too; one of human or unknown origin takes
    none; a container or a model takes no step. A text that comes from a model was written by a
    machine.

    Args:
        offers: SQL of the effects that its process allows.
        child: SQL of the class of the child.
        parent: SQL of the class of the parent, NULL where it is not among the nodes.
    """
    text = PASSES_TEXT | MACHINE_WROTE
    return (
        f"(CASE {child} WHEN {ARTIFICIAL} THEN {offers} & {ADDS_STEP | text} | {PASSES_DEPTH} "
        f"WHEN {HUMAN_OR_UNKNOWN} THEN {offers} & {text} "
        f"ELSE {offers} & {PASSES_DEPTH | PASSES_TEXT} END "
        f"| CASE WHEN {child} <= {ARTIFICIAL} AND {parent} = {MODEL} "
        f"AND {offers} & {PASSES_TEXT} <> 0 "
        f"THEN {MACHINE_WROTE} ELSE 0 END)::UTINYINT"
    )
