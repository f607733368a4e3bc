// Offsets in code points (what Python counts) to editor positions (line, UTF-16 character), counted the slow, plain way.

/** Return one [line, character] for each code point of the text, and one for its end. Lines end at LF, CRLF and CR. */
export function positionsOf(text) {
  const positions = [];
  let line = 0;
  let character = 0;
  let previous = '';
  for (const point of text) {
    if (previous === '\n' || (previous === '\r' && point !== '\n')) {
      line += 1;
      character = 0;
    }
    positions.push([line, character]);
    character += point.length;
    previous = point;
  }
  if (previous === '\n' || previous === '\r') return [...positions, [line + 1, 0]];
  return [...positions, [line, character]];
}
