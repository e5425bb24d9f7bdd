"""``prov ingest``."""

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
    """A number of bytes: ``1000``, ``64KiB``, ``16MiB``, ``1GB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes behind a text."""
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
@click.option("--source", required=True, metavar="NAME", help="The source that the files are from.")
@click.option("--label", type=LABELS, help="What is claimed of every record of these files.")
@click.option("--generator", metavar="MODEL", help="Model that wrote the synthetic part.")
@click.option("--family", "generator_family", metavar="F", help="Family of that model.")
@click.option("--process", type=PROCESSES, help="How the synthetic part was made.")
@click.option(
    "--ignore-field",
    "ignore_fields",
    multiple=True,
    metavar="FIELD",
    help="A field that looks like a mark of origin and is none.",
)
@click.option("--by", "declared_by", metavar="WHO", help="Who makes these claims.")
@click.option("--format", metavar="F", help="Format of the files; else found by their content.")
@click.option(
    "--content", multiple=True, metavar="FIELD", help="Content field; '*' for the whole row."
)
@click.option("--id", "id_field", metavar="FIELD", help="Field that holds the record's own id.")
@click.option("--parent", "parent_field", metavar="FIELD", help="Field with the id of the parent.")
@click.option(
    "--parent-source", metavar="NAME", help="Source whose ids those are; else the same source."
)
@click.option("--parent-text", metavar="FIELD", help="Field that quotes the parent's text.")
@click.option("--parent-file", metavar="F", help="File whose rows are the parents, row by row.")
@click.option(
    "--parent-by",
    type=click.Choice(["row"]),
    help="How rows of --parent-file are told; `row`, the default, pairs equal row numbers.",
)
@click.option(
    "--relation",
    type=click.Choice(["derived", "context"]),
    default="derived",
    show_default=True,
    help="What a parent is to its child.",
)
@click.option("--attr", "attributes", multiple=True, metavar="NAME=FIELD", help="Keep a field.")
@click.option("--records", metavar="PATH", help="Path of the nested list or tree of records.")
@table_options
@click.option(
    "--path",
    "path",
    metavar="PATTERN",
    help="What paths say: results/{generator}/{lang}.jsonl; {label}, {process}, {split}, or any.",
)
@click.option(
    "--on-reject",
    type=click.Choice(["quarantine", "stop"]),
    default="quarantine",
    show_default=True,
    help="Set bad records aside, or stop at the first.",
)
@click.option("--max-rejects", metavar="N|P%", help="More rejects than this fail a file.")
@click.option(
    "--max-record",
    type=ByteSize(),
    default="16MiB",
    show_default=True,
    help="A longer record is a reject.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Accept other records in the place of those of a file, and that its marks are gone.",
)
@click.option(
    "--follow",
    multiple=True,
    type=click.Path(),
    metavar="DIR",
    help="Links in the folders may lead to this one, too.",
)
@click.option(
    "--strict", is_flag=True, help="Exit 10 where files of a folder hold data and are not read."
)
@click.option(
    "--rehash",
    is_flag=True,
    help="Look into files even if size and time agree; read again what an older rule read.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Read in processes of this machine, or on a Ray cluster.",
)
@click.option(
    "--ray-address",
    metavar="A",
    help="The cluster to join; else RAY_ADDRESS, else one is started here for the run.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="So many at most; else one per processor.",
)
def ingest(session: Session, paths: tuple[str, ...], **given: Any) -> None:
    """Read files, folders, globs or URLs into the ledger, every record with source and origin.

    Format and content field are found out and said. A file that the ledger holds already adds
    nothing; naming another --label for it corrects what was claimed. What an earlier version of a
    file said against its records stays in force until --replace.
    """
    if given["engine"] != "ray":
        from provenance import start_workers

        start_workers()  # they get ready while this process does
    from provenance import IngestOptions, InputError

    strict = given.pop("strict")
    given["attributes"] = pairs(given["attributes"], "--attr")
    if given.pop("parent_by") and not given["parent_file"]:
        raise click.UsageError("--parent-by goes with --parent-file")
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
        said = count(summary.rejected, "record") + (" was" if summary.rejected == 1 else " were")
        session.warn(f"{said} rejected; all are listed in {', '.join(kept_in)}")
    for line in unread_text(summary.unread):
        session.warn(line)
    if summary.off_path:
        named = ", ".join(shown_path(uri) for uri in summary.off_path[:_SHOWN_REJECTS])
        more = ", …" if len(summary.off_path) > _SHOWN_REJECTS else ""
        files = count(len(summary.off_path), "file")
        session.warn(f"the pattern of paths says nothing of {files}: {visible(named)}{more}")
    if summary.parents and not summary.parents.named:
        session.warn("no record names a parent: is the field spelt as in the files?")
    if summary.failed:
        raise click.exceptions.Exit(summary.failed[0].exit_code)
    if strict and summary.unread.files:
        raise click.exceptions.Exit(InputError.exit_code)


