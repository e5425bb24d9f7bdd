"""Run commands of one checkout, and keep their masked answers."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
from answers_masks import Masks
from pyarrow import parquet

SHOWN = 60
"""Rows of a larger table are kept as a digest, all of them, and so many as they are."""
SLOW = 15  # seconds; longer commands are named
STORAGE = {"verify", "maintain"}
SIZE = "<size>"
DOCUMENTS = {".json", ".jsonld", ".sarif"}
PROSE_FILES = {".html", ".md", ".docx", ".svg", ".css", ".txt"}
RECORDED = (".jsonl", ".ndjson")


class Recording:
    """The program of a checkout, and what it answered to a group of commands.

    Attributes:
        folder: where the folders of groups are.
        answers: name of a command to its exit code, answer, error and files.
    """

    def __init__(self, tree: Path, folder: Path, data: Path | None) -> None:
        self.folder, self.data = folder, data
        self.answers: dict[str, Any] = {}
        self._group = ""
        self._streams = Path(tempfile.mkdtemp(prefix="same-answers-streams-"))
        self._out, self._err = self._streams / "stdout", self._streams / "stderr"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PROV_")
        }
        environment |= {"PYTHONPATH": f"{tree}{os.pathsep}{tree / 'cli'}", "TZ": "UTC"}
        self._program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("answers_driver.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        folders = {str(folder): "<folder>", str(tree): "<tree>"}
        if data is not None:
            folders[str(data)] = "<data>"
        self._masks = Masks(folders, self._version())

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait()
        shutil.rmtree(self._streams)

    @property
    def here(self) -> Path:
        """The folder of the group, in which its commands run."""
        return self.folder / self._group

    def group(self, name: str) -> Path:
        """Begin a group of commands in a new folder of its own, with a ledger of its own."""
        self._group = name
        self.here.mkdir()
        return self.here

    def prov(self, *words: str, files: tuple[str, ...] = ()) -> Any:
        """Run ``prov --json`` with these words; keep and return the answer.

        Args:
            words: the command and its arguments.
            files: what it writes, below the folder of the group: files or folders to be kept, too.
        """
        return self._kept(["--json", *words], files)

    def printed(self, *words: str, files: tuple[str, ...] = ()) -> None:
        """The same without ``--json``: of an answer in prose only that there is one is kept."""
        self._kept([*words], files)

    def query(self, sql: str) -> Any:
        """The rows of a query, without keeping them; [] where it fails."""
        _, answer, _ = self._run(["--json", "query", sql])
        return answer if isinstance(answer, list) else []

    def views(self) -> None:
        """Keep what the ledger holds: the rows of every documented view, in an order of their own.

        The query gives a row per view; rows of commits come first so that their ids are numbered in
        the order of the commits.
        """
        _, answer, _ = self._run(["--json", "query"])
        names = sorted(answer["views"]) if isinstance(answer, dict) else []
        kept: dict[str, Any] = {"commits in order": None}
        columns = ", ".join(f'(SELECT list(r) FROM "{name}" r) AS "{name}"' for name in names)
        code, found, error = self._run(
            [
                "--json",
                "query",
                f"SELECT (SELECT list(r ORDER BY seq) FROM commits r) AS a, {columns}",
            ]
        )
        if code == 0:
            commits = self._masks.document(_without_parts(found[0].pop("a")))
            self._masks.document(sorted(found[0].get("files") or [], key=_reading))
            kept["commits in order"] = commits
            found[0].pop("commits")
            for name, rows in found[0].items():
                kept[name] = _table([self._masks.document(row) for row in rows or []])
        self.answers[self._name(["views"])] = {"exit": code, "error": error, "views": kept}

    def _kept(self, words: list[str], files: tuple[str, ...]) -> Any:
        code, answer, error = self._run(words)
        kept: dict[str, Any] = {"exit": code}
        if isinstance(answer, str):
            kept["printed"] = bool(answer.strip())
        elif answer is not None:
            kept["answer"] = self._masks.document(_without_sizes(answer, words))
        if error is not None:
            kept["error"] = self._masks.document(error)
        if files:
            kept["files"] = self._files(files)
        self.answers[self._name(words)] = kept
        return answer

    def _name(self, words: list[str]) -> str:
        """The number of a command in its group, and how it would be typed."""
        number = sum(name.startswith(f"{self._group} ") for name in self.answers) + 1
        line = self._masks.text(" ".join(word for word in words if word != "--json"))
        return f"{self._group} {number:03}: {line}"

    def _run(self, words: list[str]) -> tuple[int, Any, Any]:
        """Exit code; the answer, a document or text; what ``--json`` says of a failure."""
        asked = {
            "argv": words,
            "cwd": str(self.here),
            "out": str(self._out),
            "err": str(self._err),
        }
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(asked) + "\n")
        self._program.stdin.flush()
        began = time.monotonic()
        code = int(self._program.stdout.readline())
        if (seconds := time.monotonic() - began) > SLOW:
            print(f"{seconds:.0f} s: {self._group}: {' '.join(words)[:100]}", file=sys.stderr)
        answer = _read(self._out.read_text("utf-8", "replace"))
        errors = [
            document
            for line in self._err.read_text("utf-8", "replace").splitlines()
            if line.startswith('{"error"') and isinstance(document := _read(line), dict)
        ]
        return code, answer, errors[-1] if errors else None

    def _version(self) -> str:
        _, answer, _ = self._run(["--version"])
        return str(answer).split()[-1]

    def _files(self, names: tuple[str, ...]) -> dict[str, list[Any]]:
        """What is kept of files by their paths; files whose names are ids by chance share one."""
        kept: dict[str, list[Any]] = {}
        for path in (found for name in names for found in _below(self.here / name)):
            name = self._masks.text(str(path.relative_to(self.here)))
            kept.setdefault(name, []).append(self._file(path))
        return {name: sorted(found, key=json.dumps) for name, found in kept.items()}

    def _file(self, path: Path) -> Any:
        """What is kept of a file: its content masked, or of prose only that it is there."""
        if path.suffix in DOCUMENTS:
            return self._masks.document(_read(path.read_text("utf-8")))
        if path.suffix in RECORDED:
            return _table([self._masks.document(_read(line)) for line in _lines(path)])
        if path.suffix == ".parquet":
            table = parquet.read_table(path)
            rows = json.loads(json.dumps(table.to_pylist(), default=str))
            return {
                "schema": [f"{column.name}: {column.type}" for column in table.schema],
                "rows": _table([self._masks.document(row) for row in rows]),
            }
        if path.suffix == ".duckdb":
            return self._database(path)
        if path.suffix in PROSE_FILES:
            return {"bytes": path.stat().st_size > 0}
        return _table([self._masks.text(line) for line in _lines(path)])

    def _database(self, path: Path) -> Any:
        with duckdb.connect(str(path), read_only=True) as connection:
            names = [row[0] for row in connection.sql("SHOW TABLES").fetchall()]
            tables = {name: connection.sql(f'FROM "{name}"').to_arrow_table() for name in names}
        rows = {
            name: json.loads(json.dumps(table.to_pylist(), default=str))
            for name, table in tables.items()
        }
        return {
            name: _table([self._masks.document(row) for row in found])
            for name, found in rows.items()
        }


def _read(text: str) -> Any:
    """The document that a text spells, the text, or None where there is nothing."""
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", "replace").splitlines()


def _below(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(found for found in path.rglob("*") if found.is_file())
    return [path] if path.exists() else []


def _reading(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["seq"], row["source"], row["uri"]


def _without_parts(commits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Commits without digests and sizes of what they stored, which depend on times and ids."""
    for commit in commits:
        parts = _read(commit.get("parts") or "[]")
        commit["parts"] = [f"{part['table']}: {part['rows']} rows" for part in parts]
    return commits


def _without_sizes(answer: Any, words: list[str]) -> Any:
    """Without the size of what is stored, which compresses as its times and ids happen to be."""
    if isinstance(answer, dict) and not STORAGE.isdisjoint(words):
        return {
            name: SIZE if value and "bytes" in name else value for name, value in answer.items()
        }
    return answer


def _table(rows: list[Any]) -> Any:
    """Rows in an order of their own; of many rows a digest, how many, and the first of them."""
    ordered = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    if len(ordered) <= SHOWN:
        return ordered
    digest = hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()
    return {"count": len(ordered), "sha256": digest, "first": ordered[:SHOWN]}
