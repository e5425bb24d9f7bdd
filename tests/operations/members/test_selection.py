"""Selections: records that are taken as they were seen are what resolving them would give."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from provenance.model.manifest import Selection
from provenance.operations.members import of_release
from provenance.operations.members.of_release import release_members
from provenance.operations.members.relation import MEMBERS, keep_members
from provenance.operations.members.selection import coded_members, select_members
from provenance.operations.releases.seal import members_digest
from provenance.store.catalog import over_nothing
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.store.schema import TABLES
from provenance.views.definitions import VIEWS

SOURCES = ("a", "b", "c")
URIS = ("x.jsonl", 'y "z"\t\x1f\\.jsonl', "ü.jsonl")
LABELS = (None, "human", "synthetic", "mixed", "unknown")
RECORDS = 8

# The rule as it is told: of all sightings in current files of the sources asked for the least by
# (source, uri, row), with the origin that the view gives, under the licences of all of them.
RESOLVED = """
WITH licences AS (
    SELECT record_id, string_agg(DISTINCT licence, ' AND ' ORDER BY licence) AS licence FROM (
        SELECT s.record_id,
            unnest([json_extract_string(s.attributes, '/licence'), c.licence]) AS licence
        FROM sightings s LEFT JOIN sources c ON c.name = s.source WHERE s.source IN ($sources)
    ) WHERE licence IS NOT NULL GROUP BY record_id
)
SELECT s.record_id, s.source, s.uri, s.row, o.bytes, o.chars, o.words, o.label, o.process,
    o.generator, o.generator_family, o.depth, o.conflict, o.lo_bytes, o.hi_bytes, o.lo_chars,
    o.hi_chars, o.lo_words, o.hi_words, o.rule, o.tier, s.lang, s.split, l.licence,
    c.kind AS source_kind, if(s.source = 'b', 3, 1) AS weight, s.attributes
FROM sightings s JOIN origins o USING (record_id) LEFT JOIN sources c ON c.name = s.source
LEFT JOIN licences l USING (record_id)
WHERE s.source IN ($sources) AND s.record_id NOT IN (SELECT record_id FROM revoked)
QUALIFY row_number() OVER (PARTITION BY s.record_id ORDER BY s.source, s.uri, s.row) = 1
"""

LINES = f"""
SELECT string_agg(line, '' ORDER BY record_id, digest_rest) FROM (
    SELECT record_id, digest_rest, json_array(digest, source, uri, row, bytes, label, lo_bytes,
        hi_bytes, depth, weight, split)::VARCHAR || chr(10) AS line FROM {MEMBERS})
