"""Compare two releases: their numbers, and the fields of a report of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from provenance.model.reports.comparison import Change, Comparison
from provenance.model.reports.release_evidence import ReleaseEvidence

HEAD = frozenset({"release", "body_digest", "sealed_on", "tool_version"})
"""Members that always differ between two releases, and are not compared."""


def compare(
    before: ReleaseEvidence,
    after: ReleaseEvidence,
    records: tuple[int, int, int],
    reports: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> Comparison:
    """List everything in which two releases differ.

    Args:
        before: the one release.
        after: the other.
        records: how many records are in both, in the first only, in the second only.
        reports: the same report of both, whose fields are compared as well.
    """
    kept, gone, new = records
    return Comparison(
        before=before.release,
        after=after.release,
        records_kept=kept,
        records_gone=gone,
        records_new=new,
        totals=_changes(before.totals, after.totals),
        synthetic=_changes(*(_ends(one) for one in (before, after))),
        labels=_changes(before.labels, after.labels),
        sources=_changes(
            *(_sums((s.source, s.records) for s in one.sources) for one in (before, after))
        ),
        generators=_changes(*(_generators(one) for one in (before, after))),
        languages=_changes(
            *(
                _sums((one.language or "not stated", one.records) for one in side.languages)
                for side in (before, after)
            )
        ),
        domains=_changes(
            *(
                _sums((one.domain, one.bytes) for one in side.domains.listed)
                for side in (before, after)
            )
        ),
        fields=_changes(*(dict(_flat(report)) for report in reports)) if reports else (),
    )


def _changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> tuple[Change, ...]:
    """List what differs, in the order of the first, then of the second."""
    return tuple(
        Change(subject=str(key), before=before.get(key), after=after.get(key))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    )


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, size in pairs:
        found[name] = found.get(name, 0) + size
    return found


def _ends(evidence: ReleaseEvidence) -> dict[str, int]:
    return {
        f"{share.unit}, {word}": size
        for share in evidence.shares
        for word, size in (("at least", share.lo), ("at most", share.hi))
    }


def _generators(evidence: ReleaseEvidence) -> dict[str, int]:
    return _sums(
        (f"{one.generator or 'not named'}, {one.role or 'role not stated'}", one.records)
        for one in evidence.generators
    )


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each plain value of a report with its path; a row is named by its first member."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            if path or name not in HEAD:
                yield from _flat(member, f"{path}.{name}" if path else name)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(not isinstance(one, Mapping) for one in value):
            if value:
                yield path, ", ".join(map(str, value))
            return
        seen: dict[str, int] = {}
        for row in value:
            name = str(next(iter(row.values())))
            seen[name] = seen.get(name, 0) + 1
            yield from _flat(row, f"{path}[{name}{f' {seen[name]}' if seen[name] > 1 else ''}]")
    elif value is not None:
        yield path, value
