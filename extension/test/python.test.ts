import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pipEnvironment, serverEnvironment } from "../src/environment";
import { locatePython, managedEnvironment, problemWithPython, pythonIn } from "../src/locate";
import { askVersion, isNewEnough, missingModules, pythonCandidates, versionFromText } from "../src/python";

test("a version is read from what Python prints and from nothing else", () => {
  assert.deepEqual(versionFromText("3.11\n"), [3, 11]);
  assert.deepEqual(versionFromText("warning\r\n3.12\r\n"), [3, 12]);
  assert.equal(versionFromText("Python was not found; run without arguments"), null);
  assert.equal(versionFromText(""), null);
});

test("3.11 and everything newer is new enough", () => {
  assert.deepEqual([[2, 7], [3, 9], [3, 10], [3, 11], [3, 14], [4, 0]].map(([major = 0, minor = 0]) => isNewEnough([major, minor])), [false, false, false, true, true, true]);
});

test("Windows asks its launcher first", () => {
  assert.deepEqual(pythonCandidates("win32")[0], { command: "py", prefix: ["-3"] });
  assert.ok(pythonCandidates("linux").some(({ command }) => command === "python3"));
});

test("a real Python answers; a missing one and another program are no Python", async () => {
  const found = await Promise.all(pythonCandidates(process.platform).map(({ command, prefix }) => askVersion(command, prefix)));
  assert.ok(found.some((python) => python !== null && isNewEnough(python.version)));
  assert.equal(await askVersion("/nowhere/python"), null);
  assert.equal(await askVersion(process.execPath), null);
});

test("missing modules are found without importing them", async () => {
  assert.deepEqual(await missingModules("python3", ["json", "no_such_module_here"]), ["no_such_module_here"]);
});

test("what makes Python or the loader run other code does not reach a process", () => {
  const hostile = { PATH: "/bin", PYTHONPATH: "/evil", PYTHONSTARTUP: "/evil.py", LD_PRELOAD: "/evil.so", HF_ENDPOINT: "x", PIP_INDEX_URL: "y", LC_ALL: "C", NODE_OPTIONS: "z", tinylm_log: "v" };
  assert.deepEqual(serverEnvironment(hostile), { PATH: "/bin", LC_ALL: "C", tinylm_log: "v" });
  assert.deepEqual(pipEnvironment(hostile), { PATH: "/bin", LC_ALL: "C", tinylm_log: "v", PIP_INDEX_URL: "y" });
});

test("the setting wins, then the checkout's environment, then the managed one", (context) => {
  const root = mkdtempSync(join(tmpdir(), "tinylm-locate-"));
  context.after(() => rmSync(root, { recursive: true }));
  const places = { setting: "", extensionFolder: join(root, "extension"), storageFolder: join(root, "storage"), platform: "linux" as const };
  const touch = (path: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
  };
  assert.equal(locatePython(places), null);
  touch(pythonIn(managedEnvironment(places.storageFolder), "linux"));
  assert.equal(locatePython(places)?.source, "managed");
  touch(join(places.extensionFolder, ".venv", "bin", "python"));
  assert.equal(locatePython(places)?.source, "managed", "a .venv counts only beside a pyproject.toml");
  touch(join(places.extensionFolder, "pyproject.toml"));
  assert.equal(locatePython(places)?.source, "checkout");
  assert.deepEqual(locatePython({ ...places, setting: "/gone/python" }), { path: "/gone/python", source: "setting" });
});

test("a Python setting that cannot work is explained", () => {
  assert.match(problemWithPython("python3") ?? "", /absolute path/);
  assert.match(problemWithPython("/nowhere/python") ?? "", /does not exist/);
  assert.match(problemWithPython("/bin/\0sh") ?? "", /NUL/);
  assert.equal(problemWithPython(process.execPath), null);
});
