/**
 * "Compare Tokenizers": the text (or what is selected) in the tokens of the model's tokenizer and in those of another, as
 * two read-only documents in the editor's own diff view, which is themed, searchable and reached by keyboard.
 */
import { ProgressLocation, Uri, commands, window, workspace } from "vscode";
import type { Disposable, TextDocumentContentProvider, TextEditor } from "vscode";
import { pick } from "./asking";
import type { Choice } from "./asking";
import type { Server } from "./client";
import { CompareTokenizersRequest } from "./comparing";
import type { CompareTokenizersResult } from "./comparing";

const SCHEME = "tinylm-tokens";
const SIZES = [512, 1024, 2048, 4096, 8192, 16_384];
/** The 256 bytes and the end of the text: what is left without any merge. */
const BYTES_ALONE = 257;

export class TokenizerComparison implements Disposable, TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly subscriptions: Disposable[];
  private nComparisons = 0;

  constructor(private readonly server: Server) {
    this.subscriptions = [
      workspace.registerTextDocumentContentProvider(SCHEME, this),
      workspace.onDidCloseTextDocument(({ uri }) => this.texts.delete(uri.toString())),
    ];
  }

  provideTextDocumentContent(uri: Uri): string {
    return this.texts.get(uri.toString()) ?? "This comparison is closed. Run TinyLM: Compare Tokenizers again.";
  }

  async compare(editor: TextEditor): Promise<void> {
    const vocabSize = this.server.status?.tokenizer?.vocabSize ?? 0;
    const other = await pick("Compare Tokenizers: the model's own, on the left, with which", choicesBelow(vocabSize));
    if (other === undefined) return;
    const path = other === null ? await chooseFile() : null;
    if (path === undefined) return;
    const options = { location: ProgressLocation.Window, title: "TinyLM: comparing tokenizers" };
    const result = await window.withProgress(options, () => this.ask(editor, path, other));
    await this.show(result);
    if (result.note !== null) void window.showInformationMessage(`TinyLM compared ${result.note}.`);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private ask({ document, selection }: TextEditor, path: string | null, vocabSize: number | null): Promise<CompareTokenizersResult> {
    const converter = this.server.converter;
    if (converter === null) throw new Error("The TinyLM server is not running.");
    const range = selection.isEmpty ? null : converter.asRange(selection);
    const params = { textDocument: converter.asTextDocumentIdentifier(document), version: document.version, range, path, vocabSize };
    return this.server.request(CompareTokenizersRequest, params);
  }

  private async show({ sides }: CompareTokenizersResult): Promise<void> {
    const [left, right] = sides;
    if (left === undefined || right === undefined) throw new Error("The server's answer has no two sides.");
    this.nComparisons += 1;
    const [one, other] = [left, right].map(({ text }, side) => {
      const uri = Uri.from({ scheme: SCHEME, path: `/${this.nComparisons}/${side === 0 ? "left" : "right"}.txt` });
      this.texts.set(uri.toString(), text);
      return uri;
    });
    const title = `Tokenizers: ${left.vocabSize.toLocaleString("en")} and ${right.vocabSize.toLocaleString("en")} entries`;
    await commands.executeCommand("vscode.diff", one, other, title, { preview: false });
  }
}

/** Entries of the other vocabulary; null asks for a file. */
function choicesBelow(vocabSize: number): Choice<number | null>[] {
  const smaller = SIZES.filter((size) => size < vocabSize).reverse();
  const choices = smaller.map((size) => ({ label: `${size.toLocaleString("en")} entries`, description: "the same list of merges, ended earlier", value: size }));
  const bytes = { label: `${BYTES_ALONE} entries`, description: "the bytes alone, without any merge", value: BYTES_ALONE };
  return [...choices, bytes, { icon: "file", label: "Another tokenizer.json...", description: "a byte-level BPE", value: null }];
}

async function chooseFile(): Promise<string | undefined> {
  const chosen = await window.showOpenDialog({ openLabel: "Compare with this", filters: { "tokenizer.json": ["json"] } });
  return chosen?.[0]?.fsPath;
}