def unread_text(unread: Unread) -> list[str]:
    """How much data was not read, with a few of the files by name; then a line for each reason."""
    if not unread.files:
        return []
    first = ", ".join(visible(shown_path(item.path)) for item in unread.listed[:_SHOWN_UNREAD])
    more = ", …" if unread.files > _SHOWN_UNREAD else ""
    said = f"{count(unread.files, 'file')} ({size(unread.bytes)}) of data"
    verb = "was" if unread.files == 1 else "were"
    reasons = list(unread.by_reason.items())[:_SHOWN_REJECTS]
    return [
        f"{said} {verb} not read: {first}{more}",
        *(
            f"not read: {shortened(reason)} ({count(found.files, 'file')}, {size(found.bytes)})"
            for reason, found in reasons
        ),
    ]


def summary_text(summary: IngestSummary) -> str:
    """The summary as a person reads it."""
    read = [file for file in summary.files if not file.unchanged and not file.error]
    lines = [
        (
            f"source {summary.source}: {summary.read:,} read, {summary.kept:,} kept, "
            f"{summary.rejected:,} rejected"
        )
    ]
    if summary.unchanged_files:
        relabelled = (
            f", {summary.relabelled_files:,} with a new claim" if summary.relabelled_files else ""
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
    """A path as short as it can be said from here."""
    relative = os.path.relpath(uri) if "://" not in uri else uri
    return relative if len(relative) < len(uri) and not relative.startswith("../..") else uri


def _parents(parents: Parents) -> str:
    said = f"parents: {parents.found:,} of {parents.named:,} are in the ledger"
    if parents.ambiguous:
        more = ", …" if parents.ambiguous > len(parents.several) else ""
        fits = visible(", ".join(parents.several) + more)
        said += f"; {parents.ambiguous:,} fit several records, all kept as possible ({fits})"
    if parents.found == parents.named:
        return said
    more = ", …" if parents.named - parents.found > len(parents.missing) else ""
    missing = visible(", ".join(parents.missing) + more)
    return f"{said}; the others are found when they are ingested: {missing}"


def _question(asked: Question) -> str:
    """A field that may be a mark, some of its values, and how to say that it is none."""
    values = ", ".join(map(shortened, asked.samples))
    return (
        f"question: `{shortened(asked.field)}` looks like a mark of origin in "
        f"{count(asked.records, 'record')} ({values}); they are not taken for human. If it is "
        f"none, say --ignore-field {shortened(asked.field)}, or `ignores:` in the source's contract"
    )


def _lost(file: FileSummary) -> str:
    return (
        f"evidence lost: an earlier reading of {shortened(shown_path(file.uri))} marks "
        f"{count(file.evidence_lost, 'record')} that this one does not; that stays in force until "
        "you say --replace"
    )


def _rejects(summary: IngestSummary) -> list[str]:
    """The first rejects, each with its file and row, and how many there are of what kind."""
    first = [
        f"rejected: {reject.said(shown_path(file.uri))}"
        for file in summary.files
        for reject in file.rejects
    ][:_SHOWN_REJECTS]
    if summary.rejected > len(first):
        counted: Counter[str] = Counter()
        for file in summary.files:
            counted.update(file.reasons)
        first += [f"in all: {count(n, 'record')}: {why}" for why, n in counted.most_common(10)]
    return first
