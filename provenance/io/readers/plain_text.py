"""Read plain text and Markdown: one file is one record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import yaml

from provenance.content.json_reader import MAX_DEPTH
from provenance.content.json_writer import compact_json
from provenance.errors import MisuseError, NotFoundError
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape, too_long_reason
from provenance.io.contract.record_paths import steps_of
from provenance.io.readers.json.json_content import kind_of
from provenance.io.readers.whole_file import FileBytes, read_file
from provenance.io.records.batch_builder import BatchBuilder, field_of
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes

_FRONT_MATTER_BYTES = 64 << 10
_FRONT_MATTER = re.compile(
    r"---[ \t]*\r?\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)


class PlainText:
    """Reader of plain text; YAML front matter is part of the content and also gives fields."""

    names: Sequence[str] = ("text",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Return the field ``text`` and the fields of the front matter."""
        with open_bytes(source) as stream:
            try:
                head = stream.read(_FRONT_MATTER_BYTES)
            except DamagedError:
                head = b""
        front = _front_matter(head.decode("utf-8", "replace").removeprefix("\ufeff"))
        kinds = {name: kind_of(value) for name, value in front.items()}
        return Shape(kinds | {"text": "string"}, (), ("text",))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the file as row 1; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("a text file is one record: this format has no slices")
        _require_text(layout)
        collector = BatchBuilder(layout, original=original)
        whole = read_file(source, layout.max_record)
        text, defect = _text(whole, layout.max_record)
        if defect:
            collector.reject_hashed(1, 0, defect, whole.digest, whole.size)
        else:
            _keep(collector, text, layout, original=original)
        yield collector.batch()


def _text(whole: FileBytes, limit: int) -> tuple[str, str]:
    """Decode the text without its byte order mark, or return why there is none."""
    if whole.size > limit:
        return "", too_long_reason(limit)
    if b"\0" in whole.data:
        return "", "NUL byte"
    try:
        text = whole.data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return "", "invalid UTF-8"
    return text, "" if text else 'field "text" is empty'


def _require_text(layout: ReadLayout) -> None:
    if layout.content not in {("text",), ("*",)}:
        raise NotFoundError(
            f"no field {', '.join(layout.content)} in a text file",
            hint="its one field is named text; leave `--content` out",
        )
    if layout.kind == "binary":
        raise MisuseError("a text file holds no binary content", hint="leave `--content` out")


def _keep(collector: BatchBuilder, text: str, layout: ReadLayout, *, original: bool) -> None:
    front = _front_matter(text) if layout.fields or layout.chooser or original else {}
    record = {**front, "text": text}
    whole = compact_json(record) if original else None
    content = text if layout.kind == "text" else compact_json({"text": text})
    fields = [field_of(front, steps_of(name), reference=False) for name in layout.fields]
    collector.keep(1, (content, fields), whole, record, len(text))


class _AliasError(yaml.YAMLError):
    """The front matter has YAML aliases, which can expand to any size."""


class _Tree(yaml.BaseLoader):
    """YAML loader of strings, lists and dictionaries, without aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _AliasError
        return super().compose_node(parent, index)


def _front_matter(text: str) -> dict[str, Any]:
    """Read the YAML block at the beginning of a text, with scalars as written."""
    found = _FRONT_MATTER.match(text, 0, _FRONT_MATTER_BYTES)
    if found is None:
        return {}
    try:
        front = _loaded(found[1])
    except (yaml.YAMLError, RecursionError):
        return {}
    return {name: value for name, value in front.items() if value}


def _loaded(block: str) -> dict[Any, Any]:
    """Load a YAML block; with aliases or deep nesting, only its top-level strings."""
    # Both loaders make strings, lists and dictionaries, and no objects.
    try:
        front = yaml.load(block, Loader=_Tree)  # noqa: S506
        whole = not _is_deep(front)
    except _AliasError:
        front = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506
        whole = False
    items = front.items() if isinstance(front, dict) else ()
    return {name: value for name, value in items if whole or isinstance(value, str)}


def _is_deep(value: Any) -> bool:
    nodes = [value]
    for _ in range(MAX_DEPTH):
        nodes = [node for node in nodes if isinstance(node, (dict, list))]
        below = (node.values() if isinstance(node, dict) else node for node in nodes)
        nodes = list(chain.from_iterable(below))
    return bool(nodes)
