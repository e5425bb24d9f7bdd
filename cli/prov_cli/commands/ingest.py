"""The command ``prov ingest``: read files into the ledger and print a summary."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from prov_cli.commands.source import LABELS, PROCESSES
from prov_cli.options import Session, command, contract, count, pairs, table_options
from prov_cli.tables import shortened, size, table
from provenance import visible

if TYPE_CHECKING:
    from provenance import FileSummary, IngestSummary, Parents, Question, Unread


_SHOWN_REJECTS = 10
_SHOWN_UNREAD = 5

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


class ByteSize(click.ParamType[int]):
    """A click type for a number of bytes: ``1000``, ``64KiB``, ``16MiB``, ``1GB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse the number of bytes."""
        if isinstance(value, int):
            return value
        digits = value.rstrip("BKMGibkmg")
        unit = value[len(digits) :].upper()
        number = digits.strip()
        if not (number.isascii() and number.isdigit()) or unit not in _UNITS or len(number) > 18:
            self.fail(f"{value!r} is not a size such as 16MiB", param, ctx)
        return int(number) * _UNITS[unit]


@command("ingest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--source", required=True, metavar="NAME", help="Source that the files belong to.")
@click.option("--label", type=LABELS, help="Declared label of every record in the files.")
@click.option("--generator", metavar="MODEL", help="Model that generated the synthetic part.")
@click.option("--family", "generator_family", metavar="F", help="Family of that model.")
@click.option("--process", type=PROCESSES, help="Process that made the synthetic part.")
@click.option(
    "--ignore-field",
    "ignore_fields",
    multiple=True,
    metavar="FIELD",
    help="Field that looks like a mark of origin but is not one.",
)
@click.option("--by", "declared_by", metavar="WHO", help="Who makes these declarations.")
@click.option("--format", metavar="F", help="Format of the files (default: detected).")
@click.option(
    "--content",
    multiple=True,
    metavar="FIELD",
    help="Content field; '*' for the whole row (default: detected).",
)
@click.option("--id", "id_field", metavar="FIELD", help="Field with the record's own id.")
@click.option("--parent", "parent_field", metavar="FIELD", help="Field with the parents' ids.")
@click.option(
    "--parent-source", metavar="NAME", help="Source of those ids (default: the same source)."
)
@click.option("--parent-text", metavar="FIELD", help="Field that quotes the parent's text.")
@click.option("--parent-file", metavar="F", help="File whose rows are the parents.")
@click.option(
    "--parent-by",
    type=click.Choice(["row"]),
    help="How rows are paired with --parent-file: `row` (the default) pairs equal row numbers.",
)
@click.option(
    "--relation",
    type=click.Choice(["derived", "context"]),
    default="derived",
    show_default=True,
    help="Relation of a record to its parents.",
)
@click.option(
    "--attr",
    "attributes",
    multiple=True,
    metavar="NAME=FIELD",
    help="Keep FIELD as the attribute NAME.",
)
@click.option(
    "--records", metavar="PATH", help="Path of a nested list or tree that holds the records."
)
@table_options
@click.option(
    "--path",
    "path",
    metavar="PATTERN",
    help="Pattern whose {names} are read from paths: results/{generator}/{lang}.jsonl.",
)
@click.option(
    "--on-reject",
    type=click.Choice(["quarantine", "stop"]),
    default="quarantine",
    show_default=True,
    help="Write bad records to quarantine, or stop at the first one.",
)
@click.option("--max-rejects", metavar="N|P%", help="Fail a file with more rejects than this.")
@click.option(
    "--max-record",
    type=ByteSize(),
    default="16MiB",
    show_default=True,
    help="Reject records that are longer than this.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Replace the records of files read before, and drop evidence they no longer contain.",
)
@click.option(
    "--follow",
    multiple=True,
    type=click.Path(),
    metavar="DIR",
    help="Also follow links that lead into this folder.",
)
@click.option("--strict", is_flag=True, help="Exit 10 if a file that holds data was not read.")
@click.option(
    "--rehash",
    is_flag=True,
    help="Compare unchanged files by content; re-read files that were read under an older rule.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Read in local processes or on a Ray cluster.",
)
@click.option(
    "--ray-address",
    metavar="A",
    help="Ray cluster to join (default: $RAY_ADDRESS, else a new local one).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="Maximum number of workers (default: CPU count).",
)
def ingest(session: Session, paths: tuple[str, ...], **given: Any) -> None:
    """Read files, folders, globs or URLs into the ledger, with source and origin of each record.

    The format and the content field are detected and printed. A file that is in the ledger already
    adds nothing; another --label corrects the earlier declaration. Evidence of synthetic origin in
    an earlier version of a file stays in force until --replace.
    """
    if given["engine"] != "ray":
        from provenance import start_workers

        start_workers()  # they start while this process does
    from provenance import IngestOptions, InputError

    strict = given.pop("strict")
    given["attributes"] = pairs(given["attributes"], "--attr")
    if given.pop("parent_by") and not given["parent_file"]:
        raise click.UsageError("--parent-by applies only with --parent-file")
    options = contract(lambda: IngestOptions(**given), "ingest")
    ledger = session.ledger_or_new()
    silent = session.quiet or session.as_json
    summary = ledger.ingest(paths, options, progress=None if silent else "auto")
    session.answer(summary, lambda: summary_text(summary))
    for file in summary.failed:
        session.fail(f"{file.error}" + (f" ({file.hint})" if file.hint else ""))
        if file.trace and session.verbose:
            for line in file.trace.splitlines():
                session.say(line)
    if summary.rejected and not session.as_json:
        kept_in = sorted({file.quarantine for file in summary.files if file.quarantine})
        rejected = count(summary.rejected, "record") + (
            " was" if summary.rejected == 1 else " were"
        )
        session.warn(f"{rejected} rejected; all are listed in {', '.join(kept_in)}")
    for line in unread_text(summary.unread):
        session.warn(line)
    if summary.off_path:
        named = ", ".join(shown_path(uri) for uri in summary.off_path[:_SHOWN_REJECTS])
        more = ", …" if len(summary.off_path) > _SHOWN_REJECTS else ""
        files = count(len(summary.off_path), "file")
        session.warn(f"the --path pattern does not match {files}: {visible(named)}{more}")
    if summary.parents and not summary.parents.named:
        session.warn("no record names a parent: check the spelling of the field")
    if summary.failed:
        raise click.exceptions.Exit(summary.failed[0].exit_code)
    if strict and summary.unread.files:
        raise click.exceptions.Exit(InputError.exit_code)


def unread_text(unread: Unread) -> list[str]:
    """Say how much data was not read and name the first files; then one line per reason."""
    if not unread.files:
        return []
    first = ", ".join(visible(shown_path(item.path)) for item in unread.listed[:_SHOWN_UNREAD])
    more = ", …" if unread.files > _SHOWN_UNREAD else ""
    amount = f"{count(unread.files, 'file')} ({size(unread.bytes)}) of data"
    verb = "was" if unread.files == 1 else "were"
    reasons = list(unread.by_reason.items())[:_SHOWN_REJECTS]
    return [
        f"{amount} {verb} not read: {first}{more}",
        *(
            f"not read: {shortened(reason)} ({count(found.files, 'file')}, {size(found.bytes)})"
            for reason, found in reasons
        ),
    ]


def summary_text(summary: IngestSummary) -> str:
    """Format the summary as text."""
    read = [file for file in summary.files if not file.unchanged and not file.error]
    lines = [
        (
            f"source {summary.source}: {summary.read:,} read, {summary.kept:,} kept, "
            f"{summary.rejected:,} rejected"
        )
    ]
    if summary.unchanged_files:
        relabelled = (
            f", {summary.relabelled_files:,} with a new declaration"
            if summary.relabelled_files
            else ""
        )
        lines.append(f"{count(summary.unchanged_files, 'file')} unchanged{relabelled}")
    if read:
        lines.append(
            "labels: " + ", ".join(f"{n:,} {label}" for label, n in summary.labels.items() if n)
        )
        rate = summary.bytes / summary.seconds if summary.seconds else 0
        lines.append(f"{size(summary.bytes)} in {summary.seconds:.1f} s, {size(rate)}/s")
        lines.append("")
        lines.append(
            table(
                ("file", "format", "content", "read", "kept", "rejected", "marks"),
                [
                    (
                        shown_path(file.uri),
                        file.format,
                        file.content,
                        file.read,
                        file.kept,
                        file.rejected,
                        ", ".join(f"{n:,} {name}" for name, n in file.recognisers.items()),
                    )
                    for file in read[:20]
                ],
            )
        )
        if len(read) > 20:
            lines.append(f"and {len(read) - 20:,} more files")
    if summary.parents:
        lines += ["", _parents(summary.parents)]
    lines += [f"{shown_path(file.uri)}: {note}" for file in read for note in file.notes]
    lines += [_question(asked) for asked in summary.questions]
    lines += [_lost(file) for file in summary.files if file.evidence_lost]
    lines += _rejects(summary)
    if summary.skipped:
        lines.append("skipped: " + ", ".join(f"{s.path} ({s.reason})" for s in summary.skipped[:5]))
        if len(summary.skipped) > 5:
            lines.append(f"and {len(summary.skipped) - 5:,} more skipped files")
    return "\n".join(lines)


def shown_path(uri: str) -> str:
    """Shorten a path relative to the current folder, if that is shorter."""
    relative = os.path.relpath(uri) if "://" not in uri else uri
    return relative if len(relative) < len(uri) and not relative.startswith("../..") else uri


def _parents(parents: Parents) -> str:
    line = f"parents: {parents.found:,} of {parents.named:,} are in the ledger"
    if parents.ambiguous:
        more = ", …" if parents.ambiguous > len(parents.several) else ""
        fits = visible(", ".join(parents.several) + more)
        line += f"; {parents.ambiguous:,} match several records, all kept as candidates ({fits})"
    if parents.found == parents.named:
        return line
    more = ", …" if parents.named - parents.found > len(parents.missing) else ""
    missing = visible(", ".join(parents.missing) + more)
    return f"{line}; the others are linked when they are ingested: {missing}"


def _question(asked: Question) -> str:
    """Describe a field that may be a mark of origin, and how to exclude it."""
    values = ", ".join(map(shortened, asked.samples))
    return (
        f"question: `{shortened(asked.field)}` looks like a mark of origin in "
        f"{count(asked.records, 'record')} ({values}); they are not counted as human. If it "
        f"is not a mark, use --ignore-field {shortened(asked.field)}, or `ignores:` in the "
        "source's contract"
    )


def _lost(file: FileSummary) -> str:
    return (
        f"evidence lost: an earlier version of {shortened(shown_path(file.uri))} marks "
        f"{count(file.evidence_lost, 'record')} that the current one does not; the earlier "
        "evidence stays in force until --replace"
    )


def _rejects(summary: IngestSummary) -> list[str]:
    """List the first rejects with file and row, then the counts by reason."""
    first = [
        f"rejected: {reject.as_line(shown_path(file.uri))}"
        for file in summary.files
        for reject in file.rejects
    ][:_SHOWN_REJECTS]
    if summary.rejected > len(first):
        counted: Counter[str] = Counter()
        for file in summary.files:
            counted.update(file.reasons)
        first += [f"in all: {count(n, 'record')}: {why}" for why, n in counted.most_common(10)]
    return first
