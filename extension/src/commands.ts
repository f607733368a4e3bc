/** The commands: one function each, and the table that registers them. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CancellationTokenSource, commands, ProgressLocation, window, workspace } from "vscode";
import type { Disposable, TextEditor } from "vscode";
import type { App } from "./app";
import { pick } from "./asking";
import { describeTokenAt } from "./describe";
import { exportAnalysis } from "./export";
import { nextHeatMode, titleOfHeatMode } from "./heat";
import { textAround } from "./learning";
import { paintSettings, updateSetting } from "./settings";
import { describeState } from "./state";
import { goToSurprising } from "./surprise";
import type { Outcome } from "./surprise";
import type { Direction } from "./viewport";
import { positionFrom } from "./swap";
import { messageOf } from "./words";

/** `argument` is what a link or a code action passes; from the palette there is none. */
type Command = (app: App, argument: unknown) => Promise<unknown>;

/** The ids are those of package.json; extension/test/manifest.test.ts compares them. */
export const COMMANDS = {
  "tinylm.toggleBoundaries": (app) => inTurn(() => toggleBoundaries(app)),
  "tinylm.cycleHeatMap": (app) => inTurn(() => cycleHeatMap(app)),
  "tinylm.nextSurprising": (app) => goToSurprisingToken(app, "next"),
  "tinylm.previousSurprising": (app) => goToSurprisingToken(app, "previous"),
  "tinylm.describeToken": describeToken,
  "tinylm.showLegend": (app) => app.legend.show(),
  "tinylm.trainTokenizer": (app) => whenTrusted(app, () => app.training.trainTokenizer()),
  "tinylm.trainModel": (app) => whenTrusted(app, () => app.training.trainModel()),
  "tinylm.resumeTraining": (app) => whenTrusted(app, () => app.training.resume()),
  "tinylm.stopTraining": (app) => whenRunning(app, () => app.training.stop()),
  "tinylm.openTrainingView": (app) => whenTrusted(app, () => app.training.openView()),
  "tinylm.watchLearning": (app) => whenTrusted(app, () => watchLearning(app)),
  "tinylm.generateHere": generateHere,
  "tinylm.continueSelection": continueSelection,
  "tinylm.replaceToken": replaceToken,
  "tinylm.compareTokenizers": compareTokenizers,
  "tinylm.compareModels": (app) => whenTrusted(app, () => compareModels(app)),
  "tinylm.acceptNextToken": acceptNextToken,
  "tinylm.toggleGhostText": (app) => app.ghost.toggle(),
  "tinylm.dismissGhostText": (app) => app.ghost.dismiss(),
  "tinylm.openGenerationView": (app) => whenRunning(app, () => app.generationView.open()),
  "tinylm.stopGeneration": (app) => Promise.resolve(app.generator.stop()),
  "tinylm.exportAnalysis": exportAnalysisOfActive,
  "tinylm.selectModel": (app) => whenTrusted(app, () => app.training.selectModel()),
  "tinylm.restartServer": (app) => app.start(),
  "tinylm.showLog": (app) => Promise.resolve(app.log.show()),
  "tinylm.doctor": (app) => app.doctor.show(),
  "tinylm.setup": (app) => app.setUp(),
  "tinylm.showMenu": showMenu,
  "tinylm.internal.dumpState": dumpState,
} satisfies Record<string, Command>;

