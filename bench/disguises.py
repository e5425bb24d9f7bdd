"""Measure which disguises of a known text are seen through: the re-wrap table.

    python bench/disguises.py [--texts N] [--folder DIR]

Texts of a source that is declared synthetic come again in twenty disguises, declared human: as
records, as the answers of pairs, and once more when the source has been purged. What the rule of
normalisation promises to see through must be caught every time; the others are listed.
"""

from __future__ import annotations

import html
import json
import random
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from running import keep, parser

import provenance
from provenance.ledger import Ledger
from provenance.model.takedown import Selector, Takedown
from provenance.operations.ingest import IngestOptions

Disguise = Callable[[str], str]

_LOOKALIKES = str.maketrans("aceopxyBHKMT", "асеорхуВНКМТ")  # noqa: RUF001 - Cyrillic
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_ACCENTS = str.maketrans({"a": "á", "e": "ê", "i": "ï", "o": "ō", "u": "ů", "c": "ç", "n": "ñ"})


def _words(text: str, share: float) -> str:
    words = text.split(" ")
    return " ".join(words[: int(len(words) * share)])


PROMISED: dict[str, Disguise] = {
    "case": str.upper,
    "newline": lambda text: f"{text}\n",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "spaces": lambda text: f"  {text.replace(' ', '  ')} \t",
    "zero-width": "\u200b".join,
    "soft hyphen": lambda text: text.replace("a", "a\u00ad"),
    "nbsp": lambda text: text.replace(" ", "\u00a0"),
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "full width": lambda text: text.translate(_FULL_WIDTH),
    "quote": lambda text: "\n".join(f"> \u201c{line}\u201d" for line in text.split("\n")),
    "HTML escape": lambda text: html.escape(text).replace("é", "&eacute;"),
    "HTML wrap": lambda text: f'<div class="a">\n<p>{html.escape(text)}</p><br/></div>',
    "homoglyphs": lambda text: text.translate(_LOOKALIKES),
    "accents": lambda text: text.translate(_ACCENTS),
}
"""What ``norm-2`` sees through."""

OTHERS: dict[str, Disguise] = {
    "JSON wrap": lambda text: json.dumps({"text": text}),
    "prefix": lambda text: f"Sure, here is what you asked for: {text}",
    "suffix": lambda text: f"{text} I hope that this helps!",
    "one word": lambda text: text.replace(" ", " really ", 1),
    "90 %": lambda text: _words(text, 0.9),
    "half": lambda text: _words(text, 0.5),
}
"""What fingerprints of pieces of a text would have to catch."""

DISGUISES = PROMISED | OTHERS


def main() -> None:
    """Make the ledger, disguise, print the table, and keep it."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder / "disguises-ledger"
    shutil.rmtree(folder, ignore_errors=True)
    ledger = provenance.init(str(folder))
    files = _files(options.folder, list(_texts(options.texts)))
    found = _caught(ledger, files)
    print(f"{options.texts} texts{'':<8}{'records':>9}{'answers':>9}{'purged':>9}")
    for name, counts in found.items():
        numbers = "".join(f"{counts[what]:>9}" for what in ("records", "answers", "purged"))
        print(f"{name:<20}{numbers}  {'promised' if name in PROMISED else 'not promised'}")
    keep(options.folder, "disguises", {"texts": options.texts, "caught": found})
    shutil.rmtree(folder)
    for path in files.values():
        path.unlink()
    missed = [n for n in PROMISED if set(found[n].values()) != {options.texts}]
    if missed:
        raise SystemExit(f"promised, and not seen through: {', '.join(missed)}")


def _options() -> Any:
    made = parser(__doc__)
    made.add_argument("--texts", type=int, default=2_000)
    return made.parse_args()


def _texts(count: int) -> Iterator[str]:
    """Paragraphs with all that disguises play with: accents, marks of HTML, several lines."""
    chance = random.Random(1)
    words = [
        "".join(chance.choices("etaoinshrdlucmpxy", k=chance.randint(2, 9))) for _ in range(900)
    ]
    for number in range(count):
        lines = [" ".join(chance.choices(words, k=12)).capitalize() for _ in range(3)]
        yield f'No. {number}, at the café: "{lines[0]}"\n{lines[1]} & {lines[2]}, if 3 < 4 > 2.'


def _files(folder: Path, texts: list[str]) -> dict[str, Path]:
    """The texts as they are, as other records, and as answers of pairs."""
    dressed = {
        f"{name}:{number}": disguise(text)
        for name, disguise in DISGUISES.items()
        for number, text in enumerate(texts)
    }
    rows = {
        "known": [{"id": f":{number}", "text": text} for number, text in enumerate(texts)],
        "records": [{"id": name, "text": text} for name, text in dressed.items()],
        "answers": [
            {"id": name, "instruction": f"Write about {name}.", "output": text}
            for name, text in dressed.items()
        ],
    }
    files = {name: folder / f"disguises-{name}.jsonl" for name in rows}
    for name, path in files.items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows[name])
        path.write_text("".join(lines), encoding="utf-8")
    return files


def _caught(ledger: Ledger, files: dict[str, Path]) -> dict[str, dict[str, int]]:
    """How many of each disguise are not taken for human, as what."""
    _ingest(ledger, files["known"], "known", label="synthetic")
    for name in ("records", "answers"):
        _ingest(ledger, files[name], name, label="human")
    counts = {name: dict.fromkeys(("records", "answers", "purged"), 0) for name in DISGUISES}
    rows = ledger.query(
        "SELECT s.source, split_part(s.external_id, ':', 1) AS name, count(*) AS texts "
        "FROM sightings s JOIN origins o USING (record_id) "
        "WHERE s.source <> 'known' AND o.label <> 'human' AND o.conflict GROUP BY ALL"
    ).to_pylist()
    for row in rows:
        counts[row["name"]][row["source"]] = row["texts"]
    takedown = Takedown(selectors=(Selector(kind="source", values=("known",)),))
    ledger.revoke(takedown, "it was asked for")
    ledger.purge(takedown.revocation)
    for again in ("records", "answers"):
        _ingest(ledger, files[again], f"{again} again", label="human")
    back = ledger.query(
        "SELECT split_part(external_id, ':', 1) AS name, count(*) AS texts "
        "FROM sightings WHERE source LIKE '% again' GROUP BY ALL"
    ).to_pylist()
    texts = sum(1 for _ in files["known"].open(encoding="utf-8"))
    left = {row["name"]: row["texts"] for row in back}
    for name, count in counts.items():
        count["purged"] = (2 * texts - left.get(name, 0)) // 2
    return counts


def _ingest(ledger: Ledger, path: Path, source: str, *, label: str) -> None:
    ledger.ingest([str(path)], IngestOptions(source=source, label=label))


if __name__ == "__main__":
    main()
