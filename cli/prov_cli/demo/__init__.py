"""The demo: example data, source contracts, a policy, and the steps that are run on them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from provenance import MisuseError, StorageError, write_schemas

RELEASE = "first-release"

REPORT = "report.html"

_FILES = (
    "field-notes.jsonl",
    "town-chronicle.jsonl",
    "generated.jsonl",
    "sources.yaml",
    "policy.yaml",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the job.

    Attributes:
        reason: why it is given, in one line.
        arguments: what stands after ``prov``.
        exit_code: how it ends.
    """

    reason: str
    arguments: tuple[str, ...]
    exit_code: int = 0

    @property
    def command(self) -> str:
        """The command as it is typed."""
        return " ".join(("prov", *self.arguments))


def _step(reason: str, arguments: str, exit_code: int = 0) -> Step:
    return Step(reason, tuple(arguments.split()), exit_code)


STEPS: tuple[Step, ...] = (
    _step("Create a ledger", "init"),
    _step(
        "Declare two human sources and a generated one, each with its contract",
        "source set --from sources.yaml",
    ),
    _step("Ingest the first human source", "ingest field-notes.jsonl --source field-notes"),
    _step("Ingest the second", "ingest town-chronicle.jsonl --source town-chronicle"),
    _step(
        "Ingest the generated text, whose records name the model that wrote them",
        "ingest generated.jsonl --source generated",
    ),
    _step("Show the totals", "status"),
    _step(
        "Check everything against the policy: the audit fails",
        "audit --policy policy.yaml",
        exit_code=1,
    ),
    _step(
        "Select the largest set that satisfies every budget, and seal it",
        f"assemble {RELEASE} --policy policy.yaml --fit",
    ),
    _step("Check the release against the policy", f"audit {RELEASE} --policy policy.yaml"),
    _step(
        "Write its data, every digest verified against the source files",
        f"export {RELEASE} --to release --format jsonl",
    ),
    _step("Write its report", f"report {RELEASE} --format html -o {REPORT}"),
)
"""All steps; the commands run in the folder of the demo."""


def fresh(folder: Path) -> Path:
    """The folder, or the first of ``folder-2``, ``folder-3``, … that does not exist."""
    candidate, number = folder, 1
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def prepare(folder: Path) -> None:
    """Write the data, the contracts, the policy and their schemas into a new or empty folder.

    Raises:
        MisuseError: there is something in it.
        StorageError: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MisuseError(f"`{folder}` is not an empty folder", hint="choose another --to")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        packaged = resources.files(__package__)
        for name in _FILES:
            (folder / name).write_bytes((packaged / name).read_bytes())
        write_schemas(folder / "schemas", ("source", "policy"))
    except OSError as error:
        raise StorageError(f"writing `{folder}` failed: {error.strerror or error}") from error
