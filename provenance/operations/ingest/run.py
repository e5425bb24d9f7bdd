"""Carry an ingest out: plan, map the units over workers, commit group by group."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from provenance.content.identity import RULE
from provenance.content.norm_rules import NORM_RULE
from provenance.engine.base import Engine
from provenance.engine.local import LocalEngine
from provenance.errors import InputError, NotFoundError, ReadOnlyError, UnforeseenError
from provenance.io.contract.formats import MEDIA
from provenance.io.discovery.discover import Discovery, discover, split_of, uri_of
from provenance.model.origin import Label
from provenance.model.source import Source
from provenance.model.unread import Unread
from provenance.operations.after_commit import settle, to_settle
from provenance.operations.former_rules import knows_former_rules, readings_by_older_rules
from provenance.operations.ingest.carried_evidence import spoken_before
from provenance.operations.ingest.claims_on_files import (
    Standing,
    by_contract,
    correction,
    declarations,
    known_models,
    standing,
)
from provenance.operations.ingest.collapsed_rows import judge_content
from provenance.operations.ingest.empty_inputs import explain_empty
from provenance.operations.ingest.locate_failure import divide_unit, naming
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.parent_counts import count_parents
from provenance.operations.ingest.path_labels import Said, said_by_paths, told_by_path, with_said
from provenance.operations.ingest.plan import IngestPlan, Unchanged, known_readings, make_plan
from provenance.operations.ingest.results import merged_results, with_quarantine
from provenance.operations.ingest.summary import FileSummary, IngestSummary, SkippedFile, add_up
from provenance.operations.ingest.tally import Tally
from provenance.operations.ingest.tasks import FileResult, FileTask
from provenance.operations.ingest.tombstones import tombstone_parts
from provenance.operations.ingest.units import Group, cut
from provenance.operations.ingest.unread_counts import failed_file, ledger_folder, unread_files
from provenance.operations.ingest.worker import require_few_rejects, run_unit
from provenance.operations.progress import Progress
from provenance.operations.sources import source_row
from provenance.store.data_files import Part, delete, place_of, write_part
from provenance.store.ledger_store import Store
from provenance.store.renamed_ids import carry_over

_ASKED = ("files", "ignored_fields", "lost_evidence", "models", "sources", "spoken_readings")
"""Views that are asked before anything is read."""


def ingest(
    store: Store, paths: Sequence[str], options: IngestOptions, progress: Progress | None = None
) -> IngestSummary:
    """Read files into the ledger.

    What was finished is committed as the run goes on; a file is in the ledger whole or not at all,
    and one that is there already is not read again. A file that fails is reported in the summary
    and does not keep the others out.

    Raises:
        NotFoundError, InputError: a path that is not there, or is no data.
        BusyError, StorageError: the ledger cannot be written.
    """
    started = time.perf_counter()
    options = _placed(options)
    own = ledger_folder(store.layout)
    found = discover(paths, format=options.format, follow=options.follow, ledger=own)
    with store.snapshot(threads=1, views=_ASKED) as connection:
        options = by_contract(connection, options)
        known = known_readings(connection, options.source, found.inputs)
        lost = spoken_before(connection, options.source) if options.replace else ()
        former = knows_former_rules(connection)
        older = readings_by_older_rules(connection) if options.rehash else ()
        stands = standing(connection, options)
        tombstones = tombstone_parts(connection)
        models = known_models(connection, options)
        unsettled = any(to_settle(connection))
    if not found.inputs and not found.refused:
        skipped = ", ".join(f"{item.path} ({item.reason})" for item in found.skipped[:3])
        raise InputError(
            f"there is nothing to read in {', '.join(paths)}",
            hint=f"skipped: {skipped}" if skipped else "name files, folders or globs with data",
        )
    said = said_by_paths(found.inputs, options.path)
    plan = with_said(make_plan(found.inputs, known, options, lost, older), said)
    run = _Run(store, options, stands, progress or _silent, plan, said)
    run.relabel(plan.unchanged)
    if plan.files:
        with _engine(plan, options) as engine:
            engine.warm()
            for told, files in plan.by_options(options):
                run.read_as(told)
                for group in cut(files, store.layout, told, tombstones, models, former=former):
                    run.group(group, engine)
    if plan.files and former:
        carry_over(store)
    if plan.files or unsettled:
        settle(store)
    summary = run.summary(plan, found, paths, time.perf_counter() - started)
    if options.names_parents and plan.files:
        return summary.model_copy(update={"parents": count_parents(store, summary)})
    return summary


def _placed(options: IngestOptions) -> IngestOptions:
    """The options with the file of parents named as the ledger names files."""
    if options.parent_file is None:
        return options
    if not Path(options.parent_file).is_file():
        raise NotFoundError(f"there is no file `{options.parent_file}`", hint="see --parent-file")
    return options.model_copy(update={"parent_file": uri_of(options.parent_file)})


def _silent(_done: int, _total: int) -> None:
    """No progress is shown."""


def _engine(plan: IngestPlan, options: IngestOptions) -> Engine:
    """Where the work is asked to run; on this machine one process suffices for a small job."""
    if options.engine == "ray":
        from provenance.engine.ray import RayEngine

        return RayEngine(options.workers, options.ray_address)
    small = sum(file.bytes for file in plan.files) < 8 << 20
    return LocalEngine(options.workers or (1 if small else None))


class _Run:
    """The running totals of one ingest."""

    def __init__(
        self,
        store: Store,
        options: IngestOptions,
        stands: Standing,
        progress: Progress,
        plan: IngestPlan,
        said: Mapping[str, Said],
    ) -> None:
        self._store = store
        self._options = options
        self._reading = options
        self._tally = Tally(options.source, stands)
        self._new_source = stands.new_source
        self._progress = progress
        self._total = sum(file.bytes for file in plan.files)
        self._again = plan.again
        self._said = said
        self._done = 0
        self._files: list[FileSummary] = []
        self._relabelled = 0
        self._media = any(item.known.format in MEDIA for item in plan.unchanged)

    def _told(self, uri: str) -> IngestOptions:
        """What was asked, with what the path of a file says of origin."""
        said = self._said.get(uri)
        return told_by_path(self._options, said.origin) if said else self._options

    def read_as(self, options: IngestOptions) -> None:
        """Say how the files of the next groups are read."""
        self._reading = options

    def relabel(self, unchanged: Iterable[Unchanged]) -> None:
        """Record what is now said of files that are known already, where it differs."""
        corrections = (
            correction(self._told(item.source.uri), self._tally.standing, item.known)
            for item in unchanged
        )
        rows = [row for row in corrections if row is not None]
        if rows:
            key = _key("declare", (f"{row}{time.time_ns()}" for row in rows))
            self._store.record("declare", key, {"declarations": rows})
            self._relabelled = len(rows)

    def group(self, group: Group, engine: Engine) -> None:
        """Run the units of a group, and commit what came of them in one transaction."""
        results, parts = self._gather(group, engine)
        files = merged_results(results)
        for result in files:
            self._judge(result, engine)
        bad = {result.task.reading_id for result in files if result.failure}
        kept_parts = [part for owners, part in parts if not owners <= bad]
        self._discard(part for owners, part in parts if owners <= bad)
        good = [result for result in files if not result.failure]
        if good:
            self._commit(group, good, kept_parts, {r.task.reading_id: r for r in files})
        for result in files:
            self._files.append(self._file_summary(result))
            self._media = self._media or result.kind == "binary"

    def _judge(self, result: FileResult, engine: Engine) -> None:
        """Refuse a file of many parts for what no single one of them could tell."""
        if result.task.part is not None and result.failure is None:
            try:
                require_few_rejects(result, self._reading)
            except InputError as error:
                result.failure = error
            else:
                judge_content(result, self._reading, engine)

    def _gather(
        self, group: Group, engine: Engine
    ) -> tuple[list[FileResult], list[tuple[set[object], Part]]]:
        results: list[FileResult] = []
        parts: list[tuple[set[object], Part]] = []
        for outcome in engine.map(run_unit, group.units, divide_unit):
            owners: set[object] = {file.reading_id for file in outcome.task.files}
            if isinstance(outcome.failure, ReadOnlyError):
                raise outcome.failure
            if outcome.result is None:
                error = outcome.failure or InputError("the worker gave no answer")
                results += [
                    FileResult(task, failure=naming(error, task.source.uri))
                    for task in outcome.task.files
                ]
            else:
                results.extend(with_quarantine(outcome.result))
                parts.extend((owners, part) for part in outcome.result.parts)
            self._done += sum(file.length for file in outcome.task.files)
            self._progress(self._done, self._total)
        return results, parts

    @staticmethod
    def _discard(parts: Iterable[Part]) -> None:
        for part in parts:
            delete(place_of(part.path))

    def _commit(
        self,
        group: Group,
        files: list[FileResult],
        parts: list[Part],
        everything: dict[object, FileResult],
    ) -> None:
        layout, commit_id = self._store.layout, group.commit_id
        options = self._options
        rows = [self._file_row(result) for result in files]
        made = [*parts, write_part(layout, "files", commit_id, rows)]
        read = {r.task.reading_id: self._told(r.task.source.uri) for r in files}
        said = declarations(self._tally.standing, read, self._again)
        if said:
            made.append(write_part(layout, "declarations", commit_id, said))
        if self._new_source:
            source = source_row(Source(name=options.source))
            made.append(write_part(layout, "sources", commit_id, [source]))
            self._new_source = False
        key = _key(
            "ingest",
            (
                f"{options.source}\n{r.task.source.uri}\n{r.fingerprint}\n{self._reading.settings}\n"
                f"{r.task.supersedes}"
                for r in files
            ),
        )
        self._store.commit("ingest", key, made, commit_id)
        told = [uri for uri, words in self._said.items() if words.origin]
        self._tally.add(self._store, files, parts, frozenset(told))

    def _file_row(self, result: FileResult) -> dict[str, object]:
        source = result.task.source
        return {
            "reading_id": result.task.reading_id,
            "source": self._options.source,
            "uri": source.uri,
            "fingerprint": result.fingerprint,
            "bytes": result.task.bytes,
            "mtime_ns": result.task.mtime_ns,
            "format": source.format + (f".{source.compression}" if source.compression else ""),
            "settings": self._reading.settings,
            "content": json.dumps(result.content),
            "attributes": json.dumps(result.attributes),
            "split": dict(result.task.said).get("split") or split_of(source.uri),
            "read": result.read,
            "kept": result.kept,
            "rejected": result.rejected,
            "quarantine": result.quarantine,
            "replaced_by": self._replaced_by(result.task),
            "norm": NORM_RULE,
            "canon": RULE,
        }

    def _replaced_by(self, task: FileTask) -> str | None:
        """Who accepts that what earlier readings of the file said is gone, if anybody does."""
        if not self._options.replace or task.supersedes is None:
            return None
        return self._options.declared_by or "the command line"

    def _file_summary(self, result: FileResult) -> FileSummary:
        source, failure = result.task.source, result.failure
        facts = {
            "uri": source.uri,
            "format": source.format + (f".{source.compression}" if source.compression else ""),
            "content": ", ".join(result.content) or None,
            "split": dict(result.task.said).get("split") or split_of(source.uri),
            "bytes": result.task.bytes,
        }
        if failure is not None:
            said = {"error": failure.message, "hint": failure.hint, "exit_code": failure.exit_code}
            trace = failure.trace if isinstance(failure, UnforeseenError) else None
            return FileSummary.model_validate(facts | said | {"trace": trace})
        return FileSummary.model_validate(
            facts
            | {
                "read": result.read,
                "kept": result.kept,
                "rejected": result.rejected,
                "reasons": dict(result.reasons.most_common(20)),
                "rejects": tuple(result.rejects),
                "recognisers": dict(result.recognisers),
                "quarantine": result.quarantine,
                "notes": result.notes,
                "evidence_lost": self._tally.lost[source.uri],
            }
        )

    def summary(
        self, plan: IngestPlan, found: Discovery, paths: Sequence[str], seconds: float
    ) -> IngestSummary:
        """The answer, with an error for every file that was named and gave nothing."""
        known = [item.source.uri for item in plan.unchanged]
        files = explain_empty(self._files, paths, known)
        files += [
            FileSummary(
                uri=item.uri, format=item.format, error=e.message, hint=e.hint, exit_code=10
            )
            for item, e in plan.missing
        ]
        files += [
            FileSummary(
                uri=item.path,
                format="unknown",
                error=item.error.message,
                hint=item.error.hint,
                exit_code=item.error.exit_code,
            )
            for item in found.refused
        ]
        failed = [
            failed_file(f.uri, f.error, f.bytes, f.hint or "") for f in files if f.error and f.bytes
        ]
        files += [_unchanged_summary(item) for item in plan.unchanged]
        kept = sum(file.kept for file in files)
        rejected = sum(file.rejected for file in files)
        return IngestSummary(
            source=self._options.source,
            read=kept + rejected,
            kept=kept,
            rejected=rejected,
            sightings_added=kept,
            bytes=sum(file.bytes for file in files if not file.unchanged and not file.error),
            seconds=round(seconds, 3),
            labels={label.value: self._tally.labels.get(label.value, 0) for label in Label},
            unchanged_files=len(plan.unchanged),
            off_path=tuple(
                i.uri for i in found.inputs if self._options.path and i.uri not in self._said
            ),
            relabelled_files=self._relabelled,
            questions=add_up(self._tally.questions),
            evidence_lost=self._tally.lost.total(),
            files=tuple(files),
            skipped=tuple(SkippedFile(path=s.path, reason=s.reason) for s in found.skipped),
            unread=Unread.of([*failed, *unread_files(found, media=self._media)]),
        )


def _unchanged_summary(item: Unchanged) -> FileSummary:
    return FileSummary(
        uri=item.source.uri, format=item.source.format, bytes=item.bytes, unchanged=True
    )


def _key(verb: str, parts: Iterable[str]) -> str:
    state = hashlib.sha256()
    for part in sorted(parts):
        state.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return f"{verb}:{state.hexdigest()}"
