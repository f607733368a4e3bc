/**
 * The page of the training view: where the run stands, its curves, its stories, its numbers, and what can be done with it.
 * It holds what it was sent and asks for everything again when it is opened again.
 */
import { smoothed } from "./chart";
import type { ScaleKind } from "./chart";
import { button, element } from "./elements";
import { LearningSection } from "./learning";
import { Merges } from "./merges";
import type { FromTrainingPage, ToTrainingPage, TrainingPageState } from "./messages";
import { Plot } from "./plot";
import type { Series } from "./plot";
import { curveOf, damage, evaluated, isGoing, joined, message, summary, tableRows, worsening } from "./record";
import type { RunRecord } from "./record";
import { SavedSteps } from "./savedsteps";
import { Stories } from "./stories";

interface Host {
  postMessage(message: FromTrainingPage): void;
  getState(): TrainingPageState | undefined;
  setState(state: TrainingPageState): void;
}

declare function acquireVsCodeApi(): Host;

const SMOOTHED_OVER = 20;
const STATE_TEXT = { starting: "Starting", running: "Training", stopping: "Stopping", finished: "Finished", interrupted: "Stopped", failed: "Failed" } as const;

const host = acquireVsCodeApi();
const page = build();
let record: RunRecord | null = null;
let announced = "";
const remembered = host.getState();
let logSteps = remembered?.logSteps ?? false;
let logValues = remembered?.logValues ?? false;

window.addEventListener("message", ({ data }: MessageEvent<ToTrainingPage>) => {
  if (data.type === "problem") {
    page.problem.textContent = data.text;
    return;
  }
  if (data.type === "merges") {
    page.merges.take(data.events);
    draw();
    return;
  }
  if (data.type === "learning") {
    page.learning.take(data.state);
    drawLearning();
    return;
  }
  page.problem.textContent = "";
  record = joined(record, data.events);
  draw();
});
new ResizeObserver(draw).observe(page.plots);
host.postMessage({ type: "ready" });

function draw(): void {
  if (record === null) return;
  remember(record);
  const { last, steps } = record;
  page.title.textContent = last.run.split(/[\\/]/).at(-1) ?? last.run;
  page.title.title = last.run;
  page.state.textContent = STATE_TEXT[last.state];
  page.state.dataset["state"] = last.state;
  page.summary.textContent = summary(record);
  page.worsening.textContent = worsening(record);
  page.damage.textContent = damage(record);
  page.message.textContent = isGoing(record) && steps.step.length > 0 ? "" : message(record);
  page.progress.max = record.totalSteps ?? 1;
  page.progress.value = steps.step.at(-1) ?? 0;
  page.lessons.hidden = steps.step.length === 0 && (!page.merges.isEmpty || !isGoing(record)); // Empty axes say nothing.
  if (steps.step.length > 0 && page.merges.isOver) page.merges.fold(); // Curves and samples are what one comes for then.
  page.progress.hidden = page.lessons.hidden;
  page.stop.hidden = last.jobId === null || last.state === "stopping";
  const isStopped = last.state === "interrupted" || last.state === "failed";
  page.resume.hidden = !isStopped || (record.totalSteps === null && page.merges.isEmpty); // Before its first event there is nothing to go on with.
  page.use.hidden = last.model === null;
  drawPlots(record);
  drawLearning();
  page.steps.take(record);
  nameUse();
  page.stories.show(record.evaluations);
  page.rows.replaceChildren(...tableRows(record).map((cells) => element("tr", "", ...cells.map((cell, column) => (column === 0 ? rowHead(cell) : element("td", "", cell))))));
  announce(record);
}

/** What is used is a checkpoint, but for the newest of a run that has come to its end. */
function nameUse(): void {
  page.use.textContent = record?.last.state === "finished" && page.steps.chosen === null ? "Use This Model" : "Use This Checkpoint";
}

function scales(): readonly [x: ScaleKind, y: ScaleKind] {
  return [logSteps ? "log" : "linear", logValues ? "log" : "linear"];
}

function drawLearning(): void {
  page.learning.draw(...scales());
}

