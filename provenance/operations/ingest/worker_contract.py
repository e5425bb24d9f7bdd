"""Tasks for the workers of an ingest, and their results."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from provenance.errors import ProvError
from provenance.io.contract.reader import BlockShare, Input, Kind, Portion, Slice
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.repeat_counts import Repeats
from provenance.operations.ingest.summary import Reject
from provenance.store.data_files import DataFile
from provenance.store.layout import Layout as LedgerLayout

_PLAIN = frozenset({"jsonl", "json", "csv", "tsv", "text", "warc"})
"""Formats whose size is about that of their records."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """A file, or a range or share of it, to read.

    Attributes:
        fingerprint: of the whole file, on its last range; a whole file or the first share computes
            it when it is read.
        supersedes: the reading that was current when this one was planned.
        defect: why it cannot be read, if that is known already.
        path_attributes: what its path says of its records, besides their origin.
    """

    source: Input
    reading_id: uuid.UUID
    bytes: int
    mtime_ns: int
    part: Portion | None = None
    fingerprint: str = ""
    supersedes: uuid.UUID | None = None
    defect: ProvError | None = None

    @property
    def size(self) -> int:
        """Bytes to read through."""
        cut = self.part if isinstance(self.part, Slice) else None
        return cut.end - cut.start if cut else self.bytes

    @property
    def packed(self) -> bool:
        """Whether its bytes decode to many more, or slowly."""
        return bool(self.source.compression) or self.source.format not in _PLAIN

    path_attributes: tuple[tuple[str, str], ...] = ()

    @property
    def length(self) -> int:
        """Bytes to process, of those to read through."""
        share = self.part.share if isinstance(self.part, Slice) else self.part
        return self.size // share.of if isinstance(share, BlockShare) else self.size


@dataclass(frozen=True, slots=True)
class UnitTask:
    """The work of one call of a worker.

    Attributes:
        tombstones: data files of tombstones, whose content is rejected.
        models: names of models that the ledger knows.
        former: whether the ledger holds digests of an older rule.
    """

    ledger_paths: LedgerLayout
    commit_id: uuid.UUID
    options: IngestOptions
    files: tuple[FileTask, ...]
    tombstones: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    former: bool = False


@dataclass(slots=True)
class FileResult:
    """What was read of one file, or why it failed.

    Attributes:
        texts: text columns other than the content.
        media: paths of the bytes of media in its rows.
    """

    task: FileTask
    fingerprint: str = ""
    kind: Kind = "text"
    chosen: tuple[str, ...] = ()
    late: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()
    read: int = 0
    kept: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    recognisers: Counter[str] = field(default_factory=Counter)
    quarantine: str | None = None
    failure: ProvError | None = None
    notes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    media: tuple[str, ...] = ()

    def add_texts(self, names: Sequence[str]) -> None:
        """Add text columns of further rows."""
        if not set(names) <= set(self.texts):
            self.texts = tuple(dict.fromkeys([*self.texts, *names]))

    repeats: Repeats | None = None

    @property
    def content(self) -> tuple[str, ...]:
        """Content fields; those that only later rows have come last."""
        return (*self.chosen, *sorted(self.late))

    def add_attributes(self, names: Collection[str]) -> None:
        """Add attributes of further rows."""
        if not set(names) <= set(self.attributes):
            self.attributes = tuple(sorted({*self.attributes, *names}))


@dataclass(frozen=True, slots=True)
class UnitResult:
    """Finished data files, not yet committed, and the results of their files."""

    files: tuple[FileResult, ...]
    parts: tuple[DataFile, ...]
    quarantine: str | None
