"""The facts of a release are exact sums, and every cut of the set adds up to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, strategies as st

from provenance.errors import IntegrityError
from provenance.model.finding import Verdict
from provenance.model.manifest import Body, Manifest, Selection
from provenance.model.origin import Label
from provenance.model.policy import Budget, Policy
from provenance.model.reports.facts import LISTED, SHORT_TEXT, Facts
from provenance.model.source import Source
from provenance.reports.facts import facts

TYPES = {
    "record_id": "UUID",
    "digest": "VARCHAR",
    "source": "VARCHAR",
    "uri": "VARCHAR",
    "row": "BIGINT",
    "kind": "VARCHAR",
    **{
        f"{end}{unit}": "BIGINT"
        for end in ("", "lo_", "hi_")
        for unit in ("records", "bytes", "chars", "words", "tokens")
    },
    "label": "VARCHAR",
    "process": "VARCHAR",
    "generator": "VARCHAR",
    "depth": "BIGINT",
    "lang": "VARCHAR",
    "split": "VARCHAR",
    "licence": "VARCHAR",
    "conflict": "BOOLEAN",
    "weight": "BIGINT",
}

Member = dict[str, Any]

SHARES = {"human": (0, 0), "synthetic": (1, 1), "unknown": (0, 1), "mixed": (0, 1)}


def member(number: int, label: str = "human", size: int = 100, **stated: Any) -> Member:
    """A member whose synthetic size follows from its label."""
    lo, hi = SHARES[label]
    row: Member = dict.fromkeys(TYPES)
    row |= {
        "record_id": f"00000000-0000-0000-0000-{number:012x}",
        "digest": f"sha256:{number:064x}",
        "source": "a",
        "uri": "/a.jsonl",
        "row": number,
        "kind": "text",
        "label": label,
        "depth": {"human": 0, "unknown": None}.get(label, 1),
        "conflict": False,
        "weight": 1,
    }
    for unit, amount in (("records", 1), ("bytes", size), ("chars", size), ("words", size // 5)):
        row |= {unit: amount, f"lo_{unit}": lo * amount, f"hi_{unit}": hi * amount}
    return row | stated


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(connection: duckdb.DuckDBPyConnection, members: Sequence[Member]) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    connection.execute(f"CREATE OR REPLACE TABLE members ({columns})")
    marks = ", ".join("?" * len(TYPES))
    rows = [[row[name] for name in TYPES] for row in members]
    connection.executemany(f"INSERT INTO members VALUES ({marks})", rows)


def manifest(records: int, totals: dict[str, int] | None = None) -> Manifest:
    policy = Policy(policy="p", budgets=(Budget(name="b", max_synthetic=Decimal("0.5")),))
    body = Body(
        release="r",
        selection=Selection(),
        policy=policy,
        verdict=Verdict.PASS,
        budgets=(),
        records=records,
        totals=totals or {},
        labels={},
        members_digest="sha256:00",
    )
    return Manifest(
        body=body,
        body_digest="sha256:11",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        tool_version="0",
        ledger_sequence=1,
    )


def of(
    connection: duckdb.DuckDBPyConnection, members: Sequence[Member], sources: Sequence[Source] = ()
) -> Facts:
    load(connection, members)
    return facts(connection, "members", manifest=manifest(len(members)), sources=sources)


members_of_any_kind = st.lists(
    st.builds(
        lambda label, size, stated: (label, size, stated),
        st.sampled_from(list(SHARES)),
        st.integers(0, 2**40),
        st.fixed_dictionaries(
            {
                "source": st.sampled_from(["a", "b", "with 'quotes\""]),
                "lang": st.sampled_from([None, "", "en", "\u202e"]),
                "split": st.sampled_from([None, "train"]),
                "licence": st.sampled_from([None, "MIT"]),
                "weight": st.integers(1, 5),
                "conflict": st.booleans(),
            }
        ),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@given(drawn=members_of_any_kind)
def test_sums_are_those_of_plain_arithmetic(drawn: list[tuple[str, int, dict[str, Any]]]) -> None:
    members = [
        member(
            number,
            label,
            size,
            **stated,
            generator=None if label in {"human", "unknown"} else "g",
        )
        for number, (label, size, stated) in enumerate(drawn)
    ]
    with duckdb.connect() as connection:
        found = of(connection, members)

    def total(name: str, among: Sequence[Member] = members) -> int:
        return sum(row["weight"] * row[name] for row in among)

    for unit in ("records", "bytes", "chars", "words"):
        share = found.share(unit)
        assert (share.lo, share.hi, share.size) == (
            total(f"lo_{unit}"),
            total(f"hi_{unit}"),
            total(unit),
        )
        assert found.totals[unit] == total(unit)
    machine = [row for row in members if row["label"] != "human"]
    for cut in found.breakdowns:
        among = machine if cut.by in {"generator", "process"} else members
        for name in ("records", "bytes", "chars", "words", "lo_bytes", "hi_bytes"):
            assert sum(getattr(row, name) for row in cut.rows) == total(name, among)
        assert cut.groups == len(cut.rows) == len({row.key for row in cut.rows})
        for row in cut.rows:
            assert sum(row.labels.values()) == row.records
    assert sum(one.records for one in found.declarations) == total("records")
    assert sum(part.open_bytes for part in found.unsettled) == (
        total("hi_bytes") - total("lo_bytes")
    )
    assert found.conflicts.total + found.short_conflicts.total == sum(
        row["conflict"] for row in members
    )


def test_sums_beyond_64_bits_are_exact(connection: duckdb.DuckDBPyConnection) -> None:
    big = 2**62
    found = of(connection, [member(n, "synthetic", big, weight=1000) for n in range(3)])
    assert found.totals["bytes"] == 3000 * big
    assert found.breakdown("source").rows[0].lo_bytes == 3000 * big


def test_tokens_are_told_only_where_all_were_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    counted = {"tokens": 7, "lo_tokens": 0, "hi_tokens": 0}
    assert "tokens" not in of(connection, [member(1, **counted), member(2)]).totals
    assert of(connection, [member(1, **counted), member(2, **counted)]).totals["tokens"] == 14


def test_a_missing_key_is_a_row_of_its_own(connection: duckdb.DuckDBPyConnection) -> None:
    found = of(connection, [member(1, lang=None), member(2, lang=""), member(3, lang="en")])
    assert {row.key for row in found.breakdown("language").rows} == {None, "", "en"}


def test_labels_and_depths_keep_their_own_order(connection: duckdb.DuckDBPyConnection) -> None:
    members = [
        member(1, "unknown", 900),
        member(2, "synthetic", 800, depth=10),
        member(3, "synthetic", 700, depth=2),
        member(4, "human", 100),
    ]
    found = of(connection, members)
    assert [row.key for row in found.breakdown("label").rows] == ["human", "synthetic", "unknown"]
    assert [row.key for row in found.breakdown("depth").rows] == ["0", "2", "10", None]


def test_the_largest_rows_are_kept_and_all_are_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    load(connection, [member(1)])
    connection.execute(
        f"INSERT INTO members SELECT members.* REPLACE ('s' || n AS source, 1000 + n AS bytes) "
        f"FROM members, range({LISTED + 50}) AS t(n)"
    )
    found = facts(connection, "members", manifest=manifest(LISTED + 51))
    cut = found.breakdown("source")
    assert (len(cut.rows), cut.groups) == (LISTED, LISTED + 51)
    assert cut.rows[0].key == f"s{LISTED + 49}"
    assert "a" not in {row.key for row in cut.rows}


@pytest.mark.parametrize(
    ("contract", "label", "reason"),
    [
        (None, "unknown", "no contract"),
        (Source(name="a"), "unknown", "claims no origin"),
        (Source(name="a", label=Label.MIXED), "mixed", "says mixed"),
        (Source(name="a", label=Label.HUMAN), "unknown", "says human, but evidence"),
    ],
)
def test_what_is_not_known_says_why(
    connection: duckdb.DuckDBPyConnection, contract: Source | None, label: str, reason: str
) -> None:
    sources = [contract] if contract else []
    found = of(connection, [member(1, label, 60), member(2, "human", 40)], sources)
    (part,) = found.unsettled
    assert (part.source, part.records, part.bytes, part.open_bytes) == ("a", 1, 60, 60)
    assert reason in part.reason
    assert found.unsettled_sources == 1


def test_a_settled_set_leaves_nothing_open(connection: duckdb.DuckDBPyConnection) -> None:
    found = of(connection, [member(1), member(2, "synthetic")])
    assert found.unsettled == ()
    assert found.unsettled_sources == 0


def test_declarations_stand_for_the_sources_of_the_set(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    known, foreign = Source(name="a", declared_by="Ada"), Source(name="elsewhere")
    found = of(connection, [member(1, weight=4), member(2, source="b")], [known, foreign])
    assert [(one.source, one.records, one.contract) for one in found.declarations] == [
        ("a", 4, known),
        ("b", 1, None),
    ]


def test_conflicts_about_short_texts_are_listed_apart(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    load(
        connection,
        [
            member(1, size=SHORT_TEXT, conflict=True),
            member(2, size=SHORT_TEXT - 1, conflict=True),
            member(3, size=5, chars=0, kind="binary", conflict=True),
            member(4),
        ],
    )
    connection.execute(
        "CREATE TABLE told AS SELECT record_id, ['z', 'b'] AS sources, 'tool' AS rule "
        "FROM members WHERE row = 1"
    )
    found = facts(connection, "members", manifest=manifest(4), conflicts="told")
    assert [one.row for one in found.conflicts.listed] == [1, 3]
    assert [one.row for one in found.short_conflicts.listed] == [2]
    assert found.conflicts.listed[0].sources == ("b", "z")
    assert found.conflicts.listed[0].rule == "tool"
    assert found.short_conflicts.listed[0].sources == ("a",)
    assert found.short_conflicts.listed[0].rule is None


def test_long_lists_of_conflicts_are_cut_and_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    load(connection, [member(1, conflict=True)])
    connection.execute(
        f"INSERT INTO members SELECT members.* REPLACE ('sha256:' || (n + 2) AS digest) "
        f"FROM members, range({LISTED + 9}) AS t(n)"
    )
    found = facts(connection, "members", manifest=manifest(LISTED + 10))
    assert (found.conflicts.total, len(found.conflicts.listed)) == (LISTED + 10, LISTED)


@pytest.mark.parametrize("sealed", [manifest(3), manifest(2, {"bytes": 201})])
def test_members_that_were_not_sealed_are_an_integrity_error(
    connection: duckdb.DuckDBPyConnection, sealed: Manifest
) -> None:
    load(connection, [member(1), member(2)])
    with pytest.raises(IntegrityError, match="instead of") as error:
        facts(connection, "members", manifest=sealed)
    assert "prov verify r" in error.value.hint


def test_facts_survive_their_json(connection: duckdb.DuckDBPyConnection) -> None:
    found = of(connection, [member(1), member(2, "unknown", conflict=True)])
    assert Facts.model_validate_json(found.model_dump_json()) == found