function drawPlots(shown: RunRecord): void {
  const [x, y] = scales();
  const loss = curveOf(shown, "loss");
  const norm = curveOf(shown, "gradNorm");
  const lossSeries: Series[] = [
    { label: "loss", points: loss, look: "faint" },
    { label: "average", points: smoothed(loss, SMOOTHED_OVER), look: "line" },
    { label: "validation", points: evaluated(shown, "validationLoss"), look: "dots" },
  ];
  page.loss.draw(lossSeries, x, y, shown.steps.step);
  page.bits.draw([{ label: "", points: evaluated(shown, "bitsPerByte"), look: "dots" }], x, y, shown.steps.step);
  page.rate.draw([{ label: "", points: curveOf(shown, "learningRate"), look: "line" }], x, y, shown.steps.step);
  page.norm.draw([{ label: "norm", points: norm, look: "faint" }, { label: "average", points: smoothed(norm, SMOOTHED_OVER), look: "line" }], x, y, shown.steps.step);
  page.speed.draw([{ label: "", points: curveOf(shown, "tokensPerSecond"), look: "line" }], x, y, shown.steps.step);
}

/** Screen readers hear of a new state and of each evaluation, not of every step. */
function announce(shown: RunRecord): void {
  const { last, evaluations } = shown;
  const newest = evaluations.at(-1);
  const found = newest?.bitsPerByte == null ? "" : `, ${newest.bitsPerByte.toFixed(3)} bits per byte at step ${newest.step}`;
  const worse = worsening(shown);
  const text = `${STATE_TEXT[last.state]}${found}${worse === "" ? "" : `, ${worse}`}`;
  if (text !== announced) page.announcement.textContent = text;
  announced = text;
}

function remember({ last }: RunRecord): void {
  host.setState({ run: last.run, logSteps, logValues });
}

function rowHead(text: string): HTMLElement {
  const head = element("th", "", text);
  head.scope = "row";
  return head;
}

function toggle(label: string, isOn: () => boolean, flip: () => void): HTMLButtonElement {
  const made = button(label, () => {
    flip();
    made.setAttribute("aria-pressed", String(isOn()));
    draw();
  });
  made.setAttribute("aria-pressed", String(isOn()));
  return made;
}

function build() {
  const parts = {
    title: element("h1", "", "Training"),
    state: element("span", "state"),
    summary: element("p", "summary"),
    worsening: element("p", "worsening"),
    message: element("p", "hint"),
    damage: element("p", "hint"),
    problem: element("p", "problem"),
    announcement: element("div", "unseen"),
    progress: element("progress", ""),
    stop: button("Stop", () => host.postMessage({ type: "stop" })),
    resume: button("Resume", () => host.postMessage({ type: "resume" })),
    steps: new SavedSteps(nameUse),
    use: button("Use This Model", () => host.postMessage({ type: "use", step: page.steps.chosen })),
    loss: new Plot("Loss", "nats per token"),
    bits: new Plot("Bits per byte", "validation"),
    rate: new Plot("Learning rate", "AdamW"),
    norm: new Plot("Gradient norm", ""),
    speed: new Plot("Speed", "tokens/s"),
    merges: new Merges(),
    stories: new Stories(),
    learning: new LearningSection((step) => host.postMessage({ type: "showStep", step }), () => host.postMessage({ type: "endLearning" })),
    plots: element("div", "plots"),
    /** All that only a model's training has. */
    lessons: element("div", ""),
    rows: element("tbody", ""),
  };
  for (const hidden of [parts.stop, parts.resume, parts.use]) hidden.hidden = true;
  parts.announcement.setAttribute("role", "status");
  parts.problem.setAttribute("role", "alert");
  parts.progress.setAttribute("aria-label", "Steps done");
  const toggles = element("div", "row", toggle("Logarithmic steps", () => logSteps, () => (logSteps = !logSteps)), toggle("Logarithmic values", () => logValues, () => (logValues = !logValues)));
  parts.plots.append(...[parts.loss, parts.bits, parts.rate, parts.norm, parts.speed].map(({ root }) => root));
  parts.lessons.append(parts.stories.root, element("section", "", element("h2", "", "Curves"), toggles, parts.plots), numbers(parts.rows));
  const header = element("header", "", element("div", "row", parts.title, parts.state), parts.progress, parts.summary, parts.worsening, parts.message, parts.damage, parts.problem, element("div", "row", parts.stop, parts.resume, parts.use, parts.steps.root));
  document.querySelector("main")?.append(header, parts.announcement, parts.merges.root, parts.learning.root, parts.lessons);
  return parts;
}

function numbers(rows: HTMLElement): HTMLElement {
  const names = ["Step", "Loss", "Validation loss", "Bits per byte", "Learning rate", "Gradient norm", "Tokens/s"];
  const heads = names.map((name) => {
    const head = element("th", "", name);
    head.scope = "col";
    return head;
  });
  const table = element("table", "", element("caption", "unseen", "The run in numbers, the newest first"), element("thead", "", element("tr", "", ...heads)), rows);
  return element("details", "", element("summary", "", "Numbers"), table);
}
