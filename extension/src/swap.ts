/**
 * "Replace Token...": choose what stands in a token's place (choosing.ts), then keep the rest or let the model write on.
 * What was looked at belongs to one version of the text and one model: when either changes, the list closes. One undo
 * brings everything back. Reached from the palette, from a code action and from a link in the hover.
 */
import { CancellationTokenSource, CodeAction, CodeActionKind, CodeActionTriggerKind, MarkdownString, Position, ProgressLocation, Range, Selection, languages, window, workspace } from "vscode";
import type { CancellationToken, CodeActionContext, CodeActionProvider, Disposable, TextDocument, TextEditor } from "vscode";
import { choose, rangeFrom } from "./choosing";
import type { Chosen } from "./choosing";
import type { Server } from "./client";
import type { Generator } from "./generate";
import { describePreview, paragraphEnd } from "./preview";
import { AlternativesRequest } from "./comparing";
import type { AlternativesResult } from "./comparing";
import { positionAfter } from "./ranges";
import type { Styles } from "./styles";

export const REPLACE_COMMAND = "tinylm.replaceToken";

const N_ALTERNATIVES = 20;

/** What happens to the text after the place: it stays, or the model writes on instead of the rest of the paragraph. */
type Then = "keep" | "continue";

export class Swapper implements Disposable {
  private readonly provider: Disposable;

  constructor(
    private readonly server: Server,
    private readonly styles: Styles,
    private readonly generator: Generator,
    covers: (document: TextDocument) => boolean,
  ) {
    const offer: CodeActionProvider = { provideCodeActions: (document, range, context) => (covers(document) ? codeActions(range.start, context) : []) };
    const kinds = { providedCodeActionKinds: [CodeActionKind.RefactorRewrite] };
    this.provider = languages.registerCodeActionsProvider([{ scheme: "file" }, { scheme: "untitled" }], offer, kinds);
  }

  /** Let the user replace the token at a position. */
  async replaceAt(editor: TextEditor, position: Position): Promise<void> {
    const watch = new Watch(this.server, editor.document);
    try {
      const options = { location: ProgressLocation.Window, title: "TinyLM: looking for alternatives" };
      const found = await window.withProgress(options, () => this.alternativesAt(editor.document, position, watch.token));
      watch.expect(found.modelId);
      const chosen = await choose(this.server, this.styles, editor, found, watch.token);
      const then = chosen === null ? undefined : await askWhatThen(editor.document, found, chosen, watch.token);
      if (watch.reason === null && chosen !== null && then !== undefined) await this.write(editor, rangeFrom(found), chosen.text, then, watch);
    } catch (error) {
      if (watch.reason === null) throw error;
    } finally {
      watch.dispose();
    }
    if (watch.reason !== null) void window.showInformationMessage(`TinyLM: ${watch.reason}`);
  }

  dispose(): void {
    this.provider.dispose();
  }

  private alternativesAt(document: TextDocument, position: Position, token: CancellationToken): Promise<AlternativesResult> {
    const converter = this.server.converter;
    if (converter === null) throw new Error("The TinyLM server is not running.");
    const nChars = document.getText().length;
    if (nChars === 0) throw new Error("The text is empty: there is no token to replace.");
    // After the last character is no token: the one before is meant.
    const at = document.positionAt(Math.min(document.offsetAt(position), nChars - 1));
    const params = { textDocument: converter.asTextDocumentIdentifier(document), version: document.version, position: converter.asPosition(at), nAlternatives: N_ALTERNATIVES };
    return this.server.request(AlternativesRequest, params, token);
  }

