"""Handle the columns that an export adds, and source columns with the same prefix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.json_reader import decode_exact
from provenance.content.json_writer import compact_json, escape_surrogates
from provenance.io.records.content_names import RESERVED

# Any of the letters may be written as an escape, and any of them in upper case.
_MARK = r'(?i)"(?:p|\\u00[57]0)(?:r|\\u00[57]2)(?:o|\\u00[46]f)(?:v|\\u00[57]6)(?:_|\\u005f)'


def is_export_column(name: str) -> bool:
    """Check whether a name has the prefix of export columns, in any case.

    >>> is_export_column("PROV_Label"), is_export_column("provenance")
    (True, False)
    """
    return name.casefold().startswith(RESERVED)


def content_columns(content: Sequence[str], names: Iterable[str]) -> list[str]:
    """List the columns that hold the content; of a dotted field, its top-level column."""
    names = list(names)
    if tuple(content) == ("*",):
        return [name for name in names if not name.startswith(RESERVED)]
    heads = (name if name in names else name.partition(".")[0] for name in content)
    return [name for name in dict.fromkeys(heads) if name in names]


def drop_export_members(lines: pa.Array, content: Sequence[str]) -> tuple[pa.Array, Counter[str]]:
    """Remove members with the export prefix from JSON objects, and count them by name.

    Content stays, whatever its name.
    """
    left_out: Counter[str] = Counter()
    marked = pc.match_substring_regex(lines, _MARK)
    if not pc.any(marked, min_count=0).as_py():
        return lines, left_out
    cleaned = []
    for text in lines.filter(marked).to_pylist():
        row = decode_exact(text)
        kept = set(content_columns(content, row))
        dropped = [name for name in row if is_export_column(name) and name not in kept]
        left_out.update(dropped)
        for name in dropped:
            del row[name]
        cleaned.append(escape_surrogates(compact_json(row)) if dropped else text)
    return pc.replace_with_mask(lines, marked, pa.array(cleaned, lines.type)), left_out


def columns_left_out(rows: pa.RecordBatch, content: Sequence[str]) -> Counter[str]:
    """Count the values of columns with the export prefix that are no content."""
    kept = set(content_columns(content, rows.schema.names))
    ours = [name for name in rows.schema.names if is_export_column(name) and name not in kept]
    counts = {name: rows.num_rows - rows.column(name).null_count for name in ours}
    return Counter({name: count for name, count in counts.items() if count})
