/**
 * The list of what could stand in a token's place. Moving over an entry asks the server what it does to the text after
 * it, says so in the entry's second line and marks the tokens that change most. Writes nothing.
 */
import { CancellationTokenSource, EndOfLine, Range, Selection, ThemeIcon, window } from "vscode";
import type { CancellationToken, Disposable, QuickPick, QuickPickItem, TextDocument, TextEditor } from "vscode";
import type { Server } from "./client";
import { changeOf, describeAlternative, describePreview, placeholderOf } from "./preview";
import { PreviewRequest } from "./comparing";
import type { Alternative, AlternativesResult, PreviewResult } from "./comparing";
import type { Styles } from "./styles";
import { messageOf } from "./words";

/** Moving through the list with a key held down asks for nothing in between. */
const PREVIEW_DELAY_MS = 80;

export interface Chosen {
  readonly text: string;
  readonly actual: boolean;
  readonly preview: PreviewResult | null;
}

interface Entry extends QuickPickItem {
  readonly alternative: Alternative;
}

/** Show the list; resolves to what was chosen, or null when the user left it or `token` closed it. */
export async function choose(server: Server, styles: Styles, editor: TextEditor, found: AlternativesResult, token: CancellationToken): Promise<Chosen | null> {
  const list = new Choosing(server, styles, editor, found);
  try {
    return await list.chosen(token);
  } finally {
    list.dispose();
  }
}

