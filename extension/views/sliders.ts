/** The sampling controls: one slider each, in the order in which they work. A slider's values are a list, left to right. */
import type { Sampling } from "../src/protocol";
import { element, withAttributes } from "./elements";

type Name = Exclude<keyof Sampling, "stop" | "maxTokens">;

interface Control {
  readonly name: Name;
  readonly label: string;
  readonly stops: readonly number[];
  readonly say: (value: number) => string;
}

const steps = (low: number, high: number, step: number): number[] => Array.from({ length: Math.round((high - low) / step) + 1 }, (_, n) => Number((low + n * step).toFixed(4)));
const offAt = (off: number, digits: number) => (value: number): string => (value === off ? "off" : value.toFixed(digits));

export const CONTROLS: readonly Control[] = [
  { name: "repetitionPenalty", label: "Repetition penalty", stops: steps(1, 2, 0.05), say: offAt(1, 2) },
  { name: "presencePenalty", label: "Presence penalty", stops: steps(0, 3, 0.1), say: offAt(0, 1) },
  { name: "temperature", label: "Temperature", stops: steps(0, 2, 0.05), say: (value) => (value === 0 ? "greedy" : value.toFixed(2)) },
  { name: "topK", label: "Top-k", stops: [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1000, 0], say: offAt(0, 0) },
  { name: "topP", label: "Top-p", stops: steps(0.05, 1, 0.01), say: offAt(1, 2) },
  { name: "minP", label: "Min-p", stops: steps(0, 0.5, 0.01), say: offAt(0, 2) },
  { name: "typicalP", label: "Typical-p", stops: steps(0.05, 1, 0.01), say: offAt(1, 2) },
];

export class Sliders {
  readonly root: HTMLElement;
  private readonly inputs = new Map<Name, { readonly input: HTMLInputElement; readonly value: HTMLElement }>();

  constructor(private readonly onMove: (values: Partial<Sampling>) => void) {
    this.root = element("div", "sliders", ...CONTROLS.flatMap((control) => this.row(control)));
  }

  /** Show the settings in force; one that is being moved right now is left alone. */
  show(sampling: Sampling): void {
    for (const { name, stops, say } of CONTROLS) {
      const row = this.inputs.get(name);
      if (row === undefined || row.input === document.activeElement) continue;
      row.input.value = String(nearest(stops, sampling[name]));
      this.say(row, say(sampling[name]));
    }
  }

  private row({ name, label, stops, say }: Control): HTMLElement[] {
    const input = withAttributes(element("input", ""), { type: "range", min: "0", max: String(stops.length - 1), step: "1", id: `slider-${name}` });
    const row = { input, value: withAttributes(element("output", "number"), { for: input.id }) };
    this.inputs.set(name, row);
    input.addEventListener("input", () => {
      const value = stops[Number(input.value)] ?? 0;
      this.say(row, say(value));
      this.onMove({ [name]: value });
    });
    return [withAttributes(element("label", "", label), { for: input.id }), input, row.value];
  }

  private say({ input, value }: { input: HTMLInputElement; value: HTMLElement }, text: string): void {
    value.textContent = text;
    input.setAttribute("aria-valuetext", text);
  }
}

function nearest(stops: readonly number[], value: number): number {
  const exact = stops.indexOf(value);
  if (exact >= 0) return exact;
  return stops.reduce((best, stop, index) => (Math.abs(stop - value) < Math.abs((stops[best] ?? 0) - value) ? index : best), 0);
}
