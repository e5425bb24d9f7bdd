"""Read WebDataset archives, with one record per sample."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from provenance.content.json_reader import DefectError, parse
from provenance.content.json_writer import compact_json
from provenance.errors import AmbiguousError, InputError, NotFoundError
from provenance.io.contract.reader import MAX_RECORD, Batch, Input, Portion, ReadLayout, Shape
from provenance.io.contract.record_paths import TooManyPathsError, steps_of
from provenance.io.readers.json.json_content import extract
from provenance.io.readers.json.shape import shape_of
from provenance.io.readers.media import HEAD, media_type
from provenance.io.readers.webdataset.samples import PLAIN, TEXTS, Sample, holds_samples, samples
from provenance.io.records.batch_builder import BatchBuilder, field_of
from provenance.io.records.content_fields import choose_content
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes
from provenance.io.streams.tar_members import ForwardStream

__all__ = ["WebDataset", "holds_samples"]

_PROBED_SAMPLES = 100
_PROBED_BYTES = 16 << 20


class WebDataset:
    """Reader of samples: ``{"__key__": …, "txt": …, "json": {…}}``, and media as ``payload``.

    The content is the text of a sample; without one, the text field of its JSON; else the bytes of
    its first medium.
    """

    names: Sequence[str] = ("webdataset",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the shape of the first samples, and choose the content."""
        ends: Counter[str] = Counter()
        records: list[dict[str, Any]] = []
        try:
            with open_bytes(source) as stream:
                forward = ForwardStream(stream, source.uri)
                for sample in samples(forward, _is_text, MAX_RECORD):
                    ends.update(sample.members.keys())
                    records += _records(sample)
                    if len(records) == _PROBED_SAMPLES or sample.position > _PROBED_BYTES:
                        break
        except DamagedError:
            if not ends:
                raise
        if not ends:
            raise InputError(f"an archive without samples: {source.uri}", hint="name another file")
        return _shape(records, ends)

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the samples in order, numbered from 1; ``part`` is not for this format.

        Raises:
            NotFoundError: the layout asks for bytes of something else than the medium.
        """
        if part is not None:
            raise ValueError("an archive is read from its beginning: this format has no slices")
        binary = layout.kind == "binary"
        if binary and layout.content != ("payload",):
            raise NotFoundError(
                f"no field {', '.join(layout.content)} that holds bytes",
                hint="the medium of a sample is its payload; leave `--content` out",
            )
        wanted: Callable[[str], bool] = _everything if binary or original else _is_text
        collector = BatchBuilder(layout, original=original)
        row = 0
        with open_bytes(source) as stream:
            found = samples(ForwardStream(stream, source.uri), wanted, layout.max_record)
            try:
                for row, sample in enumerate(found, start=1):
                    _gather(collector, row, sample, layout)
                    if collector.full:
                        yield collector.batch()
            except DamagedError as error:
                collector.reject(row + 1, None, f"file: {error.message}", None)
        if not collector.empty:
            yield collector.batch()


def _everything(_end: str) -> bool:
    return True


def _last(end: str) -> str:
    return end.rpartition(".")[2]


def _is_text(end: str) -> bool:
    return _last(end) in PLAIN or _last(end) == "json"


def _gather(collector: BatchBuilder, row: int, sample: Sample, layout: ReadLayout) -> None:
    try:
        record = _record(sample)
        content: str | bytes
        if layout.kind == "binary":
            content = _payload(sample)
            record["media_type"] = media_type(content[:HEAD])
            fields = [field_of(record, steps_of(name), reference=False) for name in layout.fields]
        else:
            content, fields = extract(record, layout)
        whole = compact_json(record | _written(sample)) if collector.with_original else None
        size = sum(len(data) for data in sample.members.values() if data is not None)
        collector.keep(row, (content, fields), whole, record, size)
    except (DefectError, TooManyPathsError) as defect:
        collector.reject(row, sample.position, str(defect), None)


def _record(sample: Sample) -> dict[str, Any]:
    """Convert a sample to a row, without its media.

    Raises:
        DefectError: a member of it is not what its name says, or is none of a sample.
    """
    try:
        sample.key.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DefectError("the name of a member is not valid UTF-8") from error
    if sample.defect:
        raise DefectError(f"{sample.key}: {sample.defect}")
    record: dict[str, Any] = {"__key__": sample.key}
    for end, data in sample.members.items():
        if data is None or not _is_text(end):
            continue
        try:
            record[end] = parse(data) if _last(end) == "json" else data.decode("utf-8")
        except DefectError as defect:
            raise DefectError(f"member .{end}: {defect}") from defect
        except UnicodeDecodeError as error:
            raise DefectError(f"member .{end}: invalid UTF-8") from error
    return record


def _records(sample: Sample) -> list[dict[str, Any]]:
    try:
        return [_record(sample)]
    except DefectError:
        return []


def _media(ends: Iterable[str]) -> list[str]:
    return [end for end in ends if end and not _is_text(end)]


def _payload(sample: Sample) -> bytes:
    media = _media(sample.members)
    data = sample.members[media[0]] if media else None
    if not data:
        raise DefectError(f"{sample.key}: there is no medium in it")
    return data


def _written(sample: Sample) -> dict[str, str]:
    """Encode the media of a sample as text."""
    return {
        end: base64.b64encode(sample.members[end] or b"").decode("ascii")
        for end in _media(sample.members)
    }


def _shape(records: list[dict[str, Any]], ends: Counter[str]) -> Shape:
    found = shape_of(records)
    media = _media(ends)
    native = _text_of_most(records) or _text_in_json(records)
    fields = dict(found.fields)
    notes = ["samples of a WebDataset: the members of one name are one record"]
    if not native and media:
        native = ("payload",)
        fields |= {"media_type": "string", "payload": "string"}
    elif media:
        names = ", ".join(f".{end}" for end in media[:5])
        notes.append(f"{names} is not content here; `--format image` reads pictures themselves")
    return Shape(fields, found.nested, native, tuple(notes))


def _text_of_most(records: list[dict[str, Any]]) -> tuple[str, ...]:
    for end in TEXTS:
        if sum(end in record for record in records) * 2 > len(records):
            return (end,)
    return ()


def _text_in_json(records: list[dict[str, Any]]) -> tuple[str, ...]:
    """Choose the text field in the JSON of samples."""
    inner = [record["json"] for record in records if isinstance(record.get("json"), dict)]
    if not inner:
        return ()
    shape = shape_of(inner)
    if shape.fields.get("caption") == "string":
        return ("json.caption",)
    try:
        choice = choose_content(shape, (), "json")
    except (AmbiguousError, InputError):
        return ()
    return (f"json.{choice.content[0]}",) if choice.kind == "text" else ()
