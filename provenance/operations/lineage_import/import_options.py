"""The options of an import of lineage."""

from __future__ import annotations

import json
from typing import Literal

from provenance.model.base import Contract, Name
from provenance.model.edge import Relation

Form = Literal["edges", "prov-json", "prov-jsonld", "prov-n", "openlineage"]


class ImportOptions(Contract):
    """The options of ``prov lineage import``.

    ``source`` is the source of external ids, ``relation`` the relation of edges; both apply to rows
    that do not set them. ``strict`` rejects PROV documents that violate a constraint of the
    standard; it does not change how a file is read.
    """

    source: Name | None = None
    relation: Relation = "derived"
    format: Form | None = None
    strict: bool = False

    @property
    def settings(self) -> str:
        """Options that decide how a file is read, as JSON."""
        return json.dumps(self.model_dump(mode="json", exclude={"strict"}), sort_keys=True)
