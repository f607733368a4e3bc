/**
 * `npm run package [-- FILE.vsix]`: bundle, build the wheel of the tinylm package into dist/wheel, make the VSIX.
 * Wheel and VSIX are made again only when what goes into them changed. TINYLM_PYTHON names the Python that builds the wheel.
 * vsce reads every file of its folder before it looks at .vscodeignore (30 s here, with .venv), so it gets a folder of its own.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const wheelFolder = join(root, "dist", "wheel");
const stamp = join(root, "dist", "wheel.sha256");
const staging = join(root, "dist", `vsix-${process.pid}`);
const shipped = ["package.json", "LICENSE", "constraints.txt", ".vscodeignore", "extension/README.md", "dist/extension.js"];
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const out = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? `tinylm-${manifest.version}.vsix`;

run(process.execPath, ["extension/build.mjs"]);
buildWheel();
makePackage(resolve(root, out));

function makePackage(vsix) {
  const files = shipped.map((name) => join(root, name)).filter((path) => existsSync(path));
  const hash = hashOf([...files, ...filesIn("extension/media"), ...filesIn("dist/views"), ...filesIn("dist/wheel")]);
  const made = join(root, "dist", `${basename(vsix)}.sha256`);
  if (existsSync(vsix) && existsSync(made) && readFileSync(made, "utf8") === `${vsix} ${hash}`) return console.log(`unchanged: ${vsix}`);
  rmSync(staging, { recursive: true, force: true });
  for (const path of files) {
    const target = join(staging, relative(root, path));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
  }
  for (const folder of ["extension/media", "dist/views", "dist/wheel"]) cpSync(join(root, folder), join(staging, folder), { recursive: true });
  const vsce = join(root, "node_modules", "@vscode", "vsce", "vsce");
  const flags = ["--no-dependencies", "--allow-missing-repository", "--readme-path", "extension/README.md", "--no-rewrite-relative-links"];
  run(process.execPath, [vsce, "package", ...flags, "--out", vsix], staging);
  rmSync(staging, { recursive: true, force: true });
  writeFileSync(made, `${vsix} ${hash}`);
}

function buildWheel() {
  if (!existsSync(join(root, "models", "starter", "model.safetensors"))) {
    console.warn("note: models/starter holds no model yet; the package is built without one and asks for a model when it runs");
  }
  const hash = hashOf(wheelInputs());
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash && wheels().length === 1) return;
  const fresh = join(root, "dist", `wheel-${process.pid}`);
  run(python(), ["-I", "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", fresh, "."]);
  rmSync(wheelFolder, { recursive: true, force: true });
  renameSync(fresh, wheelFolder);
  if (wheels().length !== 1) fail(`expected one wheel in ${wheelFolder} and found ${wheels().length}`);
  writeFileSync(stamp, hash);
}

function wheels() {
  return existsSync(wheelFolder) ? readdirSync(wheelFolder).filter((name) => name.endsWith(".whl")) : [];
}

function python() {
  const checkout = process.platform === "win32" ? join(root, ".venv", "Scripts", "python.exe") : join(root, ".venv", "bin", "python");
  return process.env.TINYLM_PYTHON ?? (existsSync(checkout) ? checkout : "python3");
}

function wheelInputs() {
  const files = ["pyproject.toml", "README.md", "LICENSE"].map((name) => join(root, name)).filter((path) => existsSync(path));
  return [...files, ...filesIn("tinylm"), ...filesIn("server"), ...filesIn("models/starter")];
}

function filesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${relative(root, file)}\0`).update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(" ")} ended with exit code ${status}`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