/** Register every command; what one throws is shown as one line. */
export function registerCommands(app: App): Disposable[] {
  return Object.entries<Command>(COMMANDS).map(([id, command]) =>
    commands.registerCommand(id, async (argument: unknown) => {
      try {
        await command(app, argument);
      } catch (error) {
        app.log.error(error instanceof Error ? error : String(error));
        const answer = await window.showErrorMessage(`TinyLM: ${messageOf(error)}`, "Show Log");
        if (answer !== undefined) app.log.show();
      }
    }),
  );
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** A setting takes a moment to be written: a second press waits for it, so that none is lost. */
function inTurn(body: () => Promise<void>): Promise<void> {
  const turn = lastTurn.then(body);
  lastTurn = turn.catch(() => undefined); // The command itself reports the failure.
  return turn;
}

/** Off when anything is painted here, on otherwise; in a language that is not listed, on for this document only. */
async function toggleBoundaries(app: App): Promise<void> {
  const editor = activeEditor();
  const { boundaries, heatMode } = paintSettings();
  if (editor !== null && !app.painter.covers(editor.document)) {
    if (!boundaries) await updateSetting("boundaries.enabled", true);
    return app.painter.choose(editor.document);
  }
  const on = !boundaries && heatMode === "off";
  await updateSetting("boundaries.enabled", on);
  if (heatMode !== "off") await updateSetting("heatMap", "off");
}

/** Nothing, boundaries, then one heat map after the other. */
async function cycleHeatMap(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor !== null && !app.painter.covers(editor.document)) app.painter.choose(editor.document);
  const { boundaries, heatMode } = paintSettings();
  if (heatMode === "off" && !boundaries) {
    await updateSetting("boundaries.enabled", true);
    window.setStatusBarMessage("TinyLM: token boundaries", 5000);
    return;
  }
  const mode = nextHeatMode(heatMode);
  await updateSetting("heatMap", mode);
  if (mode === "off") await updateSetting("boundaries.enabled", false);
  window.setStatusBarMessage(`TinyLM heat map: ${titleOfHeatMode(mode)}`, 5000);
}

const SEARCH_MESSAGES: Record<Outcome, string | null> = {
  found: null,
  wrapped: "went on at the other end of the document",
  none: "nothing here surprises the model",
  tooFar: "no surprising token in the next 400,000 characters",
  noScores: "the model is not ready yet: try again in a moment",
};

async function goToSurprisingToken(app: App, direction: Direction): Promise<void> {
  const editor = activeEditor();
  if (editor === null || !isRunning(app)) return;
  const options = { location: ProgressLocation.Notification, title: "TinyLM: looking for a surprising token", cancellable: true };
  const source = new CancellationTokenSource();
  const moved = workspace.onDidChangeTextDocument(({ document }) => document === editor.document && source.cancel());
  try {
    const outcome = await window.withProgress(options, (report, cancelled) => {
      cancelled.onCancellationRequested(() => source.cancel());
      return goToSurprising(app.server, editor, direction, report, source.token);
    });
    const said = SEARCH_MESSAGES[outcome];
    if (said !== null) window.setStatusBarMessage(`TinyLM: ${said}`, 5000);
  } catch (error) {
    if (!source.token.isCancellationRequested) throw error; // An edit ends the search silently.
  } finally {
    moved.dispose();
    source.dispose();
  }
}

async function describeToken(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor === null || !isRunning(app)) return;
  const sentence = await describeTokenAt(app.server, editor);
  void window.showInformationMessage(sentence ?? "There is no token at the caret.");
}

async function exportAnalysisOfActive(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor !== null && isRunning(app)) await exportAnalysis(app.server, editor.document);
}

async function generateHere(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor !== null && isRunning(app)) await app.generator.generateAt(editor);
}

async function continueSelection(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor !== null && isRunning(app)) await app.generator.generateAt(editor, editor.selection.end);
}

async function acceptNextToken(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor !== null) await app.ghost.acceptNextToken(editor);
}

async function replaceToken(app: App, argument: unknown): Promise<void> {
  const editor = activeEditor();
  if (editor !== null && isRunning(app)) await app.swapper.replaceAt(editor, positionFrom(argument) ?? editor.selection.active);
}

async function compareModels(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor === null) return;
  app.training.endLearning(); // Each has colours of its own.
  await app.models.toggle(editor);
}

