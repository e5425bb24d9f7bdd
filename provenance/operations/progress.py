"""Report how much of an ingest is done: to a callback, or as a bar where somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

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
    from rich.console import Console

    console = console or Console(stderr=True)
    if console.is_jupyter:
        with _cell(console) as callback:
            yield callback
    elif console.is_terminal:
        with _bar(console) as callback:
            yield callback
    else:
        yield None


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    """Draw a bar with rate and time left; it goes away when the work is done."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("reading"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _cell(console: Console) -> Iterator[Progress]:
    """Print a line for every tenth of the work that is done.

    A bar that moves would need ipywidgets in the notebook, which it need not have.
    """
    from rich.progress_bar import ProgressBar

    shown = 0

    def draw(done: int, total: int) -> None:
        nonlocal shown
        tenths = 10 * done // total if total else 10
        if tenths > shown:
            shown = tenths
            console.print(ProgressBar(total=total or 1, completed=done if total else 1, width=60))

    yield draw
