/**
 * The status bar item: how many tokens, how many bytes each, and the one thing to know about the server.
 * Its tooltip explains, with the legend of the heat map; a click opens the menu.
 */
import { MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Disposable, StatusBarItem } from "vscode";
import type { Server } from "./client";
import type { Painted, Painter } from "./decorations";
import { isHeatMode, legendOf, titleOfHeatMode } from "./heat";
import { paintSettings } from "./settings";
import { describeTokens, markdownFromText, trainingText } from "./words";

export class StatusItem implements Disposable {
  private readonly item: StatusBarItem;
  private readonly subscriptions: Disposable[];
  /** Something only the user can mend, such as "not set up"; null when all is well. */
  private problem: { readonly text: string; readonly advice: string } | null = null;

  constructor(
    private readonly server: Server,
    private readonly painter: () => Painter | null,
  ) {
    this.item = window.createStatusBarItem("tinylm.status", StatusBarAlignment.Right, 90);
    this.item.name = "TinyLM";
    this.item.command = "tinylm.showMenu";
    this.subscriptions = [
      this.item,
      server.onConnection(() => this.refresh()),
      server.onStatus(() => this.refresh()),
      server.onTraining(() => this.refresh()),
      window.onDidChangeActiveTextEditor(() => this.refresh()),
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

  setProblem(problem: { readonly text: string; readonly advice: string } | null): void {
    this.problem = problem;
    this.refresh();
  }

  refresh(): void {
    const editor = window.activeTextEditor;
    const painted = editor === undefined ? null : (this.painter()?.paintedIn(editor) ?? null);
    this.item.text = this.textFor(painted);
    this.item.tooltip = this.tooltipFor(painted);
    const failed = this.problem !== null || this.server.status?.state === "failed";
    this.item.backgroundColor = failed ? new ThemeColor("statusBarItem.warningBackground") : undefined;
    this.item.accessibilityInformation = { label: `TinyLM: ${this.item.text.replaceAll(/\$\([^)]*\)\s*/g, "")}` };
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private textFor(painted: Painted | null): string {
    if (this.problem !== null) return `$(warning) TinyLM: ${this.problem.text}`;
    if (this.server.connection === "stopped") return "$(circle-slash) TinyLM: off";
    if (this.server.connection === "starting") return "$(sync~spin) TinyLM: starting";
    const status = this.server.status;
    if (status?.state === "failed") return "$(error) TinyLM: failed";
    const icon = status?.state === "starting" ? "$(sync~spin)" : status?.state === "degraded" ? "$(warning)" : "$(symbol-ruler)";
    const training = status?.training === null || status === null ? "" : trainingText(status.training);
    const tokens = painted === null ? "TinyLM" : describeTokens(painted.result);
    return `${icon} ${tokens}${training}${versionForTests(painted)}`;
  }

  private tooltipFor(painted: Painted | null): MarkdownString {
    const tooltip = new MarkdownString("", true);
    tooltip.supportHtml = true; // Only for the colour samples of the legend; all words go through markdownFromText.
    tooltip.appendMarkdown("**TinyLM**\n\n");
    if (this.problem !== null) tooltip.appendMarkdown(paragraph(this.problem.advice));
    const status = this.server.status;
    if (status !== null) tooltip.appendMarkdown(paragraph(status.message));
    if (status?.model != null) {
      const millions = (status.model.nParams / 1e6).toFixed(1);
      tooltip.appendMarkdown(paragraph(`Model: ${status.model.name}, ${millions} M parameters, context ${status.model.blockSize} tokens`));
    }
    if (painted !== null) appendDocument(tooltip, painted);
    appendLegend(tooltip, status?.tokenizer?.vocabSize ?? 8192);
    return tooltip;
  }
}

function paragraph(text: string): string {
  return `${markdownFromText(text)}\n\n`;
}

function appendDocument(tooltip: MarkdownString, painted: Painted): void {
  const { result } = painted;
  const tokens = result.nTokens === null ? "" : `${result.nTokens.toLocaleString("en")} tokens, `;
  tooltip.appendMarkdown(paragraph(`${tokens}${result.nBytes.toLocaleString("en")} bytes (version ${result.version})`));
  const { summary } = result;
  if (summary !== null && summary.nBytes > 0 && summary.nTokens > 0) {
    const bitsPerByte = (summary.surprisalBits / summary.nBytes).toFixed(2);
    const perplexity = (2 ** (summary.surprisalBits / summary.nTokens)).toPrecision(3);
    tooltip.appendMarkdown(paragraph(`${bitsPerByte} bits per byte, perplexity ${perplexity} over what was scored`));
  }
  if (result.note !== null) tooltip.appendMarkdown(paragraph(`Note: ${result.note}`));
}

function appendLegend(tooltip: MarkdownString, vocabSize: number): void {
  const { heatMode } = paintSettings();
  if (!isHeatMode(heatMode) || heatMode === "off") return;
  tooltip.appendMarkdown("---\n\n").appendMarkdown(paragraph(`Heat map: ${titleOfHeatMode(heatMode)}`));
  for (const { bucket, label } of legendOf(heatMode, vocabSize)) {
    const sample = `<span style="background-color:var(--vscode-tinylm-heat-${bucket});">&nbsp;&nbsp;&nbsp;&nbsp;</span>`;
    tooltip.appendMarkdown(`${sample}&nbsp;${paragraph(label)}`);
  }
}

/** The editor tests wait for this: TINYLM_SHOW_VERSION=1 adds the painted version of the document to the text. */
function versionForTests(painted: Painted | null): string {
  return process.env["TINYLM_SHOW_VERSION"] === "1" && painted !== null ? ` v${painted.version}` : "";
}
