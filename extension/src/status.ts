/**
 * The status bar item: the tokens of the document or the selection, and the one thing to know about the server.
 * Its tooltip has the numbers of selection, paragraph and document, and the legend of the heat map; a click opens the menu.
 */
import { MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Disposable, StatusBarItem, TextEditor } from "vscode";
import type { Server } from "./client";
import type { Painted, Painter } from "./decorations";
import { legendOf, lineOfBucket, titleOfHeatMode, WORST_BUCKET } from "./heat";
import type { SelectionCounter } from "./selected";
import { paintSettings } from "./settings";
import type { Surveyor } from "./survey";
import { figuresOf, paragraphAt, sentenceOf } from "./totals";
import type { Totals } from "./totals";
import { markdownFromText, trainingText } from "./words";

/** What the item tells of one text editor. */
interface Shown {
  readonly painted: Painted;
  readonly document: Totals | null;
  readonly paragraph: Totals | null;
  readonly selection: Totals | null;
  readonly selectionCapped: boolean;
}

export interface StatusSources {
  readonly server: Server;
  readonly painter: Painter;
  readonly surveyor: Surveyor;
  readonly selections: SelectionCounter;
}

export class StatusItem implements Disposable {
  private readonly item: StatusBarItem;
  private readonly subscriptions: Disposable[];
  /** Something only the user can mend, such as "not set up"; null when all is well. */
  private problem: { readonly text: string; readonly advice: string } | null = null;

  private caretLine = -1;

  constructor(private readonly sources: StatusSources) {
    const { server, surveyor, selections } = sources;
    this.item = window.createStatusBarItem("tinylm.status", StatusBarAlignment.Right, 90);
    this.item.name = "TinyLM";
    this.item.command = "tinylm.showMenu";
    this.subscriptions = [
      this.item,
      server.onConnection(() => this.refresh()),
      server.onStatus(() => this.refresh()),
      server.onTraining(() => this.refresh()),
      surveyor.onDidChange((document) => document === window.activeTextEditor?.document && this.refresh()),
      selections.onDidChange(() => this.refresh()),
      window.onDidChangeActiveTextEditor(() => this.refresh()),
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

  setProblem(problem: { readonly text: string; readonly advice: string } | null): void {
    this.problem = problem;
    this.refresh();
  }

  refresh(): void {
    const shown = this.shownFor(window.activeTextEditor);
    const text = this.textFor(shown);
    this.item.text = text;
    this.item.tooltip = this.tooltipFor(shown);
    const failed = this.problem !== null || this.sources.server.status?.state === "failed";
    this.item.backgroundColor = failed ? new ThemeColor("statusBarItem.warningBackground") : undefined;
    this.item.accessibilityInformation = { label: this.spokenFor(shown, text), role: "button" };
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
    const { painter, surveyor, selections } = this.sources;
    const painted = editor === undefined ? null : painter.paintedIn(editor);
    if (editor === undefined || painted === null) return null;
    const { document, selection } = editor;
    const caret = selection.active.line;
    const isBlank = (line: number): boolean => document.lineAt(line).isEmptyOrWhitespace;
    const known = surveyor.totalsOf(document);
    const paragraph = known === null ? null : paragraphAt(caret, document.lineCount, isBlank);
    const selected = selections.totalsIn(editor);
    return {
      painted,
      document: documentTotals(painted, known),
      paragraph: paragraph === null ? null : surveyor.totalsOf(document, paragraph),
      selection: selected?.totals ?? null,
      selectionCapped: selected?.capped ?? false,
    };
  }

  private textFor(shown: Shown | null): string {
    const { server } = this.sources;
    if (this.problem !== null) return `$(warning) TinyLM: ${this.problem.text}`;
    if (server.connection === "stopped") return "$(circle-slash) TinyLM: off";
    if (server.connection === "starting") return "$(sync~spin) TinyLM: starting";
    const { status } = server;
    if (status?.state === "failed") return "$(error) TinyLM: failed";
    const icon = status?.state === "starting" ? "$(sync~spin)" : status?.state === "degraded" ? "$(warning)" : "$(symbol-ruler)";
    const training = status?.training === null || status === null ? "" : trainingText(status.training);
    return `${icon} ${shown === null ? "TinyLM" : tokensText(shown)}${training}`;
  }

  private spokenFor(shown: Shown | null, text: string): string {
    const plain = text.replaceAll(/\$\([^)]*\)\s*/g, "");
    if (shown === null) return plain.startsWith("TinyLM") ? plain : `TinyLM: ${plain}`;
    const parts = [
      ...(shown.selection === null ? [] : [`selection: ${sentenceOf(shown.selection)}`]),
      `document: ${shown.document === null ? "counting tokens" : sentenceOf(shown.document)}`,
      ...(shown.painted.look.heatMode === "off" ? [] : [`heat map: ${titleOfHeatMode(shown.painted.look.heatMode)}`]),
      ...(shown.painted.result.note === null ? [] : [shown.painted.result.note]),
    ];
    return `TinyLM: ${parts.join("; ")}`.replaceAll("/token", " per token").replaceAll("/byte", " per byte");
  }

  private tooltipFor(shown: Shown | null): MarkdownString {
    const tooltip = new MarkdownString("", true);
    tooltip.supportHtml = true; // Only for the colour samples of the legend; all words go through markdownFromText.
    tooltip.appendMarkdown("**TinyLM**\n\n");
    if (this.problem !== null) tooltip.appendMarkdown(paragraph(this.problem.advice));
    const { status } = this.sources.server;
    if (status !== null) tooltip.appendMarkdown(paragraph(status.message));
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
function documentTotals({ result }: Painted, known: Totals | null): Totals | null {
  if (result.nTokens === null) return null;
  const { nScoredTokens, nScoredBytes, surprisalBits } = known ?? { nScoredTokens: 0, nScoredBytes: 0, surprisalBits: 0 };
  return { nTokens: result.nTokens, nBytes: result.nBytes, nScoredTokens, nScoredBytes, surprisalBits };
}

function tokensText({ document, selection, selectionCapped, painted }: Shown): string {
  const totals = selection ?? document;
  if (totals === null) return "counting tokens";
  const { tokens, bytesPerToken, bitsPerByte, soFar } = figuresOf(totals);
  const parts = [
    selection === null ? tokens : `${tokens} selected${selectionCapped ? " at least" : ""}`,
    ...(bytesPerToken === null ? [] : [`${bytesPerToken} bytes/token`]),
    ...(bitsPerByte === null ? [] : [`${bitsPerByte} bits/byte${soFar ? " so far" : ""}`]),
    ...(painted.result.note?.startsWith("capped") === true ? ["not all painted"] : []),
  ];
  return parts.join(", ");
}

function paragraph(text: string): string {
  return `${markdownFromText(text)}\n\n`;
}

function appendNumbers(tooltip: MarkdownString, { painted, document, paragraph: around, selection, selectionCapped }: Shown): void {
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
  if (painted.result.note !== null) tooltip.appendMarkdown(paragraph(`Note: ${painted.result.note}`));
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
