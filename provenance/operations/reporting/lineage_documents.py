"""Write the lineage of a release as a W3C PROV document or as OpenLineage events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from provenance.interchange.graph import Graph

_TABLES = ("nodes", "edges", "activities", "models")
_ROLE_FACETS = {"inputs": ("inputFacets",), "outputs": ("outputFacets",)}


def prov_document(lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Build a PROV-JSON document from the rows of ``compliance.lineage``."""
    from provenance.interchange.prov.write_document import to_prov, write_prov

    found: dict[str, Any] = json.loads(write_prov(to_prov(_graph(lineage)), "json"))
    return found


def openlineage_events(lineage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Build OpenLineage events with their facets from the rows of ``compliance.lineage``."""
    from provenance.interchange.openlineage.write_events import Setting, to_openlineage

    setting = Setting("prov", "prov", lineage["activities"][0]["ended_at"])
    events = list(to_openlineage(_graph(lineage), setting))
    for event in events:
        datasets_by_role = {"inputs": event.get("inputs", []), "outputs": event.get("outputs", [])}
        for role, datasets in (*datasets_by_role.items(), ("dataset", [event.get("dataset", {})])):
            for dataset in datasets:
                _add_facets(dataset, lineage["facets"].get(dataset.get("name"), {}), role)
    return events


def _add_facets(dataset: dict[str, Any], more: Mapping[str, Any], role: str) -> None:
    """Add facets to a dataset; a START event only names its datasets."""
    if "facets" not in dataset:
        return
    for name in ("facets", *_ROLE_FACETS.get(role, ())):
        if name in more:
            dataset[name] = {**dataset.get(name, {}), **more[name]}


def _graph(lineage: Mapping[str, Any]) -> Graph:
    return Graph.of_rows(*(lineage[name] for name in _TABLES))


LINEAGE_REPORTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "prov-json": prov_document,
    "openlineage": openlineage_events,
}
"""Reports that are written in an external lineage format."""
