"""Carry origin along lineage: what derivation proves of a record, and how deep it lies."""

from __future__ import annotations

import uuid

from provenance.lineage import NO_NODES, number, prove
from provenance.operations.derivation.changed_rows import SOME_NODES, nodes_sql, outcome_sql
from provenance.operations.derivation.incremental import ARROWS, NEW, make_change, make_known
from provenance.operations.derivation.staleness import is_due, through
from provenance.store.connection import Database
from provenance.store.data_files import Part
from provenance.store.ledger_store import Commit, Store
from provenance.views.edge_index import (
    STILL,
    Indexed,
    commits_since,
    indexed,
    write_index,
)
from provenance.views.ledger_graph import EDGES, NAMED, make_graph


def propagate(store: Store) -> Commit | None:
    """Bring derived evidence and depths up to date with the edges; ``None`` when nothing changed.

    Rows are added for records whose derived claim or depth is another one now; the newest row of a
    record is current. Nothing is worked out when nothing that was committed since the last time
    can bear on lineage, and only what lies downstream of it when it did no more than add.
    """
    commit_id = uuid.uuid4()
    with store.snapshot() as connection:
        known = indexed(connection)
        last = through(connection)
        if not is_due(connection):
            _pass(store, connection, known, last)
            return None
        make_graph(connection)
        base = not make_change(connection, known)
        if base:
            whole = number(connection, nodes_sql(connection), EDGES, NAMED)
            parts = write_index(store, commit_id, whole)
        else:
            make_known(connection)
            whole = number(connection, SOME_NODES, ARROWS, NAMED)
            parts = write_index(store, commit_id, number(connection, NO_NODES, NEW))
        changed = outcome_sql(connection, whole, prove(whole), base=base)
        derived = _write(store, connection, commit_id, changed)
    head = store.rows("propagations", commit_id, [{"through": last, "base": base}])
    commit = store.commit("propagate", f"propagate:{commit_id}", [derived, *parts, head], commit_id)
    return None if derived is None else commit


def _pass(store: Store, connection: Database, known: Indexed | None, last: int) -> None:
    """Note that what came since the last time does not bear on lineage: the index is whole."""
    verbs = {verb for _, verb in commits_since(connection, known.through)} if known else set()
    # The members of a release are edges, which the next run that is due takes in.
    if verbs <= STILL or "assemble" in verbs:
        return
    rows: list[dict[str, object]] = [{"through": last, "base": False}]
    store.record("pass", f"pass:{last}:{uuid.uuid4()}", {"propagations": rows})


def _write(store: Store, connection: Database, commit_id: uuid.UUID, changed: str) -> Part | None:
    writer = store.part("derived", commit_id)
    try:
        for batch in connection.execute(changed).to_arrow_reader(100_000):
            writer.write(batch)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise
