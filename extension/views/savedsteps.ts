/** The choice of a step whose weights the run has kept, beside the button that uses the model. */
import { worseningOf } from "../src/best";
import { element } from "./elements";
import type { RunRecord } from "./record";

export class SavedSteps {
  readonly root: HTMLElement;
  private readonly select = element("select", "");
  private offered = "";
  private isChosen = false;

  constructor(chosen: () => void) {
    this.select.setAttribute("aria-label", "Weights of which step to use");
    this.select.addEventListener("change", () => {
      this.isChosen = true;
      chosen();
    });
    this.root = element("span", "", this.select);
    this.root.hidden = true;
  }

  /** Null stands for the newest model. */
  get chosen(): number | null {
    return this.select.value === "" ? null : Number(this.select.value);
  }

  /** Offer the steps, the newest first; the best at once where the newest is clearly worse, unless somebody has chosen. */
  take({ last, evaluations }: RunRecord): void {
    this.root.hidden = last.model === null || last.savedSteps.length === 0;
    const bits = new Map(evaluations.map(({ step, bitsPerByte }) => [step, bitsPerByte]));
    const best = worseningOf(evaluations, last.savedSteps)?.best.step;
    const labels = last.savedSteps.map((step) => {
      const measured = bits.get(step) ?? null;
      const label = `step ${step.toLocaleString("en")}${measured === null ? "" : `, ${measured.toFixed(3)} bits per byte`}`;
      return [String(step), step === best ? `best: ${label}` : label] as const;
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
    const isKept = before === "" || last.savedSteps.includes(Number(before));
    this.select.value = this.isChosen && isKept ? before : String(best ?? "");
  }
}
