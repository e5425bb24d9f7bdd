"""No statement of a file makes any record more human, unless the contract of its source accepts it.

The ledger here is made of rows, not of files: records of two sources, and what is said of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from provenance.store.catalog import over_nothing
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.views.definitions import VIEWS

SIZE = 1_000
SOURCES = ("a", "b")
RECORDS = [uuid.UUID(int=n) for n in (1, 2)]
READINGS = {source: uuid.UUID(int=10 + n) for n, source in enumerate(SOURCES)}
EARLIER = {source: uuid.UUID(int=20 + n) for n, source in enumerate(SOURCES)}
COMMITS = [uuid.UUID(int=30 + n) for n in (0, 1)]

PARTS = st.none() | st.integers(0, SIZE)
STATEMENTS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(SOURCES),
        "earlier": st.booleans(),
        "record_id": st.sampled_from(RECORDS),
        "tier": st.sampled_from(["tool", "declared", "heuristic"]),
        "claim": st.sampled_from(["human", "synthetic", "mixed", "question"]),
        "whole": st.booleans(),
        "part": PARTS,
        "observer": st.sampled_from(["oasst", "chat-log"]),
        "field": st.sampled_from([None, "synthetic", "kind"]),
    }
)
CONTRACTS = st.tuples(*[st.sampled_from([None, "human", "synthetic", "mixed"])] * 2)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with over_nothing(Layout(tmp_path_factory.mktemp("nothing")), VIEWS) as found:
        yield found


def insert(connection: Database, table: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO ledger.{table} ({names}) VALUES ({marks})", [*row.values()]
        )


def origins(
    connection: Database, labels: tuple[str | None, ...], said: list[dict[str, Any]]
) -> dict[uuid.UUID, tuple[str, int, int]]:
    """Label and interval of every record that two sources hold, each of which accepts nothing."""
    for table in ("commits", "sources", "files", "sightings", "evidence"):
        connection.execute(f"DELETE FROM ledger.{table}")
    insert(
        connection,
        "commits",
        [{"commit_id": each, "key": str(n), "seq": n} for n, each in enumerate(COMMITS)],
    )
    for source, label in zip(SOURCES, labels, strict=True):
        early, late = ({"commit_id": each} for each in COMMITS)
        insert(connection, "sources", [{**early, "name": source, "label": label}])
        file = {"source": source, "uri": "f"}
        insert(
            connection,
            "files",
            [
                {**early, **file, "reading_id": EARLIER[source]},
                {**late, **file, "reading_id": READINGS[source]},
            ],
        )
        seen = [
            {**late, "reading_id": READINGS[source], "row": n, "record_id": record}
            for n, record in enumerate(RECORDS)
        ]
        sizes = {"bytes": SIZE, "chars": SIZE, "words": SIZE}
        insert(connection, "sightings", [{**row, **sizes} for row in seen])
    for one in said:
        row = {name: one[name] for name in ("record_id", "tier", "claim", "observer", "field")}
        reading = (EARLIER if one["earlier"] else READINGS)[one["source"]]
        # A claim about a part counts it; of whole ones only mixed has a part that is counted.
        whole = one["whole"] or one["part"] is None
        part = one["part"] if one["claim"] == "mixed" or not whole else None
        parts = dict.fromkeys(("part_bytes", "part_chars", "part_words"), part)
        row |= {"reading_id": reading, "whole": whole, "row": 0, "basis": "", **parts}
        insert(connection, "evidence", [{"commit_id": COMMITS[not one["earlier"]], **row}])
    rows = connection.execute("SELECT record_id, label, lo_bytes, hi_bytes FROM origins").fetchall()
    return {record: (label, lo, hi) for record, label, lo, hi in rows}


def counted(size: int, *, earlier: bool) -> dict[str, Any]:
    """A claim that so much of the first record is synthetic."""
    said = {"source": "a", "record_id": RECORDS[0], "tier": "tool", "claim": "synthetic"}
    how = {"whole": False, "part": size, "observer": "oasst", "field": None}
    return {**said, **how, "earlier": earlier}


@pytest.mark.slow
@settings(max_examples=40)
@example(("human", None), [counted(900, earlier=True)], counted(100, earlier=False))
@given(CONTRACTS, st.lists(STATEMENTS, max_size=4), STATEMENTS)
def test_more_evidence_of_a_file_never_makes_a_record_more_human(
    connection: Database,
    labels: tuple[str | None, ...],
    said: list[dict[str, Any]],
    added: dict[str, Any],
) -> None:
    before = origins(connection, labels, said)
    after = origins(connection, labels, [*said, added])
    for record in RECORDS:
        (label, lo, hi), (was, was_lo, was_hi) = after[record], before[record]
        assert lo >= was_lo
        assert hi >= was_hi
        assert label != "human" or was == "human"


@pytest.mark.slow
@settings(max_examples=20)
@given(CONTRACTS, st.lists(STATEMENTS, min_size=1, max_size=4))
def test_an_earlier_reading_that_is_no_more_heard_counts_as_if_it_were(
    connection: Database, labels: tuple[str | None, ...], said: list[dict[str, Any]]
) -> None:
    """What is not in a file's favour is as strong in the version before it as in the one now."""
    heard = [one for one in said if one["claim"] in {"synthetic", "mixed"}]
    now = origins(connection, labels, [{**one, "earlier": False} for one in heard])
    for place, one in enumerate(heard):
        others = [{**each, "earlier": False} for n, each in enumerate(heard) if n != place]
        then = origins(connection, labels, [*others, {**one, "earlier": True}])
        alike = [
            each
            for each in others
            if all(each[name] == one[name] for name in ("source", "record_id", "claim"))
        ]
        if not alike:
            assert then == now
