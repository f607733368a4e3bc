/**
 * The stretch of a document that a session writes: where it is after somebody's edits, and the smallest edit that brings it
 * up to date. Offsets are UTF-16 units. Pure.
 */

export interface Region {
  readonly start: number;
  readonly length: number;
}

/** As the editor reports a change, and as one asks for it. */
export interface Change {
  readonly rangeOffset: number;
  readonly rangeLength: number;
  readonly text: string;
}

/** Where a region is after changes that touch it nowhere; null if one does, be it only at its edge. */
export function regionAfter(region: Region, changes: readonly Change[]): Region | null {
  let { start } = region;
  for (const { rangeOffset, rangeLength, text } of changes) {
    if (rangeOffset > start + region.length) continue;
    if (rangeOffset + rangeLength >= start) return null;
    start += text.length - rangeLength;
  }
  return { start, length: region.length };
}

/** The change that makes `wanted` of what was `written` at `start`: all behind what both begin with; null if nothing differs. */
export function patchFor(start: number, written: string, wanted: string): Change | null {
  if (written === wanted) return null;
  let nSame = 0;
  while (nSame < written.length && nSame < wanted.length && written[nSame] === wanted[nSame]) nSame += 1;
  while (nSame > 0 && !isBoundary(written, nSame)) nSame -= 1;
  while (nSame > 0 && !isBoundary(wanted, nSame)) nSame -= 1;
  return { rangeOffset: start + nSame, rangeLength: written.length - nSame, text: wanted.slice(nSame) };
}

/** A text as the document will hold it. */
export function withLineEnds(text: string, lineEnd: "\n" | "\r\n"): string {
  return text.replaceAll(/\r\n|\r|\n/g, lineEnd);
}

/** Whether a position lies neither inside a surrogate pair nor between CR and LF. */
function isBoundary(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at); // NaN at the end
  const splitsPair = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return !splitsPair && !(before === 13 && after === 10);
}
