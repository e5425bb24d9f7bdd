"""``prov activity``, as a user runs it."""

from __future__ import annotations

from support.terminal import Terminal


def test_an_activity_from_elsewhere(terminal: Terminal) -> None:
    terminal.prov("init")
    said = ["--id", "run-17", "--agent", "airflow", "--started", "2026-11-01", "--detail", "v=2"]
    assert terminal.prov("activity", "add", "dedup", *said).out == "run-17\n"
    assert terminal.prov("activity", "add", "dedup", *said).code == 0
    listed = terminal.prov("activity", "list", "--json").json["activities"]
    assert listed == [
        {
            "activity": "run-17",
            "kind": "transform",
            "name": "dedup",
            "agent": "airflow",
            "started_at": "2026-11-01T00:00:00Z",
            "detail": {"v": "2"},
        }
    ]
    assert "run-17" in terminal.prov("activity", "list").out
    answer = terminal.prov(
        "activity", "add", "x", "--started", "2026-11-02", "--ended", "2026-11-01"
    )
    assert (answer.code, answer.err.splitlines()[0][:17]) == (2, "error: activity `")


def test_an_activity_without_a_name_is_misuse(terminal: Terminal) -> None:
    terminal.prov("init")
    assert terminal.prov("activity", "add", " ").code == 2


def test_a_field_that_no_record_has_names_no_parent(terminal: Terminal) -> None:
    terminal.write("a.jsonl", '{"text": "a text"}\n')
    answer = terminal.prov("ingest", "a.jsonl", "--source", "a", "--parent-text", "promt")
    assert answer.code == 0
    assert "no record names a parent" in answer.err
