/**
 * `npm run build`: bundle extension/src into dist/extension.js, and each view (extension/views/NAME.ts with NAME.css)
 * into dist/views. `-- --watch` builds again on every change.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const watching = process.argv.includes("--watch");
const views = readdirSync(join(root, "extension", "views")).filter((name) => name.endsWith(".css")).map((name) => name.slice(0, -".css".length));

/** @type {import("esbuild").BuildOptions} */
const common = { absWorkingDir: root, bundle: true, minify: !watching, sourcemap: watching ? "inline" : false, logLevel: watching ? "info" : "warning" };

/** @type {import("esbuild").BuildOptions[]} */
const bundles = [
  { ...common, entryPoints: ["extension/src/extension.ts"], outfile: "dist/extension.js", platform: "node", format: "cjs", target: "node20", external: ["vscode"] },
  { ...common, entryPoints: views.flatMap((name) => [`extension/views/${name}.ts`, `extension/views/${name}.css`]), outdir: "dist/views", platform: "browser", format: "iife", target: "es2022" },
];

for (const options of bundles) {
  if (watching) await (await context(options)).watch();
  else await build(options);
}
