/**
 * The decoration types, made once (21, within the budget of 32), coloured by theme colours that the manifest contributes,
 * so that a user or a theme can change each of them.
 */
import { DecorationRangeBehavior, OverviewRulerLane, ThemeColor, window } from "vscode";
import type { DecorationRenderOptions, Disposable, TextEditorDecorationType } from "vscode";
import { N_BUCKETS } from "./heat";
import type { StyleName } from "./plan";

export class Styles implements Disposable {
  readonly types: ReadonlyMap<StyleName, TextEditorDecorationType>;

  constructor() {
    const types = new Map<StyleName, TextEditorDecorationType>();
    for (const [name, options] of renderOptions()) {
      // Closed: text typed at an edge belongs to no token until the server has said so.
      const rangeBehavior = DecorationRangeBehavior.ClosedClosed;
      types.set(name, window.createTextEditorDecorationType({ rangeBehavior, ...options }));
    }
    this.types = types;
  }

  dispose(): void {
    for (const type of this.types.values()) type.dispose();
  }
}

function renderOptions(): [StyleName, DecorationRenderOptions][] {
  const buckets = Array.from({ length: N_BUCKETS }, (_, bucket): [StyleName, DecorationRenderOptions] => [
    `heat${bucket}`,
    filled(`tinylm.heat.${bucket}`, "tinylm.heat.edge"),
  ]);
  return [
    ["bandEven", filled("tinylm.band.even", "tinylm.band.edge")],
    ["bandOdd", filled("tinylm.band.odd", "tinylm.band.edge")],
    ...buckets,
    ["undefinedScore", lined("tinylm.undefined", "dashed", "1px")],
    ["split", lined("tinylm.split", "dotted", "1px")],
    ["special", lined("tinylm.special", "double", "0 0 3px 0")],
    ["surprising", { overviewRulerColor: new ThemeColor("tinylm.surprising"), overviewRulerLane: OverviewRulerLane.Right }],
    ["newline", { after: { contentText: "↵", color: new ThemeColor("tinylm.newline"), margin: "0 0 0 1px" } }],
  ];
}

/** A background with an edge on the left, which only shows where the theme gives the edge a colour (high contrast). */
function filled(background: string, edge: string): DecorationRenderOptions {
  return {
    backgroundColor: new ThemeColor(background),
    borderStyle: "solid",
    borderWidth: "0 0 0 1px",
    borderColor: new ThemeColor(edge),
  };
}

function lined(colour: string, borderStyle: string, borderWidth: string): DecorationRenderOptions {
  return { borderStyle, borderWidth, borderColor: new ThemeColor(colour) };
}
