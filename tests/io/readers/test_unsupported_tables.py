"""Tables that are no CSV are refused whole, with what to say; a plain column stays one."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout, TableStyle
from provenance.io.readers.tables.delimited import Delimited
from provenance.io.readers.tables.dialect import detect_dialect

ROWS = [(str(n), f"The old river, number {n}, runs", str(n * 7)) for n in range(1, 12)]
TABLE = [("id", "text", "n"), *ROWS]


def lines(pattern: str, rows: list[tuple[str, str, str]]) -> str:
    return "".join(pattern.format(*row).rstrip() + "\n" for row in rows)


REFUSED = {
    "fixed widths, left": (lines("{:8}{:50}{}", TABLE), "fixed widths", "--delimiter"),
    "fixed widths, right": (lines("{:>8}  {:50}{:>6}", TABLE), "fixed widths", "--delimiter"),
    "blanks": ("id text n\n" + lines('{} "{}" {}', ROWS), "separated by blanks", "--delimiter ' '"),
    "blanks, quoted header": (
        '"id" "text" "n"\n' + lines('{} "{}" {}', ROWS), "separated by blanks", "--delimiter ' '",
    ),
    "blanks, quotes in front": (
        "text n\n" + lines('"{1}" {2}', ROWS), "separated by blanks", "--delimiter ' '",
    ),
    "markdown": (
        "|id|text|n|\n|---|---|---|\n" + lines("|{}|{}|{}|", ROWS), "Markdown", "CSV",
    ),
    "markdown, bare": (
        "id | text | n\n:--- | ---: | ---\n" + lines("{} | {} | {}", ROWS), "Markdown", "CSV",
    ),
    "markdown, one column": ("| text |\n|---|\n" + lines("| {1} |", ROWS), "Markdown", "CSV"),
    "print": (
        " id | text | n\n----+------+---\n" + lines(" {} | {} | {}", ROWS), "Markdown", "CSV",
    ),
}  # fmt: skip


def table(folder: Path, data: bytes, form: str = "csv", **said: str) -> Input:
    path = folder / f"a.{form}"
    path.write_bytes(data)
    return Input(str(path), path, form, table_style=TableStyle(**said))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_no_sign_parts_is_refused(name: str, form: str, tmp_path: Path) -> None:
    text, what, advice = REFUSED[name]
    with pytest.raises(InputError, match=what) as caught:
        detect_dialect(table(tmp_path, text.encode(), form))
    assert advice in str(caught.value.hint)


def test_blanks_part_columns_where_that_is_said(tmp_path: Path) -> None:
    source = table(tmp_path, REFUSED["blanks"][0].encode(), delimiter=" ")
    (batch,) = Delimited().read(source, ReadLayout("text", ("text",)))
    assert batch.content.to_pylist() == [text for _, text, _ in ROWS]


@pytest.mark.parametrize(
    "text",
    ["text\nA line  with gaps\nand a \"word\" here\n", "full name\nTwo words\nAnd two\n",
     "text,n\n---,1\nA line of text,2\n", "text\n---\nA line of text\n"],
)  # fmt: skip
def test_other_tables_are_as_they_were(text: str, tmp_path: Path) -> None:
    assert detect_dialect(table(tmp_path, text.encode())).grammar.delimiter == ","


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_header_between_rows_is_a_reject(quote: str, mark: str, tmp_path: Path) -> None:
    rows = [("id", "text"), ("1", "one line"), (mark + "id", "text"), ("2", "another line")]
    text = ""
    for first, second in rows:
        front = mark if first.startswith("\ufeff") else ""
        text += f"{front}{quote}{first.lstrip(chr(0xFEFF))}{quote},{quote}{second}{quote}\n"
    (batch,) = Delimited().read(table(tmp_path, text.encode()), ReadLayout("text", ("text",)))
    assert batch.content.to_pylist() == ["one line", "another line"]
    assert batch.rejects.column("reason").to_pylist() == ["the header line once more"]


WORDS = {
    "cp1251": "Привет мир", "koi8-r": "Привет мир", "shift_jis": "これはテキストです",
    "gbk": "这是一个文本", "euc_kr": "이것은 텍스트입니다", "cp1253": "Καλημέρα κόσμε",
}  # fmt: skip


@pytest.mark.parametrize("encoding", WORDS)
def test_another_encoding_is_refused_whole(encoding: str, tmp_path: Path) -> None:
    text = "text,n\n" + "".join(f"{WORDS[encoding]} {n},{n}\n" for n in range(5))
    source = table(tmp_path, text.encode(encoding))
    with pytest.raises(InputError, match="not UTF-8") as caught:
        detect_dialect(source)
    assert "--encoding" in str(caught.value.hint)
    said = table(tmp_path, text.encode(encoding), encoding=encoding)
    (batch,) = Delimited().read(said, ReadLayout("text", ("text",)))
    assert batch.content.to_pylist()[0] == f"{WORDS[encoding]} 0"


def test_a_few_damaged_rows_are_rejects(tmp_path: Path) -> None:
    data = "text,n\n" + "".join(f"Für {n} Tage,{n}\n" for n in range(5))
    source = table(tmp_path, data.encode() + b"\xff\xfe,7\n\xff,8\n")
    (batch,) = Delimited().read(source, ReadLayout("text", ("text",)))
    assert (len(batch.rows), batch.rejects.num_rows) == (5, 2)
