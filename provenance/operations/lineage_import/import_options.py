"""What one import of lineage was asked to do."""

from __future__ import annotations

import json
from typing import Literal

from provenance.model.base import Contract, Name
from provenance.model.edge import Relation

Form = Literal["edges", "prov-json", "prov-jsonld", "prov-n", "openlineage"]


class ImportOptions(Contract):
    """The options of ``prov lineage import``.

    ``source`` says whose external ids the ends of edges are, ``relation`` how the ends of an edge
    belong together; each where a row does not say so itself. ``strict`` refuses a PROV document
    that breaks a constraint of the standard; it decides nothing of how a file is read.
    """

    source: Name | None = None
    relation: Relation = "derived"
    format: Form | None = None
    strict: bool = False

    @property
    def settings(self) -> str:
        """What decides how a file is read, as JSON."""
        return json.dumps(self.model_dump(mode="json", exclude={"strict"}), sort_keys=True)
