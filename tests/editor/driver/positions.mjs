// Where things are, counted the slow, plain way: offsets in code points (what Python counts) to editor positions
// (line, UTF-16 character), and spans to the columns of one line on the screen.

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
    character += point === '\r' ? 0 : point.length; // Between CR and LF there is no column: the editor's line ends before both.
    previous = point;
  }
  if (previous === '\n' || previous === '\r') return [...positions, [line + 1, 0]];
  return [...positions, [line, character]];
}

/** [start, end] of each box on the screen. */
export function columnsOf(boxes) {
  return boxes.map(({ start, end }) => [start, end]);
}

/** [start, end] of the part of each span that lies on one line; the line end itself has no column. */
export function columnsOn(line, text, spans) {
  const parts = spans.filter(([startLine, , endLine]) => startLine <= line && line <= endLine);
  return parts
    .map(([startLine, start, endLine, end]) => [startLine < line ? 0 : start, endLine > line ? text.length : end])
    .filter(([, end], index) => end > 0 || parts[index][0] === line);
}

/** The editor draws neighbours of one kind as one box, or as two that touch: both are the same to the eye. */
export function joined(columns) {
  return columns.sort(([a], [b]) => a - b).reduce((found, [start, end]) => (found.at(-1)?.[1] === start ? [...found.slice(0, -1), [found.at(-1)[0], end]] : [...found, [start, end]]), []);
}
