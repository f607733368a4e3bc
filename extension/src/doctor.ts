/** "Doctor": a read-only page with what the extension and the server know of themselves; works without a server too. */
import { env, EventEmitter, Uri, version, window, workspace } from "vscode";
import type { Disposable, TextDocumentContentProvider } from "vscode";
import type { Server } from "./client";
import type { FoundPython } from "./locate";
import { ServerCommand } from "./protocol";
import type { DoctorReport } from "./protocol";
import { messageOf } from "./words";

const SCHEME = "tinylm-doctor";
const PAGE = Uri.parse(`${SCHEME}:TinyLM Doctor.md`);

export class Doctor implements Disposable, TextDocumentContentProvider {
  private readonly changed = new EventEmitter<Uri>();
  private readonly registration = workspace.registerTextDocumentContentProvider(SCHEME, this);
  private text = "";
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly server: Server,
    private readonly extensionVersion: string,
    private readonly python: () => FoundPython | null,
  ) {}

  provideTextDocumentContent(): string {
    return this.text;
  }

  async show(): Promise<void> {
    this.text = `${this.ownSection()}\n${await this.serverSection()}`;
    this.changed.fire(PAGE);
    await window.showTextDocument(await workspace.openTextDocument(PAGE), { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }

  private ownSection(): string {
    const python = this.python();
    const rows: [string, string][] = [
      ["Extension", this.extensionVersion],
      ["Editor", `${env.appName}, VS Code ${version}, ${process.platform} ${process.arch}`],
      ["Python", python === null ? 'none: run "TinyLM: Set Up"' : `${python.path} (${describeSource(python)})`],
      ["Workspace", workspace.isTrusted ? "trusted" : "restricted: nothing from it is run or loaded"],
      ["Server", this.server.connection],
    ];
    const errors = this.server.lastErrors;
    const log = errors.length === 0 ? "" : `\n## Last lines of the server's log\n\n\`\`\`text\n${errors.join("\n").replaceAll("```", "'''")}\n\`\`\`\n`;
    return `# TinyLM Doctor\n\n${rows.map(([name, value]) => `* ${name}: ${value}`).join("\n")}\n${log}`;
  }

  private async serverSection(): Promise<string> {
    if (!this.server.isRunning) return "";
    try {
      return `## The server's own report\n\n${(await this.server.execute<DoctorReport>(ServerCommand.doctor)).markdown}\n`;
    } catch (error) {
      return `The server did not answer: ${messageOf(error)}\n`;
    }
  }
}

function describeSource({ source }: FoundPython): string {
  switch (source) {
    case "setting":
      return "from the setting tinylm.python.path";
    case "checkout":
      return "from the .venv of the checkout";
    case "managed":
      return "made by Set Up";
  }
}
