"""What this program writes beside data is no unread data; what only looks like it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.io.discovery.skipped_files import skipped_file
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.schemas import as_text, schemas
from provenance.operations.ingest import IngestOptions

ANYTHING = policy(cap("1"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Path]:
    """A ledger, and a release of it as it was exported."""
    folder = tmp_path_factory.mktemp("ours")
    ledger = provenance.init(str(folder / "ledger"))
    ingest(ledger, write_jsonl(folder / "h.jsonl", texts("h", 8)), "people", label="human")
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    ledger.export("r", folder / "out")
    return ledger, folder / "out"


@pytest.mark.slow
def test_an_export_is_read_whole(out: tuple[Ledger, Path]) -> None:
    ledger, folder = out
    for name, schema in schemas().items():
        (folder / f"{name}.schema.json").write_text(as_text(schema))
    found = ledger.audit_files([str(folder)], ANYTHING, IngestOptions(source="audit"))
    assert found.verdict == "pass"
    assert found.unread is not None
    assert found.unread.files == 0


def _texts_as_labels(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("label")
    return table.set_column(place, "label", [["a sentence of a text"] * table.num_rows])


@pytest.mark.parametrize(
    "change",
    [
        _texts_as_labels,
        lambda table: table.append_column("text", [["a text"] * table.num_rows]),
        lambda table: table.drop_columns(["digest"]),
        lambda table: table.set_column(1, "digest", [["no digest"] * table.num_rows]),
    ],
)
def test_a_table_that_looks_like_the_members_is_data(
    out: tuple[Ledger, Path], tmp_path: Path, change: Any
) -> None:
    table = pq.read_table(out[1] / "_manifest" / "members.parquet")
    for name, rows in {"same": table, "more": change(table)}.items():
        pq.write_table(rows, tmp_path / f"_{name}.parquet")
    assert skipped_file(str(tmp_path / "_same.parquet"), "why").holds is None
    assert skipped_file(str(tmp_path / "_more.parquet"), "why").holds is not None


def test_a_document_that_looks_like_ours_is_data(out: tuple[Ledger, Path], tmp_path: Path) -> None:
    manifest = json.loads((out[1] / "_manifest" / "manifest.json").read_text())
    manifest["body"]["release"] = "of another name"
    schema = {**schemas()["policy"], "examples": ["a text"]}
    for document in (manifest, schema, {"body": "a text", "body_digest": "another"}):
        path = tmp_path / "_a.json"
        path.write_text(json.dumps(document))
        assert skipped_file(str(path), "why").holds is not None
