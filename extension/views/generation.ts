/**
 * The page of the generation view: draws the state that the extension sends and says what the person does. It keeps no state
 * but the focus. Keys are those of `tinylm demo` where both have them.
 */
import { percentText } from "../src/words";
import type { GenerationAction, GenerationState } from "../src/generationMessages";
import type { SessionBranch, SessionToken, SessionView } from "../src/sessionProtocol";
import { candidateRows, cumulativeBar, drawText, survivorsText } from "./candidates";
import { button, element, withAttributes } from "./elements";
import { Sliders } from "./sliders";
import { piecesOf } from "./tokentext";

declare function acquireVsCodeApi(): { postMessage(message: GenerationAction): void };

const PACES = [1, 2, 4, 8, 16, 32, 1000];
const BITS_PER_NAT = 1 / Math.log(2);

const editor = acquireVsCodeApi();
const send = (action: GenerationAction): void => editor.postMessage(action);
let state: GenerationState | null = null;

const spokenLine = withAttributes(element("p", ""), { id: "spoken", role: "status", "aria-live": "polite" });
const note = withAttributes(element("p", ""), { id: "note", role: "alert" });
const runButton = keyed("Run", "Space", () => send({ kind: state?.running === true ? "pause" : "run" }));
const pace = withAttributes(element("input", ""), { type: "range", id: "pace", min: "0", max: String(PACES.length - 1), "aria-label": "Tokens a second" });
const toolbar = withAttributes(
  element(
    "div",
    "",
    keyed("Back", "←", () => send({ kind: "back" })),
    keyed("Step", "→", () => send({ kind: "step" })),
    runButton,
    pace,
    keyed("Redraw", "R", () => send({ kind: "redraw" })),
    keyed("Begin at Caret", "N", () => send({ kind: "begin" })),
    keyed("Save Tree", "S", () => send({ kind: "save" })),
    keyed("Open Tree", "O", () => send({ kind: "load" })),
  ),
  { id: "toolbar", role: "toolbar", "aria-label": "Generation" },
);
const text = identified("div", "text");
const raw = identified("div", "raw");
const facts = identified("dl", "facts");
const head = identified("p", "survivors");
const rows = withAttributes(element("div", ""), { id: "candidates", role: "group", "aria-label": "Candidates for the next token" });
const cumulative = identified("div", "cumulative");
const drawLine = identified("p", "draw");
const seed = identified("p", "seed");
const branches = identified("ol", "branches");
const sliders = new Sliders((values) => send({ kind: "set", values }));

document.querySelector("main")?.append(
  toolbar,
  spokenLine,
  note,
  section("Text", text),
  section("Tokens", raw),
  section("Next token", head, rows, cumulative, drawLine),
  section("Sampling, in this order", sliders.root, seed),
  section("Last token", facts),
  section("Branches", branches),
);
pace.addEventListener("input", () => send({ kind: "pace", pace: PACES[Number(pace.value)] ?? 8 }));
window.addEventListener("message", ({ data }: MessageEvent<GenerationState>) => show(data));
window.addEventListener("keydown", pressed);
send({ kind: "ready" });

function show(now: GenerationState): void {
  state = now;
  note.textContent = now.note;
  runButton.firstChild?.replaceWith(now.running ? "Pause" : "Run");
  if (document.activeElement !== pace) pace.value = String(Math.max(0, PACES.indexOf(now.pace)));
  const { view } = now;
  spokenLine.textContent = spoken(now);
  showText(view?.tokens ?? [], (view?.firstToken ?? 0) > 0);
  showPlace(view);
  if (view !== null) sliders.show(view.sampling);
  seed.textContent = view === null ? "" : `Seed ${view.seed}: the same seed and settings draw the same tokens.`;
  facts.replaceChildren(...(view === null ? [] : factsOf(view.tokens.at(-1))));
  branches.replaceChildren(...(view?.branches ?? []).map(branchRow));
}

/** What a screen reader says: the newest token, or why there is none. */
function spoken({ view, document: name, running }: GenerationState): string {
  if (view === null) return "No session. Put the caret where the model is to go on, and press N.";
  const last = view.tokens.at(-1);
  if (view.ended !== null) return `The end: ${view.ended}.`;
  if (last === undefined) return `Ready in ${name ?? "the document"}: → takes a token, Space runs, 1 to 9 pick one.`;
  const how = last.how === "by hand" ? "picked" : last.how;
  return `${running ? "Running. " : ""}Token ${view.nTokens}: “${last.text}”, ${percentText(last.logprob)}, rank ${last.rank}, ${how}.`;
}

function showText(tokens: readonly SessionToken[], isCut: boolean): void {
  const lead = isCut ? ["… "] : [];
  const pieces = piecesOf(tokens.map(({ bytes }) => bytes));
  text.replaceChildren(...lead, ...pieces.map(({ text: shown, first }, index) => tokenSpan(tokens, first, shown, index)));
  raw.replaceChildren(...lead, ...tokens.flatMap((token, index) => [tokenSpan(tokens, index, token.raw, index), " "]));
  raw.lastElementChild?.scrollIntoView({ block: "nearest" });
}

