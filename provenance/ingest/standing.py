"""What is claimed of the files of an ingest: by their source, and on the command line."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.declaring import declared_generator, declared_label
from provenance.ingest.options import IngestOptions
from provenance.ingest.plan import Known
from provenance.model.base import Connection
from provenance.model.origin import Label


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands about the records of an ingest before they are read.

    Attributes:
        new_source: whether the source has no contract yet.
        label: what is claimed of all of them.
        accepts, ignores: as in the contract of the source; what is ignored by option is among it.
    """

    new_source: bool
    label: Label
    accepts: tuple[str, ...]
    ignores: tuple[str, ...]


def standing(connection: Connection, options: IngestOptions) -> Standing:
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
    return Standing(
        new_source=row is None,
        label=label,
        accepts=tuple(json.loads(accepts or "[]")),
        ignores=(*json.loads(ignores or "[]"), *options.ignore_fields),
    )


def declarations(options: IngestOptions, readings: Sequence[uuid.UUID]) -> list[dict[str, object]]:
    """Rows of the table ``declarations`` for files that are read, if anything is said of them."""
    if not options.declares and not options.ignore_fields:
        return []
    ignores = json.dumps(options.ignore_fields) if options.ignore_fields else None
    return [{"reading_id": each, **_claimed(options), "ignores": ignores} for each in readings]


def correction(options: IngestOptions, known: Known) -> dict[str, object] | None:
    """The row for a file that is known already, where something else is said of it than before."""
    row: dict[str, object] = {"reading_id": known.reading_id}
    said = _claimed(options)
    before = {name: getattr(known, name) for name in said if name != "declared_by"}
    if options.declares and any(said[name] != value for name, value in before.items()):
        row |= said
    if options.ignore_fields and list(options.ignore_fields) != known.ignores:
        row["ignores"] = json.dumps(options.ignore_fields)
    if len(row) == 1:
        return None
    return {**row, "declared_by": options.declared_by}


def _claimed(options: IngestOptions) -> dict[str, object]:
    return {
        "label": options.label,
        "process": options.process,
        **declared_generator(options.generator, options.generator_family),
        "declared_by": options.declared_by,
    }
