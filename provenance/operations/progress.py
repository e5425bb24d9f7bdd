"""Report how much of an ingest is done: to a callback, or as a bar where somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

Progress = Callable[[int, int], None]
"""Called with the bytes that are done, and with all bytes to do."""


@contextmanager
def progress_callback(
    progress: Progress | Literal["auto"] | None, console: Console | None = None
) -> Iterator[Progress | None]:
    """Turn the argument ``progress`` of a public method into a callback.

    Args:
        progress: a callback, which is passed on; ``"auto"`` for a bar in a notebook or on a
            terminal and nothing elsewhere; ``None`` for nothing.
        console: where the bar is drawn; else in the notebook, or on standard error.
    """
    if progress != "auto":
        yield progress
        return
    console = console or _console()
    if console is None:
        yield None
        return
    with _cell(console) if console.is_jupyter else _bar(console) as callback:
        yield callback


def _console() -> Console | None:
    """The notebook or the terminal that this process writes to; rich is not loaded for others."""
    if "IPython" not in sys.modules and not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_jupyter or sys.stderr.isatty() else None


def _progress(console: Console) -> Bar:
    """A bar that is not drawn yet."""
    from rich import progress as columns

    return columns.Progress(
        columns.TextColumn("reading"),
        columns.BarColumn(),
        columns.DownloadColumn(),
        columns.TransferSpeedColumn(),
        columns.TimeRemainingColumn(),
        console=console,
        transient=True,
    )


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    """Draw a bar with rate and time left; it goes away when the work is done."""
    with _progress(console) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _cell(console: Console) -> Iterator[Progress]:
    """Show a bar below a cell of a notebook, drawn anew as the work goes on.

    rich would do it by itself with ipywidgets, which a notebook need not have.
    """
    from IPython.display import display

    bar = _progress(console)
    task = bar.add_task("reading", total=None)
    cell: Any = display(bar, display_id=True)  # type: ignore[no-untyped-call]

    def draw(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if cell is not None:
            cell.update(bar)

    yield draw
