/** `npm run build`: bundle extension/src into dist/extension.js. `-- --watch` builds again on every change. */
import { build, context } from "esbuild";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: root,
  entryPoints: ["extension/src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  minify: !process.argv.includes("--watch"),
  sourcemap: process.argv.includes("--watch") ? "inline" : false,
  logLevel: "warning",
};

if (process.argv.includes("--watch")) await (await context({ ...options, logLevel: "info" })).watch();
else await build(options);
