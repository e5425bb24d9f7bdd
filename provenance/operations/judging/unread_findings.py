"""Findings about data that was not read, and about text columns that were not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from provenance.model.finding import Finding, Judged
from provenance.model.unread import LISTED, Unread, UnreadFile
from provenance.operations.ingest.unread_files import WHOLE
from provenance.operations.ingest.worker_contract import FileResult

_REMEDY = "rename it so that it is read, remove it, or use `--allow-unread`"


def unread_findings(unread: Unread) -> list[Finding]:
    """Report each file that was not read at all; rows have their own findings."""
    whole = [item for item in unread.listed if item.rows is None]
    found = [
        Finding(
            code="unread",
            severity="note" if unread.allowed else "warning",
            subject=item.path,
            reason=f"{_subject(item)} ({item.bytes:,} bytes) was not read and is not judged: "
            f"{item.reason}",
            remedy=item.hint or _REMEDY,
        )
        for item in whole
    ]
    if unread.files > LISTED:
        more = Finding(
            code="unread",
            severity="note" if unread.allowed else "warning",
            subject="the set",
            reason=f"{unread.files:,} files were not read, or not all of them; the first are named",
        )
        found.append(more)
    return found


def unjudged_findings(judged: Sequence[Judged]) -> list[Finding]:
    """Report text columns other than the judged content."""
    return [
        Finding(
            code="unjudged-text",
            severity="warning",
            subject=f"{', '.join(shape.other_text)} beside {', '.join(shape.content)}",
            reason=f"{shape.rows:,} rows of {shape.files:,} files were judged by "
            f"{', '.join(shape.content)} alone; {', '.join(shape.other_text)} also holds text",
            remedy="if a model is trained on it, judge it too: `--content FIELD` for each, or "
            "`--content '*'` for whole rows",
        )
        for shape in judged
        if shape.other_text
    ]


def _subject(item: UnreadFile) -> str:
    return item.holds or "the file"


def rejects_findings(results: Sequence[FileResult]) -> list[Finding]:
    """Report each file with unreadable rows, with their number and the reasons."""
    found = []
    for result in results:
        reasons = Counter(
            {why: n for why, n in result.reasons.items() if not why.startswith(WHOLE)}
        )
        count = result.rejected - (result.reasons.total() - reasons.total())
        if count:
            reason = f"{count:,} of {result.read:,} rows cannot be read and are not judged"
            found.append(
                Finding(
                    code="unreadable-rows",
                    severity="warning",
                    subject=result.task.source.uri,
                    reason=reason,
                    remedy="; ".join(f"{why}: {n}" for why, n in reasons.most_common(3)),
                )
            )
    return found
