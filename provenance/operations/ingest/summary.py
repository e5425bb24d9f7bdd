"""The answer of an ingest: totals, files, rejects, parents and open questions."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from provenance.model.base import Contract
from provenance.model.unread import Unread


class Reject(Contract):
    """A rejected record: its position and the reason."""

    row: int | None
    offset: int | None = Field(description="Byte offset of its start, if the format has one.")
    reason: str

    def as_line(self, uri: str) -> str:
        """Format the reject: file, row, byte, reason."""
        row = f", row {self.row}" if self.row is not None else ""
        byte = f" (byte {self.offset:,})" if self.offset is not None else ""
        return f"{uri}{row}{byte}: {self.reason}"


EXAMPLES = 10
"""Most rejects of a file that a summary lists; the quarantine file has all of them."""


class FileSummary(Contract):
    """The result of one file."""

    uri: str
    format: str
    content: str | None = None
    split: str | None = None
    bytes: int = 0
    read: int = 0
    kept: int = 0
    rejected: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    rejects: tuple[Reject, ...] = Field(default=(), description="The first of them.")
    recognisers: dict[str, int] = Field(default_factory=dict)
    quarantine: str | None = None
    notes: tuple[str, ...] = Field(
        default=(), description="Properties of the file that were detected."
    )
    unchanged: bool = False
    evidence_lost: int = Field(
        default=0, description="Records that an earlier reading marks and this one does not."
    )
    error: str | None = None
    hint: str | None = None
    exit_code: int = 0
    trace: str | None = Field(
        default=None,
        description="Traceback, if the program itself failed on the file.",
    )


class SkippedFile(Contract):
    """A file of a folder that was skipped."""

    path: str
    reason: str


class Parents(Contract):
    """Number of named parents, and of those that are in the ledger."""

    named: int
    found: int
    missing: tuple[str, ...] = Field(description="The first missing ones.")
    ambiguous: int = Field(
        default=0,
        description="How many match several records, all of which are kept as candidates.",
    )
    several: tuple[str, ...] = Field(default=(), description="The first of those.")


class Question(Contract):
    """A field that looks like a mark of origin but is not read by a recogniser."""

    field: str
    records: int
    samples: tuple[str, ...] = Field(description="Values of it in the files.")
    files: tuple[str, ...] = Field(description="The first files that have it.")


def add_up(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Merge questions to one per field, the most frequent first."""
    found: dict[str, Question] = {}
    for asked in questions:
        before = found.get(asked.field, asked.model_copy(update={"records": 0}))
        found[asked.field] = Question(
            field=asked.field,
            records=before.records + asked.records,
            samples=tuple(dict.fromkeys([*before.samples, *asked.samples]))[:EXAMPLES],
            files=tuple(dict.fromkeys([*before.files, *asked.files]))[:EXAMPLES],
        )
    return tuple(sorted(found.values(), key=lambda asked: (-asked.records, asked.field)))


class IngestSummary(Contract):
    """Totals and files of one ingest; always ``read = kept + rejected``."""

    source: str
    read: int
    kept: int
    rejected: int
    sightings_added: int
    bytes: int
    seconds: float
    labels: dict[str, int]
    unchanged_files: int
    relabelled_files: int
    files: tuple[FileSummary, ...]
    skipped: tuple[SkippedFile, ...]
    questions: tuple[Question, ...] = Field(
        default=(), description="Fields that may be marks; their records are not counted as human."
    )
    evidence_lost: int = Field(
        default=0,
        description="Records that only an earlier reading marks; its evidence stays in force.",
    )
    off_path: tuple[str, ...] = Field(
        default=(), description="Files that the --path pattern does not match."
    )
    parents: Parents | None = Field(default=None, description="Set if parents were asked for.")
    unread: Unread = Field(
        default_factory=Unread,
        description="Files that hold data and were not read; rows count in `rejected`.",
    )

    @property
    def failed(self) -> tuple[FileSummary, ...]:
        """Files of which nothing was kept because of an error."""
        return tuple(file for file in self.files if file.error)
