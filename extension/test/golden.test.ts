/**
 * The messages of tests/golden satisfy the types of protocol.ts: tsc checks the values of each field, the tests below its
 * names. JSON imports know strings but no unions of them, so the types are compared with those widened.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import alternatives from "../../tests/golden/alternatives.json";
import compareModels from "../../tests/golden/compareModels.json";
import compareTokenizers from "../../tests/golden/compareTokenizers.json";
import doctor from "../../tests/golden/doctor.json";
import estimateTraining from "../../tests/golden/estimateTraining.json";
import exportPiece from "../../tests/golden/exportPiece.json";
import exported from "../../tests/golden/export.json";
import ghostText from "../../tests/golden/ghostText.json";
import generate from "../../tests/golden/generate.json";
import generationStep from "../../tests/golden/generationStep.json";
import listJobs from "../../tests/golden/listJobs.json";
import listModels from "../../tests/golden/listModels.json";
import modelOfStep from "../../tests/golden/modelOfStep.json";
import preview from "../../tests/golden/preview.json";
import restartWorker from "../../tests/golden/restartWorker.json";
import resumeTraining from "../../tests/golden/resumeTraining.json";
import scoreSavedStep from "../../tests/golden/scoreSavedStep.json";
import selectModel from "../../tests/golden/selectModel.json";
import sessionClose from "../../tests/golden/sessionClose.json";
import sessionGo from "../../tests/golden/sessionGo.json";
import sessionOpen from "../../tests/golden/sessionOpen.json";
import sessionPick from "../../tests/golden/sessionPick.json";
import sessionSave from "../../tests/golden/sessionSave.json";
import sessionSet from "../../tests/golden/sessionSet.json";
import sessionStep from "../../tests/golden/sessionStep.json";
import statusStarting from "../../tests/golden/status-starting.json";
import status from "../../tests/golden/status.json";
import stopTraining from "../../tests/golden/stopTraining.json";
import tokensWithoutScores from "../../tests/golden/tokens-without-scores.json";
import tokens from "../../tests/golden/tokens.json";
import tokenizerEvents from "../../tests/golden/tokenizerEvents.json";
import trainModel from "../../tests/golden/trainModel.json";
import trainTokenizer from "../../tests/golden/trainTokenizer.json";
import trainingEvents from "../../tests/golden/trainingEvents.json";
import trainingFinished from "../../tests/golden/trainingProgress-finished.json";
import trainingProgress from "../../tests/golden/trainingProgress.json";
import * as comparing from "../src/comparing";
import * as ghost from "../src/ghostProtocol";
import * as protocol from "../src/protocol";
import * as session from "../src/sessionProtocol";
import { decodeCells } from "../src/tokens";

type Widened<T> = T extends string ? string : T extends number | boolean | null ? T : T extends readonly (infer Item)[] ? readonly Widened<Item>[] : { readonly [Key in keyof T]: Widened<T[Key]> };

/** Compiles only when the value has the type and no field besides; the keys of what is nested are compared at run time. */
function holds<T>() {
  return <Value extends Widened<T>>(value: Value & Record<Exclude<keyof Value, keyof T>, never>): Value => value;
}