  /** One step of undo, also with what the model writes on. */
  private async write(editor: TextEditor, cell: Range, text: string, then: Then, watch: Watch): Promise<void> {
    watch.dispose(); // From here on the changes are ours.
    const replaced = then === "continue" ? restOfParagraph(editor.document, cell) : cell;
    const applied = await editor.edit((edit) => edit.replace(replaced, text), { undoStopBefore: true, undoStopAfter: then === "keep" });
    if (!applied) throw new Error("The editor did not take the replacement. Is the file read-only?");
    const end = positionAfter(cell.start, text);
    editor.selection = new Selection(end, end);
    if (then === "continue") await this.generator.continueAt(editor);
  }
}

/** Ends everything that rests on a text and a model when one of them changes; `reason` says which. */
class Watch implements Disposable {
  reason: string | null = null;
  private readonly source = new CancellationTokenSource();
  private readonly subscriptions: Disposable[];
  private modelId: string | null = null;

  constructor(server: Server, document: TextDocument) {
    this.subscriptions = [
      workspace.onDidChangeTextDocument((event) => event.document === document && event.contentChanges.length > 0 && this.end("the text changed")),
      server.onStatus(({ model }) => this.modelId !== null && model?.id !== this.modelId && this.end("another model is loaded now")),
      server.onConnection((connection) => connection !== "running" && this.end("the server stopped")),
    ];
  }

  get token(): CancellationToken {
    return this.source.token;
  }

  expect(modelId: string | null): void {
    this.modelId = modelId;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private end(why: string): void {
    this.reason ??= `${why}, so the list of replacements was closed.`;
    this.source.cancel();
  }
}

async function askWhatThen(document: TextDocument, found: AlternativesResult, { text, actual, preview }: Chosen, token: CancellationToken): Promise<Then | undefined> {
  const cell = rangeFrom(found);
  const nChars = document.offsetAt(restOfParagraph(document, cell).end) - document.offsetAt(cell.end);
  const lost = nChars === 0 ? "nothing follows in this paragraph" : `in place of the ${nChars.toLocaleString("en")} characters that follow in this paragraph`;
  const keep = { label: "Replace and keep the rest", detail: preview === null ? "The text after it stays." : describePreview(preview), then: "keep" as const };
  const label = actual ? "Keep it and continue from here" : "Replace and continue from here";
  const onward = { label, detail: `The model writes on, ${lost}. One undo brings everything back.`, then: "continue" as const };
  const title = actual ? `Continue after ${JSON.stringify(text)}` : `Replace by ${JSON.stringify(text)}`;
  return (await window.showQuickPick(actual ? [onward] : [keep, onward], { title }, token))?.then;
}

/** From the start of the cell to the end of its paragraph, which is never before the cell's own end. */
function restOfParagraph(document: TextDocument, cell: Range): Range {
  const end = document.offsetAt(cell.end);
  return new Range(cell.start, document.positionAt(Math.max(end, paragraphEnd(document.getText(), end))));
}

function codeActions(position: Position, context: CodeActionContext): CodeAction[] {
  if (context.triggerKind !== CodeActionTriggerKind.Invoke) return [];
  const action = new CodeAction("Replace Token... (see what it does to the rest)", CodeActionKind.RefactorRewrite);
  action.command = { command: REPLACE_COMMAND, title: action.title, arguments: [{ line: position.line, character: position.character }] };
  return [action];
}

/** A link for the hover. Its text is ours alone, so it may be trusted with this one command. */
export function replaceLink(position: Position): MarkdownString {
  const argument = encodeURIComponent(JSON.stringify([{ line: position.line, character: position.character }]));
  const link = new MarkdownString(`[Replace this token...](command:${REPLACE_COMMAND}?${argument} "Try alternatives and see what they do to the text after it")`);
  link.isTrusted = { enabledCommands: [REPLACE_COMMAND] };
  return link;
}

/** The position that a code action or a link names; null for a call from the palette. */
export function positionFrom(argument: unknown): Position | null {
  if (typeof argument !== "object" || argument === null || !("line" in argument) || !("character" in argument)) return null;
  const { line, character } = argument;
  const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  return isIndex(line) && isIndex(character) ? new Position(line, character) : null;
}
