/** The merges of a tokenizer's training, as they are made: how many, and the newest as a table. */
import type { Merge, TokenizerEventsResult } from "../src/protocol";
import { element } from "./elements";

const MOST_ROWS = 200;
const PHASES: Readonly<Record<string, string>> = { counting: "Counting words", merging: "Merging", ended: "Ended" };

export class Merges {
  readonly root: HTMLElement;
  private readonly details = element("details", "");
  private readonly summary = element("span", "");
  private readonly rows = element("tbody", "");
  private readonly progress = element("progress", "");
  private isFolded = false;
  private phase = "";
  private message = "";
  private total = 0;
  private merges: readonly Merge[] = [];

  constructor() {
    const heads = ["Merge rank", "Left", "Right", "Token", "Pairs"].map((name) => {
      const head = element("th", "", name);
      head.scope = "col";
      return head;
    });
    const caption = element("caption", "unseen", "The merges, the newest first");
    const table = element("table", "", caption, element("thead", "", element("tr", "", ...heads)), this.rows);
    const region = element("div", "scroll", table);
    region.tabIndex = 0;
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", "Merges, the newest first");
    this.progress.setAttribute("aria-label", "Merges made");
    this.details.open = true;
    this.details.append(element("summary", "", element("h2", "", "Merges"), " ", this.summary), this.progress, region);
    this.root = element("section", "merges", this.details);
    this.root.hidden = true;
  }

  get isEmpty(): boolean {
    return this.phase === "";
  }

  get isOver(): boolean {
    return this.phase === "ended";
  }

  /** Leave the summary line, once: who opens the table again keeps it. */
  fold(): void {
    if (!this.isFolded) this.details.open = false;
    this.isFolded = true;
  }

  take({ startsOver, phase, message, totalMerges, merges }: TokenizerEventsResult): void {
    this.root.hidden = false;
    this.merges = [...(startsOver ? [] : this.merges), ...merges].slice(-MOST_ROWS);
    this.phase = phase ?? this.phase;
    this.message = message ?? this.message;
    this.total = totalMerges ?? this.total;
    const made = this.merges.at(-1)?.rank ?? 0;
    this.progress.max = Math.max(1, this.total);
    this.progress.value = made;
    const done = made === 0 ? "" : `, ${made.toLocaleString("en")} of ${this.total.toLocaleString("en")} merges`;
    const how = this.phase === "merging" ? "" : `: ${this.message}`;
    this.summary.textContent = `${PHASES[this.phase] ?? this.phase}${done}${how}`;
    this.rows.replaceChildren(...[...this.merges].reverse().map(rowOf));
  }
}

function rowOf({ rank, left, right, count }: Merge): HTMLElement {
  const head = element("th", "", rank.toLocaleString("en"));
  head.scope = "row";
  const [one, other] = [visible(left), visible(right)];
  return element("tr", "", head, element("td", "token", one), element("td", "token", other), element("td", "token", one + other), element("td", "", count.toLocaleString("en")));
}

/** As the vocabulary writes it, with the signs for a space and a line end that TinyLM uses everywhere. */
function visible(part: string): string {
  return part.replaceAll("Ġ", "·").replaceAll("Ċ", "↵");
}
