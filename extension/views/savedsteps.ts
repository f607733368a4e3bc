/** The choice of a step whose weights the run has kept, beside the button that uses the model. */
import { element } from "./elements";
import type { RunRecord } from "./record";

export class SavedSteps {
  readonly root: HTMLElement;
  private readonly select = element("select", "");
  private offered = "";

  constructor() {
    this.select.setAttribute("aria-label", "Weights of which step to use");
    this.root = element("span", "", this.select);
    this.root.hidden = true;
  }

  /** Null stands for the newest model. */
  get chosen(): number | null {
    return this.select.value === "" ? null : Number(this.select.value);
  }

  /** Offer the steps, the newest first; what was chosen stays chosen while it is there. */
  take({ last, evaluations }: RunRecord): void {
    this.root.hidden = last.model === null || last.savedSteps.length === 0;
    const bits = new Map(evaluations.map(({ step, bitsPerByte }) => [step, bitsPerByte]));
    const labels = last.savedSteps.map((step) => {
      const measured = bits.get(step) ?? null;
      return [String(step), `step ${step.toLocaleString("en")}${measured === null ? "" : ` (${measured.toFixed(3)} bits per byte)`}`] as const;
    });
    const offered = JSON.stringify(labels);
    if (offered === this.offered) return; // An open list is left alone.
    this.offered = offered;
    const before = this.select.value;
    const options = [["", "the newest"] as const, ...labels.reverse()].map(([value, label]) => {
      const option = element("option", "", label);
      option.value = value;
      return option;
    });
    this.select.replaceChildren(...options);
    this.select.value = last.savedSteps.includes(Number(before)) ? before : "";
  }
}
