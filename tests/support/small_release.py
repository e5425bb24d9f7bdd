"""One release, small and of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import duckdb

from provenance.model.finding import BudgetResult, Finding, Verdict
from provenance.model.manifest import Body, Manifest, Selection
from provenance.model.origin import Label, Process
from provenance.model.policy import Budget, Policy
from provenance.model.source import Source

MEMBERS = """
CREATE TABLE members AS
WITH profile(turn, source, label, lo, hi, process, generator, depth, langs, licence) AS (VALUES
    (1, 'encyclopaedia', 'human', 0, 0, NULL, NULL, 0, ['en', 'de', 'en'], 'CC-BY-SA-4.0'),
    (2, 'forum-crawl', 'unknown', 0, 100, NULL, NULL, NULL, ['en', NULL], NULL),
    (3, 'instruct-70b', 'synthetic', 100, 100, 'generate', 'llama-3.1-70b', 1, ['en'],
     'Apache-2.0'),
    (4, 'assistant-chats', 'mixed', 55, 55, 'distil', 'qwen-2.5-7b', 2, ['fr'], 'Apache-2.0')
), record AS (
    SELECT n, 20 + (n * 7919) % 2400 AS size,
           [1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4][1 + n % 12] AS turn
    FROM range(1, 1201) AS numbers(n)
)
SELECT md5('record ' || n)::UUID AS record_id, 'sha256:' || sha256('record ' || n) AS digest,
       source, '/data/' || source || '.jsonl' AS uri, n AS row, 'text' AS kind,
       1::BIGINT AS records, size AS bytes, size AS chars, size // 6 AS words,
       NULL::BIGINT AS tokens,
       (label = 'synthetic')::BIGINT AS lo_records, (label <> 'human')::BIGINT AS hi_records,
       size * lo // 100 AS lo_bytes, size * hi // 100 AS hi_bytes,
       size * lo // 100 AS lo_chars, size * hi // 100 AS hi_chars,
       (size // 6) * lo // 100 AS lo_words, (size // 6) * hi // 100 AS hi_words,
       NULL::BIGINT AS lo_tokens, NULL::BIGINT AS hi_tokens,
       label, process, generator, split_part(generator, '-', 1) AS generator_family,
       depth::BIGINT AS depth, langs[1 + n % len(langs)] AS lang,
       CASE WHEN n % 10 = 0 THEN 'validation' ELSE 'train' END AS split, licence,
       'other' AS source_kind, n % 97 = 0 OR n = 1104 AS conflict,
       CASE WHEN turn = 1 AND n % 50 = 0 THEN 3 ELSE 1 END::BIGINT AS weight, '{}' AS attributes
FROM record JOIN profile USING (turn)
"""


SOURCES = (
    Source(
        name="encyclopaedia",
        kind="public",
        label=Label.HUMAN,
        declared_by="Library team",
        licence="CC-BY-SA-4.0",
        url="https://example.org/dumps",
    ),
    Source(name="forum-crawl", kind="crawl"),
    Source(
        name="instruct-70b",
        kind="synthetic",
        label=Label.SYNTHETIC,
        process=Process.GENERATE,
        generator="llama-3.1-70b",
        declared_by="Data team",
        licence="Apache-2.0",
    ),
)


BUDGETS = (
    BudgetResult(
        name="overall",
        rule="max_synthetic",
        verdict=Verdict.INDETERMINATE,
        lo=0.2597,
        hi=0.5129,
        limit=Decimal("0.40"),
        numerator_lo=388_000,
        numerator_hi=766_000,
        denominator=1_493_820,
        unit="bytes",
        reason="the share lies between 25.9% and 51.3%; 113 unknown records would have to be human",
        to_resolve=113,
    ),
    BudgetResult(
        name="each-language",
        rule="max_synthetic",
        group={"lang": "en"},
        verdict=Verdict.FAIL,
        lo=0.412,
        hi=0.713,
        limit=Decimal("0.35"),
        numerator_lo=412,
        numerator_hi=713,
        denominator=1000,
        unit="records",
        reason="at least 41.2% of the group is synthetic",
    ),
    BudgetResult(
        name="each-language",
        rule="max_synthetic",
        group={"lang": None},
        verdict=Verdict.PASS,
        lo=0.0,
        hi=0.35,
        limit=Decimal("0.35"),
        numerator_lo=0,
        numerator_hi=35,
        denominator=100,
        unit="records",
        reason="at most 35% of the group is synthetic",
    ),
    BudgetResult(
        name="recursion",
        rule="max_share",
        verdict=Verdict.PASS,
        lo=0.001,
        hi=0.0049,
        limit=Decimal("0.01"),
        numerator_lo=10,
        numerator_hi=49,
        denominator=10_000,
        unit="records",
        reason="at most 0.49% of the set is two or more steps from human text",
    ),
    BudgetResult(
        name="human-floor",
        rule="min_human",
        verdict=Verdict.PASS,
        lo=512,
        hi=812,
        limit=Decimal(500),
        numerator_lo=512,
        numerator_hi=812,
        denominator=1216,
        unit="records",
        reason="at least 512 records are human throughout",
    ),
    BudgetResult(
        name="ratio",
        rule="max_synthetic",
        verdict=Verdict.INDETERMINATE,
        lo=0.25,
        hi=None,
        per="human",
        limit=Decimal(2),
        numerator_lo=1,
        numerator_hi=4,
        denominator=4,
        unit="words",
        reason="there may be no human part at all",
    ),
    BudgetResult(
        name="keep-the-anchor",
        rule="accumulate",
        verdict=Verdict.FAIL,
        lo=3,
        hi=3,
        limit=Decimal(0),
        numerator_lo=3,
        numerator_hi=3,
        denominator=500,
        unit="records",
        reason="3 of 500 human records of instruct-2026-06 are missing",
    ),
)


FINDINGS = (
    Finding(
        code="conflict",
        severity="warning",
        subject="record:5891b5b5",
        reason="encyclopaedia says human, instruct-70b says synthetic",
        remedy="review the record with `prov show 5891b5b5`",
    ),
    Finding(
        code="undeclared-source",
        severity="note",
        subject="source:assistant-chats",
        reason="the source has no contract",
    ),
)


def manifest_over(connection: duckdb.DuckDBPyConnection, members: str = "members") -> Manifest:
    """A manifest that agrees with the members."""
    records, weight, size = connection.execute(
        f"SELECT count(*), sum(weight), sum(weight * bytes) FROM {members}"
    ).fetchone() or (0, 0, 0)
    policy = Policy(
        policy="release-2026-11",
        unit="bytes",
        budgets=(Budget(name="overall", max_synthetic=Decimal("0.40")),),
    )
    return Manifest(
        body=Body(
            release="instruct-2026-11",
            selection=Selection(
                sources=("encyclopaedia", "forum-crawl"),
                where="lang <> 'xx'",
                weights={"encyclopaedia": 3},
                splits={"train": "0.9", "validation": "0.1"},
                seed=7,
            ),
            policy=policy,
            verdict=Verdict.FAIL,
            budgets=BUDGETS,
            records=records,
            totals={"records": weight, "bytes": size},
            labels={},
            members_digest="sha256:" + "ab" * 32,
        ),
        body_digest="sha256:" + "5891b5b522d5df08" * 4,
        created_at=datetime(2026, 11, 5, 14, 30, tzinfo=UTC),
        tool_version="0.1.0",
        ledger_sequence=12,
    )
