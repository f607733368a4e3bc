// The strictest rules that fit: no any, no non-null assertion, no default export, types imported as types.
import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", ".vscode-test/", ".venv/"] },
  js.configs.recommended,
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
  },
  {
    files: ["extension/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ["./tsconfig.json", "./extension/views/tsconfig.json"] } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // Numbers in templates are what status texts are made of.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // vscode's Disposable is a class by declaration and an interface in use.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // A command's result is often a promise that the caller must not wait for; `void` says so.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] }],
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "Name what you export." }],
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", 60],
    },
  },
);
