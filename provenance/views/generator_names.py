"""Map the names of generators and their families to one spelling each.

Marks of files are folded when they are read; what people declared, and what older versions read, is
folded here, where members are made. Of the names that occur few are not in their one spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from provenance.model.base import quote_literal
from provenance.model.model_names import clean_name, fold_name
from provenance.store.connection import Database

_FOLDED: Mapping[str, Callable[[str], str]] = {
    "generator": fold_name,
    "generator_family": clean_name,
}

_SAID = ("ledger.evidence", "ledger.sources", "ledger.declarations")


@dataclass(frozen=True, slots=True)
class Spellings:
    """The names that are to be written in another way, by column."""

    odd: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def sql(self, column: str, found: str) -> str:
        """SQL of a value of this column, in its one spelling.

        Args:
            column: what the column is called.
            found: SQL of the value as it was written.
        """
        names = self.odd.get(column)
        if not names:
            return found
        cases = " ".join(
            f"WHEN {quote_literal(name)} THEN {quote_literal(folded)}"
            for name, folded in sorted(names.items())
        )
        return f"(CASE {found} {cases} ELSE {found} END)"


def spellings(connection: Database, *more: str) -> Spellings:
    """What the generators that evidence and contracts name are to be called.

    Args:
        more: other relations with the columns ``generator`` and ``generator_family``.
    """
    odd: dict[str, dict[str, str]] = {}
    for column, fold in _FOLDED.items():
        found = {name: fold(name) for name in _named(connection, column, more)}
        odd[column] = {name: folded for name, folded in found.items() if folded != name}
    return Spellings(odd)


def generator_names(connection: Database, *more: str) -> list[str]:
    """The generators that evidence and contracts name, as they were written."""
    return _named(connection, "generator", more)


def _named(connection: Database, column: str, more: Collection[str]) -> list[str]:
    names = " UNION ".join(f"SELECT {column} FROM {table}" for table in (*_SAID, *more))
    rows = connection.execute(f"SELECT * FROM ({names}) WHERE {column} IS NOT NULL").fetchall()
    return [name for (name,) in rows if "\x00" not in name]
