"""The public face: its names, each imported when it is first used, and nothing else."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import provenance

NAMES = """
Activity AmbiguousError Answers AssemblyPlan Budget BudgetResult BusyError Comparison ConditionError
Digests Edge Evidence ExportSummary ExportedFile ExternalId FACTS_FORMATS Facts FileSummary Filled
Finding Gap GateError GraphCounts ImportOptions ImportSummary ImportedFile
IngestOptions IngestSummary InputError IntegrityError JUDGEMENT_FORMATS Judgement Label Ledger
LeftOut Maintenance Manifest MisuseError Model NotFoundError Origin PUBLIC_VIEWS Parents Policy
PolicyError Process Progress ProvError Question RELEASE_PREFIX ReadOnlyError Receipt Recording
Reject Release ReleaseEvidence ReportIndex Revoked Rows Selection Selector Shown Sighting Source
Status StorageError Subject Takedown Tier Trace TraceEdge TraceNode UnforeseenError Unread Verdict
Verification VersionError apply_baseline audit_files baseline_text bootstrap draw_trace init
judged_on_a_bound load_answers load_baseline load_policy load_sources migrate new_activity
not_monotone open pending_migrations release_name render render_report start_workers visible
write_schemas
"""

PUBLIC = NAMES.split()


def test_the_public_names_are_these() -> None:
    assert provenance.__all__ == dir(provenance) == sorted(PUBLIC)


def test_a_public_name_is_the_one_of_its_module() -> None:
    for name, home in provenance._MODULE_OF.items():
        module = importlib.import_module(f"provenance.{home}")
        assert getattr(provenance, name) is getattr(module, name)


def test_type_checkers_see_the_same_names_in_the_same_modules() -> None:
    tree = ast.parse(Path(provenance.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"provenance.{home}" for name, home in provenance._MODULE_OF.items()}


def test_what_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Store'"):
        provenance.Store  # noqa: B018 - asking is what fails
    assert not hasattr(provenance, "ingest")


def test_the_face_loads_nothing_before_it_is_used() -> None:
    program = (
        "import sys, provenance\n"
        "provenance.ProvError, provenance.visible, provenance.bootstrap\n"
        "heavy = ('duckdb', 'pyarrow', 'pydantic', 'numpy', 'yaml', 'rich', 'provenance.ledger')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
