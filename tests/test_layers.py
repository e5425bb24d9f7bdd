"""The storeys of docs/architecture.md, held by reading the source: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

GROUND = ("errors", "lean", "visible", "objects", "norms", "identity", "model")
"""Each may import those before it; everything else may import all of them."""

PURE = {
    "labelling": ("labelling",),
    "lineage": ("lineage",),
    # One room; each builds on those before it.
    "budget": (
        "condition_words",
        "conditions",
        "condition_sql",
        "truths",
        "monotone",
        "terms",
        "resolving",
        "budget",
        "fit",
    ),
    "facts": ("facts",),
    # One room; compliance fills in what report prints.
    "report": ("report", "compliance"),
    "recognisers": ("recognisers",),
    # One room; the second is the inner loop of the first.
    "measure": ("folding", "measure"),
    "quoting": ("quoting",),
    "documents": ("documents",),
    "interchange": ("interchange",),
    "schemas": ("schemas",),
}
WORLD = {"readers": ("readers",), "store": ("store",), "engine": ("engine",)}
ROOMS = {module: room for room, modules in {**PURE, **WORLD}.items() for module in modules}

HOMES = {
    # Why each has one home: docs/architecture.md.
    "duckdb": {"provenance.store", "provenance.readers"},
    "click": {"prov_cli"},
    "rich": {"prov_cli"},
    "ray": {"provenance.engine"},
    "highspy": {"provenance.fit"},
    "prov": {"provenance.interchange"},
    "obstore": {"provenance.objects"},
    "botocore": {"provenance.objects"},
    "publicsuffixlist": {"provenance.compliance"},
    "license_expression": {"provenance.licences"},
}

BETWEEN_ROOMS = {
    # A pure room that needs the words of another says so here, with the reason.
    ("documents", "conditions"): "a policy is checked where it is written, conditions included",
    ("readers", "schemas"): "a schema of ours is told from data by being one",
    ("conditions", "labelling"): "a condition names the rules of the resolver, and no others",
}

MOST_LINES = 400
MOST_FUNCTION_LINES = 60


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


PROVENANCE = sources("provenance")
DOORS = sources("cli/prov_cli")
ALL = PROVENANCE + DOORS


def name_of(path: Path) -> str:
    """``provenance.store.parts`` for its file."""
    start = ROOT / "cli" if path.is_relative_to(ROOT / "cli") else ROOT
    parts = path.relative_to(start).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported: lazily and for type checking only, too."""
    name = name_of(path)
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


def part_of(name: str) -> str:
    """The module or package right below ``provenance``; empty for the package itself."""
    return [*name.split("."), ""][1]


def room_of(part: str) -> str | None:
    """The room of a part; ``lineage_sql`` is of the room ``lineage``."""
    if part in ROOMS:
        return ROOMS[part]
    return next((room for room in ("lineage", "interchange") if part.startswith(room)), None)


def storey_of(part: str) -> str:
    if part in GROUND:
        return "ground"
    return "room" if room_of(part) else "work"


def is_module(part: str) -> bool:
    return (ROOT / "provenance" / part).is_dir() or (ROOT / "provenance" / f"{part}.py").is_file()


def wrong(own: str, other: str) -> str | None:
    """Why a part may not import another, or nothing."""
    if own == other:
        return None
    up, down = storey_of(own), storey_of(other)
    if up == "ground":
        lower = down == "ground" and GROUND.index(other) < GROUND.index(own)
        return None if lower else "ground stands on nothing above it"
    if up == "work" or down == "ground":
        return None
    if down == "work":
        return "a room never calls work"
    if room_of(own) != room_of(other):
        return None if (own, other) in BETWEEN_ROOMS else "rooms do not see each other"
    order = {**PURE, **WORLD}.get(room_of(own) or "", ())
    if own in order and other in order and order.index(other) > order.index(own):
        return f"within its room {other} builds on {own}"
    return None


@pytest.mark.parametrize("path", PROVENANCE, ids=name_of)
def test_imports_point_down_and_rooms_do_not_see_each_other(path: Path) -> None:
    own = part_of(name_of(path))
    found = []
    for line, name in imports(path):
        assert not name.startswith("prov_cli"), f"{path.name}:{line}: the library calls no door"
        if not name.startswith("provenance."):
            continue
        other = part_of(name)
        reason = wrong(own, other) if is_module(other) else None
        if reason and own:
            found.append(f"{path.relative_to(ROOT)}:{line}: {own} imports {other}: {reason}")
    assert not found, "\n" + "\n".join(found)


def test_exceptions_between_rooms_are_still_needed() -> None:
    used = {
        (part_of(name_of(path)), part_of(name))
        for path in PROVENANCE
        for _, name in imports(path)
        if name.startswith("provenance.")
    }
    assert set(BETWEEN_ROOMS) <= used


@pytest.mark.parametrize("library", HOMES)
def test_one_library_has_one_home(library: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in ALL
        for line, name in imports(path)
        if name.partition(".")[0] == library
        and not any(f"{name_of(path)}.".startswith(f"{home}.") for home in HOMES[library])
    ]
    assert not found, f"{library} belongs to {', '.join(sorted(HOMES[library]))}: {found}"


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_nothing_is_imported_by_star(path: Path) -> None:
    assert not [line for line, name in imports(path) if name.endswith(".*")]


@pytest.mark.parametrize("path", PROVENANCE, ids=name_of)
def test_the_library_does_not_print(path: Path) -> None:
    calls = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "input", "breakpoint"}
    ]
    assert not calls, f"{path.relative_to(ROOT)}: lines {calls}"


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_file_is_of_moderate_length(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{path.relative_to(ROOT)} has {lines} lines; split it"


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of every function, from its ``def`` to its last line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_function_is_of_moderate_length(path: Path) -> None:
    long = [
        f"{name}: {lines} lines" for name, lines in functions(path) if lines > MOST_FUNCTION_LINES
    ]
    assert not long, "\n" + "\n".join(long)


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{path.relative_to(ROOT)} has no docstring"


@pytest.mark.parametrize(
    ("own", "other", "allowed"),
    [
        ("model", "errors", True),
        ("errors", "model", False),
        ("labelling", "model", True),
        ("labelling", "report", False),
        ("store", "readers", False),
        ("fit", "budget", True),
        ("budget", "fit", False),
        ("terms", "conditions", True),
        ("report", "audit", False),
        ("audit", "report", True),
        ("lineage_sql", "lineage", True),
        ("lineage", "budget", False),
    ],
)
def test_the_rule_itself(own: str, other: str, *, allowed: bool) -> None:
    assert (wrong(own, other) is None) == allowed
