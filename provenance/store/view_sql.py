"""Create SQL views in an order that works, and find out which views and tables a query needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

from provenance.model.base import quote_identifier
from provenance.store.connection import Database

Views = Mapping[str, str]
"""Names of views to their SQL, in an order in which they can be made."""

Shortcut = Callable[[Database, Views], Views]
"""The same views, some of them by a shorter way that the tables of one snapshot allow."""

_TEXT = re.compile(r"'(?:[^']|'')*'")
_TABLE = re.compile(r'(?<![\w.])"?ledger"?\s*\.\s*"?([a-z_0-9]+)')
_ALIAS = re.compile(r'\bas\s+"?[a-z_0-9]+')
_WORD = re.compile(r"(?<![\w.])[a-z_][a-z_0-9]*|(?<=\bmain\.)[a-z_][a-z_0-9]*")


class Late(str):
    """SQL of a view that is made last; until then something empty with its columns stands for it.

    To make a view, DuckDB plans all that it is over, again for every view above: what is long to
    plan would be planned many times, and mostly for nobody.
    """

    __slots__ = ("empty",)

    def __new__(cls, body: str, empty: str) -> Late:
        """The view, and SQL with the same columns."""
        made = super().__new__(cls, body)
        made.empty = empty
        return made

    empty: str

    def __reduce__(self) -> tuple[type[Late], tuple[str, str]]:
        """Copy and pickle it with both texts."""
        return Late, (str(self), self.empty)


def make_views(connection: Database, views: Views) -> None:
    """Make views in their order, and those that are long to plan last of all."""
    late = {name: body for name, body in views.items() if isinstance(body, Late)}
    for name, body in views.items():
        plain = body.empty if isinstance(body, Late) else body
        connection.execute(f"CREATE VIEW {quote_identifier(name)} AS {plain}")
    for name in reversed(late):
        connection.execute(f"CREATE OR REPLACE VIEW {quote_identifier(name)} AS {late[name]}")


def needed(views: Views, names: Collection[str]) -> Views:
    """Those of the views that these rest on, themselves included, in the same order.

    Args:
        names: of views; others are passed over.
    """
    wanted = set(names)
    found: list[tuple[str, str]] = []
    for name, body in reversed(list(views.items())):
        if name in wanted:
            found.append((name, body))
            wanted |= words_in(body)
    return dict(reversed(found))


def words_in(sql: str) -> frozenset[str]:
    """The words of a query that may name a view: never too few, at times one too many."""
    return _names_in(sql)[1]


def tables_in(sql: str) -> frozenset[str]:
    """The tables of schema ``ledger`` that a query names."""
    return _names_in(sql)[0]


@lru_cache(maxsize=512)
def _names_in(sql: str) -> tuple[frozenset[str], frozenset[str]]:
    plain = _TEXT.sub("''", sql.lower())
    words = _WORD.findall(_ALIAS.sub(" ", _TABLE.sub(" ", plain)))
    return frozenset(_TABLE.findall(plain)), frozenset(words)
