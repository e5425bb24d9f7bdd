"""The command ``prov demo``: run every step on a small example."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, command
from prov_cli.streams import answers

if TYPE_CHECKING:
    from prov_cli.demo import Step

DEFAULT_FOLDER = "prov-demo"


@command("demo")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help=f"New or empty folder (default: ./{DEFAULT_FOLDER}, or the next free name).",
)
@click.option(
    "--open/--no-open",
    "open_report",
    default=True,
    show_default=True,
    help="Open the report in a browser, if there is one.",
)
def demo(session: Session, to: Path | None, open_report: bool) -> None:
    """Run every step on a small example and open its report.

    Two human sources and one generated source are ingested, an audit fails, and the largest set
    that satisfies the budgets becomes a release. Every command is printed as it would be typed.
    """
    from prov_cli.demo import REPORT, STEPS, fresh, prepare

    folder = (to or fresh(Path(DEFAULT_FOLDER))).absolute()
    prepare(folder)
    report = folder / REPORT
    silent = session.quiet or session.as_json
    shown = io.StringIO() if silent else answers()
    with contextlib.chdir(folder), contextlib.redirect_stdout(shown):
        click.echo(f"$ cd {folder}\n")
        for step in STEPS:
            _run(step)
    answer = {
        "folder": str(folder),
        "report": str(report),
        "steps": [{"command": step.command, "exit_code": step.exit_code} for step in STEPS],
    }
    session.answer(answer, lambda: f"The report: {report}")
    if open_report and not silent and _has_browser():
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(report.as_uri())


def _run(step: Step) -> None:
    """Run one command in this process, on the ledger in the current folder."""
    from prov_cli.main import cli

    click.echo(click.style(f"# {step.reason}", dim=True))
    click.echo(click.style(f"$ {step.command}", bold=True))
    left = cli.main(args=["--ledger", ".prov", *step.arguments], standalone_mode=False)
    code = left if isinstance(left, int) else 0
    if code:
        click.echo(f"(exit code {code})")
    if code != step.exit_code:
        raise RuntimeError(f"`{step.command}` ended with {code}, not {step.exit_code}")
    click.echo()


def _has_browser() -> bool:
    """Whether the session is interactive and has a window system."""
    windows = sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return windows and answers().isatty()
