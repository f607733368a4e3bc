/** How many tokens a long document has: asked again and again while the server counts it, without asking for any token. */
import { CancellationTokenSource, EventEmitter, workspace } from "vscode";
import type { Disposable, LogOutputChannel, TextDocument } from "vscode";
import type { Server } from "./client";
import { TokensRequest } from "./protocol";
import type { TokensResult } from "./protocol";
import { messageOf } from "./words";

const ASK_EVERY_MS = 500;

export type Count = Pick<TokensResult, "version" | "nTokens" | "nBytes" | "nCountedBytes">;

export class Counter implements Disposable {
  private readonly counts = new Map<TextDocument, Count>();
  private readonly timers = new Map<TextDocument, NodeJS.Timeout>();
  private readonly source = new CancellationTokenSource();
  private readonly changes = new EventEmitter<TextDocument>();
  readonly onDidChange = this.changes.event;
  private readonly listener: Disposable;

  constructor(
    private readonly server: Server,
    private readonly log: LogOutputChannel,
  ) {
    this.listener = workspace.onDidCloseTextDocument((document) => this.forget(document));
  }

  /** An answer came with what is counted so far: ask on until all is, or cannot be. */
  consider(document: TextDocument, { version, nTokens, nBytes, nCountedBytes }: Count): void {
    this.forget(document);
    this.counts.set(document, { version, nTokens, nBytes, nCountedBytes });
    if (nTokens !== null || nCountedBytes === null) return;
    this.timers.set(document, setTimeout(() => void this.ask(document, version), ASK_EVERY_MS));
  }

  /** The newest count, of whatever version it is; null for a document of which nothing was asked. */
  countOf(document: TextDocument): Count | null {
    return this.counts.get(document) ?? null;
  }

  dispose(): void {
    for (const document of [...this.counts.keys()]) this.forget(document);
    this.source.cancel();
    for (const each of [this.source, this.changes, this.listener]) each.dispose();
  }

  private async ask(document: TextDocument, version: number): Promise<void> {
    const converter = this.server.converter;
    if (converter === null || document.version !== version) return;
    const params = { textDocument: converter.asTextDocumentIdentifier(document), version, ranges: [], scores: false };
    try {
      const count = await this.server.request(TokensRequest, params, this.source.token);
      if (this.counts.get(document)?.version !== version) return;
      this.consider(document, count);
      this.changes.fire(document);
    } catch (error) {
      this.log.debug(`tokens not counted: ${messageOf(error)}`); // The next answer with tokens begins anew.
    }
  }

  private forget(document: TextDocument): void {
    clearTimeout(this.timers.get(document));
    this.timers.delete(document);
    this.counts.delete(document);
  }
}
