"""The command ``prov trace``: show the ancestors or descendants of a record."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, command
from provenance import visible

if TYPE_CHECKING:
    from provenance import Trace, TraceNode


@command("trace")
@click.argument("node", metavar="ID")
@click.option("--up/--down", "up", default=True, help="Ancestors (default) or descendants.")
@click.option("--hops", type=click.IntRange(1, 1_000_000), help="Maximum number of hops.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["tree", "dot", "mermaid", "html"]),
    default="tree",
    show_default=True,
    help="Output: an indented tree, or a diagram.",
)
def trace(session: Session, node: str, up: bool, hops: int | None, form: str) -> None:
    """Show what ID was made from, or (--down) what was made from it.

    ID is a record (digest, unique prefix or own id), source:NAME, release:NAME or model:NAME.
    """
    from provenance import draw_trace

    found = session.ledger().trace(node, down=not up, hops=hops)
    session.answer(found, lambda: tree(found) if form == "tree" else draw_trace(found, form))


def tree(found: Trace) -> str:
    """Format a trace as an indented tree; a node that was expanded before is cut with ``…``."""
    nodes = {node.id: node for node in found.nodes}
    below: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for edge in found.edges:
        step = edge.process or edge.relation
        node_id, other_id = (
            (edge.parent, edge.child) if found.direction == "down" else (edge.child, edge.parent)
        )
        below[node_id].append((other_id, step))
    lines: list[str] = []
    seen: set[str] = set()
    starts = [node for node in found.nodes if node.hops == 0]
    stack = [(node.id, "", 0) for node in reversed(starts)]
    while stack:
        name, step, level = stack.pop()
        again = name in seen and bool(below[name])
        lines.append("  " * level + _line(nodes.get(name), name, step) + (" …" if again else ""))
        if name in seen:
            continue
        seen.add(name)
        stack += [(far, how, level + 1) for far, how in reversed(below[name])]
    if found.because:
        lines += ["", "because:"]
        lines += [f"  {visible(reason.node)}: {visible(reason.text)}" for reason in found.because]
    if found.dangling:
        lines.append(f"not in the ledger: {visible(', '.join(found.dangling))}")
    if not found.complete:
        lines.append("the answer is cut: use --hops, or `prov lineage export`")
    return "\n".join(lines)


def _line(node: TraceNode | None, name: str, step: str) -> str:
    short = name[:23] + "…" if name.startswith("sha256:") and len(name) > 24 else name
    facts = ""
    if node is not None and node.label is not None:
        depth = f", depth at least {node.depth}" if node.depth else ""
        facts = f" ({node.label}{depth})"
    return (f"{step}: " if step else "") + visible(short) + facts
