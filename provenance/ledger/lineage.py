"""The methods of a ledger about lineage: follow it, record it, exchange it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from provenance.errors import MisuseError
from provenance.ledger.opened import Opened
from provenance.operations import coerce
from provenance.operations.coerce import AnyPath, path_list
from provenance.operations.row_list import Rows

if TYPE_CHECKING:
    from provenance.model.edge import Activity, ActivityKind
    from provenance.operations.activities import Recording
    from provenance.operations.keyword_types import ImportKeywords
    from provenance.operations.lineage_export import GraphCounts
    from provenance.operations.lineage_import.import_options import ImportOptions
    from provenance.operations.lineage_import.import_summary import ImportSummary
    from provenance.operations.models import Model
    from provenance.operations.trace import Trace


class LineageMethods(Opened):
    """Traces, activities, models, and the formats of other tools."""

    __slots__ = ()

    def trace(self, node: str, *, down: bool = False, hops: int | None = None) -> Trace:
        """Follow lineage: what a node came from, or with ``down`` what came of it.

        Args:
            node: a record, or ``source:NAME``, ``release:NAME``, ``model:NAME``.
            hops: most edges from the node.

        Raises:
            NotFoundError, MisuseError: there is no such node, or there are several.
        """
        from provenance.operations.trace import trace

        return trace(self.store, node, down=down, hops=hops)

    def lineage_export(self, target: AnyPath, format: str = "duckdb") -> GraphCounts:
        """Write the whole lineage graph to a new file (``parquet``: a new folder).

        Args:
            format: duckdb, parquet, prov-json, prov-jsonld, prov-n, graphml, openlineage, dot,
                mermaid or html.

        Raises:
            MisuseError: there is no such format, or something is at the target already.
            StorageError: it cannot be written.
        """
        from provenance.operations.lineage_export import export_lineage

        return export_lineage(self.store, Path(target), format)

    def lineage_import(
        self,
        paths: AnyPath | Iterable[AnyPath],
        options: ImportOptions | None = None,
        **keywords: Unpack[ImportKeywords],
    ) -> ImportSummary:
        """Read tables of edges, PROV documents and OpenLineage events into the ledger.

        Args:
            options: how to read the files; keywords name its members, and replace them.

        Raises:
            NotFoundError, InputError: a path is not there, or no file.
            BusyError, StorageError: the ledger cannot be written.
        """
        from provenance.operations.lineage_import.import_options import ImportOptions
        from provenance.operations.lineage_import.import_run import import_lineage

        asked = coerce.build_options(ImportOptions, options, keywords, "lineage_import")
        return import_lineage(self.store, path_list(paths), asked)

    def model_set(self, model: Model) -> bool:
        """Register a model, or what is now known of it; returns whether anything changed.

        Raises:
            NotFoundError: there is no release of the name that it was trained on.
        """
        from provenance.operations.models import set_model

        return set_model(self.store, model)

    def models(self) -> Rows[Model]:
        """List the models that were registered, by name."""
        from provenance.operations.models import Model, list_models

        return Rows(list_models(self.store), Model)

    def activity(
        self,
        name: str,
        *,
        kind: ActivityKind = "transform",
        model: str | None = None,
        agent: str | None = None,
        **detail: str,
    ) -> AbstractContextManager[Recording]:
        """Record what a pipeline makes of what, from the start of a block to its end.

        Where ``name`` is a process (``rephrase``, ``translate``, …) the edges say so.

        Raises:
            MisuseError: the kind is none of those of activities, or a value is no text.

        >>> import provenance, tempfile
        >>> ledger = provenance.init(tempfile.mkdtemp())
        >>> with ledger.activity("rephrase", model="gpt-4") as a:
        ...     a.derive("The cat sat.", "There was a cat, and it sat.")
        >>> ledger.query("SELECT process FROM lineage WHERE parent_kind = 'record'").num_rows
        1
        """
        from provenance.operations.activities import new_activity, record_activity

        if not isinstance(model, str | None):
            raise MisuseError(f"activity: model: {model!r} is no text")
        made = new_activity(name, kind=kind, agent=agent or model, detail=detail)
        return record_activity(self.store, made, model)

    def activity_add(self, activity: Activity) -> str:
        """Record an activity of another tool; returns its id, which edges may name.

        Raises:
            MisuseError: it ended before it began.
        """
        from provenance.operations.activities import add_activity

        return add_activity(self.store, activity)

    def activities(self) -> Rows[Activity]:
        """List the activities, in the order in which they were recorded."""
        from provenance.model.edge import Activity
        from provenance.operations.activities import list_activities

        return Rows(list_activities(self.store), Activity)
