"""Run an ingest: plan, map units of work over workers, commit group by group."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
from provenance.operations.after_commit import needs_refresh, refresh_derived
from provenance.operations.ingest.collapsed_rows import judge_content
from provenance.operations.ingest.empty_inputs import explain_empty
from provenance.operations.ingest.file_declarations import (
    SourceContext,
    by_contract,
    correction,
    declarations,
    known_models,
    source_context,
)
from provenance.operations.ingest.locate_failure import divide_unit, with_file_name
from provenance.operations.ingest.merge_results import merge_results, with_quarantine
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.parent_counts import count_parents
from provenance.operations.ingest.path_labels import (
    PathValues,
    match_paths,
    with_path_attributes,
    with_path_origin,
)
from provenance.operations.ingest.plan import (
    IngestPlan,
    Unchanged,
    known_readings,
    make_plan,
    named_as_recorded,
)
from provenance.operations.ingest.run_totals import RunTotals
from provenance.operations.ingest.split_work import Group, cut
from provenance.operations.ingest.summary import FileSummary, IngestSummary, SkippedFile, add_up
from provenance.operations.ingest.superseded_evidence import files_with_earlier_evidence
from provenance.operations.ingest.tombstones import tombstone_files
from provenance.operations.ingest.unread_files import failed_file, ledger_folder, unread_files
from provenance.operations.ingest.worker import check_max_rejects, run_unit
from provenance.operations.ingest.worker_contract import FileResult, FileTask
from provenance.operations.older_rules import has_older_readings, readings_by_older_rules
from provenance.operations.progress import Progress
from provenance.operations.sources import source_row
from provenance.store.commits import Verb
from provenance.store.data_files import DataFile, delete, parse_path, write_data_file
from provenance.store.ledger_store import Store
from provenance.store.renamed_ids import carry_over


def ingest(
    store: Store, paths: Sequence[str], options: IngestOptions, progress: Progress | None = None
) -> IngestSummary:
    """Ingest files into the ledger.

    Finished groups of files are committed during the run. A file is ingested completely or not at
    all; unchanged files are not read again. A file that fails is reported in the summary and does
    not stop the others.

    Raises:
        NotFoundError, InputError: a path does not exist or holds no data.
        BusyError, StorageError: the ledger cannot be written.
    """
    started = time.perf_counter()
    options = _placed(options)
    own = ledger_folder(store.layout)
    found = discover(paths, format=options.format, follow=options.follow, ledger=own)
    with store.snapshot(threads=1) as connection:
        options = by_contract(connection, options)
        inputs = named_as_recorded(store, connection, options.source, found.inputs)
        found = replace(found, inputs=inputs)
        known = known_readings(connection, options.source, found.inputs)
        lost = files_with_earlier_evidence(connection, options.source) if options.replace else ()
        former = has_older_readings(connection)
        older = readings_by_older_rules(connection) if options.rehash else ()
        context = source_context(connection, options)
        tombstones = tombstone_files(connection)
        models = known_models(connection, options)
        outdated = any(needs_refresh(connection))
    if not found.inputs and not found.refused:
        skipped = ", ".join(f"{item.path} ({item.reason})" for item in found.skipped[:3])
        raise InputError(
            f"there is nothing to read in {', '.join(paths)}",
            hint=f"skipped: {skipped}" if skipped else "name files, folders or globs with data",
        )
    path_values = match_paths(found.inputs, options.path)
    plan = with_path_attributes(make_plan(found.inputs, known, options, lost, older), path_values)
    run = _Run(store, options, context, progress or _silent, plan, path_values)
    run.relabel(plan.unchanged)
    if plan.files:
        with _engine(plan, options) as engine:
            engine.warm()
            for read_options, files in plan.by_options(options):
                run.read_as(read_options)
                for group in cut(
                    files, store.layout, read_options, tombstones, models, former=former
                ):
                    run.group(group, engine)
    if plan.files and former:
        carry_over(store)
    if plan.files or outdated:
        refresh_derived(store)
    summary = run.summary(plan, found, paths, time.perf_counter() - started)
    if options.names_parents and plan.files:
        return summary.model_copy(update={"parents": count_parents(store, summary)})
    return summary


def _placed(options: IngestOptions) -> IngestOptions:
    """Replace ``parent_file`` by its uri."""
    if options.parent_file is None:
        return options
    if not Path(options.parent_file).is_file():
        raise NotFoundError(f"there is no file `{options.parent_file}`", hint="see --parent-file")
    return options.model_copy(update={"parent_file": uri_of(options.parent_file)})


def _silent(_done: int, _total: int) -> None:
    """Show no progress."""


def _engine(plan: IngestPlan, options: IngestOptions) -> Engine:
    """Choose the engine; a small local job gets one worker."""
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
        context: SourceContext,
        progress: Progress,
        plan: IngestPlan,
        path_values: Mapping[str, PathValues],
    ) -> None:
        self._store = store
        self._options = options
        self._reading = options
        self._totals = RunTotals(options.source, context)
        self._new_source = context.new_source
        self._progress = progress
        self._total = sum(file.bytes for file in plan.files)
        self._again = plan.again
        self._path_values = path_values
        self._done = 0
        self._files: list[FileSummary] = []
        self._relabelled = 0
        self._media = any(item.known.format in MEDIA for item in plan.unchanged)

    def _options_for(self, uri: str) -> IngestOptions:
        """The options, with the declared origin from the path of a file."""
        found = self._path_values.get(uri)
        return with_path_origin(self._options, found.origin) if found else self._options

    def read_as(self, options: IngestOptions) -> None:
        """Set the reader options of the next groups."""
        self._reading = options

    def relabel(self, unchanged: Iterable[Unchanged]) -> None:
        """Record new declarations about unchanged files."""
        corrections = (
            correction(self._options_for(item.source.uri), self._totals.context, item.known)
            for item in unchanged
        )
        rows = [row for row in corrections if row is not None]
        if rows:
            key = _key("declare", (f"{row}{time.time_ns()}" for row in rows))
            self._store.record(Verb.DECLARE, key, {"declarations": rows})
            self._relabelled = len(rows)

    def group(self, group: Group, engine: Engine) -> None:
        """Run the units of a group and commit the results in one transaction."""
        results, parts = self._gather(group, engine)
        files = merge_results(results)
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
        """Check the limits that need the results of all ranges of a file."""
        if result.task.part is not None and result.failure is None:
            try:
                check_max_rejects(result, self._reading)
            except InputError as error:
                result.failure = error
            else:
                judge_content(result, self._reading, engine)

    def _gather(
        self, group: Group, engine: Engine
    ) -> tuple[list[FileResult], list[tuple[set[object], DataFile]]]:
        results: list[FileResult] = []
        parts: list[tuple[set[object], DataFile]] = []
        for outcome in engine.map(run_unit, group.units, divide_unit):
            owners: set[object] = {file.reading_id for file in outcome.task.files}
            if isinstance(outcome.failure, ReadOnlyError):
                raise outcome.failure
            if outcome.result is None:
                error = outcome.failure or InputError("the worker returned no result")
                results += [
                    FileResult(task, failure=with_file_name(error, task.source.uri))
                    for task in outcome.task.files
                ]
            else:
                results.extend(with_quarantine(outcome.result))
                parts.extend((owners, part) for part in outcome.result.parts)
            self._done += sum(file.length for file in outcome.task.files)
            self._progress(self._done, self._total)
        return results, parts

    @staticmethod
    def _discard(parts: Iterable[DataFile]) -> None:
        for part in parts:
            delete(parse_path(part.path))

    def _commit(
        self,
        group: Group,
        files: list[FileResult],
        parts: list[DataFile],
        everything: dict[object, FileResult],
    ) -> None:
        layout, commit_id = self._store.layout, group.commit_id
        options = self._options
        rows = [self._file_row(result) for result in files]
        made = [*parts, write_data_file(layout, "files", commit_id, rows)]
        read = {r.task.reading_id: self._options_for(r.task.source.uri) for r in files}
        declared = declarations(self._totals.context, read, self._again)
        if declared:
            made.append(write_data_file(layout, "declarations", commit_id, declared))
        if self._new_source:
            source = source_row(Source(name=options.source))
            made.append(write_data_file(layout, "sources", commit_id, [source]))
            self._new_source = False
        key = _key(
            "ingest",
            (
                f"{options.source}\n{r.task.source.uri}\n{r.fingerprint}\n{self._reading.settings}\n"
                f"{r.task.supersedes}"
                for r in files
            ),
        )
        self._store.commit(Verb.INGEST, key, made, commit_id)
        by_path = [uri for uri, words in self._path_values.items() if words.origin]
        self._totals.add(self._store, files, parts, frozenset(by_path))

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
            "split": dict(result.task.path_attributes).get("split") or split_of(source.uri),
            "read": result.read,
            "kept": result.kept,
            "rejected": result.rejected,
            "quarantine": result.quarantine,
            "replaced_by": self._replaced_by(result.task),
            "norm": NORM_RULE,
            "canon": RULE,
        }

    def _replaced_by(self, task: FileTask) -> str | None:
        """Name who dropped the evidence of earlier readings with ``--replace``, if anybody did."""
        if not self._options.replace or task.supersedes is None:
            return None
        return self._options.declared_by or "the command line"

    def _file_summary(self, result: FileResult) -> FileSummary:
        source, failure = result.task.source, result.failure
        facts = {
            "uri": source.uri,
            "format": source.format + (f".{source.compression}" if source.compression else ""),
            "content": ", ".join(result.content) or None,
            "split": dict(result.task.path_attributes).get("split") or split_of(source.uri),
            "bytes": result.task.bytes,
        }
        if failure is not None:
            failed = {
                "error": failure.message,
                "hint": failure.hint,
                "exit_code": failure.exit_code,
            }
            trace = failure.trace if isinstance(failure, UnforeseenError) else None
            return FileSummary.model_validate(facts | failed | {"trace": trace})
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
                "evidence_lost": self._totals.lost[source.uri],
            }
        )

    def summary(
        self, plan: IngestPlan, found: Discovery, paths: Sequence[str], seconds: float
    ) -> IngestSummary:
        """Summarise the run, with an error for every named file that holds no record."""
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
            labels={label.value: self._totals.labels.get(label.value, 0) for label in Label},
            unchanged_files=len(plan.unchanged),
            off_path=tuple(
                i.uri for i in found.inputs if self._options.path and i.uri not in self._path_values
            ),
            relabelled_files=self._relabelled,
            questions=add_up(self._totals.questions),
            evidence_lost=self._totals.lost.total(),
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
