/**
 * The section in which a text of the editor is watched being learned: a slider through the steps that the run has kept, which
 * the editor's colours follow, and the text's bits per byte at each. The extension has the text and paints it.
 */
import type { ScaleKind } from "./chart";
import { button, element } from "./elements";
import type { LearningState } from "./messages";
import { Plot } from "./plot";

const PLAY_EVERY_MS = 700;
/** As many as a run keeps without snapshots: its newest checkpoints and the best. */
const FEW = 3;
const ADVICE = "This run has kept only its newest and best checkpoints; one that is trained now keeps 16 snapshots of its way (tinylm train --snapshots).";

export class LearningSection {
  readonly root: HTMLElement;
  private readonly quote = element("p", "quote");
  private readonly slider = element("input", "slider");
  private readonly label = element("output", "");
  private readonly hint = element("p", "hint");
  private readonly problem = element("p", "problem");
  private readonly curve = new Plot("The text's bits per byte", "at the steps kept");
  private readonly play = button("Play", () => (this.timer === null ? this.start() : this.stop()));
  private state: LearningState | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(
    private readonly show: (step: number) => void,
    end: () => void,
  ) {
    this.slider.type = "range";
    this.slider.min = "0";
    this.slider.setAttribute("aria-label", "The text through the training");
    this.slider.addEventListener("input", () => this.choose(Number(this.slider.value)));
    this.problem.setAttribute("role", "alert");
    const controls = element("div", "row", this.play, this.slider, button("End", end));
    this.root = element("section", "learning", element("h2", "", "A text being learned"), this.quote, controls, this.label, this.hint, this.problem, this.curve.root);
    this.root.hidden = true;
  }

  take(state: LearningState | null): void {
    const isBeginning = (this.state?.steps.length ?? 0) === 0;
    this.state = state;
    this.root.hidden = state === null;
    if (state === null) return this.stop();
    if (isBeginning) this.root.scrollIntoView(); // Again when the first step is there: the page grows while it is filled.
    const at = this.index();
    const chosen = state.steps[at];
    this.quote.textContent = `“${state.quote}”`;
    this.slider.max = String(Math.max(0, state.steps.length - 1));
    this.slider.value = String(at);
    const label = chosen === undefined ? "Reading the text with the first weights" : `Step ${chosen.step.toLocaleString("en")}${chosen.bitsPerByte === null ? "" : `, ${chosen.bitsPerByte.toFixed(3)} bits per byte`} (${at + 1} of ${state.steps.length})`;
    this.slider.setAttribute("aria-valuetext", label);
    this.label.textContent = label;
    this.hint.textContent = hintOf(state);
    this.problem.textContent = state.problem;
  }

  draw(x: ScaleKind, y: ScaleKind): void {
    if (this.state === null) return;
    const points = this.state.steps.map(({ step, bitsPerByte }) => ({ x: step, y: bitsPerByte }));
    this.curve.draw([{ label: "", points, look: "dots" }], x, y, points.map((point) => point.x), this.state.shown);
  }

  private index(): number {
    const at = this.state?.steps.findIndex(({ step }) => step === this.state?.shown) ?? -1;
    return Math.max(0, at);
  }

  private choose(at: number): void {
    const step = this.state?.steps[at]?.step;
    if (step !== undefined) this.show(step);
  }

  /** From the beginning when the end is shown, otherwise on from here. */
  private start(): void {
    const last = (this.state?.steps.length ?? 0) - 1;
    this.play.textContent = "Pause";
    this.choose(this.index() === last ? 0 : this.index() + 1);
    this.timer = setInterval(() => {
      if (this.index() >= (this.state?.steps.length ?? 0) - 1) this.stop();
      else this.choose(this.index() + 1);
    }, PLAY_EVERY_MS);
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "Play";
  }
}

function hintOf({ steps, nWaiting }: LearningState): string {
  if (nWaiting > 0) return `${nWaiting} more ${nWaiting === 1 ? "step" : "steps"} to read`;
  return steps.length <= FEW ? ADVICE : "The colours are those of the heat map of surprisal and mean the same at every step.";
}
