"""Which parts are merged, and what comes of it: fewer parts that ids tell apart, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.datafiles import ingest, texts, write_jsonl

import provenance
from provenance.store.maintenance import compaction
from provenance.store.maintenance.compaction import (
    FEWEST,
    GROWTH,
    PART_ROWS,
    CurrentFile,
    choose,
    parts_of,
)
from provenance.store.replacements import standing


def held(sizes: list[int]) -> list[CurrentFile]:
    return [CurrentFile("t", f"/t/{n}.parquet", rows, rows, rows) for n, rows in enumerate(sizes)]


SIZES = st.lists(st.one_of(st.integers(1, 50), st.integers(1, 3 * PART_ROWS)), max_size=40)


@given(sizes=SIZES)
def test_what_was_merged_is_left_alone_from_then_on(sizes: list[int]) -> None:
    parts, settled = held(sizes), set[str]()
    runs = choose(parts, settled)
    assert all(len(run) >= FEWEST for run in runs)
    taken = [part for run in runs for part in run]
    assert len(taken) == len(set(taken))
    left = [part for part in parts if part not in taken]
    for place, run in enumerate(runs):
        rows = sum(part.rows for part in run)
        count = parts_of(rows)
        most = -(-rows // count)
        for piece in range(count):
            size = min(most, rows - piece * most)
            name = f"m{place}-{piece}"
            left.append(CurrentFile("t", f"/t/{name}.parquet", size, size, size))
            settled.add(name)
    assert choose(left, settled) == []


@given(few=st.integers(1, 1_000), more=st.integers(1, 10))
def test_a_large_part_is_not_moved_for_a_few_rows(few: int, more: int) -> None:
    large = few * FEWEST * GROWTH + more
    assert choose(held([few] * FEWEST + [large]), ()) == [tuple(held([few] * FEWEST))]
    assert choose(held([few] * (FEWEST - 1)), ()) == []


@pytest.mark.slow
def test_merged_parts_have_ranges_of_ids_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "PART_ROWS", 100)
    ledger = provenance.init(str(tmp_path / "ledger"))
    for name in "abcd":
        ingest(ledger, write_jsonl(tmp_path / f"{name}.jsonl", texts(name, 80)), "web")
    done = {item.table: item for item in ledger.maintain().tables}
    assert (done["sightings"].merged, done["sightings"].into) == (4, 3)
    with ledger.store.snapshot(cache_small_tables=False) as connection:
        ranges = connection.execute(
            "SELECT min(record_id), max(record_id), count(*) FROM ledger.sightings "
            "GROUP BY filename ORDER BY 1"
        ).fetchall()
        plan = connection.execute(
            "EXPLAIN ANALYZE FROM ledger.sightings WHERE record_id = ?", [ranges[1][0]]
        ).fetchall()
    assert [count for *_, count in ranges] == [107, 107, 106]
    assert ranges[0][1] < ranges[1][0] <= ranges[1][1] < ranges[2][0]
    assert "Total Files Read: 1" in plan[0][1]


def test_one_part_stands_for_many_or_none() -> None:
    one, two, new, last = ({"table": "t", "sha256": name} for name in ("a", "b", "c", "d"))
    merged = {**new, "replaces": ["a", "b"]}
    dropped = {"table": "t", "sha256": None, "replaces": ["d"]}
    assert list(standing([[one], [two, last]])) == [one, two, last]
    assert list(standing([[one], [two, last], [merged]])) == [last, merged]
    assert list(standing([[one], [two, last], [merged], [dropped]])) == [merged]
    assert list(standing([[one], [{**two, "replaces": "a"}]])) == [{**two, "replaces": "a"}]
