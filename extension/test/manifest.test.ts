/** What the manifest says and what the code does are the same. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import manifest from "../../package.json";
import { HEAT_MODES, HEAT_STYLES, WORST_BUCKET } from "../src/heat";

const root = process.env["TINYLM_ROOT"] ?? ".";
const source = (name: string): string => readFileSync(join(root, "extension", "src", name), "utf8");

test("every contributed command is registered and every registered one is contributed", () => {
  const registered = [...source("commands.ts").matchAll(/^ {2}"(tinylm\.[\w.]+)":? ?/gm)].map(([, id]) => id ?? "");
  assert.deepEqual(manifest.contributes.commands.map(({ command }) => command).sort(), registered.sort());
});

test("the commands that others rely on are there, under one category", () => {
  const titles = manifest.contributes.commands.map(({ title }) => title);
  const promised = ["Toggle Token Boundaries", "Cycle Heat Map", "Go to Next Surprising Token", "Train Tokenizer", "Train Model", "Resume Training"];
  for (const title of [...promised, "Stop Training", "Generate Here", "Select Model", "Restart Server", "Show Log", "Doctor", "Set Up"]) assert.ok(titles.includes(title), title);
  assert.ok(manifest.contributes.commands.every(({ category }) => category === "TinyLM"));
});

test("the heat map settings offer the modes and styles there are", () => {
  const settings = Object.assign({}, ...manifest.contributes.configuration.map(({ properties }) => properties)) as Record<string, { enum?: string[]; scope?: string }>;
  assert.deepEqual(settings["tinylm.heatMap"]?.enum, [...HEAT_MODES]);
  assert.deepEqual(settings["tinylm.heatMapStyle"]?.enum, [...HEAT_STYLES]);
});

test("an untrusted workspace chooses no program, model or folder", () => {
  const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
  for (const key of ["tinylm.python.path", "tinylm.model.path", "tinylm.training.folder"]) assert.ok(restricted.includes(key), key);
});

test("every colour that the code names is contributed, with a default in every kind of theme", () => {
  const ids = new Map(manifest.contributes.colors.map(({ id, defaults }) => [id, defaults]));
  const named = ["appearance.ts", "difference.ts"].flatMap((name) => [...source(name).matchAll(/"(tinylm\.[\w.]+)"/g)].map(([, id]) => id ?? ""));
  const wanted = new Set([...named, ...Array.from({ length: WORST_BUCKET }, (_, bucket) => `tinylm.heat.${bucket}`)]);
  for (const id of wanted) assert.deepEqual(Object.keys(ids.get(id) ?? {}).sort(), ["dark", "highContrast", "highContrastLight", "light"], id);
  assert.equal(ids.size, wanted.size);
});

test("entries of lists have their icons beside the words, where a screen reader does not read them", () => {
  const inWords = readdirSync(join(root, "extension", "src")).filter((name) => /(?:label|title): *["`]\$\(|\["\$\(/.test(source(name)));
  assert.deepEqual(inWords, []);
  const titles = JSON.stringify(manifest.contributes).match(/"[^"]*\$\([^"]*"/g);
  assert.equal(titles, null);
});

test("every setting that the code reads or writes is contributed", () => {
  const keys = new Set(manifest.contributes.configuration.flatMap(({ properties }) => Object.keys(properties)));
  const calls = ["settings.ts", "commands.ts", "training.ts"].flatMap((name) => [...source(name).matchAll(/(?:\.get(?:<[^>]+>)?|\.inspect(?:<[^>]+>)?|\.update|updateSetting)\("([\w.]+)"/g)].map(([, key]) => key ?? ""));
  assert.ok(calls.length >= 10);
  for (const key of calls) assert.ok(keys.has(`tinylm.${key}`) || keys.has(`tinylm.generation.${key}`), key);
});
