"""What a library raises is damage of the file it reads; what else is raised stays what it is."""

from __future__ import annotations

import pytest

from provenance.errors import InputError, ProvError
from provenance.io.contract.library_errors import LibraryError, iterate_library, library_errors


class PanicException(BaseException):
    """As pyo3 makes it, which no module exports."""


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (KeyError("name"), "KeyError: 'name'"),
        (RecursionError("too deep\nand more"), "RecursionError: too deep"),
        (StopIteration(), "StopIteration"),
        (MemoryError(), "a length in it asks for more memory than there is"),
        (PanicException("range end index 9"), "PanicException: range end index 9"),
        (OSError("no magic, /home/b/lance/rust/src/reader.rs:9:27"), "OSError: no magic"),
        (ValueError("x" * 900), f"ValueError: {'x' * 200}…"),
    ],
)
def test_whatever_a_library_raises_is_one_kind_of_failure(raised: BaseException, said: str) -> None:
    with pytest.raises(LibraryError) as caught, library_errors():
        raise raised
    assert str(caught.value) == said
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [InputError("a", hint="b"), ProvError("a", hint="b")])
def test_our_own_failures_stay(raised: ProvError) -> None:
    with pytest.raises(ProvError) as caught, library_errors():
        raise raised
    assert caught.value is raised


def test_who_interrupts_is_heard() -> None:
    with pytest.raises(KeyboardInterrupt), library_errors():
        raise KeyboardInterrupt


def test_what_came_before_the_damage_is_had() -> None:
    found = iterate_library(10 // n for n in (5, 2, 0, 1))
    assert [next(found), next(found)] == [2, 5]
    with pytest.raises(LibraryError, match="ZeroDivisionError"):
        next(found)


def test_a_bug_of_who_takes_the_items_is_none_of_the_library() -> None:
    def take() -> None:
        for _ in iterate_library([1, 2]):
            raise KeyError("ours")

    with pytest.raises(KeyError):
        take()
