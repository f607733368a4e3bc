/**
 * The status bar item: the tokens of the document or the selection, and the one thing to know about the server.
 * Its tooltip has the numbers of selection, paragraph and document, and the legend of the heat map; a click opens the menu.
 */
import { MarkdownString, StatusBarAlignment, TabInputText, ThemeColor, window, workspace } from "vscode";
import type { Disposable, StatusBarItem, TextEditor } from "vscode";
import type { Server } from "./client";
import type { Count, Counter } from "./count";
import type { Painted, Painter } from "./decorations";
import { legendOf, lineOfBucket, titleOfHeatMode, WORST_BUCKET } from "./heat";
import type { SelectionCounter } from "./selected";
import { paintSettings } from "./settings";
import { countingText, standingOf } from "./standing";
import type { Problem, Reading, Standing } from "./standing";
import type { Surveyor } from "./survey";
import { figuresOf, NOTHING, paragraphAt, sentenceOf } from "./totals";
import type { Totals } from "./totals";
import { markdownFromText } from "./words";

/** What the item tells of one text editor. */
interface Shown {
  readonly painted: Painted;
  readonly count: Count;
  readonly document: Totals | null;
  readonly paragraph: Totals | null;
  readonly selection: Totals | null;
  readonly selectionCapped: boolean;
}

export interface StatusSources {
  readonly server: Server;
  readonly painter: Painter;
  readonly counter: Counter;
  readonly surveyor: Surveyor;
  readonly selections: SelectionCounter;
}

export class StatusItem implements Disposable {
  private readonly item: StatusBarItem;
  private readonly subscriptions: Disposable[];
  private problem: Problem | null = null;
  private caretLine = -1;

  constructor(private readonly sources: StatusSources) {
    const { server, counter, surveyor, selections } = sources;
    this.item = window.createStatusBarItem("tinylm.status", StatusBarAlignment.Right, 90);
    this.item.name = "TinyLM";
    this.item.command = "tinylm.showMenu";
    this.subscriptions = [
      this.item,
      server.onConnection(() => this.refresh()),
      server.onStatus(() => this.refresh()),
      server.onTraining(() => this.refresh()),
      counter.onDidChange((document) => document === window.activeTextEditor?.document && this.refresh()),
      surveyor.onDidChange((document) => document === window.activeTextEditor?.document && this.refresh()),
      selections.onDidChange(() => this.refresh()),
      window.onDidChangeActiveTextEditor(() => this.refresh()),
      window.tabGroups.onDidChangeTabs(() => this.refresh()),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => contentChanges.length > 0 && document === window.activeTextEditor?.document && this.refresh()),
      window.onDidChangeTextEditorSelection(({ textEditor }) => textEditor === window.activeTextEditor && this.followCaret(textEditor)),
    ];
    this.refresh();
    this.item.show();
  }

  get text(): string {
    return this.item.text;
  }

  get tooltip(): string {
    return this.item.tooltip instanceof MarkdownString ? this.item.tooltip.value : (this.item.tooltip ?? "");
  }

  /** What a screen reader says. */
  get spoken(): string {
    return this.item.accessibilityInformation?.label ?? "";
  }

  setProblem(problem: Problem | null): void {
    this.problem = problem;
    this.refresh();
  }

  refresh(): void {
    const editor = window.activeTextEditor;
    const shown = this.shownFor(editor);
    const { connection, status } = this.sources.server;
    const standing = standingOf({ problem: this.problem, connection, status, reading: this.readingOf(editor, shown) });
    this.item.text = `${standing.icon} ${standing.text}`;
    this.item.tooltip = this.tooltipFor(shown, standing);
    this.item.backgroundColor = standing.warns ? new ThemeColor("statusBarItem.warningBackground") : undefined;
    this.item.accessibilityInformation = { label: this.spokenFor(shown, standing), role: "button" };
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** The numbers are of the caret's paragraph: they change with its line, not with every key. */
  private followCaret({ selection }: TextEditor): void {
    if (selection.active.line === this.caretLine) return;
    this.caretLine = selection.active.line;
    this.refresh();
  }

  private shownFor(editor: TextEditor | undefined): Shown | null {
    const { painter, counter, surveyor, selections } = this.sources;
    const painted = editor === undefined ? null : painter.paintedIn(editor);
    if (editor === undefined || painted === null) return null;
    const { document, selection } = editor;
    const caret = selection.active.line;
    const isBlank = (line: number): boolean => document.lineAt(line).isEmptyOrWhitespace;
    const known = surveyor.totalsOf(document);
    const paragraph = known === null ? null : paragraphAt(caret, document.lineCount, isBlank);
    const selected = selections.totalsIn(editor);
    const count = counter.countOf(document) ?? painted.result;
    return {
      painted,
      count,
      document: documentTotals(count, known),
      paragraph: paragraph === null ? null : surveyor.totalsOf(document, paragraph),
      selection: selected?.totals ?? null,
      selectionCapped: selected?.capped ?? false,
    };
  }

  private readingOf(editor: TextEditor | undefined, shown: Shown | null): Reading {
    const { painter } = this.sources;
    if (editor === undefined) return window.tabGroups.activeTabGroup.activeTab?.input instanceof TabInputText ? { kind: "withheld" } : { kind: "nothing" };
    if (shown !== null) return readOf(shown, editor.document.version);
    const { scheme } = editor.document.uri;
    const isText = scheme === "file" || scheme === "untitled";
    if (isText && !painter.covers(editor.document)) return { kind: "left", languageId: editor.document.languageId };
    return painter.isAwaited(editor) ? { kind: "awaited" } : { kind: "nothing" };
  }

  private spokenFor(shown: Shown | null, { text, sentences }: Standing): string {
    if (shown === null || !this.sources.server.isRunning) return [text, ...sentences].join(". ");
    const parts = [
      ...(shown.selection === null ? [] : [`selection: ${sentenceOf(shown.selection)}`]),
      `document: ${shown.document === null ? countingText(shown.count) : sentenceOf(shown.document)}`,
      ...(shown.painted.look.heatMode === "off" ? [] : [`heat map: ${titleOfHeatMode(shown.painted.look.heatMode)}`]),
      ...sentences,
    ];
    return `TinyLM: ${parts.join("; ")}`.replaceAll("/token", " per token").replaceAll("/byte", " per byte");
  }

  private tooltipFor(shown: Shown | null, { sentences }: Standing): MarkdownString {
    const tooltip = new MarkdownString("", true);
    tooltip.supportHtml = true; // Only for the colour samples of the legend; all words go through markdownFromText.
    tooltip.appendMarkdown("**TinyLM**\n\n");
    const { status } = this.sources.server;
    for (const sentence of sentences) tooltip.appendMarkdown(paragraph(sentence));
    if (status?.state === "ready") tooltip.appendMarkdown(paragraph(status.message));
    if (status?.model != null) {
      const millions = (status.model.nParams / 1e6).toFixed(1);
      tooltip.appendMarkdown(paragraph(`Model: ${status.model.name}, ${millions} M parameters, context ${status.model.blockSize} tokens`));
    }
    if (shown !== null) appendNumbers(tooltip, shown);
    appendLegend(tooltip, status?.tokenizer?.vocabSize ?? 8192);
    return tooltip;
  }
}

