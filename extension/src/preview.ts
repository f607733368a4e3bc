/**
 * What the list of replacements says: an alternative, what it does to the text after it, and why one cannot be had.
 * Pure. A change is after minus before in bits of surprisal: with a plus the text gets less likely.
 */
import type { Alternative, AlternativesResult, BitsChange, PreviewResult } from "./comparing";
import { percentText } from "./words";

export function changeOf({ beforeBits, afterBits }: BitsChange): number {
  return afterBits - beforeBits;
}

/** "+3.01", "−1.40", "±0.00", with a real minus sign. */
export function signedBits(bits: number): string {
  const text = Math.abs(bits).toFixed(2);
  if (Number(text) === 0) return `±${text}`;
  return `${bits < 0 ? "−" : "+"}${text}`;
}

/** What the list is about; where a character is split, what it offers in its place. */
export function placeholderOf({ nTokens }: Pick<AlternativesResult, "nTokens">): string {
  if (nTokens === 1) return "What each does to the text after it, in bits: + is less likely";
  return `Whole characters; probabilities are of the first of ${nTokens} tokens. Bits: + is less likely`;
}

/** "12.3 %, rank 2", and for what stands there now and what cannot be inserted the words for it. */
export function describeAlternative({ logprob, rank, actual, reason }: Alternative): string {
  const number = `${percentText(logprob)}, rank ${rank.toLocaleString("en")}`;
  if (actual) return `${number}, stands here now`;
  return reason === null ? number : `${number}, cannot be inserted: ${reason}`;
}

/** One line: what follows, the place itself, and the tokens that change most. */
export function describePreview(preview: PreviewResult): string {
  const { following, here, mostAffected } = preview;
  const place = `here ${signedBits(changeOf(here))}`;
  if (following.nTokens === 0) return `Nothing follows; ${place} bits`;
  const reach = following.endsText ? ", to the end" : "";
  const tokens = `${following.nTokens.toLocaleString("en")} ${following.nTokens === 1 ? "token" : "tokens"}`;
  const most = mostAffected.slice(0, 3).map((piece) => `${piece.text} ${signedBits(changeOf(piece))}`);
  const named = most.length === 0 ? "" : `; most: ${most.join(", ")}`;
  return `After it ${signedBits(changeOf(following))} bits (${tokens}${reach}); ${place}${named}`;
}

/** The offset at which the paragraph of `from` ends: before a line with nothing on it, or at the end of the text. */
export function paragraphEnd(text: string, from: number): number {
  const blank = /(\r\n|\r|\n)[ \t]*(\r\n|\r|\n)/g;
  // A swap that ends a line has the line's end behind it: an empty line then is the next one.
  blank.lastIndex = from;
  const found = blank.exec(text);
  if (found !== null) return found.index;
  return text.slice(from).search(/\s*$/) + from;
}
