"""``prov report --format all``: write a folder of all reports, or of their questionnaires."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, count
from prov_cli.tables import table

if TYPE_CHECKING:
    from provenance import ReportIndex


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
    if answers and not Path(answers).is_dir():
        raise click.UsageError(
            f"`{answers}` is not a folder: --format all takes the folder that --init wrote"
        )
    ledger = session.ledger()
    index = ledger.write_reports(release, output, answers, export_dir=files, strict=strict)
    for warning in dict.fromkeys(w for one in index.reports for w in one.warnings):
        session.warn(warning)
    session.answer(index, lambda: _index_text(index, output))


def write_questions(session: Session, release: str, output: str) -> None:
    """Write the questionnaire of every report that has one."""
    written = session.ledger().write_questionnaires(release, output)
    session.say(f"wrote {count(len(written), 'file')} to {output}: {', '.join(written)}")


def _index_text(index: ReportIndex, output: str) -> str:
    rows = [
        (one.title, f"{len(one.not_provided)} of {one.asked}" if one.asked else "", one.files[0])
        for one in index.reports
    ]
    heads = ("report", "not provided", "file")
    return f"{table(heads, rows)}\n\nEvery report: {Path(output) / 'index.html'}"
