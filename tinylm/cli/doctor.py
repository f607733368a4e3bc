"""`tinylm doctor`: print what is installed, what works and what to do about the rest.

The checks are `tinylm.doctor`'s. The exit code is 0 when the editor and the command line can work, 7 when not; a
missing training extra is no failure.
"""

import dataclasses
import json
import sys
from typing import Annotated

import typer

from tinylm.doctor import Report, examine
from tinylm.errors import EnvironmentProblem

__all__ = ["doctor"]

MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Say what is installed, what works and what to do about the rest."""
    report = examine()
    text = _as_json(report) if as_json else _as_text(report)
    sys.stdout.write(text + "\n")
    if not report.ok:
        raise typer.Exit(EnvironmentProblem.exit_code)


def _as_text(report: Report) -> str:
    lines = [f"TinyLM {report.versions['tinylm']}"]
    for check in report.checks:
        lines.append(f"{MARKS[check.state]}  {check.name}: {check.detail}")
        if check.next is not None:
            lines.append(f"         → {check.next}")
    lines.append(
        "Everything that serving needs works." if report.ok else "Something needs attention: see PROBLEM above."
    )
    return "\n".join(lines)


def _as_json(report: Report) -> str:
    checks = [dataclasses.asdict(check) for check in report.checks]
    found = {"schema": 1, "ok": report.ok, "checks": checks, "versions": report.versions}
    return json.dumps(found, indent=2, ensure_ascii=False)
