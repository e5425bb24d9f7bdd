"""What is claimed of the files of an ingest: by their source, and on the command line."""

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
"""Columns of a declaration that speak of origin, and who makes it."""


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What stands about the records of an ingest before they are read.

    Attributes:
        new_source: whether the source has no contract yet.
        label: what is claimed of all of them.
        accepts, ignores: as in the contract of the source; what is ignored by option is among it.
        families: of models that are registered, by name.
    """

    new_source: bool
    label: Label
    accepts: tuple[str, ...]
    ignores: tuple[str, ...]
    families: dict[str, str]


def source_context(connection: Connection, options: IngestOptions) -> SourceContext:
    """What the contract of the source and these options say."""
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
    """The options with what the contract of the source says of how its files are read.

    Raises:
        MisuseError: they do not go with it.
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
            hint="see `prov source show`; another --source has another contract",
        ) from error


def known_models(connection: Connection, options: IngestOptions) -> tuple[str, ...]:
    """Names of models that somebody registered or declared as a generator: no need to guess."""
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
    """Rows of the table ``declarations`` for files that are read, if anything is said of them.

    Args:
        readings: what is said of each of them.
        before: readings of files that did not change, whose declarations hold where none is made.
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
    """The row for a file that is known already, where something else is said of it than before."""
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
