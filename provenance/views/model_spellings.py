"""Find spellings of model names that may mean the same model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from provenance.model.model_names import clean_name, fold_name


def fold_model(name: str) -> str:
    """A name as it is compared: folded, behind its publisher where it has one.

    >>> fold_model(" Acme/Ours_7B ")
    'acme/ours-7b'
    """
    publisher, slash, _ = clean_name(name).rpartition("/")
    return f"{publisher}{slash}{fold_name(name)}"


@dataclass(slots=True)
class ModelNames:
    """Names of models, to be found by other spellings of them.

    A name with its publisher and one without may mean the same model; two publishers have two.

    >>> known = ModelNames.of(["ours-7b", "acme/base", "other/base"])
    >>> known.find("Ours-7B"), known.find("acme/ours-7b"), known.find("base")
    (['ours-7b'], ['ours-7b'], ['acme/base', 'other/base'])
    >>> known.find("third/base"), known.find("theirs")
    ([], [])
    """

    folded: dict[str, list[str]] = field(default_factory=dict)
    published: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str]) -> ModelNames:
        """These names."""
        found = cls()
        for name in sorted(set(names)):
            plain = fold_model(name)
            found.folded.setdefault(plain, []).append(name)
            if "/" in plain:
                found.published.setdefault(plain.rpartition("/")[2], []).append(name)
        return found

    def find(self, spelled: str) -> list[str]:
        """The names that a spelling may mean: the same one, else with or without a publisher."""
        return self.same(spelled) or self.alike(spelled)

    def same(self, spelled: str) -> list[str]:
        """The names that are the same, publisher included."""
        return self.folded.get(fold_model(spelled), [])

    def alike(self, spelled: str) -> list[str]:
        """The names that differ in that one of the two has a publisher."""
        plain = fold_model(spelled)
        if "/" in plain:
            return self.folded.get(plain.rpartition("/")[2], [])
        return self.published.get(plain, [])
