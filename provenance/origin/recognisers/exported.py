"""Read the ``prov_*`` columns of an earlier export; they can raise a share, never lower it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.model_names import clean_name
from provenance.model.origin import Label, Process, Tier
from provenance.origin.recognisers.base import (
    HiddenFields,
    RowBatch,
    basis,
    claims,
    no_claims,
    positions,
    questions,
)
from provenance.origin.recognisers.generator_values import SILENT_WORDS, names_generator, words_of

OUR_PREFIX = "prov_"
"""Prefix of the columns that an export adds."""

_LABEL, _GENERATOR = f"{OUR_PREFIX}label", f"{OUR_PREFIX}generator"
_CLAIMS = {
    Label.SYNTHETIC: Tier.TOOL,
    Label.MIXED: Tier.TOOL,
    Label.HUMAN: Tier.DECLARED,
}


def is_ours(path: str) -> bool:
    """Whether a field bears a name that an export of ours gives, at any depth and in any case.

    >>> is_ours("PROV_Label"), is_ours("metadata.prov_id"), is_ours("provider")
    (True, True, False)
    """
    return _named(path).startswith(OUR_PREFIX)


def _named(path: str) -> str:
    return clean_name(path.rpartition(".")[2].removesuffix("[]"))


@dataclass(frozen=True, slots=True)
class ExportedColumns:
    """``prov_label`` and ``prov_generator`` of a file that was exported once.

    Without a manifest that vouches for the file anybody may have written them, so what they say of
    a machine is believed, and what they say of a person is a declaration of the file.
    """

    fallback: ClassVar[bool] = False
    name: str = "prov-export"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """The two columns, however they are written."""
        found = [
            path for path in fields if path not in content and _named(path) in {_LABEL, _GENERATOR}
        ]
        return tuple(found) or None

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """Nothing: nobody else looks at them."""
        return None

    def claims(self, rows: RowBatch) -> pa.Table:
        """Return the claims of every column; an unknown label is a question."""
        found = [no_claims()]
        for field, values in rows.fields.items():
            found += (
                self._labelled(field, values)
                if _named(field) == _LABEL
                else [self._generated(field, values)]
            )
        return pa.concat_tables(found)

    def _labelled(self, field: str, values: pa.Array) -> list[pa.Table]:
        words = words_of(values)
        known = pa.array([*_CLAIMS, *SILENT_WORDS.to_pylist()])
        odd = positions(pc.and_(pc.is_valid(words), pc.invert(pc.is_in(words, known))))
        tables = [
            questions(odd, self.name, field=field, basis=basis(field, values.take(odd))),
        ]
        for label, tier in _CLAIMS.items():
            index = positions(pc.equal(words, label.value))
            stated = basis(field, values.take(index))
            tables.append(
                claims(index, self.name, tier=tier, claim=label, field=field, basis=stated)
            )
        return tables

    def _generated(self, field: str, values: pa.Array) -> pa.Table:
        index = positions(names_generator(values))
        stated = values.take(index)
        return claims(
            index,
            self.name,
            tier=Tier.TOOL,
            claim=Label.SYNTHETIC,
            process=Process.GENERATE,
            generator=stated,
            field=field,
            basis=basis(field, stated),
        )
