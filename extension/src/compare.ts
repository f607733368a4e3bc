/**
 * "Compare Models": the text coloured by how much likelier one model finds each token than another with the same
 * tokenizer. On until the command is run again, the document closes or the server stops. An edit clears the colours at
 * once; new ones come when typing pauses. The painter leaves the document alone meanwhile, so that colours do not mix.
 */
import { CancellationTokenSource, Hover, MarkdownString, ProgressLocation, Range, StatusBarAlignment, languages, window, workspace } from "vscode";
import type { Disposable, Position, StatusBarItem, TextDocument, TextEditor } from "vscode";
import { chooseFolder, pick } from "./asking";
import type { Choice } from "./asking";
import type { Server } from "./client";
import type { Painter } from "./decorations";
import { STEPS, differencesOf, legendOfComparison, mostDifferent, stepOf, totalsText } from "./difference";
import type { CellDifference } from "./difference";
import { CompareModelsRequest } from "./comparing";
import type { CompareModelsResult } from "./comparing";
import { signedBits } from "./preview";
import { ServerCommand } from "./protocol";
import type { KnownModel } from "./protocol";
import { toRange } from "./ranges";
import type { Styles } from "./styles";
import { decodeCells } from "./tokens";
import type { Cell } from "./tokens";
import { screenAround } from "./viewport";
import { markdownFromText, messageOf } from "./words";

const DELAY_MS = 400;
/** A text up to this long is compared as a whole, a longer one where it is looked at. */
const WHOLE_CHARACTERS = 40_000;
const N_MOST_DIFFERENT = 5;
const CONTENT_MODIFIED = -32801;

export class ModelComparison implements Disposable {
  private shown: Shown | null = null;

  constructor(
    private readonly server: Server,
    private readonly painter: Painter,
    private readonly styles: Styles,
  ) {}

  /** Switch the comparison off, or ask for a model and switch it on. */
  async toggle(editor: TextEditor): Promise<void> {
    if (this.shown !== null) return this.end();
    const path = await this.askModel();
    if (path === undefined) return;
    const shown = new Shown(this.server, this.styles, editor.document, path, () => this.end());
    this.shown = shown;
    this.painter.leave(editor.document);
    try {
      const options = { location: ProgressLocation.Notification, title: "TinyLM: comparing models", cancellable: true };
      await window.withProgress(options, (_, token) => {
        token.onCancellationRequested(() => this.end());
        return shown.compare();
      });
    } catch (error) {
      if (this.shown !== shown) return; // It was switched off meanwhile.
      this.end();
      throw error;
    }
  }

  dispose(): void {
    this.end();
  }

  end(): void {
    this.shown?.dispose();
    this.shown = null;
    this.painter.leave(null);
  }

  private async askModel(): Promise<string | undefined> {
    const known = await this.server.execute<KnownModel[]>(ServerCommand.listModels);
    const choices = known.filter(({ current }) => !current).map(({ path, name }): Choice<string | null> => ({ label: name, description: path, value: path }));
    const folder = { icon: "folder-opened", label: "Choose a folder...", description: "of a model with the same tokenizer", value: null };
    const chosen = await pick("Compare Models: the model in use and which other", [...choices, folder]);
    return chosen === null ? chooseFolder("Compare with this model") : chosen;
  }
}

/** One comparison while it is on. */
class Shown implements Disposable {
  private readonly item: StatusBarItem = window.createStatusBarItem("tinylm.comparison", StatusBarAlignment.Right, 89);
  private readonly subscriptions: Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private request: CancellationTokenSource | null = null;
  private result: CompareModelsResult | null = null;
  private differences: readonly CellDifference[] = [];
  private disposed = false;

