"""Find which model generated which record: by evidence, and by registered models."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.store.connection import Database
from provenance.views.generator_names import generator_names
from provenance.views.model_spellings import ModelNames

WRITERS = "graph_writers"
"""Temporary table (generator, id): a name in evidence, and the node of the model that it means."""

ALIASES = "graph_aliases"
"""Temporary table (id, model): a model that an edge names, and the registered one that it is."""

# Models of which more is known than that something came of them.
_KNOWN_SQL = """
SELECT name, id, name IN (SELECT name FROM models)
    OR id IN (SELECT child FROM ledger.edges WHERE starts_with(child_ref, 'model:')) AS known
FROM {named} WHERE kind = 'model' ORDER BY name
"""


def make_writers(connection: Database, named: str) -> tuple[bool, bool]:
    """Make the tables of writers and of aliases; returns whether there is anything in each.

    Args:
        named: the table (kind, name, id) of all that has a name.
    """
    models = connection.execute(_KNOWN_SQL.format(named=named)).fetchall()
    ids = {name: node for name, node, _ in models}
    known = ModelNames.of(name for name, _, told in models if told)
    spelled = generator_names(connection)
    writers = [(name, ids[model]) for name in spelled for model in known.find(name)]
    others = [name for name, _, told in models if not told]
    aliases = [(ids[name], ids[model]) for name in others for model in known.find(name)]
    _make(connection, WRITERS, "generator VARCHAR, id UUID", writers)
    _make(connection, ALIASES, "id UUID, model UUID", aliases)
    return bool(writers), bool(aliases)


def _make(
    connection: Database, table: str, columns: str, rows: Sequence[tuple[object, object]]
) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    if rows:
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", list(rows))
