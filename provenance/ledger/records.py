"""The methods of a ledger that put records in and look them up."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, Unpack

from provenance.ledger.opened import Opened
from provenance.model.source import Source
from provenance.operations import coerce, load
from provenance.operations.coerce import AnyPath, path_list
from provenance.operations.progress import Progress, progress_callback
from provenance.operations.row_list import Rows
from provenance.store.ledger_store import require_ledger
from provenance.store.user_query import user_query

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.operations.ingest import IngestOptions, IngestSummary
    from provenance.operations.ingest.in_memory import Data
    from provenance.operations.keyword_types import IngestKeywords
    from provenance.operations.records import Shown, Status
    from provenance.reports.compliance import Gap
    from provenance.store.connection import Database


class RecordMethods(Opened):
    """Sources, ingest, and questions about records."""

    __slots__ = ()

    def source_set(self, sources: Source | AnyPath | Iterable[Source]) -> list[str]:
        """Declare sources; returns the names of those whose contract changed.

        Args:
            sources: contracts, the path of a YAML file, or YAML text.

        Raises:
            MisuseError: a contract is refused.
        """
        from provenance.operations.sources import set_sources

        return set_sources(self.store, load.load_sources(sources))

    def sources(self) -> Rows[Source]:
        """List the sources by name, each with its newest contract."""
        from provenance.operations.sources import list_sources

        return Rows(list_sources(self.store), Source)

    def source(self, name: str) -> Source:
        """Show the contract of a source.

        Raises:
            NotFoundError: there is none of that name.
        """
        from provenance.operations.sources import show_source

        return show_source(self.store, name)

    def source_lint(self, names: str | Iterable[str] = ()) -> Rows[Gap]:
        """List what the contracts of sources leave out, and which reports need it.

        Args:
            names: of the sources; else all of them.
        """
        from provenance.reports.compliance import Gap, lint_sources

        asked = [self.source(name) for name in path_list(names)] or self.sources()
        return Rows(lint_sources(asked), Gap)

    def ingest(
        self,
        data: Data | Iterable[Data],
        options: IngestOptions | None = None,
        progress: Progress | Literal["auto"] | None = None,
        **keywords: Unpack[IngestKeywords],
    ) -> IngestSummary:
        """Read files or tables into the ledger, every record with its source and origin.

        A file that is there already adds nothing. One that fails is named in the summary, and
        does not keep the others out. A table is kept as a Parquet file under the ledger, so that
        it can be read again.

        Args:
            data: files, folders, globs or URLs; tables in memory (pyarrow, polars, pandas, DuckDB,
                ``datasets``); or several of them.
            options: how to read them; keywords name its members, and replace them.
            progress: called with the bytes done and the bytes to do; ``"auto"`` for a bar in a
                notebook or on a terminal.

        Raises:
            NotFoundError, InputError: the ledger or a path is not there, or nothing of it is data;
                a table cannot be read or kept.
            MisuseError: an option is refused, or nothing is named.
            BusyError, StorageError: the ledger cannot be written.
        """
        from provenance.operations.ingest import IngestOptions, ingest
        from provenance.operations.ingest.in_memory import as_paths

        asked = coerce.build_options(IngestOptions, options, keywords, "ingest")
        require_ledger(self.store.layout)
        with progress_callback(progress) as callback:
            paths = coerce.require_some(as_paths(data, self.store.layout), "ingest")
            return ingest(self.store, paths, asked, callback)

    def status(self) -> Status:
        """Count what the ledger holds."""
        from provenance.operations.records import status

        return status(self.store)

    def show(self, record: str) -> Shown:
        """Show one record: its origin, the evidence, where it was seen.

        Args:
            record: a digest, a unique prefix of one, or the record's own id in its source.

        Raises:
            NotFoundError, MisuseError: there is no such record, or there are several.
        """
        from provenance.operations.records import show

        return show(self.store, record)

    def query(self, sql: str, *, allow_files: bool = False) -> pa.Table:
        """Answer one SELECT over the views as an Arrow table.

        Args:
            allow_files: let the query read files outside the ledger.

        Raises:
            MisuseError: it writes, reaches for files, is several statements or does not parse.
        """
        with user_query(self.store, sql, allow_files=allow_files) as relation:
            return relation.to_arrow_table()

    def snapshot(self) -> AbstractContextManager[Database]:
        """Open a read-only DuckDB connection that sees the views as they are now."""
        return self.store.connection()
