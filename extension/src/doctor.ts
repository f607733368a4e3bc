/**
 * "Doctor": a read-only page with what the extension and the server know of themselves; works without a server too.
 * The server's checks import what training needs, which takes seconds: a notification says so, and the page is shown when
 * it is whole, because a rendered page did not follow the changes of its text.
 */
import { commands, env, EventEmitter, ProgressLocation, Uri, version, window, workspace } from "vscode";
import type { Disposable, TextDocumentContentProvider } from "vscode";
import type { Server } from "./client";
import type { FoundPython } from "./locate";
import { ServerCommand } from "./protocol";
import type { DoctorReport } from "./protocol";
import { markdownFromText, messageOf } from "./words";

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
    const options = { location: ProgressLocation.Notification, title: "TinyLM: examining itself" };
    const serverSection = await window.withProgress(options, () => this.serverSection());
    this.text = `${this.ownSection()}\n${serverSection}\n${this.logSection()}`;
    this.changed.fire(PAGE);
    await showRendered();
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
    const lines = rows.map(([name, value]) => `| ${name} | ${markdownFromText(value)} |`);
    return `# TinyLM Doctor\n\n| | |\n|:--|:--|\n${lines.join("\n")}\n`;
  }

  private logSection(): string {
    const errors = this.server.lastErrors;
    return errors.length === 0 ? "" : `\n## Last lines of the server's log\n\n\`\`\`text\n${errors.join("\n").replaceAll("```", "'''")}\n\`\`\`\n`;
  }

  private async serverSection(): Promise<string> {
    if (!this.server.isRunning) return 'The server is not running: run "TinyLM: Restart Server", or see the log.';
    try {
      const { markdown } = await this.server.execute<DoctorReport>(ServerCommand.doctor);
      return `## The server's own report\n\n${markdown.replace(/^# .*\n+/, "")}\n`; // Without its title: the page has one.
    } catch (error) {
      return `The server did not answer: ${messageOf(error)}\n`;
    }
  }
}

/** As a rendered page; as plain text where the built-in Markdown extension is switched off. */
async function showRendered(): Promise<void> {
  try {
    await commands.executeCommand("markdown.showPreview", PAGE);
  } catch {
    await window.showTextDocument(await workspace.openTextDocument(PAGE), { preview: true });
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
