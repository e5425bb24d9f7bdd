"""Accumulate labels, open questions and lost evidence over the commits of an ingest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from provenance.operations.ingest.file_declarations import SourceContext
from provenance.operations.ingest.label_counts import outcome_counts
from provenance.operations.ingest.summary import Question
from provenance.operations.ingest.superseded_evidence import carried_evidence
from provenance.operations.ingest.worker_contract import FileResult
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Store


@dataclass(slots=True)
class RunTotals:
    """Running totals; ``lost`` counts records by file."""

    source: str
    context: SourceContext
    labels: Counter[str] = field(default_factory=Counter)
    questions: list[Question] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        store: Store,
        files: Sequence[FileResult],
        parts: Sequence[DataFile],
        labelled_by_path: frozenset[str] = frozenset(),
    ) -> None:
        """Add the records of one commit, after it was made.

        Args:
            labelled_by_path: files whose paths declare an origin.
        """
        uris = {result.task.source.uri: result.task.supersedes for result in files}
        again = [uri for uri, before in uris.items() if before or uri in labelled_by_path]
        earlier = carried_evidence(store, self.source, again) if again else None
        kept = sum(result.kept for result in files)
        labels, asked = outcome_counts(store.layout, parts, self.context, kept, earlier)
        self.labels.update(labels)
        self.lost.update(earlier.lost if earlier else {})
        named = {str(result.task.reading_id): result.task.source.uri for result in files}
        self.questions += [
            each.model_copy(update={"files": tuple(named[one] for one in each.files)})
            for each in asked
        ]
