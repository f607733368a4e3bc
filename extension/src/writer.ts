/**
 * Keeps the text of a session in a document: inserted where it was opened, moved by edits elsewhere, ended by an edit at it.
 * Nothing is ever written at a stale place: every write is one edit, computed from where the region is at that moment.
 */
import { EndOfLine, Range, WorkspaceEdit, window, workspace } from "vscode";
import type { Disposable, TextDocument, TextDocumentChangeEvent } from "vscode";
import type { FreshText } from "./fresh";
import { patchFor, regionAfter, withLineEnds } from "./region";
import type { Change, Region } from "./region";

/** The editor refuses an edit when the document changed under it, as it does with every key of a typist: then the place is computed anew. */
const MAX_TRIES = 12;
/** How much longer the wait before each further try is; all of them together take two seconds. */
const WAIT_MS = 30;

export class Writer implements Disposable {
  /** Whether the text before was edited since: the session still rests on what it was. */
  contextChanged = false;
  private region: Region;
  private written = "";
  /** Whether somebody edited the document elsewhere since our last write: one undo must not take theirs back with ours. */
  private othersEdited = false;
  /** Our edit that is under way, and the text that it leaves. */
  private expected: { readonly change: Change; readonly text: string } | null = null;
  private ended = false;
  private readonly subscriptions: Disposable[];

  constructor(
    readonly document: TextDocument,
    offset: number,
    private readonly fresh: FreshText,
    private readonly onEnd: (reason: string) => void,
  ) {
    this.region = { start: offset, length: 0 };
    this.subscriptions = [
      workspace.onDidChangeTextDocument((event) => event.document === document && event.contentChanges.length > 0 && this.changed(event)),
      workspace.onDidCloseTextDocument((closed) => closed === document && this.end("The document was closed, so the generation ended.")),
      window.onDidChangeVisibleTextEditors(() => this.mark()),
    ];
  }

  /** Whether nothing more will be written. */
  get isOver(): boolean {
    return this.ended;
  }

  /** Make the region hold `text`; `opensUndoStep` is false for what one undo takes back together with the write before. */
  async write(text: string, opensUndoStep: boolean): Promise<void> {
    const wanted = withLineEnds(text, this.document.eol === EndOfLine.CRLF ? "\r\n" : "\n");
    for (let n = 0; n < MAX_TRIES && !this.ended; n += 1) {
      if (n > 0) await new Promise((done) => setTimeout(done, n * WAIT_MS));
      const change = patchFor(this.region.start, this.written, wanted);
      if (change === null) return;
      this.expected = { change, text: wanted };
      const applied = await this.apply(change, opensUndoStep || this.othersEdited);
      this.expected = null;
      if (applied) {
        this.othersEdited = false;
        return this.mark();
      }
    }
    if (!this.ended) this.end("The document could not be written to, so the generation ended.");
  }

  dispose(): void {
    this.ended = true;
    this.fresh.hide(this);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async apply({ rangeOffset, rangeLength, text }: Change, opensUndoStep: boolean): Promise<boolean> {
    const { document } = this;
    const range = new Range(document.positionAt(rangeOffset), document.positionAt(rangeOffset + rangeLength));
    const editor = window.visibleTextEditors.find((each) => each.document === document);
    if (editor !== undefined) return editor.edit((edit) => edit.replace(range, text), { undoStopBefore: opensUndoStep, undoStopAfter: false });
    const edit = new WorkspaceEdit();
    edit.replace(document.uri, range, text);
    return workspace.applyEdit(edit);
  }

  private changed({ contentChanges }: TextDocumentChangeEvent): void {
    const [change] = contentChanges;
    if (contentChanges.length === 1 && change !== undefined && this.expected !== null && isSame(change, this.expected.change)) {
      this.written = this.expected.text;
      this.region = { start: this.region.start, length: this.written.length };
      return;
    }
    const moved = regionAfter(this.region, contentChanges);
    if (moved === null) return this.end("The text was edited where the generation writes, so it ended.");
    if (contentChanges.some(({ rangeOffset }) => rangeOffset < this.region.start)) this.contextChanged = true;
    this.region = moved;
    this.othersEdited = true;
  }

  private mark(): void {
    const { start, length } = this.region;
    const range = new Range(this.document.positionAt(start), this.document.positionAt(start + length));
    this.fresh.show(this, this.document, range);
    for (const editor of window.visibleTextEditors) {
      const follows = editor.document === this.document && editor.selection.active.isEqual(range.end);
      if (follows) editor.revealRange(new Range(range.end, range.end));
    }
  }

  private end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.onEnd(reason);
  }
}

function isSame(one: Change, other: Change): boolean {
  return one.rangeOffset === other.rangeOffset && one.rangeLength === other.rangeLength && one.text === other.text;
}
