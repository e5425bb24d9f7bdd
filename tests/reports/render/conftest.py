"""One release, small and of every kind, and the same with hostile text in every place."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from support.small_release import BUDGETS, FINDINGS, MEMBERS, SOURCES, manifest_over

from provenance.model.finding import Judgement, Verdict
from provenance.model.reports.facts import Facts
from provenance.reports.facts import facts as facts_of

HOSTILE = (
    "<script>alert(1)</script>",
    "evil\u202etxt.exe",
    "two\nlines\r\n",
    "\x1b[31mred\x1b[0m\x07",
    "=cmd()|'/c calc'!A1",
    "a|b`c``d\\e*f*[g](http://h.example)@octocat #1 www.example.com &amp; ${x} {0}",
    '" onload="alert(1)',
    "]]><![CDATA[",
    "x" * 5_000,
    "",
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(MEMBERS)
        yield connection


@pytest.fixture
def facts(connection: duckdb.DuckDBPyConnection) -> Facts:
    return facts_of(
        connection,
        "members",
        manifest=manifest_over(connection),
        sources=SOURCES,
        findings=FINDINGS,
    )


@pytest.fixture
def judgement() -> Judgement:
    return Judgement(verdict=Verdict.FAIL, budgets=BUDGETS, findings=FINDINGS)


@pytest.fixture(params=range(len(HOSTILE)), ids=lambda place: f"hostile-{place}")
def hostile(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


@pytest.fixture
def hostile_facts(facts: Facts, hostile: str, hostile_judgement: Judgement) -> Facts:
    """Every text of the facts that data can reach, replaced without validation."""
    contract = SOURCES[0].model_copy(
        update=dict.fromkeys(("name", "declared_by", "licence", "url", "generator"), hostile)
    )
    selection = facts.selection.model_copy(
        update={"sources": (hostile,), "where": hostile, "splits": {hostile: "1"}}
    )
    return facts.model_copy(
        update={
            "release": hostile,
            "policy": hostile,
            "tool_version": hostile,
            "body_digest": hostile,
            "selection": selection,
            "breakdowns": tuple(
                cut.model_copy(
                    update={"rows": tuple(r.model_copy(update={"key": hostile}) for r in cut.rows)}
                )
                for cut in facts.breakdowns
            ),
            "unsettled": tuple(
                part.model_copy(update={"source": hostile, "reason": hostile})
                for part in facts.unsettled
            ),
            "declarations": tuple(
                one.model_copy(update={"source": hostile, "contract": contract})
                for one in facts.declarations
            ),
            "conflicts": facts.conflicts.model_copy(
                update={
                    "listed": tuple(
                        one.model_copy(
                            update={
                                "sources": (hostile, hostile),
                                "rule": hostile,
                                "uri": hostile,
                                "digest": hostile,
                                "record_id": hostile,
                            }
                        )
                        for one in facts.conflicts.listed
                    )
                }
            ),
            "budgets": hostile_judgement.budgets,
            "findings": hostile_judgement.findings,
        }
    )


@pytest.fixture
def hostile_judgement(hostile: str) -> Judgement:
    """Every text of a judgement, replaced without validation."""
    return Judgement.model_construct(
        verdict=Verdict.FAIL,
        budgets=tuple(
            result.model_copy(
                update={"name": hostile, "group": {hostile: hostile}, "reason": hostile}
            )
            for result in BUDGETS
        ),
        findings=tuple(
            found.model_copy(update={"subject": hostile, "reason": hostile, "remedy": hostile})
            for found in FINDINGS
        ),
    )
