/**
 * Ghost text in the editor: pausing it, accepting it token by token, and a status item that says how sure the model is.
 * The editor itself shows it, and accepts all of it, a word or a line.
 */
import { commands, MarkdownString, Range, StatusBarAlignment, window, workspace } from "vscode";
import type { CancellationToken, Disposable, InlineCompletionItem, InlineCompletionList, LogOutputChannel, Position, ProviderResult, TextDocument, TextEditor } from "vscode";
import type { Server } from "./client";
import { confidenceText, firstToken, spokenConfidence, tokenRows } from "./confidence";
import { GhostTextRequest } from "./ghostProtocol";
import type { Suggestion } from "./ghostProtocol";
import { positionAfter } from "./ranges";
import { messageOf } from "./words";

/** What is offered at one place of one version of a document. */
interface Offer {
  readonly document: TextDocument;
  readonly version: number;
  readonly position: Position;
  /** The first choice first; the one that is shown, where the editor goes through several, is not known to an extension. */
  readonly suggestions: readonly Suggestion[];
}

type Provided = InlineCompletionItem[] | InlineCompletionList | null | undefined;

export class GhostText implements Disposable {
  private readonly item = window.createStatusBarItem("tinylm.ghost", StatusBarAlignment.Right, 89);
  private readonly subscriptions: Disposable[];
  private offer: Offer | null = null;
  private nDescribed = 0;
  /** Whether the editor does not ask the server at all. */
  isPaused = false;

  constructor(private readonly server: Server, private readonly log: LogOutputChannel) {
    this.item.name = "TinyLM Ghost Text";
    this.item.command = "tinylm.toggleGhostText";
    this.subscriptions = [
      this.item,
      window.onDidChangeActiveTextEditor(() => this.forget()),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.offer !== null && !this.isOfferedIn(textEditor) && this.forget()),
      workspace.onDidChangeTextDocument(({ document }) => document === this.offer?.document && document.version !== this.offer.version && this.forget()),
      server.onConnection(() => this.forget()),
    ];
  }

  /** Stop offering ghost text, in this window and until it is asked for again. */
  async toggle(): Promise<void> {
    this.isPaused = !this.isPaused;
    this.forget();
    if (this.isPaused) await commands.executeCommand("editor.action.inlineSuggest.hide");
  }

  /** Hide it, and what is said of it: an extension is not told when the editor's own Escape does that. */
  async dismiss(): Promise<void> {
    this.nDescribed += 1; // What is on its way describes what is gone.
    this.forget();
    await commands.executeCommand("editor.action.inlineSuggest.hide");
  }

  /** The server's items pass unchanged; what they rest on is asked for beside them. */
  async provide(document: TextDocument, position: Position, token: CancellationToken, next: () => ProviderResult<Provided>): Promise<Provided> {
    if (this.isPaused) return [];
    const { version } = document;
    const provided = await next();
    const items = Array.isArray(provided) ? provided : (provided?.items ?? []);
    if (items.length === 0 || document.version !== version) this.forget();
    else void this.describe({ document, version, position }, token);
    return provided;
  }

  /** Insert the next token of the ghost text, at every cursor; the rest of it stays. */
  async acceptNextToken(editor: TextEditor): Promise<void> {
    const { offer } = this;
    if (offer === null || !this.isOfferedIn(editor)) return;
    const [only, ...others] = offer.suggestions;
    if (only === undefined) return;
    if (others.length > 0) await this.acceptOneOf(editor, offer);
    else await this.insert(editor, offer, only);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async insert(editor: TextEditor, offer: Offer, suggestion: Suggestion): Promise<void> {
    const { text, rest } = firstToken(suggestion);
    const position = positionAfter(offer.position, text);
    const version = offer.document.version + 1;
    // Set before the edit: the events that it causes find the new offer.
    this.offer = rest === null ? null : { ...offer, version, position, suggestions: [rest] };
    const places = editor.selections.every(({ isEmpty }) => isEmpty) ? editor.selections.map(({ active }) => active) : [offer.position];
    const inserted = await editor.edit((edit) => places.forEach((place) => edit.insert(place, text)));
    if (!inserted || rest === null) this.forget();
    else this.show();
    this.log.debug(`accepted a token at ${offer.position.line}:${offer.position.character}`);
  }

  /** Accept the one that is shown, whichever it is, and take back all but its first token. */
  private async acceptOneOf(editor: TextEditor, offer: Offer): Promise<void> {
    await commands.executeCommand("editor.action.inlineSuggest.commit");
    const written = new Range(offer.position, editor.selection.active);
    const text = editor.document.getText(written).replaceAll("\r\n", "\n");
    const chosen = offer.suggestions.find((suggestion) => suggestion.text === text);
    if (chosen === undefined) return;
    const kept = positionAfter(offer.position, firstToken(chosen).text);
    await editor.edit((edit) => edit.delete(new Range(kept, written.end)), { undoStopBefore: false, undoStopAfter: true });
    await commands.executeCommand("editor.action.inlineSuggest.trigger");
  }

  private async describe(place: Omit<Offer, "suggestions">, token: CancellationToken): Promise<void> {
    const number = (this.nDescribed += 1);
    try {
      const converter = this.server.converter;
      if (converter === null) return;
      const textDocument = converter.asTextDocumentIdentifier(place.document);
      const { suggestions, version } = await this.server.request(GhostTextRequest, { textDocument, position: converter.asPosition(place.position) }, token);
      if (token.isCancellationRequested || number !== this.nDescribed || version !== place.version || place.document.version !== place.version) return;
      this.offer = { ...place, suggestions };
      this.show();
    } catch (error) {
      this.log.debug(`ghost text without its probabilities: ${messageOf(error)}`); // It is shown all the same.
    }
  }

  private isOfferedIn({ document, selection }: TextEditor): boolean {
    const { offer } = this;
    return offer !== null && document === offer.document && document.version === offer.version && selection.active.isEqual(offer.position);
  }

  private forget(): void {
    this.offer = null;
    this.show();
  }

  private show(): void {
    const [first] = this.offer?.suggestions ?? [];
    if (this.isPaused) {
      this.item.text = "$(debug-pause) ghost text";
      this.item.tooltip = "Ghost text is paused; click to go on.";
      this.item.accessibilityInformation = { label: "TinyLM ghost text is paused", role: "button" };
    } else if (first !== undefined) {
      this.item.text = `$(sparkle) ${confidenceText(first)}`;
      this.item.tooltip = new MarkdownString(`How sure the model is of the ghost text, token by token. A click pauses it.\n\n${tokenRows(first)}`);
      this.item.accessibilityInformation = { label: spokenConfidence(first), role: "button" };
    }
    if (this.isPaused || first !== undefined) this.item.show();
    else this.item.hide();
  }
}
