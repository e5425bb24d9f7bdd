"""The wheel holds everything that an installation needs, and nothing else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

DATA = {
    "provenance/py.typed",
    "prov_cli/py.typed",
    "provenance/report/page.css",
    "provenance/report/page.html",
    "provenance/demo/field-notes.jsonl",
    "provenance/demo/town-chronicle.jsonl",
    "provenance/demo/generated.jsonl",
    "provenance/demo/sources.yaml",
    "provenance/demo/policy.yaml",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    if importlib.util.find_spec("hatchling") is not None:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    elif importlib.util.find_spec("pip") is not None:
        build = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "-w",
            str(folder),
            ".",
        ]
    else:
        pytest.skip("neither hatchling nor pip is here to build a wheel")
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    built = list(folder.glob("*.whl"))
    if not built and "hatchling" not in build and "No matching distribution" in done.stderr:
        pytest.skip("hatchling is not here and cannot be fetched")
    assert built, done.stdout + done.stderr
    with zipfile.ZipFile(built[0]) as opened:
        yield opened


def members(wheel: zipfile.ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def test_data_files_are_packed(wheel: zipfile.ZipFile) -> None:
    assert members(wheel) >= DATA


def test_every_module_is_packed(wheel: zipfile.ZipFile) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "provenance").rglob("*.py")}
    doors = ROOT / "cli"
    modules |= {path.relative_to(doors).as_posix() for path in (doors / "prov_cli").rglob("*.py")}
    assert members(wheel) >= modules


def test_nothing_else_is_packed(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in members(wheel)} == {"provenance", "prov_cli"}
    assert not [name for name in members(wheel) if "__pycache__" in name or "test" in name]


def test_the_licence_and_the_program_are_declared(wheel: zipfile.ZipFile) -> None:
    meta = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "LICENSE" in meta
    assert "prov = prov_cli.main:main" in wheel.read(meta["entry_points.txt"]).decode()
    metadata = wheel.read(meta["METADATA"]).decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "# prov" in metadata
