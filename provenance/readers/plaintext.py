"""Plain text and Markdown: one file is one record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml

from provenance.errors import MisuseError, NotFoundError
from provenance.readers.base import Batch, Input, Layout, Portion, Shape
from provenance.readers.collect import Collector, compact_json
from provenance.readers.json_exact import too_long
from provenance.readers.stream import DamagedError, open_bytes
from provenance.readers.whole import Whole, load

_FRONT_MATTER_BYTES = 64 << 10
_FRONT_MATTER = re.compile(
    r"---[ \t]*\r?\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)


class PlainText:
    """Reader of plain text; YAML front matter stays content and is handed over as fields, too."""

    names: Sequence[str] = ("text",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """The one field ``text``, and the scalars of the front matter."""
        with open_bytes(source) as stream:
            try:
                head = stream.read(_FRONT_MATTER_BYTES)
            except DamagedError:
                head = b""
        front = _front_matter(head.decode("utf-8", "replace").removeprefix("\ufeff"))
        return Shape(dict.fromkeys(front, "string") | {"text": "string"}, (), ("text",))

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Yield the file as row 1; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("a text file is one record: this format has no slices")
        _require_text(layout)
        collector = Collector(layout, original=original)
        try:
            whole = load(source, layout.max_record)
        except DamagedError as error:
            collector.reject(1, 0, f"file: {error.message}", None)
        else:
            text, defect = _text(whole, layout.max_record)
            if defect:
                collector.reject_hashed(1, 0, defect, whole.digest, whole.size)
            else:
                _keep(collector, text, layout, original=original)
        yield collector.batch()


def _text(whole: Whole, limit: int) -> tuple[str, str]:
    """The text without its byte order mark, or else the reason why there is none."""
    if whole.size > limit:
        return "", too_long(limit)
    if b"\0" in whole.held:
        return "", "NUL byte"
    try:
        text = whole.held.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return "", "invalid UTF-8"
    return text, "" if text else 'field "text" is empty'


def _require_text(layout: Layout) -> None:
    if layout.content not in {("text",), ("*",)}:
        raise NotFoundError(
            f"no field {', '.join(layout.content)} in a text file",
            hint="its one field is named text; leave `--content` out",
        )
    if layout.kind == "binary":
        raise MisuseError("a text file holds no binary content", hint="leave `--content` out")


def _keep(collector: Collector, text: str, layout: Layout, *, original: bool) -> None:
    front = _front_matter(text) if layout.fields or original else {}
    whole = compact_json({**front, "text": text}) if original else None
    content = text if layout.kind == "text" else compact_json({"text": text})
    collector.keep(1, content, [front.get(name) for name in layout.fields], whole)


def _front_matter(text: str) -> dict[str, str]:
    """The scalars at the top of the YAML block that a text begins with, as they are written."""
    found = _FRONT_MATTER.match(text, 0, _FRONT_MATTER_BYTES)
    if found is None:
        return {}
    try:
        # The base loader makes strings, lists and dictionaries, and nothing else.
        front = yaml.load(found[1], Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError):
        return {}
    if not isinstance(front, dict):
        return {}
    named = {name: value for name, value in front.items() if isinstance(name, str)}
    return {name: value for name, value in named.items() if value and isinstance(value, str)}
