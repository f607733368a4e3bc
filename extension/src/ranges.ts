/** Which ranges of a document an editor asks about, and where a span lies in it. */
import { Position, Range } from "vscode";
import type { TextEditor } from "vscode";
import { END_OF_LINE } from "./plan";
import type { Span } from "./plan";
import { screenAround } from "./viewport";

/** What is visible, with one screen around it or alone. */
export function rangesOf(editor: TextEditor, visibleOnly: boolean): readonly Range[] {
  const { document, visibleRanges } = editor;
  if (visibleOnly) return visibleRanges;
  return visibleRanges.map((visible) => {
    const { start, end } = screenAround(visible, document.lineCount, (line) => document.lineAt(line).text.length);
    return new Range(start.line, start.character, end.line, end.character);
  });
}

/** A token that ends with a line end would leave its left edge on the next line too; `newline` marks it instead. */
export function toRange(editor: TextEditor, [startLine, start, endLine, end]: Span): Range {
  const endsBefore = endLine > startLine && end === 0;
  const range = endsBefore ? new Range(startLine, start, endLine - 1, END_OF_LINE) : new Range(startLine, start, endLine, end);
  return editor.document.validateRange(range);
}

/** Where a position is after `text` was inserted at it; the editor turns every line end into one. */
export function positionAfter(position: Position, text: string): Position {
  const lines = text.split(/\r\n|\r|\n/);
  const last = lines.at(-1) ?? "";
  return lines.length === 1 ? new Position(position.line, position.character + last.length) : new Position(position.line + lines.length - 1, last.length);
}