async function watchLearning(app: App): Promise<void> {
  const editor = activeEditor();
  const range = editor === null ? null : textAround(editor);
  if (editor === null) return;
  if (range === null) return void window.showInformationMessage("Select a text, or put the caret into a paragraph.");
  app.models.end();
  await app.training.watchLearning(editor.document, range);
}

async function compareTokenizers(app: App): Promise<void> {
  const editor = activeEditor();
  if (editor !== null && isRunning(app)) await app.tokenizers.compare(editor);
}

async function showMenu(app: App): Promise<void> {
  const { isPaused } = app.ghost;
  const entries = [
    ...(app.server.isRunning ? [] : [["cloud-download", "Set Up", "tinylm.setup"] as const]),
    ["symbol-ruler", "Toggle Token Boundaries", "tinylm.toggleBoundaries"],
    ["flame", `Cycle Heat Map (now ${paintSettings().heatMode})`, "tinylm.cycleHeatMap"],
    ["arrow-down", "Go to Next Surprising Token", "tinylm.nextSurprising"],
    ["symbol-color", "Show Heat Map Legend", "tinylm.showLegend"],
    ["sparkle", "Generate Here", "tinylm.generateHere"],
    [isPaused ? "debug-continue" : "debug-pause", isPaused ? "Resume Ghost Text" : "Pause Ghost Text", "tinylm.toggleGhostText"],
    ["type-hierarchy-sub", "Open Generation View", "tinylm.openGenerationView"],
    ["replace", "Replace Token", "tinylm.replaceToken"],
    ["diff", "Compare Tokenizers", "tinylm.compareTokenizers"],
    ["diff", "Compare Models", "tinylm.compareModels"],
    ["export", "Export Analysis", "tinylm.exportAnalysis"],
    ["symbol-key", "Train Tokenizer", "tinylm.trainTokenizer"],
    ["mortar-board", "Train Model", "tinylm.trainModel"],
    ["graph-line", "Open Training View", "tinylm.openTrainingView"],
    ["history", "Watch This Paragraph Being Learned", "tinylm.watchLearning"],
    ["list-selection", "Select Model", "tinylm.selectModel"],
    ["debug-restart", "Restart Server", "tinylm.restartServer"],
    ["pulse", "Doctor", "tinylm.doctor"],
    ["output", "Show Log", "tinylm.showLog"],
  ] as const;
  const command = await pick("TinyLM", entries.map(([icon, label, value]) => ({ icon, label, value })));
  if (command !== undefined) await commands.executeCommand(command);
}

/** For the tests: write what is painted and shown to state.json in the extension's storage. */
async function dumpState(app: App): Promise<void> {
  const state = describeState(app.server, app.painter, app.status, app.training, app.surveyor, app.styles);
  const file = join(app.context.globalStorageUri.fsPath, "state.json");
  await writeFile(`${file}.partial`, JSON.stringify(state));
  await rename(`${file}.partial`, file);
}

/** The editor to work on; says so when there is none. */
function activeEditor(): TextEditor | null {
  const editor = window.activeTextEditor ?? null;
  if (editor === null) void window.showInformationMessage("Open a text first.");
  return editor;
}

function isRunning(app: App): boolean {
  if (app.server.connection === "stopped") void app.start();
  if (!app.server.isRunning) void window.showInformationMessage("The TinyLM server is starting: try again in a moment.");
  return app.server.isRunning;
}

async function whenRunning(app: App, body: () => Promise<void>): Promise<void> {
  if (isRunning(app)) await body();
}

/** What reads or writes the workspace's files is refused until its authors are trusted. */
async function whenTrusted(app: App, body: () => Promise<void>): Promise<void> {
  if (workspace.isTrusted) return whenRunning(app, body);
  const answer = await window.showWarningMessage("TinyLM trains and loads models only in a trusted workspace.", "Manage Workspace Trust");
  if (answer !== undefined) await commands.executeCommand("workbench.trust.manage");
}
