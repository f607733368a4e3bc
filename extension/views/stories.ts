/** The sample stories of a run, with a slider through time. It stays at the newest until somebody moves it. */
import type { TrainingEvaluation } from "../src/protocol";
import { button, element } from "./elements";

export class Stories {
  readonly root: HTMLElement;
  private readonly slider = element("input", "slider");
  private readonly label = element("output", "");
  private readonly text = element("blockquote", "story");
  private readonly empty = element("p", "hint", "The model tells a story at every evaluation; there has been none yet.");
  private readonly controls: HTMLElement;
  private evaluations: readonly TrainingEvaluation[] = [];
  private follows = true;

  constructor() {
    this.slider.type = "range";
    this.slider.min = "0";
    this.slider.setAttribute("aria-label", "Stories through the training");
    this.slider.addEventListener("input", () => this.choose(Number(this.slider.value)));
    const earlier = button("Earlier", () => this.choose(Number(this.slider.value) - 1));
    const later = button("Later", () => this.choose(Number(this.slider.value) + 1));
    this.controls = element("div", "row", earlier, this.slider, later);
    this.text.tabIndex = 0;
    this.root = element("section", "stories", element("h2", "", "What it writes"), this.controls, this.label, this.text, this.empty);
  }

  show(evaluations: readonly TrainingEvaluation[]): void {
    const newest = evaluations.length - 1;
    const at = this.follows ? newest : Math.min(Number(this.slider.value), newest);
    this.evaluations = evaluations;
    for (const part of [this.controls, this.label, this.text]) part.hidden = newest < 0;
    this.empty.hidden = newest >= 0;
    this.slider.max = String(Math.max(0, newest));
    if (newest >= 0) this.choose(at);
  }

  private choose(wanted: number): void {
    const newest = this.evaluations.length - 1;
    const at = Math.min(newest, Math.max(0, wanted));
    const chosen = this.evaluations[at];
    if (chosen === undefined) return;
    this.follows = at === newest;
    this.slider.value = String(at);
    const label = `Step ${chosen.step.toLocaleString("en")}${chosen.bitsPerByte === null ? "" : `, ${chosen.bitsPerByte.toFixed(3)} bits per byte`} (${at + 1} of ${newest + 1})`;
    this.slider.setAttribute("aria-valuetext", label);
    this.label.textContent = label;
    this.text.textContent = chosen.sample.trim();
  }
}