/** The server counts all tokens; the survey knows the scores of those it has come to. */
function documentTotals({ nTokens, nBytes }: Count, known: Totals | null): Totals | null {
  if (nTokens === null) return null;
  const { nScoredTokens, nScoredBytes, surprisalBits } = known ?? NOTHING;
  return { nTokens, nBytes, nScoredTokens, nScoredBytes, surprisalBits };
}

function readOf({ painted, count, document, selection, selectionCapped }: Shown, version: number): Reading {
  const { note, scores } = painted.result;
  const unscored = painted.look.heatMode !== "off" && scores === null;
  return { kind: "read", count, document, selection, selectionCapped, note, unscored, stale: painted.version !== version };
}

function paragraph(text: string): string {
  return `${markdownFromText(text)}\n\n`;
}

function appendNumbers(tooltip: MarkdownString, { document, paragraph: around, selection, selectionCapped }: Shown): void {
  const rows: [string, Totals | null][] = [[selectionCapped ? "Selection (its first part)" : "Selection", selection], ["Paragraph", around], ["Document", document]];
  tooltip.appendMarkdown("| | tokens | bytes per token | bits per byte | perplexity |\n|:--|--:|--:|--:|--:|\n");
  for (const [name, totals] of rows) {
    if (totals === null) continue;
    const { bytesPerToken, bitsPerByte, perplexity, soFar } = figuresOf(totals);
    const scored = (value: string | null): string => (value === null ? "" : `${value}${soFar ? " so far" : ""}`);
    const numbers = [totals.nTokens.toLocaleString("en"), bytesPerToken ?? "", scored(bitsPerByte), scored(perplexity)];
    tooltip.appendMarkdown(`| ${[name, ...numbers].join(" | ")} |\n`);
  }
  tooltip.appendMarkdown("\n");
  if (document?.nScoredTokens === 0) tooltip.appendMarkdown(paragraph("Bits per byte and perplexity come with a heat map."));
}

function appendLegend(tooltip: MarkdownString, vocabSize: number): void {
  const { heatMode, heatStyle } = paintSettings();
  if (heatMode === "off") return;
  tooltip.appendMarkdown("---\n\n").appendMarkdown(paragraph(`Heat map: ${titleOfHeatMode(heatMode)}`));
  for (const { bucket, label } of legendOf(heatMode, vocabSize)) {
    const colour = `var(--vscode-tinylm-heat-${bucket === WORST_BUCKET ? "worst" : bucket})`;
    const sample = heatStyle === "colour" ? `<span style="background-color:${colour};">&nbsp;&nbsp;&nbsp;&nbsp;</span>&nbsp;` : `${lineOfBucket(bucket)}: `;
    tooltip.appendMarkdown(`${sample}${paragraph(label)}`);
  }
}
