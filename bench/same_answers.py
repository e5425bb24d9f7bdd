"""Show that two checkouts of ``prov`` give the same answers.

    python bench/same_answers.py record OUT.json --tree TREE [--data FOLDER] [--lanes N]
    python bench/same_answers.py compare BEFORE.json AFTER.json
    python bench/same_answers.py commits OLD NEW [--data FOLDER] [--lanes N]

``--only GROUP …`` runs some groups of the commands alone.

One fixed script of commands is run with each checkout: answers to ``--json``, exit codes, codes of
errors, the rows of every documented view, manifests, exported files and reports. Times, durations,
folders, versions, ids drawn by chance and prose are masked (``answers_masks.py``); nothing else may
differ. Both records have to be made by the same version of this program.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from answers_commands import GROUPS
from answers_masks import differences
from answers_recording import Recording

ROOT = Path(__file__).resolve().parents[1]
SHOWN = 200  # characters of a value that differs


def main() -> int:
    """Do what is asked; 1 where answers differ."""
    options = _options()
    if options.what == "record":
        record(options.tree, options.data, options.only, options.lanes, options.out)
        return 0
    if options.what == "compare":
        return compare(
            json.loads(options.before.read_text()), json.loads(options.after.read_text())
        )
    records = []
    for commit in (options.old, options.new):
        with checkout(commit) as tree:
            records.append(record(tree, options.data, options.only, options.lanes))
    return compare(*records)


def record(
    tree: Path, data: Path | None, only: list[str], lanes: int, out: Path | None = None
) -> dict[str, Any]:
    """The masked answers of a checkout, some groups of commands at a time; kept in ``out``, too.

    The folder of the commands is the same at every call, for paths are in some ids; two calls at
    once wait for one another.
    """
    began = time.monotonic()
    tree, folder = tree.resolve(), Path(tempfile.gettempdir()).resolve() / "same-answers"
    names = [name for name in GROUPS if not only or name in only]
    if data is None and "real" in names:
        names.remove("real")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with ThreadPoolExecutor(lanes) as pool:
            lots = [pool.submit(_answers, name, tree, folder, data) for name in names]
            answers: dict[str, Any] = {}
            for lot in as_completed(lots):
                answers |= lot.result()
                if out is not None:
                    out.write_text(_json(answers))
        shutil.rmtree(folder)
    print(f"{len(answers)} answers of {tree} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return answers


def _answers(group: str, tree: Path, folder: Path, data: Path | None) -> dict[str, Any]:
    began = time.monotonic()
    with Recording(tree, folder, data and data.resolve()) as run:
        GROUPS[group](run)
    print(f"{group}: {len(run.answers)} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return run.answers


def compare(before: dict[str, Any], after: dict[str, Any]) -> int:
    """Print each difference: the command, the JSON pointer and both values."""
    found = 0
    for name in sorted({*before, *after}):
        one, other = before.get(name, {}), after.get(name, {})
        for pointer, left, right in differences(one, other):
            found += 1
            print(f"{name}\n  {pointer}\n  - {_short(left)}\n  + {_short(right)}")
    print(f"{len(before)} answers and {len(after)}: {found} differences")
    return int(found > 0)


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A commit, checked out in a temporary folder for a while."""
    folder = Path(tempfile.mkdtemp(prefix="same-answers-tree-"))
    git = ("git", "-C", str(ROOT), "worktree")
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder / "tree"), commit], check=True)
    try:
        yield folder / "tree"
    finally:
        subprocess.run([*git, "remove", "--force", str(folder / "tree")], check=True)
        shutil.rmtree(folder)


def _json(answers: dict[str, Any]) -> str:
    return json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _short(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked = made.add_subparsers(dest="what", required=True)
    parsers = [asked.add_parser(name) for name in ("record", "compare", "commits")]
    recording, comparing, commits = parsers
    recording.add_argument("out", type=Path)
    recording.add_argument("--tree", type=Path, default=ROOT)
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    commits.add_argument("old")
    commits.add_argument("new")
    for parser in (recording, commits):
        parser.add_argument("--data", type=Path, help="folder of published data sets")
        parser.add_argument("--lanes", type=int, default=2, help="groups that run at a time")
        parser.add_argument("--only", nargs="*", default=[], choices=GROUPS)
    return made.parse_args()


if __name__ == "__main__":
    sys.exit(main())
