/** The next token's candidates: rows with bars, what was cut by which filter, and where the draw falls on the cumulative bar. */
import { percentText } from "../src/words";
import type { SessionCandidate, SessionPlace } from "../src/sessionProtocol";
import { element, withAttributes } from "./elements";

/** With ten of them the sliders are seen below; the bar shows more. */
const N_ROWS = 10;

/** Draws the rows of the likeliest and of the drawn one; a click or the digit of a row picks it. */
export function candidateRows(place: SessionPlace, pick: (rank: number) => void): HTMLElement[] {
  const most = Math.exp(place.candidates[0]?.logprob ?? 0);
  return place.candidates.filter(({ rank }) => rank <= N_ROWS || rank === place.drawnRank).map((candidate) => {
    const drawn = candidate.rank === place.drawnRank;
    const mark = drawn ? "▶" : candidate.rank === 1 ? "*" : "";
    const bar = element("span", "bar");
    bar.style.width = `${Math.max(1, (100 * Math.exp(candidate.logprob)) / most)}%`;
    const row = element(
      "button",
      `candidate${candidate.cutBy === null ? "" : " cut"}${drawn ? " drawn" : ""}`,
      element("span", "key", candidate.rank <= 10 ? String(candidate.rank % 10) : ""),
      element("span", "mark", mark),
      element("span", "token", candidate.text),
      element("span", "track", bar),
      element("span", "number", percentText(candidate.logprob)),
      element("span", "number sampled", candidate.cutBy ?? percentText(candidate.sampledLogprob ?? -Infinity)),
    );
    row.addEventListener("click", () => pick(candidate.rank));
    return withAttributes(row, { type: "button", "aria-label": spoken(candidate, drawn), "data-rank": String(candidate.rank) });
  });
}

function spoken({ rank, text, logprob, sampledLogprob, cutBy }: SessionCandidate, drawn: boolean): string {
  const fate = cutBy === null ? `sampled ${percentText(sampledLogprob ?? -Infinity)}` : `cut by ${cutBy}`;
  return `${rank}: ${text}, model ${percentText(logprob)}, ${fate}${drawn ? ", the draw falls here" : ""}${rank === 1 ? ", the greedy choice" : ""}`;
}

/** The survivors end to end from 0 to 1, with the draw as a line across them. */
export function cumulativeBar(place: SessionPlace): HTMLElement {
  const segments = place.candidates.filter(({ cutBy }) => cutBy === null).map((candidate) => {
    const drawn = candidate.rank === place.drawnRank;
    const segment = withAttributes(element("span", `segment${drawn ? " drawn" : ""}`, candidate.text), { title: spoken(candidate, drawn) });
    segment.style.left = `${100 * candidate.start}%`;
    segment.style.width = `${100 * (candidate.end - candidate.start)}%`;
    return segment;
  });
  const bar = element("div", "cumulative", ...segments);
  if (place.draw !== null) {
    const line = element("span", "draw");
    line.style.left = `${100 * place.draw}%`;
    bar.append(line);
  }
  return withAttributes(bar, { role: "img", "aria-label": drawText(place) });
}

/** "The draw 0.4239 falls on ·fox; the greedy choice is ·dog." */
export function drawText(place: SessionPlace): string {
  const textOf = (rank: number): string => place.candidates.find((candidate) => candidate.rank === rank)?.text ?? "";
  if (place.draw === null) return `Temperature 0 is greedy: ${textOf(place.drawnRank)} comes next, and nothing is drawn.`;
  return `The draw ${place.draw.toFixed(4)} falls on ${textOf(place.drawnRank)}; the greedy choice is ${textOf(1)}.`;
}

/** "14 of 8,192 left; cut: top-k 8,152, top-p 26". */
export function survivorsText({ nSurvivors, nCandidates, cuts }: SessionPlace): string {
  const cut = cuts.map(({ filter, nTokens }) => `${filter} ${nTokens.toLocaleString("en")}`).join(", ");
  return `${nSurvivors.toLocaleString("en")} of ${nCandidates.toLocaleString("en")} left${cut === "" ? "" : `; cut: ${cut}`}`;
}