/** A click goes back to before the token, so that another one can be chosen; the branch stays in the list. */
function tokenSpan(tokens: readonly SessionToken[], index: number, shown: string, band: number): HTMLElement {
  const token = tokens[index];
  const several = (token?.nTried ?? 1) > 1;
  const span = element("span", `token band${band % 2}${several ? " several" : ""}`, shown);
  if (token !== undefined) span.title = titleOf(token);
  const before = tokens[index - 1]?.number ?? null;
  const isFirst = index === 0 && (state?.view?.firstToken ?? 0) > 0;
  if (!isFirst) span.addEventListener("click", () => send({ kind: "go", number: before }));
  return span;
}

function titleOf({ text: shown, tokenId, logprob, rank, nTried }: SessionToken): string {
  return `${shown}  id ${tokenId}  ${percentText(logprob)}  rank ${rank}${nTried > 1 ? `  ${nTried} tried here` : ""}`;
}

function showPlace(view: SessionView | null): void {
  const place = view?.place ?? null;
  if (place === null) {
    head.textContent = view?.ended ?? "";
    for (const empty of [rows, cumulative, drawLine]) empty.replaceChildren();
    return;
  }
  const begins = place.startsWith === null ? "" : `, has to begin with ${place.startsWith}`;
  head.textContent = `${survivorsText(place)}; entropy ${place.entropyBits.toFixed(2)} bits, context ${place.contextTokens} tokens${begins}`;
  const focused = document.activeElement?.getAttribute("data-rank");
  rows.replaceChildren(...candidateRows(place, (rank) => send({ kind: "pick", rank })));
  if (focused !== null && focused !== undefined) rows.querySelector<HTMLElement>(`[data-rank="${focused}"]`)?.focus();
  cumulative.replaceChildren(cumulativeBar(place));
  drawLine.textContent = drawText(place);
}

function factsOf(token: SessionToken | undefined): HTMLElement[] {
  if (token === undefined) return [];
  const sampled = token.sampledLogprob === null ? "cut by the filters" : percentText(token.sampledLogprob);
  const rowsOf: [string, string][] = [
    ["token", `${token.text}  id ${token.tokenId}`],
    ["bytes", token.bytes.replaceAll(/(..)(?=.)/g, "$1 ").toUpperCase() || "none"],
    ["model", `${percentText(token.logprob)}, ${(-token.logprob * BITS_PER_NAT).toFixed(2)} bits`],
    ["sampled", sampled],
    ["rank", String(token.rank)],
    ["entropy", `${token.entropyBits.toFixed(2)} bits`],
    ["draw", token.draw === null ? token.how : token.draw.toFixed(4)],
    ["context", `${token.contextTokens} tokens`],
  ];
  return rowsOf.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]);
}

function branchRow({ number, nShared, nTokens, text: shown, logprob, isCurrent }: SessionBranch): HTMLElement {
  const said = isCurrent ? `here, ${nTokens} tokens` : `from token ${nShared + 1}: ${shown}`;
  const bits = isCurrent ? "" : `  ${(-logprob * BITS_PER_NAT).toFixed(1)} bits`;
  const made = button(said, () => send({ kind: "go", number }));
  made.className = "branch";
  made.disabled = isCurrent;
  made.append(element("span", "number", bits));
  return element("li", "", made);
}

/** Keys work everywhere in the page, except where a slider or a button has a use for them itself. */
function pressed(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  const isSlider = target instanceof HTMLInputElement && event.key.startsWith("Arrow");
  const isButton = target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter");
  const action = isSlider || isButton ? null : actionOf(event.key);
  if (action === null) return;
  event.preventDefault();
  send(action);
}

function actionOf(key: string): GenerationAction | null {
  if (/^\d$/.test(key)) return { kind: "pick", rank: Number(key) || 10 };
  switch (key) {
    case " ":
      return { kind: state?.running === true ? "pause" : "run" };
    case "ArrowRight":
      return { kind: "step" };
    case "ArrowLeft":
      return { kind: "back" };
    case "Escape":
      return { kind: "leave" };
  }
  const letters = { r: "redraw", n: "begin", s: "save", o: "load" } as const;
  const letter = key.toLowerCase();
  return letter in letters ? { kind: letters[letter as keyof typeof letters] } : null;
}

function keyed(label: string, key: string, press: () => void): HTMLButtonElement {
  const made = button(label, press);
  made.append(element("kbd", "", key));
  return made;
}

function identified<Name extends "div" | "dl" | "ol" | "p">(name: Name, id: string): HTMLElementTagNameMap[Name] {
  return withAttributes(element(name, ""), { id });
}

function section(title: string, ...children: HTMLElement[]): HTMLElement {
  return element("section", "", element("h2", "", title), ...children);
}
