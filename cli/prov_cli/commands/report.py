"""The command ``prov report``: write reports, questionnaires and comparisons of releases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prov_cli.files import staged, write_bytes, write_text
from prov_cli.options import Session, command, count, put

if TYPE_CHECKING:
    from provenance import Comparison, Filled

SUFFIXES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".jsonld": "json",
    ".docx": "docx",
}
"""Layouts of a report by the suffix of the output file."""


@command("report")
@click.argument("release", required=False)
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help="html (default), markdown or json; eu-art53, ab2013, audit, croissant, hf-card, dps, "
    "datasheet, cyclonedx, spdx, prov-json or openlineage; all: every report, in a folder.",
)
@click.option(
    "--as",
    "layout",
    metavar="LAYOUT",
    help="Layout: markdown, html, json, jsonl or docx (default: by the suffix of -o).",
)
@click.option("--init", is_flag=True, help="Write the questionnaire that people have to answer.")
@click.option(
    "--answers",
    type=click.Path(),
    help="YAML file with the answered questionnaire; with all: folder of such files.",
)
@click.option("--strict", is_flag=True, help="Exit 1 and write nothing if an answer is missing.")
@click.option("--files", type=click.Path(), help="Folder of an export whose files to describe.")
@click.option("--domains", type=click.Path(), help="Write every crawled domain to a CSV file.")
@click.option("--diff", nargs=2, metavar="R1 R2", help="Compare two releases.")
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="File to write; with all: folder (default: standard output).",
)
def report(
    session: Session,
    release: str | None,
    form: str | None,
    layout: str | None,
    init: bool,
    answers: str | None,
    strict: bool,
    files: str | None,
    domains: str | None,
    diff: tuple[str, str] | None,
    output: str | None,
) -> None:
    """Write a report about RELEASE: contents, budgets, conflicts and declarations.

    Questionnaire reports, such as eu-art53 (the public summary under Art. 53(1)(d)), ask people for
    what the ledger does not hold: --init writes the questions, --answers reads them back. With all,
    -o names a new folder for all reports and an index.html, and --answers the folder that --init
    wrote.
    """
    from provenance import FACTS_FORMATS, release_name, render

    if diff:
        return _diff(session, diff, form, output)
    if release is None:
        raise click.UsageError("name a release")
    release = release_name(release)
    if domains:
        _domains(session, release, domains)
    if form == "all":
        how: dict[str, Any] = {"layout": layout, "init": init, "strict": strict, "files": files}
        return _all(session, release, output, answers, **how)
    plain = form is None or form in FACTS_FORMATS
    if plain and (layout or init or answers or strict or files):
        raise click.UsageError(
            "--as, --init, --answers, --strict and --files apply only to questionnaire reports "
            "(eu-art53, ab2013, …)"
        )
    if plain:
        form = "json" if session.as_json else form or "html"
        return _write(session, render(session.ledger().facts(release), form), output)
    if init:
        return _init(session, release, form or "", output)
    filled = _filled(session, release, form or "", answers, (files, output))
    _account(session, filled, strict=strict)
    return _write(session, _printed(session, filled, layout, output), output)


def _all(
    session: Session,
    release: str,
    output: str | None,
    answers: str | None,
    *,
    layout: str | None,
    init: bool,
    **how: Any,
) -> None:
    from prov_cli.all_reports import write_all, write_questions

    if layout:
        raise click.UsageError("--as applies to one report; `--format all` writes every layout")
    if output is None:
        raise click.UsageError("`--format all` writes a folder: name it with -o")
    if init:
        return write_questions(session, release, output)
    return write_all(session, release, output, answers, **how)


def _write(session: Session, content: str | bytes, output: str | None) -> None:
    if output:
        write_bytes(output, content if isinstance(content, bytes) else content.encode())
        session.say(f"wrote {output}")
    elif isinstance(content, bytes):
        raise click.UsageError("DOCX is binary: use -o FILE")
    else:
        put(content)


def _init(session: Session, release: str, form: str, output: str | None) -> None:
    """Write the questionnaire to a new file; never overwrite one that may hold answers."""
    if output and Path(output).exists():
        raise click.UsageError(f"`{output}` already exists and may hold answers")
    text = session.ledger().questionnaire(release, form)
    if output:
        write_text(output, text)
        session.say(f"wrote {output}")
    else:
        put(text)


def _filled(
    session: Session,
    release: str,
    form: str,
    answers: str | None,
    paths: tuple[str | None, str | None],
) -> Filled:
    """Fill a report; it names exported files relative to the folder that it is written to."""
    from provenance import load_answers

    given = load_answers(Path(answers), form) if answers else None
    export_dir, output = paths
    relative_to = Path(output).parent if output else None
    return session.ledger().report(release, form, given, export_dir or None, relative_to)


def _account(session: Session, filled: Filled, *, strict: bool) -> None:
    """Print warnings and missing answers.

    Raises:
        GateError: an answer is missing and ``strict`` is set.
    """
    from provenance import GateError

    for warning in filled.warnings:
        session.warn(warning)
    if not filled.missing:
        return
    message = f"{count(len(filled.missing), 'answer')} not provided: {', '.join(filled.missing)}"
    if strict:
        raise GateError(message, hint="--init writes the questions, --answers reads them back")
    session.say(message)


def _printed(
    session: Session, filled: Filled, layout: str | None, output: str | None
) -> str | bytes:
    from provenance import render_report

    by_name = SUFFIXES.get(Path(output).suffix.lower()) if output else None
    return render_report(filled, "json" if session.as_json else layout or by_name)


def _domains(session: Session, release: str, path: str) -> None:
    with staged(path) as file:
        total = session.ledger().write_domains(release, file)
    session.say(f"wrote {count(total, 'domain')} to {path}")


def _diff(
    session: Session, releases: tuple[str, str], form: str | None, output: str | None
) -> None:
    import json

    found = session.ledger().compare(*releases, form)
    if session.as_json:
        data = found.model_dump(mode="json")
        return _write(session, json.dumps(data, ensure_ascii=False, indent=2) + "\n", output)
    return _write(session, comparison_text(found), output)


def comparison_text(found: Comparison) -> str:
    """Format the differences of two releases as tables."""
    from prov_cli.tables import table

    both = f"{found.before} and {found.after}: {count(found.records_kept, 'record')} in both"
    pieces = [f"{both}, {found.records_gone:,} gone, {found.records_new:,} new"]
    parts = ("totals", "synthetic", "labels", "sources", "generators", "languages", "domains")
    for part in (*parts, "fields"):
        changes = getattr(found, part)
        if changes:
            rows = [(one.subject, one.before, one.after) for one in changes]
            pieces.append(table((part, found.before, found.after), rows))
    return "\n\n".join(pieces) + "\n"
