/**
 * "Watch This Paragraph Being Learned": a text of a document under the weights of every step that a run has kept, painted in
 * the colours of the heat map of surprisal, whose scale is fixed, so that colours mean the same at every step. Steps are
 * asked for one after the other, and further ones when the run has kept more. An edit ends it: the numbers are of the text
 * as it was.
 */
import { basename } from "node:path";
import { CancellationTokenSource, window, workspace } from "vscode";
import type { Disposable, Position, Range, TextDocument, TextEditor } from "vscode";
import type { LearnedStep, LearningState } from "../views/messages";
import type { Server } from "./client";
import { ScoreSavedStepRequest } from "./comparing";
import type { ScoreSavedStepResult } from "./comparing";
import type { Painter } from "./decorations";
import { rangeOfCell } from "./pieces";
import { planFor } from "./plan";
import type { Plan } from "./plan";
import { paintSettings } from "./settings";
import { decodeCells, sumOverCell } from "./tokens";
import { paragraphAt } from "./totals";
import { learnedText, messageOf } from "./words";

const MOST_QUOTED = 80;

export class Learning implements Disposable {
  private readonly found = new Map<number, ScoreSavedStepResult>();
  private readonly version: number;
  private readonly subscriptions: Disposable[];
  private savedSteps: readonly number[] = [];
  private request: CancellationTokenSource | null = null;
  private shown: number | null = null;
  private problem: string | null = null;
  private over = false;

  constructor(
    private readonly server: Server,
    private readonly painter: Painter,
    private readonly document: TextDocument,
    private readonly range: Range,
    private readonly run: string,
    /** There is something new to tell; `state` is null when it is over. */
    private readonly changed: (state: LearningState | null) => void,
  ) {
    this.version = document.version;
    this.subscriptions = [
      workspace.onDidChangeTextDocument((event) => event.document === document && event.contentChanges.length > 0 && this.end("The text was changed, so its colours are gone. Run the command again.")),
      workspace.onDidCloseTextDocument((closed) => closed === document && this.end("The document was closed.")),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm") && this.paint()),
      window.onDidChangeVisibleTextEditors(() => this.paint()),
      server.onConnection((connection) => connection !== "running" && this.end("The server stopped.")),
    ];
  }

  get state(): LearningState {
    const steps = [...this.found.values()].map(learnedStep).sort((one, other) => one.step - other.step);
    const nWaiting = this.savedSteps.filter((step) => !this.found.has(step)).length;
    return { quote: quoted(this.document.getText(this.range)), steps, shown: this.shown, nWaiting, problem: this.problem };
  }

  /** The run has kept these steps; ask for those that are not known yet. */
  take(savedSteps: readonly number[]): void {
    const isNew = savedSteps.some((step) => !this.savedSteps.includes(step));
    this.savedSteps = savedSteps;
    if (isNew && this.request === null && !this.over) void this.askForRest();
  }

  /** What the step that is painted finds of the token at a position, before the model in use is heard; null elsewhere. */
  noteAt(document: TextDocument, position: Position): string | null {
    const result = this.result;
    if (document !== this.document || result === undefined) return null;
    const cell = decodeCells(result).find((each) => rangeOfCell(each).contains(position) && !rangeOfCell(each).end.isEqual(position));
    const bits = cell === undefined ? null : sumOverCell(result.surprisalBits, cell);
    return bits === null ? null : learnedText(basename(this.run), result.step, bits, this.server.status?.model?.name ?? "none");
  }

  show(step: number): void {
    if (!this.found.has(step)) return;
    this.shown = step;
    this.paint();
    this.changed(this.state);
  }

  /** Take the colours away; with a reason that is told. */
  end(reason: string | null): void {
    if (this.over) return;
    this.over = true;
    this.request?.cancel();
    for (const subscription of this.subscriptions) subscription.dispose();
    this.painter.lend(this.document, null);
    this.changed(null);
    if (reason !== null) window.setStatusBarMessage(`TinyLM: ${reason}`, 8000);
  }

  dispose(): void {
    this.end(null);
  }

  private async askForRest(): Promise<void> {
    const request = new CancellationTokenSource();
    this.request = request;
    this.problem = null;
    try {
      for (let step = this.next(); step !== undefined && !this.over; step = this.next()) {
        const result = await this.ask(step, request);
        this.found.set(step, result);
        if (this.shown === null) this.show(step); // The first: how it goes on from there is what one wants to see.
        else this.changed(this.state);
      }
    } catch (error) {
      if (this.over) return;
      this.problem = messageOf(error);
      this.changed(this.state);
    } finally {
      this.request = null;
      request.dispose();
    }
  }

  /** In the order of the training. */
  private next(): number | undefined {
    return this.savedSteps.find((step) => !this.found.has(step));
  }

  private ask(step: number, { token }: CancellationTokenSource): Promise<ScoreSavedStepResult> {
    const { converter } = this.server;
    if (converter === null) throw new Error("The TinyLM server is not running.");
    const textDocument = converter.asTextDocumentIdentifier(this.document);
    const params = { textDocument, version: this.version, range: converter.asRange(this.range), run: this.run, step };
    return this.server.request(ScoreSavedStepRequest, params, token);
  }

  private paint(): void {
    if (this.result !== undefined) this.painter.lend(this.document, planOf(this.result));
  }

  /** Of the step that is painted. */
  private get result(): ScoreSavedStepResult | undefined {
    return this.shown === null || this.over ? undefined : this.found.get(this.shown);
  }
}

/** The selection, or the paragraph of the caret; null where there is neither. */
export function textAround({ document, selection }: TextEditor): Range | null {
  if (!selection.isEmpty) return selection;
  const lines = paragraphAt(selection.active.line, document.lineCount, (line) => document.lineAt(line).isEmptyOrWhitespace);
  return lines === null ? null : document.lineAt(lines.first).range.union(document.lineAt(lines.last).range);
}

function planOf(result: ScoreSavedStepResult): Plan {
  const scores = { surprisalBits: result.surprisalBits, rank: [], entropyBits: [], maxLogprob: [], contextTokens: [] };
  return planFor(decodeCells(result), scores, { boundaries: false, heatMode: "surprisal", heatStyle: paintSettings().heatStyle, vocabSize: result.vocabSize });
}

function learnedStep({ step, summary }: ScoreSavedStepResult): LearnedStep {
  return { step, bitsPerByte: summary.nBytes === 0 ? null : summary.surprisalBits / summary.nBytes };
}

function quoted(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length <= MOST_QUOTED ? line : `${line.slice(0, MOST_QUOTED).trimEnd()}…`;
}
