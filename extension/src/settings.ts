/**
 * Reads the settings that the extension itself uses. The server's own settings pass through as they are: it pulls
 * them with workspace/configuration, and `serverSettings` is the same object for initialize.
 */
import { ConfigurationTarget, workspace } from "vscode";
import { isHeatMode } from "./heat";
import type { HeatMode, HeatStyle } from "./heat";
import type { Sampling } from "./protocol";

export const SECTION = "tinylm";

export interface PaintSettings {
  readonly boundaries: boolean;
  readonly heatMode: HeatMode;
  readonly heatStyle: HeatStyle;
  /** Language ids; `*` stands for all. */
  readonly languages: readonly string[];
  /** At most this many cells are painted in one editor. */
  readonly maxCells: number;
}

export interface GenerationSettings extends Sampling {
  /** Null draws a fresh one each time. */
  readonly seed: number | null;
}

export function paintSettings(): PaintSettings {
  const settings = workspace.getConfiguration(SECTION);
  const heatMode: unknown = settings.get("heatMap");
  const languages: unknown = settings.get("boundaries.languages");
  return {
    boundaries: settings.get<unknown>("boundaries.enabled") !== false,
    heatMode: isHeatMode(heatMode) ? heatMode : "off",
    heatStyle: settings.get<unknown>("heatMapStyle") === "underline" ? "underline" : "colour",
    maxCells: settings.get<number>("maxCells", 5000),
    languages: Array.isArray(languages) ? languages.filter((entry) => typeof entry === "string") : [],
  };
}

/** Whether scores are shown, so that whole documents are worth scoring. */
export function surveySettings(): { readonly codeLens: boolean; readonly wanted: boolean } {
  const codeLens = workspace.getConfiguration(SECTION).get<unknown>("codeLens") === true;
  return { codeLens, wanted: codeLens || paintSettings().heatMode !== "off" };
}

export function generationSettings(): GenerationSettings {
  const settings = workspace.getConfiguration(`${SECTION}.generation`);
  const seed = settings.get<number>("seed", -1);
  return {
    repetitionPenalty: settings.get<number>("repetitionPenalty", 1),
    presencePenalty: settings.get<number>("presencePenalty", 0),
    temperature: settings.get<number>("temperature", 0.8),
    topK: settings.get<number>("topK", 0),
    topP: settings.get<number>("topP", 0.95),
    minP: settings.get<number>("minP", 0),
    typicalP: settings.get<number>("typicalP", 1),
    seed: seed < 0 ? null : seed,
    stop: settings.get<readonly string[]>("stop", []),
    maxTokens: settings.get<number>("maxTokens", 200),
  };
}

export function trainingFolderSetting(): string {
  return workspace.getConfiguration(SECTION).get<string>("training.folder", "").trim();
}

/** The Python of the settings, and whether a workspace chose it (which a person has to confirm once). */
export function pythonSetting(): { readonly path: string; readonly fromWorkspace: boolean } {
  const settings = workspace.getConfiguration(SECTION);
  const path = settings.get<string>("python.path", "").trim();
  const seen = settings.inspect<string>("python.path");
  return { path, fromWorkspace: seen?.workspaceValue !== undefined || seen?.workspaceFolderValue !== undefined };
}

/** The whole section as the server expects it in initializationOptions. */
export function serverSettings(): unknown {
  return JSON.parse(JSON.stringify(workspace.getConfiguration(SECTION))) as unknown;
}

/** Write a setting where it is set now, otherwise for the user. */
export async function updateSetting(key: string, value: unknown): Promise<void> {
  const settings = workspace.getConfiguration(SECTION);
  const inWorkspace = settings.inspect(key)?.workspaceValue !== undefined;
  await settings.update(key, value, inWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global);
}
