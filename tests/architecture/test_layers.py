"""The house of docs/architecture.md, held by reading the source: who may import whom."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

import provenance

ROOT = Path(__file__).resolve().parents[2]

GROUND = {"errors": set[str](), "model": {"errors"}, "content": {"errors", "model"}}
WORLD = {"io"}
PURE = {"origin", "lineage", "policy", "interchange", "reports", "engine"}

ROOMS: dict[str, set[str]] = {
    # Each room, and the rooms that it may import.
    **GROUND,
    **{room: set(GROUND) for room in WORLD | PURE},
    "store": {*GROUND, "io"},
    "views": {*GROUND, "store", "origin", "lineage"},
    "operations": {*GROUND, *WORLD, *PURE, "store", "views"},
    "ledger": {*GROUND, *WORLD, *PURE, "store", "views", "operations"},
    "provenance": {*GROUND, *WORLD, *PURE, "store", "views", "operations", "ledger"},
}

FLOORS = {
    # Inside a large room: its sections from the ground up; each imports its own and lower ones.
    "io": (
        ("files", "objects"),
        ("new_folder", "contract"),
        ("streams",),
        ("columns",),
        ("records",),
        ("readers",),
        ("discovery", "exports"),
    ),
    "operations": (
        ("coerce", "keyword_types", "progress", "row_list"),
        ("documents", "older_rules", "trace", "lineage_export", "derivation", "takedown"),
        ("load", "after_commit", "sources", "records"),
        ("activities", "ingest", "models"),
        ("lineage_import", "members"),
        ("judging",),
        ("audit", "releases"),
        ("maintenance", "reporting"),
    ),
}

HOMES = {
    # Why each has one home: docs/architecture.md.
    "duckdb": {"provenance.store", "provenance.io"},
    "click": {"prov_cli"},
    "jinja2": {"provenance.content.web_page"},
    "rich": {"prov_cli", "provenance.operations.progress"},
    "ray": {"provenance.engine"},
    "highspy": {"provenance.policy.fit"},
    "prov": {"provenance.interchange"},
    "obstore": {"provenance.io.objects"},
    "botocore": {"provenance.io.objects"},
    "publicsuffixlist": {"provenance.reports.compliance"},
    "license_expression": {"provenance.model.code_lists"},
}

MOST_ENTRIES = 19
MOST_LINES = 400
MOST_FUNCTION_LINES = 60
RIDDLES = frozenset(
    [
        "said",
        "told",
        "held",
        "near",
        "few",
        "loose",
        "beside",
        "way",
        "ways",
        "place",
        "places",
        "what",
        "those",
    ]
)
"""Words that tell a reader nothing when they stand in an identifier."""

PLAIN = ("errors", "model", "origin", "lineage", "policy", "engine")
"""Rooms whose identifiers have none of these words."""

ONCE = ("graph", "views", "findings", "evidence", "descent")
"""Names of modules that must not come twice in the house."""


def name_of(path: Path) -> str:
    """``provenance.store.schema`` for its file."""
    start = ROOT / "cli" if path.is_relative_to(ROOT / "cli") else ROOT
    parts = path.relative_to(start).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(folder: str) -> dict[str, Path]:
    return {name_of(path): path for path in sorted((ROOT / folder).rglob("*.py"))}


PROVENANCE = sources("provenance")
CLI = sources("cli")
ALL = {**PROVENANCE, **CLI}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(name: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported: lazily and for type checking only, too."""
    path = ALL[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def module_of(name: str) -> str:
    """The module of an imported name: ``provenance.errors`` for ``provenance.errors.ProvError``."""
    while name not in PROVENANCE and "." in name:
        name = name.rpartition(".")[0]
    return name


def edges() -> Iterator[tuple[str, str, int]]:
    """Importer, imported and line, of every import of the library within itself."""
    for own in PROVENANCE:
        for line, name in imports(own):
            if name.partition(".")[0] == "provenance" and (other := module_of(name)) != own:
                yield own, other, line


def room_of(module: str) -> str:
    return [*module.split("."), "provenance"][1] if "." in module else "provenance"


def floor_of(room: str, module: str) -> int | None:
    section = [*module.split("."), ""][2]
    floors = FLOORS.get(room, ())
    return next((at for at, names in enumerate(floors) if section in names), None)


def wrong(own: str, other: str) -> str | None:
    """Why a module may not import another, or nothing."""
    up, down = room_of(own), room_of(other)
    if up != down:
        return None if down in ROOMS.get(up, set()) else f"{up} may not import {down}"
    here, there = floor_of(up, own), floor_of(up, other)
    if here is not None and there is not None and there > here:
        return f"in {up}, {other} is above {own}"
    if here is not None and here == there and own.split(".")[2] != other.split(".")[2]:
        return f"in {up}, {other} is beside {own}"
    return None


def test_every_room_has_its_line() -> None:
    rooms = {room_of(module) for module in PROVENANCE}
    lacking = sorted(rooms - ROOMS.keys())
    assert not lacking, f"no line in PURE or ROOMS of this file: {lacking}"


def test_imports_point_down_and_rooms_do_not_see_each_other() -> None:
    found = [
        f"{own}:{line} imports {other}: {reason}"
        for own, other, line in edges()
        if (reason := wrong(own, other))
    ]
    assert not found, "\n" + "\n".join(found)


def test_every_section_of_a_large_room_has_its_floor() -> None:
    for room, floors in FLOORS.items():
        sections = {
            name.split(".")[2]
            for name in PROVENANCE
            if name.count(".") > 1 and room_of(name) == room
        }
        assert sections == {section for floor in floors for section in floor}


@pytest.mark.parametrize("depth", [2, 3, 4, 9], ids=["rooms", "sections", "folders", "modules"])
def test_no_imports_in_circles(depth: int) -> None:
    def short(module: str) -> str:
        return ".".join(module.split(".")[:depth])

    graph: dict[str, set[str]] = defaultdict(set)
    for own, other, _ in edges():
        # A package that collects names from within is no floor of its own.
        if short(own) != short(other) and own not in PACKAGES and other not in PACKAGES:
            graph[short(own)].add(short(other))
    list(TopologicalSorter(graph).static_order())


PACKAGES = {name for name, path in PROVENANCE.items() if path.name == "__init__.py"}


def test_the_command_line_uses_the_public_face_only() -> None:
    public = {"provenance"} | {f"provenance.{name}" for name in provenance.__all__}
    assert not [
        f"{own}:{line} imports {name}"
        for own in CLI
        for line, name in imports(own)
        if name.partition(".")[0] == "provenance" and name not in public
    ]


def test_the_library_calls_no_command() -> None:
    assert not [own for own in PROVENANCE for _, name in imports(own) if "prov_cli" in name]


def test_one_library_has_one_home() -> None:
    found = [
        f"{name}:{line} imports {library}"
        for name in ALL
        for line, imported in imports(name)
        if (library := imported.partition(".")[0]) in HOMES
        and not any(f"{name}.".startswith(f"{home}.") for home in HOMES[library])
    ]
    assert not found


def test_names_tell_modules_apart() -> None:
    assert len(list((ROOT / "provenance").glob("[!_.]*"))) <= MOST_ENTRIES
    names = Counter(
        (room_of(name), name.rpartition(".")[2]) for name in PROVENANCE if name not in PACKAGES
    )
    assert not [name for name, count in names.items() if count > 1]
    last = Counter(name.rpartition(".")[2] for name in PROVENANCE)
    assert not [name for name in ONCE if last[name] > (name == "views") + 1]


def identifiers(module: ast.Module) -> Iterator[str]:
    """Names of functions, classes, parameters, and variables that are assigned."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_identifiers_are_words_that_tell_something() -> None:
    found = {
        (own, name)
        for own in PROVENANCE
        if room_of(own) in PLAIN
        for name in identifiers(tree(ALL[own]))
        if RIDDLES & set(re.findall("[a-z]+", re.sub("([A-Z])", r"_\1", name).lower()))
    }
    assert found <= {("provenance.lineage.graph_arrays", "way")}  # a column of the edges


def calls(name: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(ALL[name])):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.lineno, node.func.id


def functions(name: str) -> Iterator[tuple[str, int]]:
    """Name and length of every function, from its ``def`` to its last line."""
    for node in ast.walk(tree(ALL[name])):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{name}:{node.lineno} {node.name}", lines


def test_the_library_does_not_print() -> None:
    silent = {"print", "input", "breakpoint"}
    assert not [(own, line) for own in PROVENANCE for line, call in calls(own) if call in silent]


def test_nothing_is_imported_by_star() -> None:
    assert not [own for own in ALL for _, name in imports(own) if name.endswith(".*")]


def test_files_and_functions_are_of_moderate_length() -> None:
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in ALL.items()}
    assert not {name: count for name, count in lines.items() if count > MOST_LINES}
    assert median(lines.values()) <= 130
    long = {name: n for own in ALL for name, n in functions(own) if n > MOST_FUNCTION_LINES}
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    assert not [name for name, path in ALL.items() if not ast.get_docstring(tree(path))]


@pytest.mark.parametrize(
    ("own", "other", "allowed"),
    [
        ("model.policy", "errors", True),
        ("errors", "model.policy", False),
        ("origin.resolver", "model.origin", True),
        ("origin.resolver", "reports.facts", False),
        ("store.schema", "io.objects", True),
        ("store.schema", "views.copies", False),
        ("policy.fit.solve", "policy.evaluate", True),
        ("reports.render.html", "operations.audit", False),
        ("operations.reporting.fill", "reports.facts", True),
        ("operations.ingest.run", "operations.judging.origin_findings", False),
        ("operations.activities", "operations.ingest.options", False),
        ("operations.audit.run_audit", "operations.releases.assemble", False),
        ("io.columns.schema", "io.readers.image", False),
        ("io.streams.decompress", "io.columns.schema", False),
        ("lineage.edges", "policy.evaluate", False),
    ],
)
def test_the_rule_itself(own: str, other: str, *, allowed: bool) -> None:
    assert (wrong(f"provenance.{own}", f"provenance.{other}") is None) == allowed
