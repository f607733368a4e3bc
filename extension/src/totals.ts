/** Tokens, bytes and bits of a piece of text, added up, and the words for them. Pure. */
import type { TokenScores } from "./protocol";
import { surprisalOfCell } from "./tokens";
import type { Cell } from "./tokens";

export interface Totals {
  readonly nTokens: number;
  readonly nBytes: number;
  /** Of these, what has a score: bits per byte and perplexity are of them only. */
  readonly nScoredTokens: number;
  readonly nScoredBytes: number;
  readonly surprisalBits: number;
}

export const NOTHING: Totals = { nTokens: 0, nBytes: 0, nScoredTokens: 0, nScoredBytes: 0, surprisalBits: 0 };

export function sumOf(all: Iterable<Totals>): Totals {
  let sum = NOTHING;
  for (const one of all) {
    sum = {
      nTokens: sum.nTokens + one.nTokens,
      nBytes: sum.nBytes + one.nBytes,
      nScoredTokens: sum.nScoredTokens + one.nScoredTokens,
      nScoredBytes: sum.nScoredBytes + one.nScoredBytes,
      surprisalBits: sum.surprisalBits + one.surprisalBits,
    };
  }
  return sum;
}

export function totalsOfCell(cell: Cell, scores: TokenScores | null, nBytes: number): Totals {
  const { nTokens } = cell;
  const surprisalBits = scores === null ? null : surprisalOfCell(scores, cell);
  if (surprisalBits === null) return { ...NOTHING, nTokens, nBytes };
  return { nTokens, nBytes, nScoredTokens: nTokens, nScoredBytes: nBytes, surprisalBits };
}

/** The numbers as text, null where there are none yet; "so far" is said of a part. */
export interface Figures {
  readonly tokens: string;
  readonly bytesPerToken: string | null;
  readonly bitsPerByte: string | null;
  readonly perplexity: string | null;
  readonly soFar: boolean;
}

export function figuresOf(totals: Totals): Figures {
  const { nTokens, nBytes, nScoredTokens, nScoredBytes, surprisalBits } = totals;
  const scored = nScoredTokens > 0 && nScoredBytes > 0;
  return {
    tokens: `${nTokens.toLocaleString("en")} ${nTokens === 1 ? "token" : "tokens"}`,
    bytesPerToken: nTokens === 0 ? null : (nBytes / nTokens).toFixed(2),
    bitsPerByte: scored ? (surprisalBits / nScoredBytes).toFixed(2) : null,
    perplexity: scored ? perplexityText(2 ** (surprisalBits / nScoredTokens)) : null,
    soFar: scored && nScoredTokens < nTokens,
  };
}

/** Three digits that count, without an exponent. */
function perplexityText(value: number): string {
  return value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString("en");
}

/** "194 tokens, 3.99 bytes/token, 1.10 bits/byte so far, perplexity 21.0 so far", or what of it is known. */
export function sentenceOf(totals: Totals): string {
  const { tokens, bytesPerToken, bitsPerByte, perplexity, soFar } = figuresOf(totals);
  const part = soFar ? " so far" : "";
  return [
    tokens,
    ...(bytesPerToken === null ? [] : [`${bytesPerToken} bytes/token`]),
    ...(bitsPerByte === null ? [] : [`${bitsPerByte} bits/byte${part}`]),
    ...(perplexity === null ? [] : [`perplexity ${perplexity}${part}`]),
  ].join(", ");
}

export interface Lines {
  readonly first: number;
  readonly last: number;
}

/** Return the paragraphs of a text: lines that are not blank, between lines that are. */
export function paragraphsOf(nLines: number, isBlank: (line: number) => boolean): Lines[] {
  const found: Lines[] = [];
  for (let line = 0; line < nLines; line += 1) {
    if (isBlank(line)) continue;
    const first = line;
    while (line + 1 < nLines && !isBlank(line + 1)) line += 1;
    found.push({ first, last: line });
  }
  return found;
}

/** Return the paragraph that holds a line; null on a blank line. Looks at no line outside it but its neighbours. */
export function paragraphAt(line: number, nLines: number, isBlank: (line: number) => boolean): Lines | null {
  if (isBlank(line)) return null;
  let first = line;
  while (first > 0 && !isBlank(first - 1)) first -= 1;
  let last = line;
  while (last + 1 < nLines && !isBlank(last + 1)) last += 1;
  return { first, last };
}
