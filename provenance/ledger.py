"""The ledger in Python: one method per command, contracts and Arrow tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.model.release_name import release_name
from provenance.model.source import Source
from provenance.operations import records
from provenance.store.layout import locate
from provenance.store.ledger_store import Store, create_store, open_store
from provenance.store.user_query import user_query
from provenance.views.definitions import VIEWS
from provenance.views.materialized_origins import with_kept_origins

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.model.edge import Activity, ActivityKind
    from provenance.model.finding import Judgement
    from provenance.model.manifest import Selection
    from provenance.model.policy import Policy
    from provenance.model.reports.answers import Answers
    from provenance.model.reports.comparison import Comparison
    from provenance.model.reports.facts import Facts
    from provenance.model.reports.release_evidence import ReleaseEvidence
    from provenance.model.reports.report_index import ReportIndex
    from provenance.model.takedown import Receipt, Takedown
    from provenance.operations.activities import Recording
    from provenance.operations.ingest import IngestOptions, IngestSummary
    from provenance.operations.ingest.run import Progress
    from provenance.operations.lineage_import.import_options import ImportOptions
    from provenance.operations.lineage_import.import_summary import ImportSummary
    from provenance.operations.maintenance.compact import Maintenance
    from provenance.operations.maintenance.verify import Verification
    from provenance.operations.models import Model
    from provenance.operations.releases.assemble import AssemblyPlan
    from provenance.operations.releases.export import ExportSummary, Format
    from provenance.operations.trace import Trace
    from provenance.reports.compliance import Filled, Gap
    from provenance.store.connection import DuckDBConnection


def open(url: str = ".prov") -> Ledger:  # noqa: A001 - provenance.open(url) reads like what it is
    """The ledger at a URL.

    Raises:
        NotFoundError: there is none.
    """
    return Ledger(open_store(locate(url), VIEWS, with_kept_origins))


def init(url: str = ".prov") -> Ledger:
    """Make a ledger.

    Raises:
        MisuseError: something is there already.
        StorageError: the place cannot be written.
    """
    return Ledger(create_store(locate(url), VIEWS, with_kept_origins))


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger that is open; it holds no lock and no connection between calls.

    Where a release is named, ``release:NAME`` is it as well.
    """

    store: Store

    @property
    def url(self) -> str:
        """Where it is."""
        return self.store.layout.name

    def source_set(self, declared: Source | Sequence[Source]) -> list[str]:
        """Declare sources; returns the names whose contract changed."""
        from provenance.operations.sources import set_sources

        return set_sources(self.store, [declared] if isinstance(declared, Source) else declared)

    def sources(self) -> list[Source]:
        """Every source, by name."""
        from provenance.operations.sources import list_sources

        return list_sources(self.store)

    def source(self, name: str) -> Source:
        """One source."""
        from provenance.operations.sources import show_source

        return show_source(self.store, name)

    def source_lint(self, names: Sequence[str] = ()) -> tuple[Gap, ...]:
        """What the contracts of sources leave out, and which reports that hurts."""
        from provenance.reports.compliance import lint_sources

        asked = [self.source(name) for name in names] if names else self.sources()
        return lint_sources(asked)

    def ingest(
        self, paths: Sequence[str], options: IngestOptions, progress: Progress | None = None
    ) -> IngestSummary:
        """Read files into the ledger."""
        from provenance.operations.ingest import ingest

        return ingest(self.store, paths, options, progress)

    def status(self) -> records.Status:
        """What it holds."""
        return records.status(self.store)

    def show(self, record: str) -> records.Shown:
        """One record with its evidence."""
        return records.show(self.store, record)

    def trace(self, node: str, *, down: bool = False, hops: int | None = None) -> Trace:
        """What a node came from, or what came of it."""
        from provenance.operations.trace import trace

        return trace(self.store, node, down=down, hops=hops)

    def lineage_export(self, target: Path, form: str) -> dict[str, int]:
        """Write the whole lineage graph for other tools; returns what is in it."""
        from provenance.operations.lineage_export import export_lineage

        return export_lineage(self.store, target, form)

    def lineage_import(self, paths: Sequence[str], options: ImportOptions) -> ImportSummary:
        """Read edges, PROV documents and OpenLineage events that others wrote."""
        from provenance.operations.lineage_import.import_run import import_lineage

        return import_lineage(self.store, paths, options)

    def model_set(self, model: Model) -> bool:
        """Register a model; returns whether anything changed."""
        from provenance.operations.models import set_model

        return set_model(self.store, model)

    def models(self) -> list[Model]:
        """Every model that was registered."""
        from provenance.operations.models import list_models

        return list_models(self.store)

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

        Examples:
            >>> import tempfile
            >>> ledger = init(tempfile.mkdtemp())
            >>> with ledger.activity("rephrase", model="gpt-4") as a:
            ...     a.derive("The cat sat.", "There was a cat, and it sat.")
            >>> ledger.query("SELECT process FROM lineage WHERE parent_kind = 'record'").num_rows
            1
        """
        from provenance.operations.activities import new_activity, record_activity

        made = new_activity(name, kind=kind, agent=agent or model, detail=detail)
        return record_activity(self.store, made, model)

    def activity_add(self, activity: Activity) -> str:
        """Record something that happened elsewhere; returns its id."""
        from provenance.operations.activities import add_activity

        return add_activity(self.store, activity)

    def activities(self) -> list[Activity]:
        """Every activity that was recorded."""
        from provenance.operations.activities import list_activities

        return list_activities(self.store)

    def query(self, sql: str, *, allow_files: bool = False) -> pa.Table:
        """The answer to one SELECT over the views."""
        with user_query(self.store, sql, allow_files=allow_files) as relation:
            return relation.to_arrow_table()

    def snapshot(self) -> AbstractContextManager[DuckDBConnection]:
        """A DuckDB connection that sees the views as they are now, read-only."""
        return self.store.connection()

    def assemble(
        self,
        name: str,
        policy: Policy,
        selection: Selection,
        *,
        folder: Path | None = None,
        dry_run: bool = False,
    ) -> AssemblyPlan:
        """Make a release, if it keeps its budgets."""
        from provenance.operations.releases.assemble import assemble

        return assemble(
            self.store, release_name(name), policy, selection, folder=folder, dry_run=dry_run
        )

    def audit(
        self, policy: Policy, release: str | None = None, *, folder: Path | None = None
    ) -> Judgement:
        """Judge a release, or the whole ledger."""
        from provenance.operations.audit.run_audit import audit_ledger, audit_release

        if release is None:
            return audit_ledger(self.store, policy, folder)
        return audit_release(self.store, release_name(release), policy, folder)

    def audit_files(
        self,
        paths: Sequence[str],
        policy: Policy,
        options: IngestOptions,
        *,
        folder: Path | None = None,
        allow_unread: bool = False,
    ) -> Judgement:
        """Judge files, whoever made them; what was not read keeps them from passing."""
        from provenance.operations.audit.run_audit import audit_files

        return audit_files(self.store, paths, policy, options, folder, allow_unread=allow_unread)

    def export(
        self,
        release: str,
        directory: str | Path,
        form: Format = "parquet",
        roots: Mapping[str, str] | None = None,
        *,
        allow_revoked: bool = False,
    ) -> ExportSummary:
        """Write the data of a release."""
        from provenance.operations.releases.export import export

        return export(
            self.store,
            release_name(release),
            Path(directory),
            form,
            roots,
            allow_revoked=allow_revoked,
        )

    def facts(self, release: str) -> Facts:
        """What a report of a release says."""
        from provenance.operations.releases.inspect import release_facts

        return release_facts(self.store, release_name(release))

    def evidence(self, release: str, files: Path | None = None) -> ReleaseEvidence:
        """What the reports that laws and venues ask for are filled from."""
        from provenance.operations.reporting.fill import release_evidence

        return release_evidence(self.store, release_name(release), files)

    def questionnaire(self, release: str, form: str) -> str:
        """What people have to answer for a report, as YAML to fill in."""
        from provenance.operations.reporting.fill import questionnaire

        return questionnaire(self.store, release_name(release), form)

    def report(
        self,
        release: str,
        form: str,
        answers: Answers | None = None,
        files: Path | None = None,
        beside: Path | None = None,
    ) -> Filled:
        """A report of a release, filled as far as the ledger, the answers and its files go.

        ``files`` is the folder of its export, ``beside`` the one that the report will stand in.
        """
        from provenance.operations.reporting.fill import fill_report

        name = release_name(release)
        return fill_report(self.store, name, form, answers, files, beside)

    def write_reports(
        self,
        release: str,
        folder: str | Path,
        answers: Mapping[str, Answers] | None = None,
        *,
        files: Path | None = None,
        strict: bool = False,
    ) -> ReportIndex:
        """Write every report of a release to a new folder, with a page that leads to each."""
        from provenance.operations.reporting.folder import write_reports

        target = Path(folder)
        name = release_name(release)
        return write_reports(self.store, name, target, answers, files=files, strict=strict)

    def compare(self, before: str, after: str, form: str | None = None) -> Comparison:
        """What changed from one release to another, and in the fields of one report."""
        from provenance.operations.reporting.fill import compare_releases

        names = (release_name(before), release_name(after))
        return compare_releases(self.store, *names, form)

    def releases(self) -> list[dict[str, Any]]:
        """The releases, oldest first."""
        from provenance.operations.releases.inspect import list_releases

        return list_releases(self.store)

    def digest_of(self, record: str) -> str:
        """The whole digest of a record that is named by any of its ids."""
        from provenance.operations.takedown import digest_of

        return digest_of(self.store, record)

    def uri_of_file(self, path: str) -> str:
        """A file as the ledger calls it."""
        from provenance.operations.takedown import uri_of_file

        return uri_of_file(self.store, path)

    def plan_revocation(self, takedown: Takedown) -> Receipt:
        """What a revocation would reach."""
        from provenance.operations.takedown import plan_revocation

        return plan_revocation(self.store, takedown)

    def revoke(self, takedown: Takedown, reason: str, requested_by: str | None = None) -> Receipt:
        """Take records out, with everything derived from them."""
        from provenance.operations.takedown import revoke

        return revoke(self.store, takedown, reason, requested_by)

    def restore(
        self, revocation: str, reason: str | None = None, requested_by: str | None = None
    ) -> Receipt:
        """Undo a revocation."""
        from provenance.operations.takedown import restore

        return restore(self.store, revocation, reason, requested_by)

    def purge(self, revocation: str) -> Receipt:
        """Remove for good what is kept of the records that a revocation names."""
        from provenance.operations.takedown import purge

        return purge(self.store, revocation)

    def maintain(
        self, *, keep: timedelta = timedelta(hours=1), dry_run: bool = False
    ) -> Maintenance:
        """Make few large parts of many small ones; what can be asked stays as it is.

        ``keep`` is how long replaced files stay for those who read from an older state.
        """
        from provenance.operations.maintenance.compact import maintain

        return maintain(self.store, keep=keep, dry_run=dry_run)

    def verify(self, release: str | None = None) -> Verification:
        """Check every stored part against what was recorded of it."""
        from provenance.operations.maintenance.verify import verify

        return verify(self.store, release_name(release) if release else None)
