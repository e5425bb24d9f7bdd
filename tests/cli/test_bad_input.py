"""Bad input gets one clear line with file and row, the right exit code, and leaves nothing half."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from support.terminal import Terminal

GOOD = b'{"text": "a good record"}\n'


def jsonl(bad: bytes) -> bytes:
    return GOOD + bad + b"\n" + GOOD.replace(b"good", b"fine")


def corrupt_page() -> bytes:
    out = io.BytesIO()
    table = pa.table({"text": [f"text number {n} of many" for n in range(5_000)]})
    pq.write_table(table, out, compression="none", use_dictionary=False, write_page_checksum=True)
    data = bytearray(out.getvalue())
    data[len(data) // 3] ^= 0xFF
    return bytes(data)


REJECTED = {
    "invalid-utf8": (jsonl(b'{"text": "\xff\xfe"}'), "UTF-8"),
    "nul-byte": (jsonl(b'{"text": "a\x00b"}'), ""),
    "lone-surrogate": (jsonl(rb'{"text": "\ud800"}'), "surrogate"),
    "nan": (jsonl(b'{"text": "x", "n": NaN}'), "NaN"),
    "infinity": (jsonl(b'{"text": "x", "n": -Infinity}'), "Infinity"),
    "deep": (jsonl(b'{"text": "x", "n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "deep"),
    "long-line": (jsonl(b'{"text": "' + b"x" * 50_000_000 + b'"}'), "longer"),
    "duplicate-key": (jsonl(b'{"text": "x", "text": "y"}'), "duplicate key"),
    "missing-field": (jsonl(b'{"body": "x"}'), 'no field "text"'),
    "null-field": (jsonl(b'{"text": null}'), "is null"),
    "trailing-comma": (jsonl(b'{"text": "x",}'), ""),
    "number": (jsonl(b'{"text": 12}'), "number"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_line_is_rejected_with_its_row_and_the_rest_is_kept(
    terminal: Terminal, case: str
) -> None:
    content, reason = REJECTED[case]
    terminal.write("a.jsonl", content)
    answer = terminal.prov("ingest", "a.jsonl", "--source", "web", "--content", "text", "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["read"], answer.json["kept"], answer.json["rejected"]) == (3, 2, 1)
    (why,) = answer.json["files"][0]["reasons"]
    assert reason in why
    rejects = pq.read_table(answer.json["files"][0]["quarantine"])
    assert rejects.column("row").to_pylist() == [2]
    assert rejects.column("offset").to_pylist() == [len(GOOD)]
    stopped = terminal.prov(
        "ingest", "a.jsonl", "--source", "again", "--content", "text", "--on-reject", "stop"
    )
    assert stopped.code == 10
    assert "a.jsonl, row 2: " in stopped.err


KEPT = {
    "bom": b"\xef\xbb\xbf" + GOOD,
    "crlf": GOOD.replace(b"\n", b"\r\n"),
    "line-separator": '{"text": "one \u2028 line"}\n'.encode(),
    "escaped-nul": rb'{"text": "a\u0000b"}' + b"\n",
    "no-newline": GOOD.strip(),
    "blank-lines": b"\n \n" + GOOD + b"\n",
}


@pytest.mark.parametrize("case", KEPT)
def test_what_only_looks_bad_is_kept(terminal: Terminal, case: str) -> None:
    terminal.write("a.jsonl", KEPT[case])
    answer = terminal.prov("ingest", "a.jsonl", "--source", "web", "--json")
    assert (answer.code, answer.json["kept"], answer.json["rejected"]) == (0, 1, 0)


def many() -> bytes:
    return b"".join(json.dumps({"text": f"text {n}"}).encode() + b"\n" for n in range(20_000))


TRUNCATED = {
    "truncated.jsonl.gz": gzip.compress(many())[:-2000],
    "truncated.jsonl.zst": zstandard.compress(many())[:-500],
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_nothing_of_a_truncated_file_is_kept(terminal: Terminal, name: str) -> None:
    terminal.write(name, TRUNCATED[name])
    answer = terminal.prov("ingest", name, "--source", "web")
    assert answer.code == 10
    assert "is truncated" in answer.err
    assert name in answer.err
    assert terminal.prov("status", "--json").json["records"] == 0
    terminal.write("p.yaml", "policy: p\nbudgets:\n - {name: a, max_synthetic: 1}\n")
    audited = terminal.prov("audit", name, "--policy", "p.yaml")
    assert audited.code == 10
    assert "is truncated" in audited.err


def test_a_damaged_row_group_says_so_and_counts_add_up(terminal: Terminal) -> None:
    terminal.write("corrupt.parquet", corrupt_page())
    answer = terminal.prov("ingest", "corrupt.parquet", "--source", "web", "--json")
    found = answer.json
    assert found["read"] == found["kept"] + found["rejected"]
    assert found["rejected"] >= 1
    assert any(why.startswith("file: ") for why in found["files"][0]["reasons"])
    terminal.prov("verify")


REFUSED = {
    "empty.jsonl": (b"", 10, "holds no records"),
    "program.bin": (b"\x7fELF\x02\x01\x01" + bytes(40), 10, "format"),
    "lfs.jsonl": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", 10, "LFS"),
    "fake.parquet": (b"not parquet at all", 10, "parquet"),
    "ambiguous.jsonl": (b'{"original": "a b c", "sampled": "d e f"}\n', 10, "could be"),
    "numbers.jsonl": (b'{"a": 1}\n', 10, "no content field"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_gives_nothing_is_an_error(terminal: Terminal, name: str) -> None:
    content, code, words = REFUSED[name]
    terminal.write(name, content)
    answer = terminal.prov("ingest", name, "--source", "web")
    assert answer.code == code
    assert words in answer.err
    assert name in answer.err
    assert "Traceback" not in answer.err
    assert terminal.prov("status", "--json").json["records"] == 0


def test_ambiguity_says_which_option_decides(terminal: Terminal) -> None:
    terminal.write("a.jsonl", REFUSED["ambiguous.jsonl"][0])
    assert "--content" in terminal.prov("ingest", "a.jsonl", "--source", "web").err
    answer = terminal.prov("ingest", "a.jsonl", "--source", "web", "--content", "sampled", "--json")
    assert answer.json["kept"] == 1


def test_paths_that_are_not_there(terminal: Terminal) -> None:
    answer = terminal.prov("ingest", "nothing.jsonl", "--source", "web")
    assert (answer.code, "nothing.jsonl" in answer.err) == (11, True)
    answer = terminal.prov("audit", "nothing", "--policy", "nothing.yaml")
    assert (answer.code, "nothing.yaml" in answer.err) == (11, True)


@pytest.mark.parametrize("name", ["../up", 'a"b', "it's", "a/b", "", " x", "-x", "a\nb", "x" * 201])
def test_a_source_is_not_named_like_a_path_or_with_quotes(terminal: Terminal, name: str) -> None:
    terminal.write("a.jsonl", GOOD)
    answer = terminal.prov("ingest", "a.jsonl", f"--source={name}")
    assert answer.code == 2
    assert "source" in answer.err
    assert not (terminal.folder / ".prov").exists()


POLICIES = {
    "misspelt": ("policy: p\nbudgets:\n - name: a\n   max_synthetc: 0.2\n", "max_synthetic"),
    "beyond-one": ("policy: p\nbudgets:\n - {name: a, max_synthetic: 1.2}\n", "1"),
    "negative": ("policy: p\nbudgets:\n - {name: a, max_synthetic: -0.2}\n", "0"),
    "no-budgets": ("policy: p\nbudgets: []\n", "budgets"),
    "unknown-column": (
        "policy: p\nbudgets:\n - {name: a, where: colour = 'red', max_share: 0.5}\n",
        "colour",
    ),
    "not-a-condition": (
        "policy: p\nbudgets:\n - {name: a, where: 'depth >= 2; DROP TABLE x', max_share: 0.5}\n",
        "where",
    ),
    "not-yaml": ("policy: [", "p.yaml"),
}


@pytest.mark.parametrize("case", POLICIES)
def test_a_policy_that_cannot_be_judged_by_is_misuse(terminal: Terminal, case: str) -> None:
    text, words = POLICIES[case]
    terminal.write("p.yaml", text)
    terminal.write("a.jsonl", GOOD)
    terminal.prov("ingest", "a.jsonl", "--source", "web")
    answer = terminal.prov("audit", "--policy", "p.yaml")
    assert answer.code == 2, answer.err
    assert words in answer.err


def test_an_error_is_a_json_document_when_asked_for(terminal: Terminal) -> None:
    answer = terminal.prov("--json", "status")
    assert answer.code == 11
    error = json.loads(answer.err)["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] == "not-found"


def test_text_from_data_does_not_move_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    terminal.write("a.jsonl", '{"id": "\\u001b[31mred\\u202e", "text": "some text to keep"}\n')
    terminal.prov("ingest", "a.jsonl", "--source", "web")
    answer = terminal.prov("query", "SELECT external_id FROM sightings")
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out
    assert "\\x1b[31mred" in answer.out


def test_a_misspelt_command_or_option_is_misuse(terminal: Terminal) -> None:
    assert terminal.prov("igest").code == 2
    assert terminal.prov("ingest", "--sorce", "x").code == 2
    assert terminal.prov("--help").code == 0
