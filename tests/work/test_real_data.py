"""Published data sets, with the traps that their authors left in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datafiles import ingest

import provenance
from provenance.ledger import Ledger

pytestmark = pytest.mark.real_data


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def one(ledger: Ledger, sql: str) -> object:
    return ledger.query(sql).column(0)[0].as_py()


def test_conversation_trees_rest_on_the_publisher_own_field(
    ledger: Ledger, real_data: Path
) -> None:
    path = real_data / "oasst_samples/model/model_eval/manual/data/en_100_tree.jsonl"
    summary = ingest(
        ledger,
        path,
        "oasst",
        records="prompt.replies",
        parent_field="parent_id",
        relation="context",
    )
    assert (summary.read, summary.kept, summary.rejected) == (1_167, 1_167, 0)
    assert summary.labels == {"human": 1_145, "synthetic": 22, "mixed": 0, "unknown": 0}
    assert ledger.status().labels == summary.labels
    named = "SELECT count(*) FROM records r SEMI JOIN ({}) e USING (record_id) WHERE label = '{}'"
    claims = "SELECT record_id FROM evidence WHERE tier = 'tool' AND basis = 'synthetic={}'"
    assert one(ledger, named.format(claims.format("false"), "human")) == 1_145
    assert one(ledger, named.format(claims.format("true"), "synthetic")) == 22
    assert one(
        ledger, "SELECT list(DISTINCT generator) FILTER (generator IS NOT NULL) FROM records"
    ) == ["chip20b"]
    assert ledger.status().edges == 1_067


def test_pairs_of_human_and_machine_text(ledger: Ledger, real_data: Path) -> None:
    files = str(real_data / "fast_detect_gpt" / "**" / "*.raw_data.json")
    human = ingest(ledger, files, "human", content=("original",), label="human")
    machine = ingest(ledger, files, "machine", content=("sampled",), label="synthetic")
    assert (human.kept, machine.kept) == (7_850, 7_850)
    assert (len(human.files), len(machine.files)) == (24, 24)
    assert (human.rejected, machine.rejected) == (0, 0)
    conflicts = ledger.query(
        "SELECT s.uri, s.row FROM sightings s JOIN records r USING (record_id) "
        "WHERE r.conflict AND s.source = 'machine' ORDER BY s.uri"
    ).to_pylist()
    found = {(Path(row["uri"]).name.split(".")[0], row["row"]) for row in conflicts}
    assert found == {("writing_davinci", 115), ("xsum_davinci", 147)}
    assert one(ledger, "SELECT count(*) FROM records WHERE conflict AND label = 'synthetic'") == 2
    # Distinct human texts, of which the two equal a machine's.
    assert one(ledger, "SELECT count(*) FROM records WHERE label = 'human'") == 7_276 - 2


def test_crawled_files_are_read_and_nothing_in_them_is_taken_for_human(
    ledger: Ledger, real_data: Path
) -> None:
    whirlwind = ingest(ledger, real_data / "warc_whirlwind", "crawl")
    kept = {Path(file.uri).name: file.kept for file in whirlwind.files}
    assert kept == {
        "whirlwind.warc": 1,
        "whirlwind.warc.gz": 1,
        "whirlwind.warc.wat": 0,
        "whirlwind.warc.wat.gz": 0,
        "whirlwind.warc.wet": 1,
        "whirlwind.warc.wet.gz": 1,
    }
    warcio = ingest(ledger, real_data / "warc_warcio", "crawl")
    assert warcio.read == warcio.kept + warcio.rejected
    assert warcio.kept >= 16
    formats = real_data / "dolma_fixtures" / "formats"
    for name in ("test.jsonl", "test.jsonl.gz", "test.jsonl.zst"):
        assert ingest(ledger, formats / name, "dolma").kept == 1
    documents = ingest(ledger, real_data / "dolma_fixtures/provided/documents", "dolma")
    assert (documents.read, documents.kept) == (10, 10)
    archives = ingest(ledger, real_data / "dolma_fixtures/warc", "dolma")
    assert sorted(file.kept for file in archives.files) == [17, 24]
    labels = ledger.status().labels
    assert labels["unknown"] == sum(labels.values())


def test_a_suite_of_json_traps(ledger: Ledger, real_data: Path) -> None:
    folder = real_data / "json_test_suite"
    paths = sorted(path for path in folder.rglob("*.json") if path.parent.name == "test_parsing")
    assert len(paths) == 95 + 188 + 35
    for prefix in ("n_", "y_"):
        chosen = [str(path) for path in paths if path.name.startswith(prefix)]
        from provenance.ingest import IngestOptions

        options = IngestOptions(source=prefix.strip("_"), content=("*",), format="json")
        summary = ledger.ingest(chosen, options)
        assert summary.read == summary.kept + summary.rejected
        for file in summary.files:
            name = Path(file.uri).name
            if prefix == "n_":
                assert (file.kept, file.error is not None) == (0, True), name
            elif name.startswith("y_object_duplicated_key"):
                assert file.kept == 0, name
                assert any("duplicate key" in reason for reason in file.reasons), name
            elif _can_be_a_record(Path(file.uri)):
                assert (file.kept, file.rejected) == (_records(Path(file.uri)), 0), name


def _document(path: Path) -> object:
    return json.loads(path.read_bytes().decode("utf-8-sig"))


def _can_be_a_record(path: Path) -> bool:
    """An object, or an array of such."""
    document = _document(path)
    rows = document if isinstance(document, list) else [document]
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def _records(path: Path) -> int:
    document = _document(path)
    return len(document) if isinstance(document, list) else 1
