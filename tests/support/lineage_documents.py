"""Lineage graphs for the tests of this room: a told one, and random ones with hostile text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from provenance.interchange.graph import SCHEMAS, Graph

HOSTILE = (
    'a "quoted" id',
    "line\nbreak\r\n\ttab",
    "nul\x00 and \x1b[31m",
    "<script>alert('x')</script>&amp;",
    "]]>--%20%",
    "über 漢字 \U0001f600",
    "right\u202eleft",
    "-.",
    "'),[];:=\\",
    "\ufffe",
)

text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
)
_maybe = st.none() | text
_json = st.none() | st.dictionaries(text, text, max_size=2).map(json.dumps)
_times = st.none() | st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_shares = st.none() | st.floats(0, 1)


@st.composite
def graphs(draw: st.DrawFn, *, dangling: bool = True) -> Graph:
    """Nodes, edges between them (and, if wanted, to nothing), activities and models."""
    kinds = st.sampled_from(["record", "source", "release", "model"])
    ids = draw(st.lists(text, min_size=1, max_size=6, unique=True))
    nodes = [
        {
            "id": node,
            "kind": draw(kinds),
            "label": draw(st.sampled_from([None, "human", "synthetic", "mixed", "unknown"])),
            "share_lo": draw(_shares),
            "share_hi": draw(_shares),
            "generator": draw(_maybe),
            "depth": draw(st.none() | st.integers(0, 2**63 - 1)),
            "digest": draw(_maybe),
            "attributes": draw(_json),
            "external_id": draw(_maybe),
        }
        for node in ids
    ]
    activities = [
        {
            "activity": activity,
            "kind": draw(st.sampled_from(["ingest", "generate", "train", "review", "assemble"])),
            "name": draw(_maybe),
            "agent": draw(_maybe | st.sampled_from(ids)),
            "started_at": draw(_times),
            "ended_at": draw(_times),
            "detail": draw(_json),
        }
        for activity in draw(st.lists(text, max_size=3, unique=True))
    ]
    ends = st.sampled_from(ids) | text if dangling else st.sampled_from(ids)
    made_by = st.none() | text
    if activities:
        made_by |= st.sampled_from([row["activity"] for row in activities])
    edges = [
        {
            "child": draw(ends),
            "parent": draw(ends),
            "relation": draw(st.sampled_from(["derived", "context"])),
            "process": draw(st.sampled_from([None, "generate", "rephrase", "edit"])),
            "activity": draw(made_by),
        }
        for _ in range(draw(st.integers(0, 8)))
    ]
    models = [
        {"model": row["id"], "name": draw(text), "family": draw(_maybe), "trained_on": draw(_maybe)}
        for row in nodes
        if row["kind"] == "model"
    ]
    return Graph.of_rows(nodes, edges, activities, models)


def told() -> Graph:
    """A model trained on a release writes a record, which a second release then holds."""
    return Graph.of_rows(
        [
            {"id": "source:news", "kind": "source", "label": "human", "depth": 0},
            {
                "id": "record:h",
                "kind": "record",
                "label": "human",
                "share_lo": 0.0,
                "share_hi": 0.0,
            },
            {"id": "release:r1", "kind": "release", "label": "human"},
            {"id": "model:ours", "kind": "model"},
            {"id": "record:s", "kind": "record", "label": "synthetic", "external_id": "doc 7"},
            {"id": "release:r2", "kind": "release", "label": "mixed", "depth": 1},
        ],
        [
            edge("record:h", "source:news"),
            edge("release:r1", "record:h", activity="assemble-1"),
            edge("model:ours", "release:r1", activity="train-1"),
            edge("record:s", "model:ours", process="generate", activity="generate-1"),
            edge("record:s", "record:h", relation="context", activity="generate-1"),
            edge("release:r2", "record:s", activity="assemble-2"),
            edge("record:s", "record:elsewhere", relation="context"),
        ],
        [
            {"activity": "assemble-1", "kind": "assemble", "agent": "ci"},
            {
                "activity": "train-1",
                "kind": "train",
                "started_at": datetime(2026, 6, 1, 12, tzinfo=UTC),
                "ended_at": datetime(2026, 6, 2, 12, tzinfo=UTC),
            },
            {"activity": "generate-1", "kind": "generate", "agent": "ours", "name": "replies"},
            {"activity": "review-1", "kind": "review", "agent": "Zoë"},
            {"activity": "assemble-2", "kind": "assemble"},
        ],
        [{"model": "model:ours", "name": "ours", "family": "ours", "trained_on": "release:r1"}],
    )


def edge(child: str, parent: str, **said: Any) -> dict[str, Any]:
    """A derived edge, unless something else is said."""
    return {"child": child, "parent": parent, "relation": "derived"} | said


def chain(length: int, activities: int = 50) -> Graph:
    """A binary tree of that many records, its edges dealt out to activities."""
    return Graph.of_rows(
        [
            {"id": f"record:sha256:{n:064x}", "kind": "record", "label": "human", "depth": 0}
            for n in range(length)
        ],
        [
            edge(
                f"record:sha256:{n:064x}",
                f"record:sha256:{n // 2:064x}",
                process="rephrase",
                activity=f"a{n % activities}",
            )
            for n in range(1, length)
        ],
        [{"activity": f"a{n}", "kind": "transform"} for n in range(activities)],
        [],
    )


def bags(graph: Graph) -> dict[str, list[str]]:
    """The rows of every table, in an order that does not depend on theirs."""
    return {name: sorted(map(repr, getattr(graph, name).to_pylist())) for name in SCHEMAS}
