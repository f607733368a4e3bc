/**
 * Shows training jobs: a cancellable notification each, a line per step in the "TinyLM Training" output with the sample
 * stories, and the question at the end. Jobs that were running before the editor opened are shown too.
 */
import { EventEmitter, ProgressLocation, window } from "vscode";
import type { Disposable, OutputChannel, Progress } from "vscode";
import type { Server } from "./client";
import { ServerCommand } from "./protocol";
import type { JobProgress } from "./protocol";
import { durationText, isActive, messageOf, progressText } from "./words";

interface Shown {
  last: JobProgress;
  lastSample: string | null;
  lastStep: number | null;
  fraction: number;
  progress: Progress<{ message?: string; increment?: number }> | null;
  end: () => void;
}

export class Jobs implements Disposable {
  private readonly shown = new Map<string, Shown>();
  private readonly output: OutputChannel = window.createOutputChannel("TinyLM Training");
  private readonly finishedEvents = new EventEmitter<JobProgress>();
  /** A job has come to its end, whichever. */
  readonly onEnd = this.finishedEvents.event;
  private readonly subscriptions: Disposable[];

  constructor(private readonly server: Server) {
    this.subscriptions = [
      this.output,
      this.finishedEvents,
      server.onTraining((job) => this.update(job)),
      server.onConnection((connection) => {
        if (connection === "stopped") this.closeAll();
        if (connection === "running") void this.findRunning();
      }),
    ];
  }

  get all(): readonly JobProgress[] {
    return [...this.shown.values()].map(({ last }) => last);
  }

  get active(): readonly JobProgress[] {
    return this.all.filter(isActive);
  }

  showOutput(): void {
    this.output.show(true);
  }

  dispose(): void {
    this.closeAll();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** A job survives the server: ask which are running now. */
  private async findRunning(): Promise<void> {
    try {
      for (const job of await this.server.execute<JobProgress[]>(ServerCommand.listJobs)) {
        if (isActive(job)) this.update(job);
      }
    } catch (error) {
      this.output.appendLine(`The server did not list its jobs: ${messageOf(error)}`);
    }
  }

  private update(job: JobProgress): void {
    const shown = this.shown.get(job.jobId) ?? (isActive(job) ? this.open(job) : this.record(job));
    const ended = isActive(shown.last) && !isActive(job);
    this.write(shown, job);
    shown.last = job;
    const fraction = job.fraction ?? shown.fraction;
    shown.progress?.report({ message: progressText(job), increment: Math.max(0, (fraction - shown.fraction) * 100) });
    shown.fraction = Math.max(shown.fraction, fraction);
    if (ended) {
      shown.end();
      this.output.appendLine(`${titleOf(job)}: ${job.message || job.state}`);
      this.finishedEvents.fire(job);
    }
  }

  private record(job: JobProgress): Shown {
    const shown: Shown = { last: job, lastSample: null, lastStep: null, fraction: 0, progress: null, end: () => undefined };
    this.shown.set(job.jobId, shown);
    return shown;
  }

  private open(job: JobProgress): Shown {
    const shown = this.record(job);
    this.output.appendLine(`${titleOf(job)} in ${job.run}`);
    const ended = new Promise<void>((resolve) => (shown.end = resolve));
    const options = { location: ProgressLocation.Notification, title: `TinyLM: ${titleOf(job)}`, cancellable: true };
    void window.withProgress(options, (progress, token) => {
      shown.progress = progress;
      token.onCancellationRequested(() => void this.stop(job.jobId));
      return ended;
    });
    return shown;
  }

  private async stop(jobId: string): Promise<void> {
    try {
      await this.server.execute(ServerCommand.stopTraining, { jobId });
    } catch (error) {
      void window.showErrorMessage(`TinyLM could not stop the training: ${messageOf(error)}`);
    }
  }

  /** A line when the step has moved, the sample story when there is a new one. */
  private write(shown: Shown, job: JobProgress): void {
    if (job.step !== null && job.step !== shown.lastStep) {
      this.output.appendLine(progressText(job));
      shown.lastStep = job.step;
    }
    if (job.sample !== null && job.sample !== shown.lastSample) {
      const validation = job.validationLoss === null ? "" : `, validation loss ${job.validationLoss.toFixed(3)} nats per token`;
      this.output.appendLine(`\n--- what it writes at step ${job.step ?? "?"}${validation} ---\n${job.sample.trim()}\n---\n`);
      shown.lastSample = job.sample;
    }
  }

  /** The notifications go with the server; the jobs themselves go on. */
  private closeAll(): void {
    for (const [jobId, shown] of this.shown) {
      shown.end();
      if (isActive(shown.last)) this.shown.delete(jobId);
    }
  }
}

export function titleOf(job: Pick<JobProgress, "kind">): string {
  return job.kind === "tokenizer" ? "training a tokenizer" : "training a model";
}

/** What to say when a job has ended. */
export function endText(job: JobProgress): string {
  const what = job.kind === "tokenizer" ? "tokenizer" : "model";
  const left = job.secondsLeft === null ? "" : ` with ${durationText(job.secondsLeft)} left`;
  switch (job.state) {
    case "finished":
      return `The ${what} is trained${job.bitsPerByte === null ? "" : `: ${job.bitsPerByte.toFixed(2)} bits per byte`}.`;
    case "interrupted":
      return `Training the ${what} was stopped${job.step === null ? "" : ` at step ${job.step}`}${left}. Nothing is lost.`;
    case "failed":
      return `Training the ${what} failed: ${job.message}`;
    case "starting":
    case "running":
    case "stopping":
      return `Training the ${what}: ${progressText(job)}`;
  }
}
