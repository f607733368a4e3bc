"""The training jobs of this workspace: started, watched, stopped, and picked up again after a restart of the server.

A job is a process of its own (`job_driver`) with its files on disk (`job_files`); this is only its window. It tells
the client through `tinylm/trainingProgress` and through work-done progress, and never asks what a cancel of the
request that started a job might mean: jobs end by their own command, or by the progress' own cancel.
"""

import asyncio
import logging
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from tinylm.training.follow import START, read_page
from tinylm_server.job_files import JobRecord, jobs_directory, read_record, working_folder, write_record
from tinylm_server.job_progress import JobProgress, apply_event, finish
from tinylm_server.models import is_model_directory
from tinylm_server.worker_client import child_environment, python_command

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["Job", "JobBoard"]

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
KEEP_ENDED_S = 7 * 24 * 3600.0


class Job:
    """One job as this server sees it."""

    def __init__(self, record: JobRecord, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.record = record
        self.progress = JobProgress(record.job_id, record.kind, record.run)
        self.token = f"tinylm-job-{record.job_id}"
        self.has_progress_bar = False
        self._process = process
        self._cursors = [START for _ in record.stages]

    def look(self) -> bool:
        """Take in what happened since the last look. Returns whether anything did."""
        before = self.progress.to_json()
        # The order matters: a process seen dead has written its last event, so the events are read after.
        is_over = not self._is_alive()
        for idx, stage in enumerate(self.record.stages):
            page = read_page(Path(stage.events), self._cursors[idx])
            self._cursors[idx] = page.cursor
            is_over &= page.is_last
            for event in page.events:
                if event.get("time", self.record.created) >= self.record.created:  # earlier jobs wrote there too
                    apply_event(self.progress, event, idx, len(self.record.stages))
        if is_over or self.progress.is_done:
            self._finish()
        return self.progress.to_json() != before

    def stop(self) -> None:
        """Ask the job to save and leave."""
        if self.progress.is_active:
            self.progress.state, self.progress.message = "stopping", "stopping: saving what was done"
            if not self.record.ask_to_stop() and self._process is not None:
                self._process.terminate()  # so new that it has not written who it is

    def _is_alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return self.record.is_alive()

    def _finish(self) -> None:
        model = self.record.model
        finished = model if model is not None and is_model_directory(Path(model)) else None
        code = 0 if self.progress.is_done else self.record.exit_code()
        if code is None and self._process is not None:
            code = self._process.returncode
        finish(self.progress, code, self.record.last_words(), finished)


class JobBoard:
    """Every job of this workspace that the server knows."""

    def __init__(self, ls: "Server") -> None:
        self._ls = ls
        self._jobs: dict[str, Job] = {}
        self._watching = False

    def begin(self, record: JobRecord) -> Job:
        """Start a job's process."""
        write_record(record)
        with (record.directory / "log").open("ab") as log:
            process = subprocess.Popen(
                python_command("tinylm_server.job_driver", str(record.directory)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=working_folder(record.workspace),
                env=child_environment({}),
                start_new_session=True,
            )
        job = Job(record, process)
        self._add(job)
        return job

    def adopt(self) -> None:
        """Pick up the jobs that another server left: watch those that run, tell of those that ended meanwhile."""
        workspace = self._ls.workspace_folder()
        if not jobs_directory().is_dir():
            return
        for directory in sorted(jobs_directory().iterdir()):
            record = read_record(directory)
            if record is None or record.job_id in self._jobs or record.workspace != workspace:
                continue
            job = Job(record)
            job.look()
            if job.progress.is_active or not (directory / "seen").exists():
                self._add(job)
            elif time.time() - record.created > KEEP_ENDED_S:
                shutil.rmtree(directory, ignore_errors=True)
            else:
                self._jobs[record.job_id] = job

    def current(self) -> dict[str, Any] | None:
        """Return the newest running job as the wire shows it."""
        running = [job for job in self._jobs.values() if job.progress.is_active]
        return running[-1].progress.to_json() if running else None

    def pauses_completions(self) -> bool:
        """Say whether the user wants completions to rest, because a job runs."""
        return self._ls.settings.training_pauses_completions and any(job.progress.is_active for job in self.all())

    def all(self) -> list[Job]:
        """Return every known job, the oldest first."""
        return sorted(self._jobs.values(), key=lambda job: job.record.created)

    def running_in(self, run: str) -> Job | None:
        """Return the job that works in a run's directory."""
        return next((job for job in self.all() if job.record.run == run and job.progress.is_active), None)

    def newest_for(self, run: str) -> Job | None:
        """Return the job that worked last in a run's directory, running or not."""
        return next((job for job in reversed(self.all()) if job.record.run == run), None)

    def stop(self, job_id: str | None) -> bool:
        """Stop one job, or all. Returns whether there was anything to stop."""
        jobs = [job for job in self.all() if job.progress.is_active and job_id in (None, job.record.job_id)]
        for job in jobs:
            job.stop()
            self._tell(job)
        return bool(jobs)

    def cancel(self, token: str | int) -> None:
        """Stop the job of a progress bar; unknown and ended ones are ignored."""
        for job in self.all():
            if job.token == token and job.progress.is_active:
                self.stop(job.record.job_id)

    def _add(self, job: Job) -> None:
        self._jobs[job.record.job_id] = job
        self._ls.spawn(self._open_bar(job))
        self._ls.send_status()
        if not self._watching:
            self._watching = True
            self._ls.spawn(self._watch())

    async def _open_bar(self, job: Job) -> None:
        window = self._ls.client_capabilities.window
        if window is not None and window.work_done_progress and job.progress.is_active:
            await self._ls.work_done_progress.create_async(job.token)
            title = f"TinyLM: training a {job.record.kind}"
            begin = lsp.WorkDoneProgressBegin(title=title, cancellable=True, percentage=0)
            self._ls.work_done_progress.begin(job.token, begin)
            job.has_progress_bar = True
            if not job.progress.is_active:
                self._close_bar(job)

    async def _watch(self) -> None:
        """Look at the running jobs four times a second, until none runs."""
        told: set[str] = set()
        try:
            while waiting := [job for job in self.all() if job.record.job_id not in told and not self._is_seen(job)]:
                for job in waiting:
                    changed = job.look()
                    if not job.progress.is_active:
                        told.add(job.record.job_id)
                    if changed or not job.progress.is_active:
                        self._tell(job)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._watching = False

    def _is_seen(self, job: Job) -> bool:
        return (job.record.directory / "seen").exists()

    def _tell(self, job: Job) -> None:
        progress = job.progress
        self._ls.protocol.notify("tinylm/trainingProgress", progress.to_json())
        if progress.is_active:
            if job.has_progress_bar:
                percentage = None if progress.fraction is None else int(100 * progress.fraction)
                report = lsp.WorkDoneProgressReport(message=progress.message, percentage=percentage)
                self._ls.work_done_progress.report(job.token, report)
            return
        self._close_bar(job)
        (job.record.directory / "seen").touch()
        self._ls.send_status()

    def _close_bar(self, job: Job) -> None:
        if job.has_progress_bar:
            job.has_progress_bar = False
            self._ls.work_done_progress.end(job.token, lsp.WorkDoneProgressEnd(message=job.progress.message))
            self._ls.work_done_progress.tokens.pop(job.token, None)