  constructor(
    private readonly server: Server,
    private readonly styles: Styles,
    private readonly document: TextDocument,
    private readonly path: string,
    end: () => void,
  ) {
    this.item.name = "TinyLM: Compare Models";
    this.item.command = "tinylm.compareModels";
    this.tell("$(sync~spin)", "comparing");
    this.item.show();
    this.subscriptions = [
      this.item,
      languages.registerHoverProvider({ scheme: document.uri.scheme }, { provideHover: (where, position) => (where === document ? this.hoverAt(position) : null) }),
      workspace.onDidChangeTextDocument((event) => event.document === document && event.contentChanges.length > 0 && this.again()),
      workspace.onDidCloseTextDocument((closed) => closed === document && end()),
      window.onDidChangeVisibleTextEditors(() => this.again()),
      window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => textEditor.document === document && !this.isWhole() && this.again()),
      server.onStatus(({ model }) => this.result !== null && model !== null && model.id !== this.result.models[0]?.id && this.again()),
      server.onConnection((connection) => connection !== "running" && end()),
    ];
  }

  /** Ask and paint once. Rejects with what the server refuses. */
  async compare(): Promise<void> {
    const converter = this.server.converter;
    const [editor] = this.editors();
    if (converter === null || editor === undefined) return;
    const request = new CancellationTokenSource();
    this.request?.cancel();
    this.request = request;
    this.tell("$(sync~spin)", "comparing");
    const ranges = [converter.asRange(this.isWhole() ? wholeOf(this.document) : screenOf(editor))];
    const params = { textDocument: converter.asTextDocumentIdentifier(this.document), version: this.document.version, ranges, path: this.path };
    try {
      const result = await this.server.request(CompareModelsRequest, params, request.token);
      if (!isCancelled(request) && this.document.version === result.version) this.show(result);
    } catch (error) {
      if (!isCancelled(request) && !versionMoved(error)) throw error; // Whoever cancelled or edited has asked again.
    } finally {
      request.dispose();
    }
  }

  dispose(): void {
    this.disposed = true;
    this.paint([]);
    clearTimeout(this.timer);
    this.request?.cancel();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** The colours belong to a text that is gone: take them away, and ask again when it rests. */
  private again(): void {
    clearTimeout(this.timer);
    this.request?.cancel();
    if (this.result?.version !== this.document.version) this.paint([]);
    this.timer = setTimeout(() => void this.compareLater(), DELAY_MS);
  }

  private async compareLater(): Promise<void> {
    try {
      await this.compare();
    } catch (error) {
      if (this.disposed) return;
      this.paint([]);
      this.tell("$(warning)", "not compared");
      this.item.tooltip = messageOf(error);
    }
  }

  private show(result: CompareModelsResult): void {
    if (this.disposed) return;
    this.result = result;
    this.paint(differencesOf(result, decodeCells(result)));
    this.tell("$(diff)", totalsText(result));
    this.item.tooltip = this.tooltipFor(result);
  }

  /** The tooltip is markup: a screen reader gets the words. */
  private tell(icon: string, words: string): void {
    this.item.text = `${icon} ${words}`;
    this.item.accessibilityInformation = { label: `TinyLM Compare Models: ${words}`, role: "button" };
  }

  private paint(differences: readonly CellDifference[]): void {
    this.differences = differences;
    const cells = new Map<number, Cell[]>();
    for (const { cell, ownBits, otherBits } of differences) {
      const step = stepOf(otherBits - ownBits);
      const alike = cells.get(step);
      if (alike === undefined) cells.set(step, [cell]);
      else alike.push(cell);
    }
    for (const editor of this.editors()) {
      const rangesAt = (step: number): Range[] => (cells.get(step) ?? []).map((cell) => rangeOf(editor, cell));
      for (const step of STEPS.keys()) {
        editor.setDecorations(this.styles.type(`own${step + 1}`), rangesAt(step + 1));
        editor.setDecorations(this.styles.type(`other${step + 1}`), rangesAt(-step - 1));
      }
    }
  }

  private hoverAt(position: Position): Hover | null {
    const [editor] = this.editors();
    if (editor === undefined || this.result?.version !== this.document.version) return null;
    const found = this.differences.find(({ cell }) => rangeOf(editor, cell).contains(position));
    if (found === undefined) return null;
    const [own, other] = this.names(this.result);
    const words = `${own} ${found.ownBits.toFixed(2)} bits, ${other} ${found.otherBits.toFixed(2)} bits, difference ${signedBits(found.otherBits - found.ownBits)}`;
    return new Hover(new MarkdownString(`Surprisal: ${markdownFromText(words)}`), rangeOf(editor, found.cell));
  }

  private tooltipFor(result: CompareModelsResult): MarkdownString {
    const tooltip = new MarkdownString("", true);
    tooltip.supportHtml = true; // Only for the colour samples; all words go through markdownFromText.
    const line = (text: string): MarkdownString => tooltip.appendMarkdown(`${markdownFromText(text)}\n\n`);
    const [own, other] = this.names(result);
    line(`${this.isWhole() ? "The whole text" : "What is on screen"}: ${result.summary.nTokens.toLocaleString("en")} tokens, ${totalsText(result)}`);
    line(`In all ${result.summary.surprisalBits.map((bits) => bits.toFixed(1)).join(" and ")} bits of surprisal`);
    if (result.note !== null) line(`Note: ${result.note}`);
    for (const { colour, label } of legendOfComparison(own, other)) {
      const sample = `<span style="background-color:var(--vscode-${colour.replaceAll(".", "-")});">&nbsp;&nbsp;&nbsp;&nbsp;</span>`;
      tooltip.appendMarkdown(`${sample}&nbsp;${markdownFromText(label)}\n\n`);
    }
    line("Most different, the other's bits minus those of the model in use:");
    for (const { cell, ownBits, otherBits } of mostDifferent(this.differences, N_MOST_DIFFERENT)) {
      const text = this.document.getText(new Range(cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter));
      line(`${JSON.stringify(text)}, line ${cell.startLine + 1}: ${signedBits(otherBits - ownBits)}`);
    }
    line("A click switches the comparison off.");
    return tooltip;
  }

  private names({ models }: CompareModelsResult): [string, string] {
    const [own, other] = models.map(({ name }) => name);
    return [own ?? "the model in use", own === other ? `${other ?? ""} (the other)` : (other ?? "the other")];
  }

  private editors(): TextEditor[] {
    return window.visibleTextEditors.filter(({ document }) => document === this.document);
  }

  private isWhole(): boolean {
    return this.document.getText().length <= WHOLE_CHARACTERS;
  }
}

function rangeOf(editor: TextEditor, cell: Cell): Range {
  return toRange(editor, [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter]);
}

function wholeOf(document: TextDocument): Range {
  return new Range(document.positionAt(0), document.positionAt(document.getText().length));
}

/** From the first visible line to the last, with a screen around. */
function screenOf({ document, visibleRanges }: TextEditor): Range {
  const [first, last] = [visibleRanges.at(0), visibleRanges.at(-1)];
  if (first === undefined || last === undefined) return new Range(0, 0, 0, 0);
  const { start, end } = screenAround({ start: first.start, end: last.end }, document.lineCount, (line) => document.lineAt(line).text.length);
  return new Range(start.line, start.character, end.line, end.character);
}

function versionMoved(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === CONTENT_MODIFIED;
}

/** A function, because the answer changes while a request is awaited. */
function isCancelled(request: CancellationTokenSource): boolean {
  return request.token.isCancellationRequested;
}
