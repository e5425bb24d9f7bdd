"""JSON documents: arrays, columns, trees, and published files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.reader_contract import check_reader, read_all

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.document import JsonDocument, nested_records
from provenance.io.readers.json.lines import JsonLines

ANYTHING = ReadLayout("structured", ("*",))
TEXT = ReadLayout("text", ("text",))


def _input(path: Path, compression: str = "", format_name: str = "json") -> Input:
    return Input(path.as_posix(), path, format_name, compression)


def _document(folder: Path, text: str | bytes) -> Input:
    path = folder / "data.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return _input(path)


def test_lines_are_another_format(tmp_path: Path) -> None:
    source = _document(tmp_path, '{"text": "a"}\n{"text": "b"}\n')
    with pytest.raises(InputError) as caught:
        read_all(JsonDocument(), source, TEXT)
    assert "--format jsonl" in caught.value.hint


@pytest.mark.parametrize("text", ["[][]", '{"a": 1}}', '{"a": 1} "x"', '{"a": 1}#'])
def test_anything_else_behind_a_document_is_a_reject(tmp_path: Path, text: str) -> None:
    reading = check_reader(JsonDocument(), _document(tmp_path, text), ANYTHING)
    assert reading.reasons == ["not JSON: more after the first value"]


def test_originals_keep_spelling_and_surrogates(tmp_path: Path) -> None:
    source = _document(tmp_path, '[{"text": "é", "n": 1.50}, {"text": "a", "x": "\\ud800"}]')
    reading = read_all(JsonDocument(), source, TEXT, original=True)
    assert reading.original == ['{"text":"é","n":1.50}', '{"text":"a","x":"\\ud800"}']


def test_a_record_that_is_too_long(tmp_path: Path) -> None:
    source = _document(tmp_path, json.dumps([{"text": "a"}, {"text": "é" * 50}, {"text": "b"}]))
    reading = check_reader(JsonDocument(), source, ReadLayout("text", ("text",), max_record=100))
    assert reading.rows == [1, 3]
    assert reading.reasons == ["longer than 100 bytes (--max-record)"]


def test_probe_of_a_long_array_reads_its_beginning(tmp_path: Path) -> None:
    source = _document(tmp_path, json.dumps([{"text": "x" * 5000, "n": 1}] * 1000)[:-1] + "oops")
    assert JsonDocument().probe(source).fields == {"text": "string", "n": "number"}


@pytest.mark.parametrize(
    ("text", "fields", "nested"),
    [
        ('{"text": ["a"], "n": [1]}', {"text": "string", "n": "number"}, ()),
        ('{"text": ["a", "b"], "n": [1]}', {"text": "string", "n": "number"}, ()),
        ('{"text": ["a"], "tags": [["b"], ["c"]]}', {"text": "list", "tags": "list"}, ()),
        ('{"data": [{"paragraphs": [{"text": "a"}]}]}', {"data": "list"}, ("data.paragraphs",)),
        ("[1, 2]", {}, ()),
        ("[", {}, ()),
        ("", {}, ()),
    ],
)
def test_probe(tmp_path: Path, text: str, fields: dict[str, str], nested: tuple[str, ...]) -> None:
    shape = JsonDocument().probe(_document(tmp_path, text))
    assert (shape.fields, shape.nested) == (fields, nested)


TREES = st.recursive(
    st.fixed_dictionaries({"text": st.text(min_size=1)}),
    lambda below: st.fixed_dictionaries(
        {"text": st.text(min_size=1), "replies": st.lists(below, max_size=3)}
    ),
    max_leaves=20,
)


@given(tree=TREES)
def test_a_tree_gives_every_node_once_in_document_order(tree: dict[str, object]) -> None:
    found = [node for node, _ in nested_records({"prompt": tree}, "prompt.replies", TEXT)]
    assert [node["text"] for node in found] == list(_texts(tree))
    assert not any("replies" in node for node in found)


def _texts(node: dict[str, object]) -> list[str]:
    children = node.get("replies", [])
    assert isinstance(children, list)
    return [str(node["text"]), *(text for child in children for text in _texts(child))]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(data=st.lists(VALUES, max_size=6).map(json.dumps) | st.text() | st.binary())
def test_any_bytes_keep_the_contract(
    tmp_path_factory: pytest.TempPathFactory, data: str | bytes
) -> None:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    source = _document(tmp_path_factory.mktemp("any"), raw)
    reading = check_reader(JsonDocument(), source, ANYTHING)
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except ValueError:
        assert reading.read == 1
    else:
        assert reading.read == (len(document) if isinstance(document, list) else 1)


@pytest.mark.real_data
def test_published_strictness_suite(real_data: Path) -> None:
    folder = real_data / "json_test_suite" / "test_parsing"
    refused = sorted(folder.glob("n_*.json"))
    assert len(refused) > 180
    for path in refused:
        reading = read_all(JsonDocument(), _input(path), ANYTHING)
        # Where an array is cut off, what is whole in it was read.
        kept = [1] if path.name == "n_array_unclosed_with_object_inside.json" else []
        assert reading.rows == kept, path.name
        assert reading.rejects, path.name
        if not path.read_bytes().lstrip().startswith(b"["):
            assert len(reading.rejects) == 1, path.name


@pytest.mark.real_data
def test_published_strictness_suite_by_lines(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "json_test_suite" / "test_parsing"
    for path in sorted(folder.glob("[ny]_*.json")):
        raw = path.read_bytes()
        if b"\n" in raw.strip() or not raw.strip(b" \t\r\n"):
            continue
        line = tmp_path / "data.jsonl"
        line.write_bytes(b'{"text": "before"}\n' + raw + b"\n")
        readings = [
            read_all(JsonLines(fast_from=fast), _input(line, "", "jsonl"), ANYTHING)
            for fast in (0, None)
        ]
        assert readings[0] == readings[1]
        kept = path.name.startswith("y_") and _is_record(path) and isinstance(_load(path), dict)
        assert readings[0].rows == ([1, 2] if kept else [1]), path.name


@pytest.mark.real_data
def test_published_suite_of_what_must_be_read(real_data: Path) -> None:
    folder = real_data / "json_test_suite" / "test_parsing"
    accepted = sorted(folder.glob("y_*.json"))
    assert len(accepted) > 90
    for path in accepted:
        reading = read_all(JsonDocument(), _input(path), ANYTHING)
        if path.name.startswith("y_object_duplicated_key"):
            assert all(reason.startswith("duplicate key") for reason in reading.reasons)
        elif _is_record(path):
            assert reading.rejects == [], path.name
            assert reading.rows == [1], path.name
        else:
            value = _load(path)
            rows = value if isinstance(value, list) else []
            objects = [place for place, row in enumerate(rows, 1) if isinstance(row, dict)]
            assert reading.rows == objects, path.name
            assert all(each.endswith(", not an object") for each in reading.reasons), path.name


def _load(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))


def _is_record(path: Path) -> bool:
    """Whether a published document holds a record."""
    value = _load(path)
    return isinstance(value, dict) and "duplicated_key" not in path.name


@pytest.mark.real_data
def test_published_message_trees(real_data: Path) -> None:
    (path,) = (real_data / "oasst_samples").rglob("en_100_tree.jsonl")
    layout = ReadLayout("text", ("text",), ("message_id", "synthetic"), records="prompt.replies")
    source = _input(path, "", "jsonl")
    assert "prompt.replies" in JsonLines().probe(source).nested
    reading = check_reader(JsonLines(), source, layout)
    assert (len(reading.rows), reading.rejects) == (1167, [])
    assert sum(synthetic == "true" for _, synthetic in reading.fields) == 22
    assert len({message for message, _ in reading.fields}) == 1167


@pytest.mark.slow
@pytest.mark.real_data
def test_published_columns(real_data: Path) -> None:
    paths = sorted((real_data / "fast_detect_gpt").rglob("*.raw_data.json"))
    assert len(paths) == 24
    read = 0
    for path in paths:
        assert JsonDocument().probe(_input(path)).fields.keys() == {"original", "sampled"}
        layout = ReadLayout("text", ("sampled",), ("original",))
        reading = read_all(JsonDocument(), _input(path), layout)
        assert reading.rejects == []
        read += reading.read
    assert read == 7850
