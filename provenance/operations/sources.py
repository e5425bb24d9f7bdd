"""Declare, list and load source contracts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from provenance.errors import NotFoundError
from provenance.model.code_lists import check_language, check_licence
from provenance.model.source import Source
from provenance.origin.declarations import declared_generator, registered_families
from provenance.store.commits import Verb
from provenance.store.ledger_store import Store


def source_row(source: Source, registered: Mapping[str, str] | None = None) -> dict[str, object]:
    """Make a row of the table ``sources``.

    Args:
        registered: families of registered models by model name.
    """
    return {
        "name": source.name,
        "contract": json.dumps(source.model_dump(mode="json", exclude_none=True)),
        "kind": source.kind,
        "label": source.label,
        "process": source.process,
        **declared_generator(source.generator, source.generator_family, registered or {}),
        "declared_by": source.declared_by,
        "licence": source.licence,
        "url": source.url,
        "accepts": json.dumps(source.accepts),
        "ignores": json.dumps(source.ignores),
    }


def set_sources(store: Store, sources: Sequence[Source]) -> list[str]:
    """Declare sources, each as a new version of its contract; return the changed names.

    Raises:
        MisuseError: a licence is not an SPDX expression, or a language not a BCP 47 tag.
    """
    before = {source.name: source for source in list_sources(store)}
    changed = [source for source in sources if before.get(source.name) != source]
    # Unchanged contracts are not checked: older versions accepted others.
    for source in changed:
        _check(source)
    if changed:
        state = hashlib.sha256()
        with store.snapshot(threads=1) as connection:
            last = connection.execute("SELECT max(seq) FROM commits").fetchone()
            families = registered_families(connection)
        for source in changed:
            state.update(source.canonical())
        key = f"source:{last[0] if last else 0}:{state.hexdigest()}"
        rows = [source_row(source, families) for source in changed]
        store.record(Verb.SOURCE, key, {"sources": rows})
        # Imported lazily: an ingest imports this module and does not need it.
        from provenance.operations.derivation.propagate import propagate

        propagate(store)
    return [source.name for source in changed]


def _check(source: Source) -> None:
    subject = f"source `{source.name}`"
    if source.licence is not None:
        check_licence(source.licence, subject)
    for language in source.languages:
        check_language(language, subject)


def list_sources(store: Store) -> list[Source]:
    """List the newest contract of every source, by name."""
    with store.snapshot(threads=1) as connection:
        rows = connection.execute("SELECT contract FROM sources ORDER BY name").fetchall()
    return [Source.model_validate_json(row[0]) for row in rows]


def show_source(store: Store, name: str) -> Source:
    """Load the newest contract of a source.

    Raises:
        NotFoundError: there is no such source.
    """
    for source in list_sources(store):
        if source.name == name:
            return source
    raise NotFoundError(f"there is no source `{name}`", hint="`prov source list` lists them")
