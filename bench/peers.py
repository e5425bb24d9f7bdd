"""Measure ingest against what other tools take for the same files.

    python bench/peers.py [--environments DIR] [--install] [--records N] [--files N] [--folder DIR]

HF datasets and datatrove read a JSONL file, take SHA-256 of every text and write what they found;
`dvc add` takes in a folder of small text files. Each is run from an environment of its own, below
the folder of environments, which `--install` makes; one that is not there is left out. Everybody
has its default settings, starts with empty caches, and takes turns with ours.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest import Cost, corpus, measured, middle, prov
from running import keep, parser, shown

import provenance

DATASETS = """
import hashlib, sys
import datasets
path, folder = sys.argv[1:]
datasets.disable_progress_bars()
def hashed(rows):
    return {"sha256": [hashlib.sha256(text.encode()).hexdigest() for text in rows["text"]]}
rows = datasets.load_dataset("json", data_files=path, split="train", cache_dir=f"{folder}/cache")
rows = rows.map(hashed, batched=True, remove_columns=["text", "lang"])
rows.to_parquet(f"{folder}/out.parquet")
"""

DATATROVE = """
import hashlib, os, sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
path, folder = sys.argv[1:]
def hashed(documents, rank=0, world_size=1):
    for document in documents:
        document.metadata["sha256"] = hashlib.sha256(document.text.encode()).hexdigest()
        yield document
reader = JsonlReader(os.path.dirname(path), glob_pattern=os.path.basename(path))
writer = JsonlWriter(f"{folder}/out")
steps = [reader, hashed, writer]
LocalPipelineExecutor(pipeline=steps, logging_dir=f"{folder}/logs").run()
"""

ALONE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DVC_NO_ANALYTICS": "1",
}
"""Nobody needs the network for this, or may look for news there."""

PER_FOLDER = 1_000


def main() -> None:
    """Every peer that is there, in turn with ours; print the ratios, and keep the numbers."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(ALONE)
    answer: dict[str, Any] = {"records": options.records, "files": options.files, "peers": {}}
    for name, measure in PEERS.items():
        python = options.environments / name / "bin" / "python"
        if options.install and not python.exists():
            _install(options.environments / name, name)
        if not python.exists():
            print(f"{name} is not in {options.environments} and left out: --install puts it there")
            continue
        turns = [measure(options, python) for _ in range(options.runs)]
        theirs, ours = (middle(list(costs)) for costs in zip(*turns, strict=True))
        version = f"from importlib.metadata import version; print(version('{name}'))"
        found = subprocess.run([python, "-c", version], capture_output=True, text=True, check=True)
        answer["peers"][name] = {"version": found.stdout.strip(), "theirs": theirs, "ours": ours}
        print(shown(f"{name} {found.stdout.strip()}", theirs))
        print(shown("prov ingest of the same", ours))
        print(f"ingest is {theirs.seconds / ours.seconds:.1f} times as fast as {name}")
    keep(options.folder, "peers", answer)


def _options() -> argparse.Namespace:
    made = parser(__doc__, runs=3)
    home = Path(__file__).parent / "out" / "environments"
    made.add_argument("--environments", type=Path, default=home, help="where the peers are")
    made.add_argument("--install", action="store_true", help="make environments that are missing")
    made.add_argument("--records", type=int, default=1_000_000)
    made.add_argument("--files", type=int, default=100_000, help="small ones, for dvc")
    return made.parse_args()


def _install(folder: Path, name: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    extra = {"datatrove": "datatrove[io]"}.get(name, name)
    subprocess.run([*pip, "install", extra], check=True)


def _datasets(options: argparse.Namespace, python: Path) -> tuple[Cost, Cost]:
    return _of_a_file(options, python, DATASETS)


def _datatrove(options: argparse.Namespace, python: Path) -> tuple[Cost, Cost]:
    return _of_a_file(options, python, DATATROVE)


def _of_a_file(options: argparse.Namespace, python: Path, program: str) -> tuple[Cost, Cost]:
    """Theirs and ours over the corpus."""
    path = corpus(options.folder, options.records).absolute()
    aside = _aside(options.folder)
    aside.mkdir()
    os.environ["HF_HOME"] = str(aside / "home")
    theirs = measured([str(python), "-c", program, str(path), str(aside)])
    shutil.rmtree(aside)
    return theirs, _ours(options.folder, path)


def _dvc(options: argparse.Namespace, python: Path) -> tuple[Cost, Cost]:
    """A first `dvc add`, of a copy since it moves what it is given, and ours."""
    texts = small(options.folder, options.files)
    aside = _aside(options.folder)
    shutil.copytree(texts, aside / "texts")
    for purpose in ("SITE_CACHE_DIR", "GLOBAL_CONFIG_DIR", "SYSTEM_CONFIG_DIR"):
        os.environ[f"DVC_{purpose}"] = str(aside / purpose.lower())
    dvc = [str(python), "-m", "dvc", "--cd", str(aside)]
    measured([*dvc, "init", "--no-scm", "--quiet"])
    theirs = measured([*dvc, "add", "--quiet", "texts"])
    shutil.rmtree(aside)
    return theirs, _ours(options.folder, texts)


def _aside(folder: Path) -> Path:
    """Where a peer may put what it likes; there is nothing yet, whatever a killed run left."""
    aside = folder.absolute() / "peer"
    shutil.rmtree(aside, ignore_errors=True)
    return aside


def _ours(folder: Path, path: Path) -> Cost:
    ledger = folder / "peers-ledger"
    shutil.rmtree(ledger, ignore_errors=True)
    provenance.init(str(ledger))
    cost = measured(prov(ledger, "ingest", str(path), "--source", "bench"))
    shutil.rmtree(ledger)
    return cost


def small(folder: Path, files: int) -> Path:
    """A folder of text files of some hundred bytes, the same for the same count; made once."""
    made = folder / f"texts-{files}"
    if made.exists():
        return made
    chance = random.Random(1)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5_000)]
    partial = made.with_suffix(".partial")
    for number in range(files):
        place = partial / f"{number // PER_FOLDER:03}"
        place.mkdir(parents=True, exist_ok=True)
        text = " ".join(chance.choices(words, k=60))
        (place / f"{number}.txt").write_text(f"Text {number}. {text}\n")
    partial.rename(made)
    return made


PEERS: dict[str, Callable[[argparse.Namespace, Path], tuple[Cost, Cost]]] = {
    "datasets": _datasets,
    "datatrove": _datatrove,
    "dvc": _dvc,
}


if __name__ == "__main__":
    main()
