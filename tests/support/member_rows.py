"""Small sets of members for the tests: as Python values, and as the members relation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from provenance.content.identity import digest, record_id, write_digest
from provenance.model.finding import BudgetResult
from provenance.model.policy import Policy
from provenance.policy.evaluate import judge


@dataclass(frozen=True)
class Member:
    """One member; ``lo`` and ``hi`` are its synthetic bytes, None stands for not known."""

    label: str = "human"
    size: int = 100
    lo: int = 0
    hi: int = 0
    generator: str | None = None
    depth: int | None = 0
    lang: str | None = "de"
    topic: str | None = None
    source: str = "web"
    weight: int = 1
    conflict: bool = False
    descends: tuple[str, ...] = ()
    licence: str | None = None
    tier: str = "declared"


def human(**more: object) -> Member:
    return Member(**more)  # type: ignore[arg-type]


def synthetic(size: int = 100, **more: object) -> Member:
    known = {"generator": "gpt", "depth": 1, "source": "gen", **more}
    return Member(label="synthetic", size=size, lo=size, hi=size, **known)  # type: ignore[arg-type]


def unknown(size: int = 100, **more: object) -> Member:
    return Member(label="unknown", size=size, hi=size, depth=None, **more)  # type: ignore[arg-type]


def mixed(size: int, lo: int, hi: int, **more: object) -> Member:
    known = {"generator": "gpt", "depth": 1, "source": "gen", **more}
    return Member(label="mixed", size=size, lo=lo, hi=hi, **known)  # type: ignore[arg-type]


def relation(members: Iterable[Member]) -> pa.Table:
    """The members relation of docs/architecture.md."""
    rows = [_row(place, member) for place, member in enumerate(members)]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


_INTEGERS = [
    *("row", "records", "bytes", "chars", "words", "tokens", "depth", "weight"),
    *(f"{end}_{unit}" for end in ("lo", "hi") for unit in ("records", "bytes", "chars", "words")),
    *("lo_tokens", "hi_tokens"),
]
_TEXTS = [
    *("digest", "source", "uri", "kind", "label", "process", "generator", "generator_family"),
    *("lang", "split", "licence", "source_kind", "attributes", "tier", "rule"),
]
_SCHEMA = pa.schema(
    [
        pa.field("record_id", pa.uuid()),
        *(pa.field(name, pa.int64()) for name in _INTEGERS),
        *(pa.field(name, pa.string()) for name in _TEXTS),
        pa.field("conflict", pa.bool_()),
        pa.field("descends_from", pa.list_(pa.string())),
    ]
)


def _row(place: int, member: Member) -> dict[str, object]:
    full = digest(str(place).encode())
    whole, some = int(0 < member.size == member.lo), int(member.hi > 0)
    sizes = dict.fromkeys(("bytes", "chars", "words"), member.size)
    ends = {f"lo_{unit}": member.lo for unit in sizes} | {f"hi_{unit}": member.hi for unit in sizes}
    topic = {} if member.topic is None else {"topic": member.topic}
    return {
        "record_id": record_id(full).bytes,
        "digest": write_digest(full),
        "source": member.source,
        "uri": "file",
        "row": place + 1,
        "kind": "text",
        "records": 1,
        **sizes,
        **ends,
        "lo_records": whole,
        "hi_records": some,
        "label": member.label,
        "process": "generate" if member.generator else None,
        "generator": member.generator,
        "generator_family": member.generator and member.generator.split("-")[0],
        "depth": member.depth,
        "lang": member.lang,
        "source_kind": "crawl",
        "conflict": member.conflict,
        "descends_from": list(member.descends),
        "licence": member.licence,
        "tier": member.tier,
        "rule": f"{member.tier}-{member.label}",
        "weight": member.weight,
        "attributes": json.dumps(topic),
    }


def policy(*budgets: dict[str, object], **more: object) -> Policy:
    named = [{"name": f"b{place}", **budget} for place, budget in enumerate(budgets)]
    return Policy.model_validate({"policy": "p", "unit": "bytes", "budgets": named, **more})


_CONNECTION = duckdb.connect(config={"threads": 1})


def judged(members: Sequence[Member], *budgets: dict[str, object]) -> tuple[BudgetResult, ...]:
    """The verdicts of budgets on members."""
    _CONNECTION.register("members", relation(members))
    return judge(_CONNECTION, '"members"', policy(*budgets), attributes={"topic"})
