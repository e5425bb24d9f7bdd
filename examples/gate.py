"""A gate in a pipeline of your own: judge what is about to be trained on, and stop if it fails.

python examples/gate.py POLICY FILE...
"""

from __future__ import annotations

import sys

import provenance


def main(policy_file: str, *files: str) -> int:
    """Print one line per budget that does not hold, and what was not read; 0 when it passes."""
    judgement = provenance.open().audit_files(files, policy_file)
    for budget in judgement.budgets:
        if budget.verdict != "pass":
            print(f"{budget.name} {budget.group or ''}: {budget.reason}")
    if judgement.unread and judgement.unread.files:
        for reason, count in judgement.unread.by_reason.items():
            print(f"not read: {count.files} files: {reason}")
    return 0 if judgement.verdict == "pass" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
