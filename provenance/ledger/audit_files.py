"""Judge files, with or without a ledger."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from provenance.ledger.opened import Opened
from provenance.operations import coerce, load
from provenance.operations.coerce import AnyPath
from provenance.store.layout import Layout

if TYPE_CHECKING:
    from provenance.model.finding import Judgement
    from provenance.model.policy import Policy
    from provenance.operations.ingest import IngestOptions
    from provenance.operations.ingest.in_memory import Data
    from provenance.operations.keyword_types import IngestKeywords


def audit_files(
    data: Data | Iterable[Data],
    policy: Policy | AnyPath,
    options: IngestOptions | None = None,
    *,
    ledger: Opened | None = None,
    policy_dir: AnyPath | None = None,
    allow_unread: bool = False,
    **keywords: Unpack[IngestKeywords],
) -> Judgement:
    """Judge files or tables under a policy, whoever made them.

    Args:
        data: files, folders, globs or URLs; tables in memory; or several of them.
        policy: a policy, the path of its YAML file, or its YAML text.
        options: how to read the files; keywords name its members, and replace them.
        ledger: where records are looked up; without one everything in the files is unknown.
        policy_dir: where relative paths in the policy start from; else the folder of its file.
        allow_unread: let a set pass of which something was not read.

    Raises:
        NotFoundError, InputError: a path is not there, or a file that was named cannot be read or
            gives no record.
        PolicyError, ConditionError, MisuseError: the policy or an option is refused.
    """
    from provenance.operations.audit import run_audit
    from provenance.operations.ingest.in_memory import as_paths
    from provenance.operations.ingest.options import IngestOptions

    if options is None:
        keywords = {"source": "audit", **keywords}
    with tempfile.TemporaryDirectory(prefix="prov-tables-") as scratch:
        return run_audit.audit_files(
            ledger.store if ledger else None,
            coerce.require_some(as_paths(data, Layout(Path(scratch))), "audit"),
            load.load_policy(policy),
            coerce.build_options(IngestOptions, options, keywords, "audit_files"),
            load.policy_folder(policy, policy_dir),
            allow_unread=allow_unread,
        )
