"""Lineage at size within a ledger: carrying it on in full, in vain and for a little, and traces.

    PYTHONPATH=. python bench/lineage_ledger.py --edges 1_000_000

The graph is that of ``bench/lineage.py`` without its releases; every figure includes reading the
ledger and writing to it.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import uuid
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import duckdb
from lineage import (
    NEW_EDGES,
    Measured,
    alone,
    alone_make,
    connect,
    in_networkx,
    in_rustworkx,
    ratio,
    recursive,
    show,
    timing,
)

import provenance
from provenance.ledger import Ledger
from provenance.operations.derivation.propagate import propagate

TRACES = 3

_FULL, _PEAK = "propagation, in full", "peak of the full run, MiB"

_COLUMNS: dict[str, str] = {
    "sightings": """
        SELECT $reading AS reading_id, row_number() OVER () AS row, id AS record_id,
            md5(id::VARCHAR)::UUID AS digest_rest, id AS norm_id, 'text' AS kind,
            100::BIGINT AS bytes, 100::BIGINT AS chars, 20::BIGINT AS words,
            NULL::VARCHAR AS external_id, NULL::VARCHAR AS lang, NULL::VARCHAR AS attributes,
            100::BIGINT AS norm_chars, NULL::UUID AS former_id, NULL::UUID AS former_rest
        FROM nodes WHERE kind = 'record'""",
    "evidence": """
        SELECT $reading AS reading_id, NULL::BIGINT AS row, id AS record_id, 'tool' AS tier,
            label AS claim, true AS whole, NULL::BIGINT AS part_bytes, NULL::BIGINT AS part_chars,
            NULL::BIGINT AS part_words, NULL::VARCHAR AS process, NULL::VARCHAR AS generator,
            NULL::VARCHAR AS generator_family, 'bench' AS observer, 'made up' AS basis,
            NULL::VARCHAR AS field
        FROM nodes WHERE kind = 'record'""",
    "edges": """
        SELECT $reading AS reading_id, row_number() OVER () AS row, child,
            NULL::VARCHAR AS child_ref, NULL::VARCHAR AS child_source, parent,
            NULL::VARCHAR AS parent_ref, NULL::VARCHAR AS parent_source, NULL::BIGINT AS parent_row,
            'record' AS parent_kind,
            relation, process, activity
        FROM edges WHERE process IS DISTINCT FROM 'assemble'""",
}


def fill(ledger: Ledger, connection: duckdb.DuckDBPyConnection, uri: str) -> None:
    """One ingest: the relations ``nodes`` and ``edges`` as records, what is said of them, edges."""
    commit_id, reading = uuid.uuid4(), uuid.uuid4()
    parts = []
    for table, query in _COLUMNS.items():
        writer = ledger.store.data_file_writer(table, commit_id)
        found = connection.execute(query, {"reading": reading}).to_arrow_reader(100_000)
        for batch in found:
            writer.write(batch)
        parts.append(writer.finish())
    row: dict[str, object] = {"reading_id": reading, "source": "bench", "uri": uri, "kept": 1}
    parts.append(ledger.store.rows("files", commit_id, [row]))
    ledger.store.commit("ingest", f"ingest:{commit_id}", parts, commit_id)


def run(folder: Path) -> Measured:
    """Everything on one ledger, in the order in which it would happen."""
    measured = Measured()
    ledger = provenance.init(str(folder / "ledger"))
    connection = connect("1GB")
    connection.execute("SET arrow_lossless_conversion = true")
    for name in ("nodes", "edges"):
        connection.execute(f"CREATE TEMP VIEW {name} AS FROM '{folder}/{name}.parquet'")
    with timing(measured.took, "fill"):
        fill(ledger, connection, "all")
    with timing(measured.took, _FULL):
        propagate(ledger.store)
    # What comes after is smaller: the peak so far is that of the full run.
    measured.notes[_PEAK] = getrusage(RUSAGE_SELF).ru_maxrss >> 10
    with timing(measured.took, "propagation, nothing new"):
        propagate(ledger.store)
    few = {"records without edges": 0, f"records with {NEW_EDGES:,} edges": NEW_EDGES}
    for name, edges in few.items():
        leaves(connection, folder, name, edges)
        fill(ledger, connection, name)
        with timing(measured.took, f"propagation, {name}"):
            propagate(ledger.store)
    traces(ledger, connection, folder, measured)
    return measured


def leaves(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, edges: int) -> None:
    """Make ``nodes`` and ``edges`` those of new records, each with one parent or none."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT md5('{name}' || n)::UUID AS child, id AS parent
        FROM (SELECT id, row_number() OVER () AS n FROM '{folder}/nodes.parquet'
            WHERE kind = 'record' USING SAMPLE {NEW_EDGES} ROWS)"""
    )
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW nodes AS "
        "SELECT child AS id, 'record' AS kind, 'synthetic' AS label FROM fresh"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW edges AS SELECT *, 'derived' AS relation, "
        f"'rephrase' AS process, NULL::VARCHAR AS activity FROM fresh LIMIT {edges}"
    )


def traces(
    ledger: Ledger, connection: duckdb.DuckDBPyConnection, folder: Path, measured: Measured
) -> None:
    """Some records, up and down, by the command's own way."""
    roots = connection.execute(
        f"SELECT id FROM '{folder}/nodes.parquet' WHERE kind = 'record' "
        f"ORDER BY hash(id) LIMIT {TRACES}"
    ).fetchall()
    for number, (root,) in enumerate(roots, 1):
        for way in ("up", "down"):
            name = f"trace {number} {way}"
            with timing(measured.took, name):
                found = ledger.trace(root.hex, down=way == "down")
            measured.notes[name] = f"{len(found.nodes):,} nodes"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=300_000, help="edges for networkx")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        large, small = Path(scratch, "large"), Path(scratch, "small")
        for folder, edges in ((large, options.edges), (small, options.small)):
            folder.mkdir()
            alone_make(folder, edges)
        ours = alone(run, large)
        show(f"a ledger of {options.edges:,} edges", ours)
        for name, took in ours.took.items():
            if name.startswith("propagation, records"):
                ratio(f"{name} / in full", took, ours.took[_FULL])
        against(large, ours)
        ours = alone(run, small)
        theirs = alone(in_networkx, small)
        show(f"networkx, {options.small:,} edges", theirs)
        ratio("ours / networkx", ours.took[_FULL], theirs.took["all"])


def against(folder: Path, ours: Measured) -> None:
    """Ratios to what holds the same edges in memory, or asks for depths in one query."""
    contenders = {"recursive SQL": recursive}
    if importlib.util.find_spec("rustworkx"):
        contenders["rustworkx, numbers to levels"] = in_rustworkx
    else:
        print("rustworkx is left out: it is not installed")
    for name, task in contenders.items():
        theirs = alone(task, folder)
        show(name, theirs)
        ratio(f"ours / {name}", ours.took[_FULL], theirs.took["all"])
        print(f"ours / {name}: memory {ours.notes[_PEAK] / theirs.memory:.3f}")


if __name__ == "__main__":
    main()
