"""The doctor's report as the editor shows it: what `tinylm doctor` finds, and what only the running server knows."""

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from tinylm.analysis.markdown import code_span, table
from tinylm.errors import EnvironmentProblem
from tinylm_server.worker_client import child_environment, python_command

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["doctor"]

WITHIN_S = 180.0


async def doctor(ls: "Server", *arguments: Any) -> dict[str, Any]:
    """Return the report as Markdown and as JSON. The checks run in a child: they import what the front never may."""
    found = await _checks()
    report = {**found, "server": _server_facts(ls)}
    return {"markdown": _markdown(report), "report": report}


async def _checks() -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *python_command("tinylm", "doctor", "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment({}),
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
        found: dict[str, Any] = json.loads(output)
    except TimeoutError:
        raise EnvironmentProblem(f"`tinylm doctor` did not end within {WITHIN_S:.0f} s; run it in a terminal") from None
    except ValueError:
        raise EnvironmentProblem("`tinylm doctor` gave no report; run it in a terminal to see why") from None
    finally:
        if process.returncode is None:
            process.kill()
    return found


def _server_facts(ls: "Server") -> dict[str, Any]:
    import psutil

    return {
        "pid": os.getpid(),
        "workerPid": ls.host.worker.pid,
        "memoryBytes": psutil.Process().memory_info().rss,
        "positionEncoding": ls.documents.encoding,
        "openDocuments": len(ls.documents.uris()),
        "loopStalls": ls.loop_watch.n_stalls,
        "longestStallMs": round(ls.loop_watch.longest_s * 1e3),
        "longestWorkMs": round(ls.loop_watch.longest_work_s * 1e3),
        "ghostText": ls.ghost.report(),
        "status": ls.host.status(),
        "jobs": [job.progress.to_json() for job in ls.jobs.all()],
    }


def _markdown(report: dict[str, Any]) -> str:
    server = report["server"]
    status = server["status"]
    checks = [[each["state"], code_span(each["name"], in_table=True), _shown(each)] for each in report["checks"]]
    facts = [
        ["state", code_span(f"{status['state']}: {status['message']}", in_table=True)],
        ["model", code_span(str(status["model"] and status["model"]["path"]), in_table=True)],
        ["worker", code_span(f"process {server['workerPid']}, restarted {status['workerRestarts']} times")],
        ["memory", f"{server['memoryBytes'] / 1e6:.0f} MB"],
        ["positions", code_span(server["positionEncoding"])],
        ["open documents", str(server["openDocuments"])],
        ["ghost text", _ghost_text(server["ghostText"])],
        ["event loop", f"stalled {server['loopStalls']} times, {server['longestStallMs']} ms at the longest"],
    ]
    versions = [
        [code_span(name), code_span(str(found or "not installed"))] for name, found in report["versions"].items()
    ]
    parts = [
        "# TinyLM doctor",
        "Everything that the editor needs works." if report["ok"] else "**Something needs attention.**",
        table(["", "check", "found"], "lll", checks),
        "## Server",
        table(["", ""], "ll", facts),
        "## Versions",
        table(["package", "version"], "ll", versions),
    ]
    return "\n\n".join(parts) + "\n"


def _ghost_text(report: dict[str, Any]) -> str:
    known = f"{report['known'] / report['asked']:.0%}" if report["asked"] else "none"
    return (
        f"asked {report['asked']} times, {known} known already; the model ran {report['decodeSteps']} steps, "
        f"{report['wastedSteps']} of them in vain, and takes {report['latencyMs']:.0f} ms"
    )


def _shown(check: dict[str, Any]) -> str:
    detail = code_span(check["detail"], in_table=True)
    return detail if check["next"] is None else f"{detail} → {code_span(check['next'], in_table=True)}"
