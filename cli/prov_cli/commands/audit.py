"""The command ``prov audit``: check a release, the ledger or files against a policy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prov_cli.commands.assemble import leave_with
from prov_cli.commands.ingest import ByteSize
from prov_cli.files import write_text
from prov_cli.options import Session, command, contract, put, table_options
from provenance import RELEASE_PREFIX, release_name

if TYPE_CHECKING:
    from provenance import Judgement, Policy


@command("audit")
@click.argument("targets", nargs=-1, metavar="[RELEASE | PATH...]")
@click.option("--policy", "policy_file", required=True, type=click.Path(), help="Policy file.")
@click.option(
    "--content",
    multiple=True,
    metavar="FIELD",
    help="Content field of the files (default: detected).",
)
@click.option(
    "--format",
    "form",
    metavar="F",
    help="Output format: text, json, markdown, sarif or junit; else the format of the files.",
)
@click.option(
    "--input-format", metavar="F", help="Format of the files, if --format names the output."
)
@click.option(
    "--ignore-field",
    "ignore_fields",
    multiple=True,
    metavar="FIELD",
    help="Field that looks like a mark of origin but is not one.",
)
@click.option(
    "--records", metavar="PATH", help="Path of a nested list or tree that holds the records."
)
@table_options
@click.option(
    "--max-record",
    type=ByteSize(),
    default="16MiB",
    show_default=True,
    help="Do not judge records that are longer than this.",
)
@click.option(
    "--allow-unread",
    is_flag=True,
    help="Pass even if some data was not read; it is still reported.",
)
@click.option(
    "--follow",
    multiple=True,
    type=click.Path(),
    metavar="DIR",
    help="Also follow links that lead into this folder.",
)
@click.option("--baseline", type=click.Path(), help="File of accepted findings.")
@click.option(
    "--write-baseline",
    type=click.Path(),
    help="Write the findings to a baseline file, which accepts them.",
)
@click.option("-o", "--output", type=click.Path(), help="Write the result to a file.")
def audit(
    session: Session,
    targets: tuple[str, ...],
    policy_file: str,
    form: str | None,
    baseline: str | None,
    write_baseline: str | None,
    output: str | None,
    **given: Any,
) -> None:
    """Check a release, data files or (without a target) the whole ledger against a policy.

    \b
    Exit codes:
    0 the policy is satisfied   1 it is violated, or the set holds revoked records
    3 it depends on records of unknown origin or on data that was not read
    10 a named file holds no record

    Write release:NAME or ./NAME if NAME is both a release and a path.
    """
    from provenance import (
        JUDGEMENT_FORMATS,
        Subject,
        apply_baseline,
        baseline_text,
        load_baseline,
        load_policy,
        render,
    )

    policy = load_policy(Path(policy_file))
    if form is not None and form not in JUDGEMENT_FORMATS:
        given["input_format"] = given["input_format"] or form
        form = None
    judgement = judge(session, targets, policy, Path(policy_file).parent, given)
    if write_baseline:
        write_text(write_baseline, baseline_text(judgement))
    if baseline:
        judgement, accepted = apply_baseline(judgement, load_baseline(baseline))
        session.say(f"{accepted} findings are accepted by {baseline}")
    name = release_name(targets[0]) if len(targets) == 1 else ""
    subject = Subject(
        name or ("the files" if targets else "the ledger"),
        policy=policy.policy,
        indeterminate=policy.indeterminate,
    )
    text = render(judgement, form or ("json" if session.as_json else "text"), subject)
    if output:
        write_text(output, text)
        session.say(f"wrote {output}")
    else:
        put(text)
    if any(item.code == "revoked" and item.severity == "error" for item in judgement.findings):
        raise click.exceptions.Exit(1)
    leave_with(judgement.verdict.value, policy.indeterminate)


def judge(
    session: Session,
    targets: tuple[str, ...],
    policy: Policy,
    folder: Path,
    given: dict[str, Any],
) -> Judgement:
    """Judge the targets: a release if there is one of that name, else files."""
    from provenance import IngestOptions, NotFoundError, audit_files

    if not targets:
        return session.ledger().audit(policy, policy_dir=folder)
    if names_release(session, targets):
        try:
            return session.ledger().audit(policy, targets[0], policy_dir=folder)
        except NotFoundError as error:
            if not any(sign in targets[0] for sign in "*?[/.:"):
                raise NotFoundError(
                    f"there is no release and no file `{targets[0]}`", hint=error.hint
                ) from error
            if targets[0].startswith(RELEASE_PREFIX):
                raise
    options = contract(
        lambda: IngestOptions(
            source="audit",
            content=given["content"],
            format=given["input_format"],
            records=given["records"],
            max_record=given["max_record"],
            ignore_fields=given["ignore_fields"],
            follow=given["follow"],
            **{name: given[name] for name in ("delimiter", "header", "encoding", "escape")},
        ),
        "audit",
    )
    ledger = None
    if session.named or Path(session.url).exists():
        ledger = session.ledger()
    else:
        session.say("there is no ledger here: every record counts as unknown")
    return audit_files(
        targets,
        policy,
        options,
        ledger=ledger,
        policy_dir=folder,
        allow_unread=given["allow_unread"],
    )


def names_release(session: Session, targets: tuple[str, ...]) -> bool:
    """Whether the target is a release and not files.

    Raises:
        MisuseError: a name is both a release and a path, or a release is not the only target.
    """
    from provenance import MisuseError

    if len(targets) > 1 and (
        named := [name for name in targets if name.startswith(RELEASE_PREFIX)]
    ):
        raise MisuseError(
            f"`{named[0]}` cannot be judged with other targets", hint="name one release, or files"
        )
    if targets[0].startswith(RELEASE_PREFIX):
        return True
    both = [name for name in targets if "/" not in name and os.path.lexists(name)]
    if both and (session.named or Path(session.url).exists()):
        known = {item.name for item in session.ledger().releases()}
        for name in both:
            if name in known:
                raise MisuseError(
                    f"`{name}` is both a release and a path",
                    hint=f"write `{RELEASE_PREFIX}{name}` for the release, or `./{name}` for "
                    "the path",
                )
    return len(targets) == 1 and not os.path.exists(targets[0])
