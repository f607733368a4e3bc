/** Underlines text that was just generated. Each writer has its own range, so two may show theirs in one document. */
import { window } from "vscode";
import type { Range, TextDocument } from "vscode";
import type { Styles } from "./styles";

export class FreshText {
  private readonly ranges = new Map<object, { readonly document: TextDocument; readonly range: Range }>();

  constructor(private readonly styles: Styles) {}

  show(writer: object, document: TextDocument, range: Range): void {
    this.ranges.set(writer, { document, range });
    this.paint(document);
  }

  hide(writer: object): void {
    const shown = this.ranges.get(writer);
    this.ranges.delete(writer);
    if (shown !== undefined) this.paint(shown.document);
  }

  private paint(document: TextDocument): void {
    const ranges = [...this.ranges.values()].filter((each) => each.document === document).map(({ range }) => range);
    for (const editor of window.visibleTextEditors) {
      if (editor.document === document) editor.setDecorations(this.styles.type("generated"), ranges);
    }
  }
}
