"""The demonstration: small data, their contracts, a policy, and the whole job in steps."""

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
    _step("A ledger, where everything will be kept", "init"),
    _step(
        "Two human sources and one of generated text, each with its contract",
        "source set --from sources.yaml",
    ),
    _step("Read the first human source", "ingest field-notes.jsonl --source field-notes"),
    _step("And the second", "ingest town-chronicle.jsonl --source town-chronicle"),
    _step(
        "And the generated text, whose records name the model that wrote them",
        "ingest generated.jsonl --source generated",
    ),
    _step("What is there now", "status"),
    _step("May all of it become a training set?", "audit --policy policy.yaml", exit_code=1),
    _step(
        "No. So take the largest set that keeps every budget",
        f"assemble {RELEASE} --policy policy.yaml --fit",
    ),
    _step("Would the gate let that release through?", f"audit {RELEASE} --policy policy.yaml"),
    _step(
        "Write its data, every digest checked against the files they came from",
        f"export {RELEASE} --to release --format jsonl",
    ),
    _step("And its report", f"report {RELEASE} --format html -o {REPORT}"),
)
"""The whole job; the commands are run in the folder of the demonstration."""


def fresh(folder: Path) -> Path:
    """The folder, or the first of ``folder-2``, ``folder-3``, … that does not exist."""
    place, number = folder, 1
    while place.exists():
        number += 1
        place = folder.with_name(f"{folder.name}-{number}")
    return place


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
