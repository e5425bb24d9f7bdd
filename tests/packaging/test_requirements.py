"""The files of requirements/ satisfy pyproject.toml, and fix each package by version and digest."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAME = PROJECT["project"]["name"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]

PYTHONS = ("3.11.0", "3.12.0", "3.13.0", "3.14.0")
PLATFORMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))

ASKED = {
    "run": PROJECT["project"]["dependencies"],
    "test": [*PROJECT["project"]["dependencies"], *EXTRAS["test"]],
    "dev": [
        *PROJECT["project"]["dependencies"],
        *(requirement for extra in EXTRAS.values() for requirement in extra),
        *PROJECT["dependency-groups"]["build"],
    ],
    "build": [*PROJECT["dependency-groups"]["build"], *PROJECT["build-system"]["requires"]],
}
"""What each file of requirements/ must satisfy."""

PIN = re.compile(r"[^ ;]+==[^ ;]+( ; .+)?( --hash=sha256:[0-9a-f]{64})+")


def lines(name: str) -> list[str]:
    """The requirements of a locked file, each with its digests in one line."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    whole = re.sub(r" \\\n +", " ", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    return whole.splitlines()


def pins(name: str, environment: dict[str, str]) -> dict[str, str]:
    """The version of each package that is installed in an environment."""
    found: dict[str, str] = {}
    for line in lines(name):
        pin = Requirement(line.split(" --hash")[0])
        if pin.marker is None or pin.marker.evaluate(environment):
            package = canonicalize_name(pin.name)
            assert package not in found, f"{name}.txt pins {package} twice in {environment}"
            found[package] = str(pin.specifier).removeprefix("==")
    return found


def flat(requirements: list[str]) -> Iterator[Requirement]:
    """Requirements, with the project's own extras replaced by what they name."""
    for text in requirements:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) != NAME:
            yield requirement
            continue
        for extra in requirement.extras:
            yield from flat(EXTRAS[extra])


def environments() -> Iterator[dict[str, str]]:
    """Where the locked files are used: each Python on each platform."""
    for python in PYTHONS:
        for system, machine in PLATFORMS:
            yield {
                "python_version": python.rpartition(".")[0],
                "python_full_version": python,
                "sys_platform": system,
                "platform_machine": machine,
                "extra": "",
            }


@pytest.mark.parametrize("name", sorted(ASKED))
def test_each_direct_dependency_is_locked_within_its_range(name: str) -> None:
    wrong = []
    for environment in environments():
        locked = pins(name, environment)
        for requirement in flat(ASKED[name]):
            if requirement.marker is not None and not requirement.marker.evaluate(environment):
                continue
            version = locked.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                wrong.append(f"{requirement} has {version} in {environment}")
    assert not wrong, "\n".join(["`make lock UPGRADE=` brings the locked files up to date", *wrong])


@pytest.mark.parametrize("name", sorted(ASKED))
def test_each_line_is_a_version_with_digests_and_nothing_else(name: str) -> None:
    found = lines(name)
    assert found
    assert [line for line in found if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("name", sorted(set(ASKED) - {"dev"}))
def test_each_file_is_a_part_of_the_one_for_developers(name: str) -> None:
    for environment in environments():
        assert pins(name, environment).items() <= pins("dev", environment).items()


def test_no_other_file_is_locked() -> None:
    folder = ROOT / "requirements"
    assert {path.name for path in folder.iterdir()} == {f"{name}.txt" for name in ASKED}
