"""Write all reports of a release to one folder, with an index page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from provenance.errors import GateError
from provenance.io.files import storage_errors
from provenance.io.new_folder import new_folder
from provenance.model.origin import Label
from provenance.model.reports.answers import Answers
from provenance.model.reports.facts import Facts
from provenance.model.reports.report_index import IndexEntry, OpenQuestion, ReportIndex
from provenance.operations.releases.inspect import release_facts
from provenance.operations.reporting.fill import release_evidence, render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, Filled
from provenance.reports.render import FACTS_FORMATS, index_html, render
from provenance.store.ledger_store import Store

SUFFIXES: Mapping[str, str] = {
    "html": ".html",
    "markdown": ".md",
    "docx": ".docx",
    "json": ".json",
    "jsonl": ".jsonl",
}
"""File suffix by layout."""

INDEX = "index.html"


def write_reports(
    store: Store,
    release: str,
    folder: Path,
    answers: Mapping[str, Answers] | None = None,
    *,
    files: Path | None = None,
    strict: bool = False,
) -> ReportIndex:
    """Write every report in every layout, and an index page; all or nothing.

    Args:
        folder: a new or empty folder.
        answers: answers by report.
        files: folder of an export of the release, whose files to describe.
        strict: write nothing if an answer is missing.

    Raises:
        MisuseError: the folder is not empty, or answers are for another report or release.
        GateError: an answer is missing and ``strict`` is set.
        NotFoundError, IntegrityError: as the release is.
        StorageError: the folder cannot be written.
    """
    given = answers or {}
    for name in given:
        compliance.report_of(name)
    with new_folder(folder, "-o") as staging:
        evidence = release_evidence(store, release, files, folder)
        filled = [
            compliance.filled(report, evidence, given.get(name)) for name, report in REPORTS.items()
        ]
        if strict:
            _refuse_missing(filled)
        facts = release_facts(store, release)
        index = report_index(facts, filled)
        with storage_errors(staging / INDEX):
            for name, content in _pieces(facts, filled):
                (staging / name).write_bytes(content)
            (staging / INDEX).write_text(index_html(index), encoding="utf-8")
    return index


def write_questionnaires(store: Store, release: str, folder: Path) -> tuple[str, ...]:
    """Write the questionnaire of every report that has one, each to its own file.

    Raises:
        MisuseError: the folder is not empty.
        NotFoundError, IntegrityError: as the release is.
        StorageError: the folder cannot be written.
    """
    written = []
    with new_folder(folder, "-o") as staging:
        evidence = release_evidence(store, release)
        for name, report in REPORTS.items():
            if compliance.filled(report, evidence).asked:
                path = staging / f"{name}.yaml"
                with storage_errors(path):
                    path.write_text(compliance.questionnaire(report, evidence), encoding="utf-8")
                written.append(path.name)
    return tuple(written)


def _refuse_missing(filled: list[Filled]) -> None:
    missing = [name for one in filled for name in one.missing]
    if missing:
        raise GateError(
            f"{len(missing):,} answers not provided: {', '.join(missing)}",
            hint="--init writes the questions, --answers reads them back",
        )


def _pieces(facts: Facts, filled: list[Filled]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file."""
    for layout in FACTS_FORMATS:
        yield f"release{SUFFIXES[layout]}", render(facts, layout).encode()
    for one in filled:
        for layout in REPORTS[one.form.report].layouts:
            content = render_report(one, layout)
            name = f"{one.form.report}{SUFFIXES[layout]}"
            yield name, content if isinstance(content, bytes) else content.encode()


def report_index(facts: Facts, filled: list[Filled]) -> ReportIndex:
    """Build the contents of the index page."""
    labels = {row.key: row.records for row in facts.breakdown("label").rows}
    release = IndexEntry(
        report="release",
        title="Release report",
        law=None,
        about="What is in the release, how its budgets were judged, and who declared what.",
        readers="whoever works with the release",
        files=tuple(f"release{SUFFIXES[layout]}" for layout in FACTS_FORMATS),
        asked=0,
        not_provided=(),
        warnings=(),
    )
    return ReportIndex(
        release=facts.release,
        created_at=facts.created_at,
        tool_version=facts.tool_version,
        body_digest=facts.body_digest,
        policy=facts.policy,
        verdict=facts.verdict,
        records=facts.records,
        sources=facts.breakdown("source").groups,
        share=facts.share("bytes"),
        unknown_records=labels.get(Label.UNKNOWN, 0),
        reports=(release, *map(_entry, filled)),
    )


def _entry(filled: Filled) -> IndexEntry:
    form = filled.form
    layouts = REPORTS[form.report].layouts
    return IndexEntry(
        report=form.report,
        title=form.title,
        law=form.law,
        about=form.about,
        readers=form.readers,
        files=tuple(f"{form.report}{SUFFIXES[layout]}" for layout in layouts),
        asked=filled.asked,
        not_provided=tuple(
            OpenQuestion(id=item.id, label=item.label, who=item.who or "")
            for _, item in form.items()
            if item.id in filled.missing
        ),
        warnings=filled.warnings,
    )
