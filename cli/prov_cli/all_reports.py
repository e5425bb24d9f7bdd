"""``prov report --format all``: write a folder of all reports, or of their questionnaires."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prov_cli.files import read_text
from prov_cli.options import Session, count
from prov_cli.tables import table

if TYPE_CHECKING:
    from provenance.model.reports.answers import Answers
    from provenance.model.reports.report_index import ReportIndex


def write_all(
    session: Session,
    release: str,
    output: str,
    answers: str | None,
    *,
    strict: bool,
    files: str | None,
) -> None:
    """Write every report in every layout, with an index page."""
    given = _answers(answers) if answers else {}
    described = Path(files) if files else None
    index = session.ledger().write_reports(release, output, given, files=described, strict=strict)
    for warning in dict.fromkeys(w for one in index.reports for w in one.warnings):
        session.warn(warning)
    session.answer(index, lambda: _index_text(index, output))


def write_questions(session: Session, release: str, output: str) -> None:
    """Write the questionnaire of every report that has one."""
    from provenance.operations.reporting.folder import write_questionnaires

    written = write_questionnaires(session.ledger().store, release, Path(output))
    session.say(f"wrote {count(len(written), 'file')} to {output}: {', '.join(written)}")


def _answers(folder: str) -> dict[str, Answers]:
    """Load the answers from a folder; each file is named after its report."""
    from provenance.operations.documents import load_answers
    from provenance.reports.compliance import report_of

    if not Path(folder).is_dir():
        raise click.UsageError(
            f"`{folder}` is not a folder: --format all takes the folder that --init wrote"
        )
    return {
        path.stem: load_answers(read_text(str(path)), str(path), report_of(path.stem).form.kinds())
        for path in sorted(Path(folder).glob("*.yaml"))
    }


def _index_text(index: ReportIndex, output: str) -> str:
    rows = [
        (one.title, f"{len(one.not_provided)} of {one.asked}" if one.asked else "", one.files[0])
        for one in index.reports
    ]
    heads = ("report", "not provided", "file")
    return f"{table(heads, rows)}\n\nEvery report: {Path(output) / 'index.html'}"
