"""Documents that run: their console and Python blocks, carried out and compared with the answers.

In a ``console`` block a line that begins with ``$`` is typed, ``>`` continues it, and what follows
is the answer. ``...`` on a line of its own stands for any lines, within a line for any text; runs
of blanks and of rules count as one, since columns are as wide as the paths in them. Any other
block below ``<!-- file: NAME -->`` is written to that file first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:^<!-- file: (?P<file>[\w./-]+) -->\n+)?^```(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

HOME = "/home/ada/corpus/v1"
"""Where the documents say that they are."""


@dataclass(frozen=True)
class Exchange:
    """One command, and what the document says that it answers."""

    command: str
    shown: str


def exchanges(body: str) -> list[Exchange]:
    """The commands of a console block with their answers."""
    found: list[Exchange] = []
    command: list[str] = []
    answer: list[str] = []
    for line in [*body.splitlines(), "$ "]:
        if line.startswith("$ "):
            if command:
                found.append(Exchange("\n".join(command), "\n".join(answer)))
            command, answer = [line[2:]], []
        elif line.startswith("> ") and not answer:
            command.append(line[2:])
        else:
            answer.append(line)
    return found


UNSTEADY = (
    (re.compile("─+"), "─"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r"in [\d.]+ s, [\d.]+ \w+/s"), "in no time"),
    # What is sealed or written out names the files, and so depends on where they are.
    (re.compile(r"is sealed: sha256:[0-9a-f]{64}"), "is sealed"),
    (re.compile(r"\.prov/quarantine/[0-9a-f-]+\.parquet"), ".prov/quarantine"),
    (re.compile(r"(?<!sha256:)\b[0-9a-f]{64}\b"), "sha256"),
)
"""What differs from one run to the next and is no part of the answer."""


def plain(text: str) -> str:
    """Without what depends on the place and the moment, and on the widths of columns."""
    for pattern, steady in UNSTEADY:
        text = pattern.sub(steady, text)
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def agrees(shown: str, real: str) -> bool:
    """Whether an answer is the one that is shown."""
    pattern = ""
    for line in plain(shown).split("\n"):
        within = re.escape(line).replace(re.escape("..."), ".*?")
        pattern += r"(?:.*\n)*?" if line == "..." else within + r"\n"
    return re.fullmatch(pattern, plain(real) + "\n") is not None


class Session:
    """A folder in which a document is carried out."""

    def __init__(self, folder: Path, *others: Path) -> None:
        self.folder = folder
        self._places = [str(place) for place in (folder, *others)]
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("PROV_", "COV"))}
        program = Path(sys.executable).parent
        self._environment = {**keep, "PATH": f"{program}{os.pathsep}{keep.get('PATH', '')}"}

    def run(self, command: str) -> str:
        """What a command prints, its folder named as the documents name it."""
        return self._run(["bash", "-c", command])

    def python(self, program: str) -> str:
        """What a program prints."""
        return self._run([sys.executable, "-c", program])

    def _run(self, arguments: list[str]) -> str:
        done = subprocess.run(
            arguments,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        out = done.stdout
        for place in self._places:
            out = out.replace(place, HOME)
        return out


def carry_out(document: str, session: Session) -> Iterator[tuple[Exchange, str]]:
    """Every command of a document with its real answer, files written on the way.

    A Python block has no answer of its own; where a ``text`` block follows, that is it.
    """
    blocks = list(BLOCK.finditer(document))
    for place, block in enumerate(blocks):
        body, kind = block["body"], block["kind"]
        if block["file"]:
            path = session.folder / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
        elif kind == "console":
            for exchange in exchanges(body):
                yield exchange, session.run(exchange.command)
        elif kind == "python":
            after = blocks[place + 1] if place + 1 < len(blocks) else None
            shown = after["body"] if after is not None and after["kind"] == "text" else ""
            yield Exchange(body, shown.rstrip("\n")), session.python(body)
