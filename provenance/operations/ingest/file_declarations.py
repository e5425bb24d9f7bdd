"""Declarations about the files of an ingest: from the source contract and from the options."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from provenance.errors import MisuseError
from provenance.model.base import Connection
from provenance.model.origin import Label
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.plan import Known
from provenance.origin.declarations import declared_generator, declared_label, registered_families

CLAIMED = ("label", "process", "generator", "generator_family", "declared_by")
"""Columns of a declaration: the declared origin, and who declared it."""


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What is declared about the records of an ingest before they are read.

    Attributes:
        new_source: whether the source has no contract yet.
        label: declared label of all records.
        accepts, ignores: from the source contract; ``ignores`` includes ``--ignore-field``.
        families: families of registered models by model name.
    """

    new_source: bool
    label: Label
    accepts: tuple[str, ...]
    ignores: tuple[str, ...]
    families: dict[str, str]


def source_context(connection: Connection, options: IngestOptions) -> SourceContext:
    """Load the declarations of the source contract, overridden by the options."""
    row = connection.execute(
        "SELECT label, process, generator, generator_family, accepts, ignores FROM sources "
        "WHERE name = ?",
        [options.source],
    ).fetchone()
    *claimed, accepts, ignores = row or (None,) * 6
    label = declared_label(
        options.label, options.process, options.generator, options.generator_family
    )
    if label is Label.UNKNOWN:
        label = Label(declared_label(*claimed))
    return SourceContext(
        new_source=row is None,
        label=label,
        accepts=tuple(json.loads(accepts or "[]")),
        ignores=(*json.loads(ignores or "[]"), *options.ignore_fields),
        families=registered_families(connection),
    )


def by_contract(connection: Connection, options: IngestOptions) -> IngestOptions:
    """Complete the options with the reader settings of the source contract.

    Raises:
        MisuseError: an option contradicts the contract.
    """
    row = connection.execute(
        "SELECT contract FROM sources WHERE name = ?", [options.source]
    ).fetchone()
    contract = json.loads(row[0]) if row else {}
    given = {name: contract[name] for name in ("path", "emit") if contract.get(name)}
    if not given:
        return options
    asked = options.model_dump(exclude_unset=True)
    try:
        return IngestOptions.model_validate({**given, **asked})
    except ValidationError as error:
        raise MisuseError(
            f"source `{options.source}`: {error.errors()[0]['msg']}",
            hint="see `prov source show`, or use another --source",
        ) from error


def known_models(connection: Connection, options: IngestOptions) -> tuple[str, ...]:
    """List the names of models that are registered or declared as a generator."""
    rows = connection.execute("""
        SELECT DISTINCT name FROM (
            SELECT name FROM models
            UNION ALL SELECT generator FROM ledger.sources
            UNION ALL SELECT generator FROM ledger.declarations)
        WHERE name IS NOT NULL ORDER BY name""").fetchall()
    asked = [options.generator] if options.generator else []
    return (*(name for (name,) in rows), *asked)


def declarations(
    context: SourceContext,
    readings: Mapping[uuid.UUID, IngestOptions],
    before: Mapping[uuid.UUID, Known],
) -> list[dict[str, object]]:
    """Make rows of the table ``declarations`` for the files that were read.

    Args:
        readings: options by reading.
        before: earlier readings of unchanged files; their declarations stay in force if the options
            declare nothing.
    """
    rows = []
    for reading, options in readings.items():
        known = before.get(reading)
        row = _claimed(options, context) if options.declares else _known_claim(known)
        ignores = options.ignore_fields or (known and known.ignores)
        if row or ignores:
            listed = json.dumps(ignores) if ignores else None
            rows.append({"reading_id": reading, **row, "ignores": listed})
    return rows


def _known_claim(known: Known | None) -> dict[str, object]:
    if known is None or not any(getattr(known, name) for name in CLAIMED[:4]):
        return {}
    return {name: getattr(known, name) for name in CLAIMED}


def correction(
    options: IngestOptions, context: SourceContext, known: Known
) -> dict[str, object] | None:
    """Make a row for an unchanged file whose declaration differs from the recorded one."""
    row: dict[str, object] = {"reading_id": known.reading_id}
    claimed = _claimed(options, context)
    if options.declares and any(claimed[name] != getattr(known, name) for name in CLAIMED[:4]):
        row |= claimed
    if options.ignore_fields and list(options.ignore_fields) != known.ignores:
        row["ignores"] = json.dumps(options.ignore_fields)
    if len(row) == 1:
        return None
    return {**row, "declared_by": options.declared_by}


def _claimed(options: IngestOptions, context: SourceContext) -> dict[str, object]:
    return {
        "label": options.label,
        "process": options.process,
        **declared_generator(options.generator, options.generator_family, context.families),
        "declared_by": options.declared_by,
    }
