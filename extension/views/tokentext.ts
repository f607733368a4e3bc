/** Tokens to the pieces of clean text that can be drawn: bytes joined until they are whole characters. Pure. */

export interface Piece {
  readonly text: string;
  /** Of its first token, as an index. */
  readonly first: number;
}

/** One piece for each run of tokens whose bytes are whole characters; bytes that are none read as U+FFFD. */
export function piecesOf(hexOfTokens: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  let bytes: number[] = [];
  let first = 0;
  hexOfTokens.forEach((hex, index) => {
    bytes.push(...bytesOf(hex));
    const isLast = index === hexOfTokens.length - 1;
    if (!isLast && nOpen(bytes) > 0) return;
    pieces.push({ text: new TextDecoder().decode(Uint8Array.from(bytes)), first });
    bytes = [];
    first = index + 1;
  });
  return pieces;
}

function bytesOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
}

/** How many bytes at the end begin a character that is not complete. */
function nOpen(bytes: readonly number[]): number {
  for (let n = 1; n <= Math.min(3, bytes.length); n += 1) {
    const lead = bytes[bytes.length - n] ?? 0;
    if (lead >= 0xc0) return n < (lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4) ? n : 0;
    if (lead < 0x80) return 0;
  }
  return 0;
}
