"""Columns of values of several types: every row is what its value is, whatever kind that is."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from support.reader_contract import check_reader

from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.columnar.arrow_ipc import ArrowIpc
from provenance.io.readers.columnar.mixed_columns import json_records

VALUES = st.lists(
    st.none() | st.text(max_size=3) | st.integers(-5, 5) | st.fixed_dictionaries({"m": st.text()}),
    min_size=1,
    max_size=12,
)


def _union(values: list[object], names: tuple[str, str, str], *, dense: bool) -> pa.Array:
    """A column of texts, numbers and objects."""
    kinds: dict[type, int] = {str: 0, int: 1, dict: 2}
    types = [pa.string(), pa.int64(), pa.struct({"m": pa.string()})]
    codes = [kinds.get(type(value), 0) for value in values]
    array_of_codes = pa.array(codes, pa.int8())
    if not dense:
        sides = [
            pa.array([v if c == code else None for v, c in zip(values, codes, strict=True)], kind)
            for code, kind in enumerate(types)
        ]
        return pa.UnionArray.from_sparse(array_of_codes, sides, list(names))
    sides, offsets, seen = [], [], [0, 0, 0]
    for code, kind in enumerate(types):
        mine = [v for v, c in zip(values, codes, strict=True) if c == code]
        sides.append(pa.array(mine, kind))
    for code in codes:
        offsets.append(seen[code])
        seen[code] += 1
    return pa.UnionArray.from_dense(
        array_of_codes, pa.array(offsets, pa.int32()), sides, list(names)
    )


@given(values=VALUES, dense=st.booleans(), data=st.data())
def test_every_value_is_itself_wherever_the_column_is_cut(
    values: list[object], dense: bool, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(values)))
    table = pa.record_batch({"u": _union(values, ("0", "int", "Struct"), dense=dense)})
    found = list(json_records(table.slice(start)))
    assert found == [{"u": value} for value in values[start:]]


@pytest.mark.parametrize("dense", [False, True])
def test_a_kind_with_a_name_of_its_own_is_a_member(tmp_path: Path, dense: bool) -> None:
    column = _union(["gpt-4", 7, {"m": "x"}, None], ("generator", "count", "about"), dense=dense)
    table = pa.table({"text": ["A", "B", "C", "D"], "made": column})
    path = tmp_path / "a.arrow"
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)
    source = Input(path.as_posix(), path, "arrow")
    fields = ("made.generator", "made.about.m")
    reading = check_reader(ArrowIpc(), source, ReadLayout("text", ("text",), fields))
    assert reading.fields == [("gpt-4", None), (None, None), (None, "x"), (None, None)]
    whole = check_reader(ArrowIpc(), source, ReadLayout("structured", ("*",)))
    assert json.loads(whole.content[1]) == {"text": "B", "made": {"count": 7}}
