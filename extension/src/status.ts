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
import { describeTokens, trainingText } from "./words";

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
    const icon = status?.state === "busy" || status?.state === "starting" ? "$(sync~spin)" : status?.state === "degraded" ? "$(warning)" : "$(symbol-ruler)";
    const training = status?.training === null || status === null ? "" : trainingText(status.training);
    const tokens = painted === null ? "TinyLM" : describeTokens(painted.result);
    return `${icon} ${tokens}${training}${versionForTests(painted)}`;
  }

  private tooltipFor(painted: Painted | null): MarkdownString {
    const tooltip = new MarkdownString("", true);
    tooltip.supportHtml = true; // Only for the colour samples of the legend; all words are appended as text.
    tooltip.appendMarkdown("**TinyLM**\n\n");
    if (this.problem !== null) tooltip.appendText(this.problem.advice).appendMarkdown("\n\n");
    const status = this.server.status;
    if (status !== null) tooltip.appendText(status.message).appendMarkdown("\n\n");
    if (status?.model != null) {
      const millions = (status.model.nParams / 1e6).toFixed(1);
      tooltip.appendText(`Model: ${status.model.name}, ${millions} M parameters, context ${status.model.blockSize} tokens`).appendMarkdown("\n\n");
    }
    if (painted !== null) appendDocument(tooltip, painted);
    appendLegend(tooltip, status?.tokenizer?.vocabSize ?? 8192);
    return tooltip;
  }
}

function appendDocument(tooltip: MarkdownString, painted: Painted): void {
  const { result } = painted;
  const tokens = result.nTokens === null ? "" : `${result.nTokens.toLocaleString("en")} tokens, `;
  tooltip.appendText(`${tokens}${result.nBytes.toLocaleString("en")} bytes (version ${result.version})`).appendMarkdown("\n\n");
  const { summary } = result;
  if (summary !== null && summary.nBytes > 0 && summary.nTokens > 0) {
    const bitsPerByte = (summary.surprisalBits / summary.nBytes).toFixed(2);
    const perplexity = (2 ** (summary.surprisalBits / summary.nTokens)).toPrecision(3);
    tooltip.appendText(`${bitsPerByte} bits per byte, perplexity ${perplexity} over what was scored`).appendMarkdown("\n\n");
  }
  if (result.note !== null) tooltip.appendText(`Note: ${result.note}`).appendMarkdown("\n\n");
}

function appendLegend(tooltip: MarkdownString, vocabSize: number): void {
  const { heatMode } = paintSettings();
  if (!isHeatMode(heatMode) || heatMode === "off") return;
  tooltip.appendMarkdown("---\n\n").appendText(`Heat map: ${titleOfHeatMode(heatMode)}`).appendMarkdown("\n\n");
  for (const { bucket, label } of legendOf(heatMode, vocabSize)) {
    const sample = `<span style="background-color:var(--vscode-tinylm-heat-${bucket});">&nbsp;&nbsp;&nbsp;&nbsp;</span>`;
    tooltip.appendMarkdown(`${sample}&nbsp;`).appendText(label).appendMarkdown("\n\n");
  }
}

/** The editor tests wait for this: TINYLM_SHOW_VERSION=1 adds the painted version of the document to the text. */
function versionForTests(painted: Painted | null): string {
  return process.env["TINYLM_SHOW_VERSION"] === "1" && painted !== null ? ` v${painted.version}` : "";
}
