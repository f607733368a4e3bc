/** How numbers are said to people: counts, durations, training progress. Pure. */
import type { JobProgress, TrainingEstimate, TrainModelArguments } from "./protocol";

/** ", training 42 %" while a job runs, otherwise nothing. */
export function trainingText(job: JobProgress): string {
  if (!isActive(job)) return "";
  const percent = job.fraction === null ? "" : ` ${Math.floor(job.fraction * 100)} %`;
  return `, training${percent}`;
}

export function isActive(job: Pick<JobProgress, "state">): boolean {
  switch (job.state) {
    case "starting":
    case "running":
    case "stopping":
      return true;
    case "finished":
    case "interrupted":
    case "failed":
      return false;
  }
}

/** "45 s", "3 min 05 s", "2 h 10 min". */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** One line on a job: the step, the losses, the speed, the time left; whatever is known of them. */
export function progressText(job: JobProgress): string {
  const parts = [
    job.step === null ? null : `step ${job.step}${job.totalSteps === null ? "" : ` of ${job.totalSteps}`}`,
    job.loss === null ? null : `loss ${job.loss.toFixed(3)}`,
    job.bitsPerByte === null ? null : `${job.bitsPerByte.toFixed(3)} bits per byte`,
    job.tokensPerSecond === null ? null : `${Math.round(job.tokensPerSecond).toLocaleString("en")} tokens/s`,
    job.secondsLeft === null ? null : `${durationText(job.secondsLeft)} left`,
  ].filter((part) => part !== null);
  if (job.step === null && job.message !== "") return parts.length === 0 ? job.message : `${job.message}, ${parts.join(", ")}`;
  return parts.length === 0 ? job.state : parts.join(", ");
}

/** "4.3 M parameters", or all digits of a small number. */
export function parametersText(n: number): string {
  return `${n >= 100_000 ? `${(n / 1e6).toFixed(1)} M` : n.toLocaleString("en")} parameters`;
}

/** "up to 4.3 M parameters, 1,200 steps, about 25 min, 1.2 GB of memory": what a training will cost. */
export function estimateText(estimate: TrainingEstimate, { budget, initFrom, tokenizer }: TrainModelArguments): string {
  const time = budget === null ? `about ${durationText(estimate.seconds)} and evaluations` : `within ${budget}`;
  const memory = `${(estimate.memoryBytes / 1e9).toFixed(1)} GB of memory`;
  // A vocabulary that is trained first ends early where the text holds no more pairs.
  const upTo = initFrom === null && tokenizer === null ? "up to " : "";
  return `${upTo}${parametersText(estimate.nParameters)}, ${estimate.steps.toLocaleString("en")} steps, ${time}, ${memory}`;
}

/** Whose colours one sees while a text is watched being learned; whatever else a hover says follows it. */
export function learnedText(run: string, step: number, bits: number, model: string): string {
  const logprob = -bits * Math.LN2;
  return `Coloured by step ${step.toLocaleString("en")} of ${run}: surprisal ${bits.toFixed(2)} bits, probability ${percentText(logprob)}. The model in use, ${model}, says:`;
}

/** Markdown that shows a text as it is. MarkdownString.appendText does too, with spaces that never wrap. */
export function markdownFromText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(/[\\`*_{}[\]()#+\-.!|~>$]/g, "\\$&");
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** "12.3 %", "0.0041 %", "3e-9": a probability from its logarithm. */
export function percentText(logprob: number): string {
  const probability = Math.exp(logprob);
  if (probability >= 0.0995) return `${(100 * probability).toFixed(1)} %`;
  return probability >= 1e-6 ? `${Number((100 * probability).toPrecision(2))} %` : probability.toExponential(0);
}
