"""Record-level provenance, lineage and synthetic-data budgets for training sets.

Examples:
    >>> import provenance, tempfile
    >>> ledger = provenance.init(tempfile.mkdtemp())
    >>> ledger.status().records
    0

The names in ``__all__`` are the whole public interface: they change with a note in the changelog
only. Every module below this package is internal, and may change without one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.content.display import visible as visible
    from provenance.engine.bootstrap import bootstrap as bootstrap
    from provenance.engine.local import start_workers as start_workers
    from provenance.errors import (
        AmbiguousError as AmbiguousError,
        BusyError as BusyError,
        ConditionError as ConditionError,
        GateError as GateError,
        InputError as InputError,
        IntegrityError as IntegrityError,
        MisuseError as MisuseError,
        NotFoundError as NotFoundError,
        PolicyError as PolicyError,
        ProvError as ProvError,
        ReadOnlyError as ReadOnlyError,
        StorageError as StorageError,
        UnforeseenError as UnforeseenError,
        VersionError as VersionError,
    )
    from provenance.ledger import (
        Ledger as Ledger,
        audit_files as audit_files,
        init as init,
        open as open,  # noqa: A004 - provenance.open(url)
    )
    from provenance.model.edge import Activity as Activity, Edge as Edge
    from provenance.model.evidence import Evidence as Evidence
    from provenance.model.finding import (
        BudgetResult as BudgetResult,
        Finding as Finding,
        Judgement as Judgement,
        Verdict as Verdict,
    )
    from provenance.model.manifest import Manifest as Manifest, Selection as Selection
    from provenance.model.origin import (
        Label as Label,
        Origin as Origin,
        Process as Process,
        Tier as Tier,
    )
    from provenance.model.policy import Budget as Budget, Policy as Policy
    from provenance.model.release_name import (
        RELEASE_PREFIX as RELEASE_PREFIX,
        release_name as release_name,
    )
    from provenance.model.reports.answers import Answers as Answers
    from provenance.model.reports.comparison import Comparison as Comparison
    from provenance.model.reports.facts import Facts as Facts
    from provenance.model.reports.release_evidence import ReleaseEvidence as ReleaseEvidence
    from provenance.model.reports.report_index import ReportIndex as ReportIndex
    from provenance.model.schemas import write_schemas as write_schemas
    from provenance.model.source import Source as Source
    from provenance.model.takedown import (
        Digests as Digests,
        Receipt as Receipt,
        Revoked as Revoked,
        Selector as Selector,
        Takedown as Takedown,
    )
    from provenance.model.unread import Unread as Unread
    from provenance.operations.activities import (
        ExternalId as ExternalId,
        Recording as Recording,
        new_activity as new_activity,
    )
    from provenance.operations.ingest.options import IngestOptions as IngestOptions
    from provenance.operations.ingest.summary import (
        FileSummary as FileSummary,
        IngestSummary as IngestSummary,
        Parents as Parents,
        Question as Question,
        Reject as Reject,
    )
    from provenance.operations.judging.baseline import (
        apply_baseline as apply_baseline,
        baseline_text as baseline_text,
    )
    from provenance.operations.lineage_export import GraphCounts as GraphCounts
    from provenance.operations.lineage_import.import_options import ImportOptions as ImportOptions
    from provenance.operations.lineage_import.import_summary import (
        ImportedFile as ImportedFile,
        ImportSummary as ImportSummary,
    )
    from provenance.operations.load import (
        load_answers as load_answers,
        load_baseline as load_baseline,
        load_policy as load_policy,
        load_sources as load_sources,
    )
    from provenance.operations.maintenance.compact import Maintenance as Maintenance
    from provenance.operations.maintenance.migrate import (
        migrate as migrate,
        pending_migrations as pending_migrations,
    )
    from provenance.operations.maintenance.verify import Verification as Verification
    from provenance.operations.models import Model as Model
    from provenance.operations.progress import Progress as Progress
    from provenance.operations.records import Shown as Shown, Sighting as Sighting, Status as Status
    from provenance.operations.releases.assemble import (
        AssemblyPlan as AssemblyPlan,
        LeftOut as LeftOut,
    )
    from provenance.operations.releases.export import (
        ExportedFile as ExportedFile,
        ExportSummary as ExportSummary,
    )
    from provenance.operations.releases.inspect import Release as Release
    from provenance.operations.reporting.fill import render_report as render_report
    from provenance.operations.row_list import Rows as Rows
    from provenance.operations.trace import (
        Trace as Trace,
        TraceEdge as TraceEdge,
        TraceNode as TraceNode,
        draw_trace as draw_trace,
    )
    from provenance.policy.monotone import (
        judged_on_a_bound as judged_on_a_bound,
        not_monotone as not_monotone,
    )
    from provenance.reports.compliance.fill import Filled as Filled
    from provenance.reports.compliance.lint import Gap as Gap
    from provenance.reports.render import (
        FACTS_FORMATS as FACTS_FORMATS,
        JUDGEMENT_FORMATS as JUDGEMENT_FORMATS,
        render as render,
    )
    from provenance.reports.render.subject import Subject as Subject
    from provenance.views.definitions import PUBLIC_VIEWS as PUBLIC_VIEWS

_MODULE_OF = {
    # Public name to the module that defines it, which is imported when the name is first used.
    "Activity": "model.edge",
    "AmbiguousError": "errors",
    "Answers": "model.reports.answers",
    "AssemblyPlan": "operations.releases.assemble",
    "Budget": "model.policy",
    "BudgetResult": "model.finding",
    "BusyError": "errors",
    "Comparison": "model.reports.comparison",
    "ConditionError": "errors",
    "Digests": "model.takedown",
    "Edge": "model.edge",
    "Evidence": "model.evidence",
    "ExportSummary": "operations.releases.export",
    "ExportedFile": "operations.releases.export",
    "ExternalId": "operations.activities",
    "FACTS_FORMATS": "reports.render",
    "Facts": "model.reports.facts",
    "FileSummary": "operations.ingest.summary",
    "Filled": "reports.compliance.fill",
    "Finding": "model.finding",
    "Gap": "reports.compliance.lint",
    "GateError": "errors",
    "GraphCounts": "operations.lineage_export",
    "ImportOptions": "operations.lineage_import.import_options",
    "ImportSummary": "operations.lineage_import.import_summary",
    "ImportedFile": "operations.lineage_import.import_summary",
    "IngestOptions": "operations.ingest.options",
    "IngestSummary": "operations.ingest.summary",
    "InputError": "errors",
    "IntegrityError": "errors",
    "JUDGEMENT_FORMATS": "reports.render",
    "Judgement": "model.finding",
    "Label": "model.origin",
    "Ledger": "ledger",
    "LeftOut": "operations.releases.assemble",
    "Maintenance": "operations.maintenance.compact",
    "Manifest": "model.manifest",
    "MisuseError": "errors",
    "Model": "operations.models",
    "NotFoundError": "errors",
    "Origin": "model.origin",
    "PUBLIC_VIEWS": "views.definitions",
    "Parents": "operations.ingest.summary",
    "Policy": "model.policy",
    "PolicyError": "errors",
    "Process": "model.origin",
    "Progress": "operations.progress",
    "ProvError": "errors",
    "Question": "operations.ingest.summary",
    "RELEASE_PREFIX": "model.release_name",
    "ReadOnlyError": "errors",
    "Receipt": "model.takedown",
    "Recording": "operations.activities",
    "Reject": "operations.ingest.summary",
    "Release": "operations.releases.inspect",
    "ReleaseEvidence": "model.reports.release_evidence",
    "ReportIndex": "model.reports.report_index",
    "Revoked": "model.takedown",
    "Rows": "operations.row_list",
    "Selection": "model.manifest",
    "Selector": "model.takedown",
    "Shown": "operations.records",
    "Sighting": "operations.records",
    "Source": "model.source",
    "Status": "operations.records",
    "StorageError": "errors",
    "Subject": "reports.render.subject",
    "Takedown": "model.takedown",
    "Tier": "model.origin",
    "Trace": "operations.trace",
    "TraceEdge": "operations.trace",
    "TraceNode": "operations.trace",
    "UnforeseenError": "errors",
    "Unread": "model.unread",
    "Verdict": "model.finding",
    "Verification": "operations.maintenance.verify",
    "VersionError": "errors",
    "apply_baseline": "operations.judging.baseline",
    "audit_files": "ledger",
    "baseline_text": "operations.judging.baseline",
    "bootstrap": "engine.bootstrap",
    "draw_trace": "operations.trace",
    "init": "ledger",
    "judged_on_a_bound": "policy.monotone",
    "load_answers": "operations.load",
    "load_baseline": "operations.load",
    "load_policy": "operations.load",
    "load_sources": "operations.load",
    "migrate": "operations.maintenance.migrate",
    "new_activity": "operations.activities",
    "not_monotone": "policy.monotone",
    "open": "ledger",
    "pending_migrations": "operations.maintenance.migrate",
    "release_name": "model.release_name",
    "render": "reports.render",
    "render_report": "operations.reporting.fill",
    "start_workers": "engine.local",
    "visible": "content.display",
    "write_schemas": "model.schemas",
}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - the table holds the names


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULE_OF[name]}")
    globals()[name] = value = getattr(module, name)
    return value


def __dir__() -> list[str]:
    """List the public names, whether or not they were used."""
    return __all__
