"""Propagate origin along lineage: derived claims and depths of records."""

from __future__ import annotations

import uuid

from provenance.lineage import NO_NODES, derive_claims, number_graph
from provenance.operations.derivation.changed_rows import SOME_NODES, nodes_sql, outcome_sql
from provenance.operations.derivation.incremental import (
    EDGES_INTO_REGION,
    NEW,
    make_change,
    make_known,
)
from provenance.operations.derivation.staleness import needs_propagation, through
from provenance.store.commits import LINEAGE_UNCHANGED, Verb
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Commit, Store
from provenance.views.edge_index import (
    Indexed,
    commits_since,
    indexed,
    write_index,
)
from provenance.views.ledger_graph import EDGES, NAMED, make_graph


def propagate(store: Store) -> Commit | None:
    """Update derived evidence and depths; ``None`` if nothing changed.

    Rows are added for records whose derived claim or depth changed; the newest row of a record is
    current. Nothing is computed if no commit since the last propagation affects lineage, and only
    what is downstream of new edges if commits only added.
    """
    commit_id = uuid.uuid4()
    with store.snapshot() as connection:
        known = indexed(connection)
        last = through(connection)
        if not needs_propagation(connection):
            _note_no_change(store, connection, known, last)
            return None
        make_graph(connection)
        base = not make_change(connection, known)
        if base:
            whole = number_graph(connection, nodes_sql(connection), EDGES, NAMED)
            parts = write_index(store, commit_id, whole)
        else:
            make_known(connection)
            whole = number_graph(connection, SOME_NODES, EDGES_INTO_REGION, NAMED)
            parts = write_index(store, commit_id, number_graph(connection, NO_NODES, NEW))
        changed = outcome_sql(connection, whole, derive_claims(whole), base=base)
        derived = _write(store, connection, commit_id, changed)
    head = store.rows("propagations", commit_id, [{"through": last, "base": base}])
    commit = store.commit(
        Verb.PROPAGATE, f"propagate:{commit_id}", [derived, *parts, head], commit_id
    )
    return None if derived is None else commit


def _note_no_change(store: Store, connection: Database, known: Indexed | None, last: int) -> None:
    """Record that commits since the last propagation do not affect lineage."""
    verbs = {verb for _, verb in commits_since(connection, known.through)} if known else set()
    # The members of a release are edges, which the next propagation adds.
    if verbs <= LINEAGE_UNCHANGED or Verb.ASSEMBLE in verbs:
        return
    rows: list[dict[str, object]] = [{"through": last, "base": False}]
    store.record(Verb.PASS, f"pass:{last}:{uuid.uuid4()}", {"propagations": rows})


def _write(
    store: Store, connection: Database, commit_id: uuid.UUID, changed: str
) -> DataFile | None:
    writer = store.data_file_writer("derived", commit_id)
    try:
        for batch in connection.execute(changed).to_arrow_reader(100_000):
            writer.write(batch)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise
