/**
 * The decoration types, made once for each way of showing heat maps, and coloured by theme colours that the manifest
 * contributes, so that a user or a theme can change each of them. At most 26 of the budget of 32 exist at a time.
 */
import { DecorationRangeBehavior, ThemeColor, window } from "vscode";
import type { DecorationRenderOptions, Disposable, TextEditorDecorationType } from "vscode";
import { WORST_BUCKET } from "./heat";
import type { HeatStyle } from "./heat";
import type { StyleName } from "./plan";

export class Styles implements Disposable {
  readonly types: ReadonlyMap<StyleName, TextEditorDecorationType>;

  constructor(readonly style: HeatStyle) {
    const types = new Map<StyleName, TextEditorDecorationType>();
    for (const [name, options] of renderOptions(style)) {
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

function renderOptions(style: HeatStyle): [StyleName, DecorationRenderOptions][] {
  return [
    ...pair("band", filled("tinylm.band.even", "tinylm.band.edge"), filled("tinylm.band.odd", "tinylm.band.edge")),
    ...(style === "colour" ? heatColours() : heatLines()),
    ...pair("undefined", lined("tinylm.undefined", "dashed", "1px")),
    ...pair("split", lined("tinylm.split", "dotted", "1px")),
    ["special", lined("tinylm.special", "double", "0 0 3px 0")],
    ["newline", { after: { contentText: "↵", color: new ThemeColor("tinylm.newline"), margin: "0 0 0 1px" } }],
  ];
}

function pair<Name extends "band" | "split" | "undefined" | "edge" | `heat${number}`>(
  name: Name,
  even: DecorationRenderOptions,
  odd = even,
): [`${Name}Even` | `${Name}Odd`, DecorationRenderOptions][] {
  return [
    [`${name}Even`, even],
    [`${name}Odd`, odd],
  ];
}

/** Even and odd look the same: they are two types only so that the edge between equal neighbours stays. */
function heatColours(): [StyleName, DecorationRenderOptions][] {
  const colours = Array.from({ length: WORST_BUCKET }, (_, bucket) => pair(`heat${bucket}`, filled(`tinylm.heat.${bucket}`, "tinylm.heat.edge")));
  const worst = { ...filled("tinylm.heat.worst", "tinylm.heat.edge"), borderWidth: "0 0 2px 1px" };
  return [...colours.flat(), ...pair(`heat${WORST_BUCKET}`, worst)];
}

/** The words for these are in heat.ts, lineOfBucket. */
function heatLines(): [StyleName, DecorationRenderOptions][] {
  const strokes = [["dotted", 1], ["dashed", 1], ["solid", 1], ["solid", 2], ["solid", 3], ["solid", 4]] as const;
  const lines = strokes.map(([stroke, width], index): [StyleName, DecorationRenderOptions] => [
    `line${index + 1}`,
    lined("tinylm.heat.line", stroke, `0 0 ${width}px 0`),
  ]);
  const frame: [StyleName, DecorationRenderOptions] = [`line${WORST_BUCKET}`, lined("tinylm.heat.line", "solid", "1px 1px 4px 1px")];
  return [...pair("edge", lined("tinylm.heat.edge", "solid", "0 0 0 1px")), ...lines, frame];
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