class Choosing implements Disposable {
  private readonly pick: QuickPick<Entry>;
  private readonly marks: Marks;
  /** By token id; a text is why there is none. */
  private readonly previews = new Map<number, PreviewResult | string>();
  private readonly cell: Range;
  private request: CancellationTokenSource | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly server: Server,
    styles: Styles,
    private readonly editor: TextEditor,
    private readonly found: AlternativesResult,
  ) {
    this.cell = rangeFrom(found);
    this.marks = new Marks(styles, editor, this.cell);
    this.pick = window.createQuickPick<Entry>();
    this.pick.title = `Replace ${this.shown}: what could stand here`;
    this.pick.placeholder = placeholderOf(found);
    this.pick.matchOnDescription = true;
    this.pick.keepScrollPosition = true;
    this.showEntries();
  }

  chosen(token: CancellationToken): Promise<Chosen | null> {
    return new Promise((done) => {
      this.pick.onDidChangeActive(([entry]) => this.movedTo(entry));
      this.pick.onDidHide(() => done(null));
      this.pick.onDidAccept(() => {
        const chosen = this.accepted();
        if (chosen !== null) done(chosen);
      });
      token.onCancellationRequested(() => done(null));
      this.pick.show();
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.request?.cancel();
    this.marks.dispose();
    this.pick.dispose();
  }

  private get shown(): string {
    const actual = this.found.alternatives.find((each) => each.actual);
    if (this.found.nTokens === 1 && actual !== undefined) return actual.text;
    return `${this.editor.document.getText(this.cell)} (${this.found.nTokens} tokens)`;
  }

  private showEntries(active?: Alternative): void {
    // What stands here comes first, whatever its rank: the others are compared with it.
    const sorted = [...this.found.alternatives].sort((one, other) => Number(other.actual) - Number(one.actual));
    this.pick.items = sorted.map((alternative) => ({
      alternative,
      label: withoutIcons(alternative.text),
      description: describeAlternative(alternative),
      detail: withoutIcons(this.detailOf(alternative)),
      ...iconOf(alternative),
    }));
    const entry = this.pick.items.find((each) => each.alternative === active);
    if (entry !== undefined) this.pick.activeItems = [entry];
  }

  private detailOf(alternative: Alternative): string {
    const preview = this.previews.get(alternative.tokenId);
    if (typeof preview === "string") return preview;
    if (preview !== undefined) return describePreview(preview);
    return isReplacement(alternative) ? "…" : " "; // Never empty: the entries keep their height.
  }

  private movedTo(entry: Entry | undefined): void {
    clearTimeout(this.timer);
    this.request?.cancel();
    if (entry === undefined) return;
    const { alternative } = entry;
    const preview = this.previews.get(alternative.tokenId);
    this.marks.show(typeof preview === "object" ? preview : null);
    if (preview === undefined && isReplacement(alternative)) this.timer = setTimeout(() => void this.ask(alternative), PREVIEW_DELAY_MS);
  }

  private async ask(alternative: Alternative & { readonly newText: string }): Promise<void> {
    const { document } = this.editor;
    const converter = this.server.converter;
    if (converter === null) return;
    const request = new CancellationTokenSource();
    this.request = request;
    const textDocument = converter.asTextDocumentIdentifier(document);
    const { version, range, modelId } = this.found;
    const params = { textDocument, version, position: range.start, newText: withLineEnds(document, alternative.newText) };
    try {
      const preview = await this.server.request(PreviewRequest, params, request.token);
      // The text or the model may have changed while the answer was on its way; the list is being closed then.
      if (isCancelled(request) || document.version !== preview.version || preview.modelId !== modelId) return;
      this.previews.set(alternative.tokenId, preview);
      this.marks.show(preview);
    } catch (error) {
      if (isCancelled(request)) return;
      this.previews.set(alternative.tokenId, messageOf(error));
    } finally {
      request.dispose();
    }
    this.showEntries(alternative);
  }

  /** What Enter means; null on an entry that cannot be inserted, whose description says why. */
  private accepted(): Chosen | null {
    const [entry] = this.pick.activeItems;
    if (entry === undefined) return null;
    const { actual, newText, tokenId } = entry.alternative;
    // The cell may hold more tokens than the first, so what stands here is read from the text.
    const text = actual ? this.editor.document.getText(this.cell) : newText;
    const preview = this.previews.get(tokenId);
    return text === null ? null : { text, actual, preview: typeof preview === "object" ? preview : null };
  }
}

/** While the list is open: the place is selected, and tokens that a swap makes more or less likely are underlined. */
class Marks implements Disposable {
  private readonly before: readonly Selection[];
  private readonly version: number;

  constructor(
    private readonly styles: Styles,
    private readonly editor: TextEditor,
    place: Range,
  ) {
    this.before = editor.selections;
    this.version = editor.document.version;
    editor.selection = new Selection(place.start, place.end);
  }

  show(preview: PreviewResult | null): void {
    const pieces = preview?.mostAffected ?? [];
    this.editor.setDecorations(this.styles.type("costs"), pieces.filter((piece) => changeOf(piece) > 0).map(rangeFrom));
    this.editor.setDecorations(this.styles.type("saves"), pieces.filter((piece) => changeOf(piece) < 0).map(rangeFrom));
  }

  dispose(): void {
    this.show(null);
    if (this.editor.document.version === this.version) this.editor.selections = this.before;
  }
}

export function rangeFrom({ range }: { readonly range: AlternativesResult["range"] }): Range {
  return new Range(range.start.line, range.start.character, range.end.line, range.end.character);
}

function isReplacement(alternative: Alternative): alternative is Alternative & { readonly newText: string } {
  return alternative.newText !== null && !alternative.actual;
}

/** Beside the words, which say the same. */
function iconOf({ actual, newText }: Alternative): { readonly iconPath?: ThemeIcon } {
  if (actual) return { iconPath: new ThemeIcon("check") };
  return newText === null ? { iconPath: new ThemeIcon("circle-slash") } : {};
}

/** The editor draws `$(name)` as an icon; a token that says so is a text. */
function withoutIcons(text: string): string {
  return text.replaceAll("$(", "\\$(");
}

/** The editor turns every line end into the document's: the preview is of what will stand there. */
function withLineEnds(document: TextDocument, text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, document.eol === EndOfLine.CRLF ? "\r\n" : "\n");
}

/** A function, because the answer changes while a request is awaited. */
function isCancelled(request: CancellationTokenSource): boolean {
  return request.token.isCancellationRequested;
}