"""


def record(number: int) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.md5(str(number).encode()).digest())


def add(connection: Database, table: str, **values: Any) -> None:
    """One row of a table of the ledger."""
    assert set(values) <= set(TABLES[table].names)
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO ledger.{table} ({names}) VALUES ({marks})", list(values.values())
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """Rows of a ledger: readings of three sources, records in them, and what is said of these."""
    rows: list[tuple[str, dict[str, Any]]] = []

    def commit() -> uuid.UUID:
        number = len(rows)
        made = uuid.UUID(int=number + 1)
        rows.append(
            (
                "commits",
                {"commit_id": made, "key": f"k{number}", "seq": 2 * number, "verb": "ingest"},
            )
        )
        return made

    words = st.sampled_from([None, "m1", "m2"])
    seldom = draw(st.sampled_from([0, 30]))
    for name in SOURCES:
        contract = {"name": name, "label": draw(st.sampled_from(LABELS)), "kind": draw(words)}
        contract |= {"generator": draw(words), "licence": draw(words), "process": draw(words)}
        rows.append(("sources", {"commit_id": commit(), **contract}))
    for _ in range(draw(st.integers(1, 4))):
        made, reading = commit(), uuid.UUID(int=1000 + len(rows))
        place = {"source": draw(st.sampled_from(SOURCES)), "uri": draw(st.sampled_from(URIS))}
        file = {"reading_id": reading, "split": draw(words), "attributes": '["licence"]'}
        rows.append(("files", {"commit_id": made, **place, **file}))
        if draw(st.booleans()):
            declared = {"label": draw(st.sampled_from(LABELS[1:])), "generator": draw(words)}
            rows.append(("declarations", {"commit_id": made, "reading_id": reading, **declared}))
        for row in range(1, draw(st.integers(1, 5)) + 1):
            seen = draw(st.integers(0, RECORDS - 1))
            at = {"commit_id": made, "reading_id": reading, "row": row, "record_id": record(seen)}
            more = {"digest_rest": record(-seen), "kind": "text", "lang": draw(words)}
            more["attributes"] = draw(st.sampled_from([None, '{"licence": "mit"}']))
            sizes = {"bytes": seen * 7, "chars": seen * 5, "words": seen}
            rows.append(("sightings", {**at, **more, **sizes}))
            if draw(st.integers(0, seldom)) == 0:
                rows.append(("evidence", at | draw(claims())))
    readings = [values["reading_id"] for table, values in rows if table == "files"]
    for _ in range(draw(st.integers(0, 2))):
        label = {"label": draw(st.sampled_from(LABELS[1:]))}
        if draw(st.booleans()):
            again = {"name": draw(st.sampled_from(SOURCES)), **label}
            rows.append(("sources", {"commit_id": commit(), **again}))
        else:
            again = {"reading_id": draw(st.sampled_from(readings)), **label}
            rows.append(("declarations", {"commit_id": commit(), **again}))
    for seen in draw(st.sets(st.integers(0, RECORDS - 1), max_size=4)):
        claim = draw(st.sampled_from([None, "synthetic"]))
        told = {"record_id": record(seen), "depth": draw(st.integers(1, 3)), "claim": claim}
        rows.append(("derived", {"commit_id": commit(), **told}))
    if draw(st.booleans()):
        hit = {"revocation": "r", "record_id": record(draw(st.integers(0, RECORDS - 1)))}
        rows.append(("revocations", {"commit_id": commit(), "revocation": "r", "event": "revoke"}))
        rows.append(("revoked", {"commit_id": commit(), **hit, "hops": 0}))
    return rows


def claims() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "tier": st.sampled_from(["reviewed", "tool", "declared", "detected"]),
            "claim": st.sampled_from(["human", "synthetic", "mixed"]),
            "whole": st.booleans(),
            "part_bytes": st.sampled_from([None, 3]),
            "generator": st.sampled_from([None, "g"]),
            "observer": st.just("o"),
            "basis": st.just("b"),
        }
    )


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with over_nothing(Layout(tmp_path_factory.mktemp("nothing")), VIEWS) as made:
        made.execute("SET arrow_lossless_conversion = true")
        yield made


def rows_of(connection: Database, query: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(query).fetchall(), key=str)


def fill(connection: Database, rows: list[tuple[str, dict[str, Any]]]) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM ledger.{table}")
    for table, values in rows:
        add(connection, table, **values)


@pytest.mark.slow
@settings(max_examples=10)
@given(rows=ledgers(), sources=st.sampled_from([(), ("a",), ("b", "c")]))
def test_a_selection_is_what_resolving_every_record_gives(
    connection: Database, rows: list[tuple[str, dict[str, Any]]], sources: tuple[str, ...]
) -> None:
    fill(connection, rows)
    select_members(connection, Selection(sources=sources, weights={"b": 3}))
    listed = ", ".join(f"'{name}'" for name in sources or SOURCES)
    wanted = rows_of(connection, RESOLVED.replace("$sources", listed))
    names = [
        column[0] for column in connection.execute(RESOLVED.replace("$sources", listed)).description
    ]
    assert rows_of(connection, f"SELECT {', '.join(names)} FROM {MEMBERS}") == wanted
    check_digest(connection)
    taken = wanted[::2]
    connection.execute("CREATE OR REPLACE TEMP TABLE chosen (record_id UUID)")
    for row in taken:
        connection.execute("INSERT INTO chosen VALUES (?)", [row[0]])
    keep_members(connection, "chosen")
    assert rows_of(connection, f"SELECT {', '.join(names)} FROM {MEMBERS}") == taken
    splits = {"train": "0.5", "test": "0.5"}
    select_members(connection, Selection(splits=splits, split_by="norm_id"))
    assert {row[0] for row in rows_of(connection, f"SELECT split FROM {MEMBERS}")} <= {*splits}
    check_digest(connection)


def check_digest(connection: Database) -> None:
    """It is taken over the lines as DuckDB writes them, whatever the words come as."""
    text = connection.execute(LINES).fetchone()
    lines = (text[0] or "") if text else ""
    digest = f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
    assert members_digest(connection) == digest
    assert members_digest(connection, coded_members(connection)) == digest


MOVED = ("label", "generator", "process", "depth", "conflict", "lo_bytes", "hi_bytes", "hi_words")
"""Some of the columns that may."""

TODAY = f"""
SELECT s.record_id, {", ".join(f"if(o.record_id IS NULL, s.{n}, o.{n}) AS {n}" for n in MOVED)}
FROM members s LEFT JOIN origins o USING (record_id)
"""


def seal(connection: Database, seq: int) -> None:
    """Release ``r`` of all there is, as an assembly would commit it."""
    select_members(connection, Selection())
    commit = uuid.UUID(int=9_999)
    names = [name for name in TABLES["members"].names if name not in {"commit_id", "release"}]
    connection.execute(
        f"INSERT INTO ledger.members BY NAME SELECT ? AS commit_id, 'r' AS release, "
        f"{', '.join(names)} FROM {MEMBERS}",
        [commit],
    )
    manifest = f'{{"ledger_sequence": {seq - 1}}}'
    add(connection, "commits", commit_id=commit, key="release:r", seq=seq, verb="assemble")
    add(connection, "releases", commit_id=commit, name="r", manifest=manifest)


@pytest.mark.slow
@settings(max_examples=25)
@given(rows=ledgers(), data=st.data())
def test_a_release_has_the_origins_of_today_where_they_moved(
    connection: Database, rows: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    first = next(at for at, (table, _) in enumerate(rows) if table == "sightings")
    ends = [at for at, (table, _) in enumerate(rows) if table == "commits" and at > first]
    end = data.draw(st.sampled_from([*ends, len(rows)][-6:]))
    fill(connection, rows[:end])
    seal(connection, seq=2 * end - 1)
    for table, values in rows[end:]:
        add(connection, table, **values)
    wanted = rows_of(connection, TODAY)
    query = f"SELECT record_id, {', '.join(MOVED)} FROM {MEMBERS}"
    for few in (0, of_release.MAX_CHANGED_SHARE, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(of_release, "MAX_CHANGED_SHARE", few)
            release_members(connection, "r", today=True)
        assert rows_of(connection, query) == wanted


ONE, TWO, NEW = (uuid.UUID(int=number) for number in (1, 2, 3))

BASE: list[tuple[str, dict[str, Any]]] = [
    ("commits", {"commit_id": ONE, "key": "one", "seq": 1, "verb": "ingest"}),
    *(
        ("sources", {"commit_id": ONE, "name": name, "label": label})
        for name, label in (("a", "synthetic"), ("b", "human"), ("c", None))
    ),
    *(
        ("files", {"commit_id": ONE, "source": name, "uri": "x", "reading_id": uuid.UUID(int=at)})
        for name, at in (("a", 11), ("b", 12), ("c", 13))
    ),
    # A record of each source, and one that two of them have.
    *(
        ("sightings", seen)
        for at, row, number in ((11, 1, 1), (11, 2, 4), (12, 1, 2), (12, 2, 4), (13, 1, 3))
        for seen in [
            {"commit_id": ONE, "reading_id": uuid.UUID(int=at), "row": row, "kind": "text"}
            | {"record_id": record(number), "digest_rest": record(-number)}
            | {"bytes": 10, "chars": 10, "words": 2}
        ]
    ),
]

CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "another contract": ("sources", {"name": "b", "label": "synthetic"}),
    "another declaration": (
        "declarations",
        {"reading_id": uuid.UUID(int=12), "label": "synthetic"},
    ),
    "a file that has changed": ("files", {"source": "a", "uri": "x", "reading_id": NEW}),
    "a depth": ("derived", {"record_id": record(1), "depth": 3}),
    "a proof": ("derived", {"record_id": record(3), "depth": 1, "claim": "synthetic"}),
    "a review": (
        "evidence",
        {"record_id": record(2), "tier": "reviewed", "claim": "synthetic", "whole": True},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_every_way_in_which_an_origin_moves_is_followed(
    connection: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(of_release, "MAX_CHANGED_SHARE", 0)
    fill(connection, BASE)
    seal(connection, seq=2)
    query = f"SELECT record_id, {', '.join(MOVED)} FROM"
    sealed = rows_of(connection, f"{query} members")
    table, values = CHANGES[change]
    add(connection, "commits", commit_id=TWO, key="two", seq=3, verb="ingest")
    add(connection, table, commit_id=TWO, **values)
    today = rows_of(connection, TODAY)
    assert today != sealed
    release_members(connection, "r", today=True)
    assert rows_of(connection, f"{query} {MEMBERS}") == today
    select_members(connection, Selection())
    listed = "SELECT s.record_id, {} FROM origins s SEMI JOIN sightings USING (record_id)"
    assert rows_of(connection, f"{query} {MEMBERS}") == rows_of(
        connection, listed.format(", ".join(MOVED))
    )
