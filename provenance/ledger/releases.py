"""The methods of a ledger about releases: assemble, judge, export, report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from provenance.ledger.opened import Opened
from provenance.model.release_name import release_name
from provenance.operations import coerce, load
from provenance.operations.coerce import AnyPath
from provenance.operations.row_list import Rows

if TYPE_CHECKING:
    from provenance.model.finding import Judgement
    from provenance.model.manifest import Manifest, Selection
    from provenance.model.policy import Policy
    from provenance.model.reports.answers import Answers
    from provenance.model.reports.comparison import Comparison
    from provenance.model.reports.facts import Facts
    from provenance.model.reports.release_evidence import ReleaseEvidence
    from provenance.model.reports.report_index import ReportIndex
    from provenance.operations.ingest import IngestOptions
    from provenance.operations.ingest.in_memory import Data
    from provenance.operations.keyword_types import IngestKeywords, SelectionKeywords
    from provenance.operations.releases.assemble import AssemblyPlan
    from provenance.operations.releases.export import ExportSummary, Format
    from provenance.operations.releases.inspect import Release
    from provenance.reports.compliance import Filled


class ReleaseMethods(Opened):
    """Releases, their judgements, exports and reports."""

    __slots__ = ()

    def assemble(
        self,
        name: str,
        policy: Policy | AnyPath,
        selection: Selection | None = None,
        *,
        policy_dir: AnyPath | None = None,
        dry_run: bool = False,
        **keywords: Unpack[SelectionKeywords],
    ) -> AssemblyPlan:
        """Make a release of selected records, if it keeps the budgets of a policy.

        Args:
            policy: a policy, the path of its YAML file, or its YAML text.
            selection: which records; keywords name its members, and replace them.
            policy_dir: where relative paths in the policy start from; else the folder of its file.
            dry_run: only plan it.

        Raises:
            MisuseError: the name is refused or taken by another set, or the selection is empty.
            NotFoundError, PolicyError, ConditionError: the policy or the selection is refused.
        """
        from provenance.model.manifest import Selection
        from provenance.operations.releases.assemble import assemble

        name = coerce.new_release_name(name)
        asked = coerce.build_options(Selection, selection, keywords, "assemble")
        found, folder = load.load_policy(policy), load.policy_folder(policy, policy_dir)
        return assemble(self.store, name, found, asked, folder=folder, dry_run=dry_run)

    def audit(
        self,
        policy: Policy | AnyPath,
        release: str | None = None,
        *,
        policy_dir: AnyPath | None = None,
    ) -> Judgement:
        """Judge a release with today's origins, or else the whole ledger.

        Args:
            policy: a policy, the path of its YAML file, or its YAML text.
            policy_dir: where relative paths in the policy start from; else the folder of its file.

        Raises:
            NotFoundError: there is no such release, or no such file.
            PolicyError, ConditionError: the policy is refused.
        """
        from provenance.operations.audit.run_audit import audit_ledger, audit_release

        found, folder = load.load_policy(policy), load.policy_folder(policy, policy_dir)
        if release is None:
            return audit_ledger(self.store, found, folder)
        return audit_release(self.store, release_name(release), found, folder)

    def audit_files(
        self,
        data: Data | Iterable[Data],
        policy: Policy | AnyPath,
        options: IngestOptions | None = None,
        *,
        policy_dir: AnyPath | None = None,
        allow_unread: bool = False,
        **keywords: Unpack[IngestKeywords],
    ) -> Judgement:
        """Judge files whose records are looked up in this ledger; see ``provenance.audit_files``.

        Args:
            data: files, folders, globs or URLs; tables in memory; or several of them.
            policy: a policy, the path of its YAML file, or its YAML text.
            options: how to read the files; keywords name its members, and replace them.
            policy_dir: where relative paths in the policy start from; else the folder of its file.
            allow_unread: let a set pass of which something was not read.

        Raises:
            NotFoundError, InputError: a path is not there, or a file gives no record.
            PolicyError, ConditionError, MisuseError: the policy or an option is refused.
        """
        from provenance.ledger.audit_files import audit_files

        given: dict[str, AnyPath | None] = {"policy_dir": policy_dir}
        return audit_files(
            data, policy, options, ledger=self, allow_unread=allow_unread, **given, **keywords
        )

    def export(
        self,
        release: str,
        directory: AnyPath,
        format: Format = "parquet",
        path_map: Mapping[str, str] | None = None,
        *,
        allow_revoked: bool = False,
    ) -> ExportSummary:
        """Write the data of a release to a new or empty directory, every digest checked.

        Args:
            format: parquet or jsonl.
            path_map: old folder to new one, where source files were moved since they were read.
            allow_revoked: write records that are revoked, too.

        Raises:
            MisuseError: there is no such format, the directory is not empty, or a record has no
                rows to write (binary).
            GateError: the release contains revoked records.
            NotFoundError, IntegrityError: a source file is gone or changed.
        """
        from provenance.operations.releases.export import export

        name, target = release_name(release), Path(coerce.path_text(directory))
        return export(self.store, name, target, format, path_map, allow_revoked=allow_revoked)

    def releases(self) -> Rows[Release]:
        """List the releases, oldest first."""
        from provenance.operations.releases.inspect import Release, list_releases

        return Rows(list_releases(self.store), Release)

    def manifest(self, release: str) -> Manifest:
        """Read the manifest of a release, its body checked against its digest.

        Raises:
            NotFoundError: there is no such release.
            IntegrityError: the body is not what was sealed.
        """
        from provenance.operations.releases.inspect import release_manifest

        with self.store.snapshot(threads=1) as connection:
            return release_manifest(connection, release_name(release))

    def facts(self, release: str) -> Facts:
        """Collect what the report of a release says: its sealed numbers, and what changed since.

        Raises:
            NotFoundError, IntegrityError: as ``manifest``.
        """
        from provenance.operations.releases.inspect import release_facts

        return release_facts(self.store, release_name(release))

    def evidence(self, release: str, export_dir: AnyPath | None = None) -> ReleaseEvidence:
        """Collect what the reports for laws, venues and hubs are filled from.

        Args:
            export_dir: folder of an export of the release, whose files are described.

        Raises:
            NotFoundError, IntegrityError: as ``manifest``, or the folder is not all of the release.
            MisuseError, InputError: the folder is not an export of the release.
        """
        from provenance.operations.reporting.fill import release_evidence

        return release_evidence(self.store, release_name(release), _folder(export_dir))

    def questionnaire(self, release: str, format: str) -> str:
        """Write, as YAML to fill in, what people have to answer for a report.

        Args:
            format: name of the report, for example ``eu-art53``.

        Raises:
            MisuseError: there is no such report.
            NotFoundError, IntegrityError: as ``manifest``.
        """
        from provenance.operations.reporting.fill import questionnaire

        return questionnaire(self.store, release_name(release), format)

    def write_questionnaires(self, release: str, directory: AnyPath) -> tuple[str, ...]:
        """Write the questions of every report that asks any; returns the names of the files.

        Raises:
            MisuseError: the directory is not empty.
            NotFoundError, IntegrityError: as ``manifest``.
            StorageError: it cannot be written.
        """
        from provenance.operations.reporting.folder import write_questionnaires

        return write_questionnaires(self.store, release_name(release), Path(directory))

    def report(
        self,
        release: str,
        format: str,
        answers: Answers | AnyPath | None = None,
        export_dir: AnyPath | None = None,
        relative_to: AnyPath | None = None,
    ) -> Filled:
        """Fill a report from the ledger, from answers, and from an export; see ``render_report``.

        Args:
            format: name of the report, for example ``eu-art53``.
            answers: the answers, the path of their YAML file, or YAML text.
            export_dir: folder of an export of the release, whose files are described.
            relative_to: the folder that paths of these files start from; else that of the export.

        Raises:
            MisuseError: there is no such report, or the answers are for another one.
            NotFoundError, IntegrityError: as ``manifest``.
        """
        from provenance.operations.reporting.fill import fill_report

        given = load.load_answers(answers, format) if answers is not None else None
        name, files = release_name(release), _folder(export_dir)
        return fill_report(self.store, name, format, given, files, _folder(relative_to))

    def write_reports(
        self,
        release: str,
        directory: AnyPath,
        answers: AnyPath | Mapping[str, Answers | AnyPath] | None = None,
        *,
        export_dir: AnyPath | None = None,
        strict: bool = False,
    ) -> ReportIndex:
        """Write every report of a release to a new directory, with an index page.

        Args:
            answers: a folder with a file ``REPORT.yaml`` for each report, or answers by report.
            export_dir: folder of an export of the release, whose files are described.
            strict: write nothing where an answer is missing.

        Raises:
            MisuseError: the directory is not empty, or answers are for another report.
            GateError: an answer is missing, and ``strict``.
            NotFoundError, IntegrityError: as ``manifest``.
        """
        from provenance.operations.reporting.folder import write_reports

        given, name, target = load.load_all_answers(answers), release_name(release), Path(directory)
        files = _folder(export_dir)
        return write_reports(self.store, name, target, given, files=files, strict=strict)

    def write_domains(self, release: str, file: BinaryIO) -> int:
        """Write the domains of the crawled records as CSV, the largest first; returns how many.

        Raises:
            NotFoundError, IntegrityError: as ``manifest``.
        """
        from provenance.operations.reporting.fill import write_domains

        return write_domains(self.store, release_name(release), file)

    def compare(self, before: str, after: str, format: str | None = None) -> Comparison:
        """Compare two releases, and the fields of one report of both.

        Args:
            format: name of the report; else only the releases are compared.

        Raises:
            MisuseError: there is no such report.
            NotFoundError: there is no such release.
        """
        from provenance.operations.reporting.fill import compare_releases

        return compare_releases(self.store, release_name(before), release_name(after), format)


def _folder(given: AnyPath | None) -> Path | None:
    return None if given is None else Path(given)
