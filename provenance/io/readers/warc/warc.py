"""Read the data records of web archives: payloads as bytes, or extracted text."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence

from provenance.content.json_writer import compact_json
from provenance.errors import InputError, MisuseError, NotFoundError
from provenance.io.contract.reader import MAX_RECORD, Batch, Input, Portion, ReadLayout, Shape
from provenance.io.contract.record_paths import TooManyPathsError
from provenance.io.readers.warc.framing import DATA_TYPES, FramingError, WarcRecord, warc_records
from provenance.io.records.batch_builder import BatchBuilder
from provenance.io.streams.decompress import DamagedError, drain
from provenance.io.streams.open_input import open_bytes

_KNOWN = {
    name.lower(): name
    for name in ("WARC-Record-ID", "WARC-Target-URI", "WARC-Identified-Content-Language")
}
"""Headers that are looked up in any case."""

_PROBED_RECORDS = 100
_PROBED_BYTES = 16 << 20


class Warc:
    """Reader of WARC, WET and ARC; rows count the data records, fields are their headers."""

    names: Sequence[str] = ("warc",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Tell extracted text from payloads, and collect the headers of some records."""
        found: list[WarcRecord] = []
        headers: dict[str, str] = {}
        try:
            with open_bytes(source) as stream:
                for record in warc_records(stream, MAX_RECORD):
                    found.append(record)
                    headers |= dict.fromkeys(record.headers, "string")
                    if len(found) == _PROBED_RECORDS or record.offset > _PROBED_BYTES:
                        break
        except (FramingError, DamagedError) as error:
            if not found:
                raise InputError(
                    f"not readable as an archive ({error}): {source.uri}",
                    hint="fetch the file again",
                ) from error
        extracted = bool(found) and all(record.kind == "conversion" for record in found)
        native = "text" if extracted else "payload"
        return Shape(headers | {native: "string"}, (), (native,))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the data records in order; ``part`` is not for this format.

        Raises:
            InputError: the archive has records, and none of them is data.
        """
        if part is not None:
            raise ValueError("an archive is read from its beginning: this format has no slices")
        _require_payload(layout)
        collector = BatchBuilder(layout, original=original)
        passed_over: Counter[str] = Counter()
        row = 0
        with open_bytes(source) as stream:
            found = warc_records(stream, layout.max_record, passed_over)
            try:
                for row, record in enumerate(found, start=1):
                    _gather(collector, row, record, layout, original=original)
                    if collector.full:
                        yield collector.batch()
            except FramingError as error:
                drain(stream)  # where the compression is damaged, that is why
                collector.reject(row + 1, None, f"file: {error}", None)
        if not collector.empty:
            yield collector.batch()
        elif not row and passed_over:
            raise _no_data(passed_over)


def _no_data(passed_over: Counter[str]) -> InputError:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(passed_over.items()))
    return InputError(
        f"no data records: {counts}",
        hint=f"records of type {', '.join(sorted(DATA_TYPES))} are read, except name lookups",
    )


def _require_payload(layout: ReadLayout) -> None:
    if layout.content not in {("text",), ("payload",)}:
        raise NotFoundError(
            f"no field {', '.join(layout.content)} in an archive",
            hint="its content is the payload of a record; leave `--content` out",
        )
    if layout.kind == "structured":
        raise MisuseError("an archive holds no structured content", hint="leave `--content` out")


def _gather(
    collector: BatchBuilder, row: int, record: WarcRecord, layout: ReadLayout, *, original: bool
) -> None:
    content, defect = _content(record, layout)
    if defect:
        collector.reject_hashed(row, record.offset, defect, record.digest, record.size)
        return
    fields = [record.header(name) for name in layout.fields]
    whole = _whole(record, content) if original else None
    headers = {_KNOWN.get(name.lower(), name): value for name, value in record.headers.items()}
    native = "text" if isinstance(content, str) else "payload"
    fields_seen = {name: value for name, value in headers.items() if value} | {native: content}
    try:
        collector.keep(row, (content, fields), whole, fields_seen, len(content))
    except TooManyPathsError as error:
        collector.reject_hashed(row, record.offset, str(error), record.digest, record.size)


def _content(record: WarcRecord, layout: ReadLayout) -> tuple[str | bytes, str]:
    if record.defect or layout.kind == "binary":
        return record.payload, record.defect
    try:
        return record.payload.decode("utf-8").removeprefix("\ufeff"), ""
    except UnicodeDecodeError:
        return "", "invalid UTF-8"


def _whole(record: WarcRecord, content: str | bytes) -> str:
    """Return headers and content as one JSON object; bytes in base64."""
    if isinstance(content, str):
        return compact_json({**record.headers, "text": content})
    return compact_json({**record.headers, "payload": base64.b64encode(content).decode("ascii")})
