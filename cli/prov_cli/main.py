"""The program ``prov``: load commands on demand, and map failures to exit codes."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any

import click

from prov_cli.interrupt import heed_interrupts
from prov_cli.streams import keep_answers_apart
from provenance import ProvError, bootstrap, visible

_INTERRUPTED = 128 + signal.SIGINT
COMMANDS: dict[str, str] = {
    # Name to the line that `prov --help` shows; the module is loaded only when it is needed.
    "init": "Create a ledger.",
    "source": "Declare data sources: origin, licence, owner.",
    "model": "Register models and the releases they were trained on.",
    "activity": "Record pipeline activities that lineage edges can name.",
    "ingest": "Read files into the ledger.",
    "status": "Show totals: records, sources, labels, conflicts.",
    "show": "Show one record: its origin, the deciding rule and the evidence.",
    "trace": "Show what a record was made from, or what was made from it.",
    "lineage": "Import and export lineage.",
    "query": "Query the ledger in SQL, read-only.",
    "policy": "Check a policy file.",
    "assemble": "Select records, check the budgets and seal a release.",
    "audit": "Check a release, the ledger or any files against a policy.",
    "export": "Write the data of a release to files, verifying every digest.",
    "report": "Write reports about a release.",
    "revoke": "Revoke records and everything derived from them.",
    "restore": "Undo a revocation.",
    "purge": "Permanently erase the attributes and ids of revoked records.",
    "verify": "Check that no stored data was changed or lost.",
    "maintain": "Compact small data files and remove replaced ones.",
    "migrate": "Upgrade a ledger that an older version wrote.",
    "demo": "Run every step on a small example and open its report.",
}

EXIT_CODES = """
\b
Exit codes:
  0 success   1 check failed   2 misuse   3 indeterminate
  10 bad input   11 not found   12 ledger busy   13 integrity error
  14 storage error   70 internal error   130 interrupted   141 closed pipe
"""


class LazyGroup(click.Group):
    """A click group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List all command names in the order of a typical job."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"prov_cli.commands.{cmd_name}")
        found = getattr(module, cmd_name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--ledger", metavar="URL", help="Ledger (default: $PROV_LEDGER, else ./.prov).")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON document.")
@click.option("-q", "--quiet", is_flag=True, help="Print only results and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print more detail.")
@click.version_option(package_name="prov-ledger", prog_name="prov")
@click.pass_context
def cli(ctx: click.Context, ledger: str | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Record-level provenance, lineage and synthetic-data budgets for training sets.

    \b
    First steps:
      prov ingest data.jsonl --source web
      prov status
      prov audit --policy policy.yaml
    """
    ctx.obj = {"ledger": ledger, "json": as_json, "quiet": quiet, "verbose": verbose}


def main() -> None:
    """Run the program ``prov`` in a process of its own."""
    bootstrap()
    keep_answers_apart()
    run()


def run() -> None:
    """Run the program; the process ends with one of the documented exit codes."""
    try:
        sys.exit(_run())
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # The reader closed the pipe: discard what is still buffered.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _tell("misuse", error.format_message(), _usage_hint(error))
        sys.exit(error.exit_code)
    except ProvError as error:
        _tell(error.code, error.message, error.hint)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug keeps its traceback and has its own exit code
        if _interrupted(error):
            sys.exit(_INTERRUPTED)
        sys.excepthook(*sys.exc_info())
        sys.exit(ProvError.exit_code)


def _run() -> int:
    """Run one command. Click's own ``main`` would turn a closed pipe into exit code 1."""
    if "_PROV_COMPLETE" in os.environ:
        cli.main(prog_name="prov")
    try:
        with cli.make_context("prov", sys.argv[1:]) as context:
            heed_interrupts(_INTERRUPTED)
            cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    finally:
        sys.stdout.flush()
    return 0


def _interrupted(error: Exception) -> bool:
    """Whether DuckDB stopped a query because of Ctrl-C."""
    return type(error).__name__ in {"InterruptException", "RuntimeError"} and (
        "interrupt" in str(error).lower()
    )


def _usage_hint(error: click.ClickException) -> str:
    context: click.Context | None = getattr(error, "ctx", None)
    return f"`{context.command_path} --help` says more" if context else ""


def _tell(code: str, message: str, hint: str) -> None:
    if "--json" in sys.argv[1:]:
        document: dict[str, Any] = {"error": {"code": code, "message": message, "hint": hint}}
        click.echo(json.dumps(document, ensure_ascii=False), err=True)
        return
    click.echo(click.style("error", fg="red", bold=True) + f": {visible(message)}", err=True)
    if hint:
        click.echo(
            "\n" + click.style("hint", fg="cyan", bold=True) + f": {visible(hint)}", err=True
        )


if __name__ == "__main__":
    main()
