/** The extension's entrance: makes the App, registers its commands, starts the server. */
import { window } from "vscode";
import type { ExtensionContext } from "vscode";
import { App } from "./app";
import { registerCommands } from "./commands";
import { messageOf } from "./words";

let app: App | null = null;

export function activate(context: ExtensionContext): void {
  try {
    app = new App(context);
    context.subscriptions.push(app, ...registerCommands(app));
    // Not awaited: the editor is usable while the server starts, and start() reports its own failures.
    void app.start();
  } catch (error) {
    void window.showErrorMessage(`TinyLM could not start: ${messageOf(error)}`);
    throw error;
  }
}

/** Wait for the server to leave, so that none outlives the editor. */
export async function deactivate(): Promise<void> {
  await app?.server.stop();
  app = null;
}
