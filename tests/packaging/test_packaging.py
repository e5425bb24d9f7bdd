"""The wheel holds everything that an installation needs, and nothing else."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

DATA = {
    "provenance/py.typed",
    "prov_cli/py.typed",
    "provenance/content/norm-2.txt",
    "provenance/content/pages/base.css",
    "provenance/content/pages/base.html",
    "provenance/reports/render/templates/release.html",
    "provenance/interchange/drawing/templates/lineage.js",
    "prov_cli/demo/field-notes.jsonl",
    "prov_cli/demo/town-chronicle.jsonl",
    "prov_cli/demo/generated.jsonl",
    "prov_cli/demo/sources.yaml",
    "prov_cli/demo/policy.yaml",
}


def built(folder: Path, **environment: str) -> Path:
    """The wheel of this checkout."""
    if importlib.util.find_spec("hatchling") is not None:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    elif importlib.util.find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        build = [*pip, "-w", str(folder), "."]
    else:
        pytest.skip("neither hatchling nor pip is here to build a wheel")
    env = {**os.environ, **environment}
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    wheels = list(folder.glob("*.whl"))
    if not wheels and "hatchling" not in build and "No matching distribution" in done.stderr:
        pytest.skip("hatchling is not here and cannot be fetched")
    assert wheels, done.stdout + done.stderr
    return wheels[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(built(tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


@pytest.mark.slow
def test_the_loop_is_packed_for_the_platform_that_it_was_compiled_for(
    wheel: zipfile.ZipFile,
) -> None:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler here")
    assert "provenance/content/fold.so" in members(wheel)
    assert "-py3-none-linux_" in str(wheel.filename)


@pytest.mark.slow
def test_without_a_compiler_the_wheel_is_for_all_platforms(tmp_path: Path) -> None:
    bare = built(tmp_path, PATH=str(Path(sys.executable).parent))
    assert bare.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(bare) as opened:
        assert "provenance/content/fold.so" not in members(opened)
        assert "provenance/content/fold.c" in members(opened)


@pytest.mark.slow
def test_a_compiler_that_fails_leaves_a_wheel_for_all_platforms(tmp_path: Path) -> None:
    assert built(tmp_path, CC=shutil.which("false") or "").name.endswith("-py3-none-any.whl")


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
