"""Published data sets, with the traps that their authors left in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import ingest

import provenance
from provenance.ledger import Ledger
from provenance.model.source import Source

pytestmark = pytest.mark.real_data


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def one(ledger: Ledger, sql: str) -> object:
    return ledger.query(sql).column(0)[0].as_py()


@pytest.mark.slow
def test_conversation_trees_rest_on_the_publisher_own_field(
    ledger: Ledger, real_data: Path
) -> None:
    path = real_data / "oasst_samples/model/model_eval/manual/data/en_100_tree.jsonl"
    trees = {"records": "prompt.replies", "parent_field": "parent_id", "relation": "context"}
    unheard = ingest(ledger, path, "trees", **trees)
    assert unheard.labels == {"human": 0, "synthetic": 22, "mixed": 0, "unknown": 1_145}
    assert ledger.status().labels == unheard.labels
    ledger.source_set(Source(name="oasst", accepts=("oasst",)))
    summary = ingest(ledger, path, "oasst", **trees)
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
    assert ledger.status().edges == 2 * 1_067


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_suite_of_json_traps(ledger: Ledger, real_data: Path) -> None:
    folder = real_data / "json_test_suite"
    paths = sorted(path for path in folder.rglob("*.json") if path.parent.name == "test_parsing")
    assert len(paths) == 95 + 188 + 35
    for prefix in ("n_", "y_"):
        chosen = [str(path) for path in paths if path.name.startswith(prefix)]
        from provenance.operations.ingest import IngestOptions

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
    """An object that says something, or an array of such."""
    document = _document(path)
    rows = document if isinstance(document, list) else [document]
    return bool(rows) and all(isinstance(row, dict) and row for row in rows)


def _records(path: Path) -> int:
    document = _document(path)
    return len(document) if isinstance(document, list) else 1


@pytest.mark.slow
def test_every_reply_of_a_tree_reaches_its_root(ledger: Ledger, real_data: Path) -> None:
    path = real_data / "oasst_samples/model/model_eval/manual/data/en_100_tree.jsonl"
    asked = {"records": "prompt.replies", "parent_field": "parent_id", "relation": "context"}
    parents = ingest(ledger, path, "oasst", **asked).parents
    assert parents is not None
    assert (parents.named, parents.found) == (1_067, 1_067)
    stated = json.loads("[" + ",".join(path.read_text().splitlines()) + "]")
    expected = {pair for tree in stated for pair in _replies(tree["prompt"])}
    found = ledger.query("""
        SELECT c.external_id AS child, p.external_id AS parent FROM lineage l
        JOIN sightings c ON c.record_id = l.child JOIN sightings p ON p.record_id = l.parent""")
    assert {(row["child"], row["parent"]) for row in found.to_pylist()} == expected
    reached = one(
        ledger,
        """
        WITH RECURSIVE up AS (
            SELECT DISTINCT child AS start, parent FROM lineage
            UNION SELECT up.start, l.parent FROM up JOIN lineage l ON l.child = up.parent
        )
        SELECT count(DISTINCT start) FROM up
        WHERE parent NOT IN (SELECT child FROM lineage)""",
    )
    assert reached == 1_067
    under_synthetic = """
        SELECT c.label, c.depth, count(*) AS n FROM lineage l
        JOIN records c ON c.record_id = l.child JOIN records p ON p.record_id = l.parent
        WHERE p.label = 'synthetic' GROUP BY ALL ORDER BY ALL"""
    counted = {(r["label"], r["depth"]): r["n"] for r in ledger.query(under_synthetic).to_pylist()}
    assert counted == {("synthetic", 2): 17}


def _replies(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for reply in message["replies"]:
        yield reply["message_id"], message["message_id"]
        yield from _replies(reply)


# Normalised text finds two pairs more than its authors' tools do, in which whitespace alone differs
# between essay and quotation; both are true.
CHAINS = [
    ("Human_Data/TOEFL_gpt4polished_91", "Human_Data/TOEFL_real_91", 91),
    ("Human_Data/HewlettStudentEssay_GPTsimplify_88", "Human_Data/HewlettStudentEssay_real_88", 88),
    ("GPT_Data/CollegeEssay_gpt3PromptEng_31", "GPT_Data/CollegeEssay_gpt3_31", 31),
    ("GPT_Data/CS224N_gpt3PromptEng_145", "GPT_Data/CS224N_gpt3_145", 145),
]


@pytest.mark.slow
@pytest.mark.parametrize(("made", "original", "count"), CHAINS)
def test_parents_are_found_in_the_prompts_that_quote_them(
    ledger: Ledger, real_data: Path, made: str, original: str, count: int
) -> None:
    folder = real_data / "chatgpt_detector_bias"
    label = "human" if made.startswith("Human_Data") else "synthetic"
    children = folder / made / "data.json"
    ingest(ledger, children, "made", label=label, parent_text="prompt", process="rephrase")
    ingest(ledger, folder / original / "data.json", "original", label=label)
    rows = ledger.query("""
        SELECT l.child, s.source FROM lineage l
        JOIN sightings s ON s.record_id = l.parent WHERE s.source = 'original'""")
    assert len(set(rows.column("child").to_pylist())) == count
    labels = ledger.query("""
        SELECT DISTINCT r.label, r.depth, r.conflict FROM records r
        JOIN sightings s USING (record_id) WHERE s.source = 'made'""").to_pylist()
    # What a machine rephrased is not human because its folder is called so: it is a conflict.
    deep = 1 if label == "human" else 2
    assert labels == [{"label": "synthetic", "depth": deep, "conflict": label == "human"}]