const GOLDEN = {
  "tokens.json": { method: tokens.method, is: protocol.TokensRequest.method, params: holds<protocol.TokensParams>()(tokens.params), result: holds<protocol.TokensResult>()(tokens.result) },
  "tokens-without-scores.json": { method: tokensWithoutScores.method, is: protocol.TokensRequest.method, result: holds<protocol.TokensResult>()(tokensWithoutScores.result) },
  "status.json": { method: status.method, is: protocol.StatusNotification.method, params: holds<protocol.Status>()(status.params) },
  "status-starting.json": { method: statusStarting.method, is: protocol.StatusNotification.method, params: holds<protocol.Status>()(statusStarting.params) },
  "trainingProgress.json": { method: trainingProgress.method, is: protocol.TrainingProgressNotification.method, params: holds<protocol.JobProgress>()(trainingProgress.params) },
  "trainingProgress-finished.json": { method: trainingFinished.method, is: protocol.TrainingProgressNotification.method, params: holds<protocol.JobProgress>()(trainingFinished.params) },
  "generate.json": { method: generate.method, is: protocol.GenerateRequest.method, params: holds<protocol.GenerateParams>()(generate.params), result: holds<protocol.GenerateResult>()(generate.result) },
  "ghostText.json": { method: ghostText.method, is: ghost.GhostTextRequest.method, params: holds<ghost.GhostTextParams>()(ghostText.params), result: holds<ghost.GhostTextResult>()(ghostText.result) },
  "generationStep.json": { method: generationStep.method, is: protocol.GenerationStepNotification.method, params: holds<protocol.GenerationStep>()(generationStep.params) },
  "alternatives.json": { method: alternatives.method, is: comparing.AlternativesRequest.method, params: holds<comparing.AlternativesParams>()(alternatives.params), result: holds<comparing.AlternativesResult>()(alternatives.result) },
  "preview.json": { method: preview.method, is: comparing.PreviewRequest.method, params: holds<comparing.PreviewParams>()(preview.params), result: holds<comparing.PreviewResult>()(preview.result) },
  "export.json": { method: exported.method, is: protocol.ExportRequest.method, params: holds<protocol.ExportParams>()(exported.params), result: holds<protocol.ExportResult>()(exported.result) },
  "exportPiece.json": { method: exportPiece.method, is: protocol.ExportPieceNotification.method, params: holds<protocol.ExportPiece>()(exportPiece.params) },
  "sessionOpen.json": { method: sessionOpen.method, is: session.SessionOpenRequest.method, params: holds<session.SessionOpenParams>()(sessionOpen.params), result: holds<session.SessionView>()(sessionOpen.result) },
  "sessionStep.json": { method: sessionStep.method, is: session.SessionStepRequest.method, params: holds<session.SessionParams>()(sessionStep.params), result: holds<session.SessionView>()(sessionStep.result) },
  "sessionPick.json": { method: sessionPick.method, is: session.SessionPickRequest.method, params: holds<session.SessionPickParams>()(sessionPick.params), result: holds<session.SessionView>()(sessionPick.result) },
  "sessionGo.json": { method: sessionGo.method, is: session.SessionGoRequest.method, params: holds<session.SessionGoParams>()(sessionGo.params), result: holds<session.SessionView>()(sessionGo.result) },
  "sessionSet.json": { method: sessionSet.method, is: session.SessionSetRequest.method, params: holds<session.SessionSetParams>()(sessionSet.params), result: holds<session.SessionView>()(sessionSet.result) },
  "sessionSave.json": { method: sessionSave.method, is: session.SessionSaveRequest.method, params: holds<session.SessionParams>()(sessionSave.params), result: holds<session.SessionSaveResult>()(sessionSave.result) },
  "sessionClose.json": { method: sessionClose.method, is: session.SessionCloseRequest.method, params: holds<session.SessionParams>()(sessionClose.params), result: sessionClose.result },
  "compareTokenizers.json": {
    method: compareTokenizers.method,
    is: comparing.CompareTokenizersRequest.method,
    params: holds<comparing.CompareTokenizersParams>()(compareTokenizers.params),
    result: holds<comparing.CompareTokenizersResult>()(compareTokenizers.result),
  },
  "compareModels.json": {
    method: compareModels.method,
    is: comparing.CompareModelsRequest.method,
    params: holds<comparing.CompareModelsParams>()(compareModels.params),
    result: holds<comparing.CompareModelsResult>()(compareModels.result),
  },
  "tokenizerEvents.json": {
    method: tokenizerEvents.method,
    is: protocol.TokenizerEventsRequest.method,
    params: holds<protocol.TokenizerEventsParams>()(tokenizerEvents.params),
    result: holds<protocol.TokenizerEventsResult>()(tokenizerEvents.result),
  },
  "scoreSavedStep.json": {
    method: scoreSavedStep.method,
    is: comparing.ScoreSavedStepRequest.method,
    params: holds<comparing.ScoreSavedStepParams>()(scoreSavedStep.params),
    result: holds<comparing.ScoreSavedStepResult>()(scoreSavedStep.result),
  },
  "trainTokenizer.json": {
    method: trainTokenizer.params.command,
    is: protocol.ServerCommand.trainTokenizer,
    params: trainTokenizer.params.arguments.map(holds<protocol.TrainTokenizerArguments>()),
    result: holds<protocol.JobStarted>()(trainTokenizer.result),
  },
  "trainModel.json": {
    method: trainModel.params.command,
    is: protocol.ServerCommand.trainModel,
    params: trainModel.params.arguments.map(holds<protocol.TrainModelArguments>()),
    result: holds<protocol.JobStarted>()(trainModel.result),
  },
  "estimateTraining.json": {
    method: estimateTraining.params.command,
    is: protocol.ServerCommand.estimateTraining,
    params: estimateTraining.params.arguments.map(holds<protocol.TrainModelArguments>()),
    result: holds<protocol.TrainingEstimate>()(estimateTraining.result),
  },
  "trainingEvents.json": {
    method: trainingEvents.method,
    is: protocol.TrainingEventsRequest.method,
    params: holds<protocol.TrainingEventsParams>()(trainingEvents.params),
    result: holds<protocol.TrainingEventsResult>()(trainingEvents.result),
  },
  "resumeTraining.json": { method: resumeTraining.params.command, is: protocol.ServerCommand.resumeTraining, result: holds<protocol.JobStarted>()(resumeTraining.result) },
  "stopTraining.json": { method: stopTraining.params.command, is: protocol.ServerCommand.stopTraining, result: holds<{ stopped: boolean }>()(stopTraining.result) },
  "listJobs.json": { method: listJobs.params.command, is: protocol.ServerCommand.listJobs, result: listJobs.result.map(holds<protocol.JobProgress>()) },
  "selectModel.json": { method: selectModel.params.command, is: protocol.ServerCommand.selectModel, result: holds<protocol.ModelInfo>()(selectModel.result) },
  "listModels.json": { method: listModels.params.command, is: protocol.ServerCommand.listModels, result: listModels.result.map(holds<protocol.KnownModel>()) },
  "modelOfStep.json": { method: modelOfStep.params.command, is: protocol.ServerCommand.modelOfStep, result: holds<{ path: string }>()(modelOfStep.result) },
  "restartWorker.json": { method: restartWorker.params.command, is: protocol.ServerCommand.restartWorker, result: restartWorker.result },
  "doctor.json": { method: doctor.params.command, is: protocol.ServerCommand.doctor, result: { markdown: doctor.result.markdown } },
};

test("every golden message is compared with the types", () => {
  const folder = join(process.env["TINYLM_ROOT"] ?? ".", "tests", "golden");
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  assert.deepEqual(Object.keys(GOLDEN).sort(), names.sort());
});

test("the methods and commands are those of protocol.ts", () => {
  for (const [name, { method, is }] of Object.entries(GOLDEN)) assert.equal(method, is, name);
});

test("messages that carry a schema carry ours", () => {
  for (const { schema } of [tokens.result, tokensWithoutScores.result, status.params, generate.result]) assert.equal(schema, protocol.SCHEMA);
});

test("the golden cells decode to what the golden text holds, one value a token in each column", () => {
  const cells = decodeCells(tokens.result);
  assert.equal(cells.length, tokens.result.cells.length / 6);
  assert.equal(cells.at(-1)?.startLine, 1);
  for (const column of Object.values(tokens.result.scores)) assert.equal(column.length, tokens.result.ids.length);
});
