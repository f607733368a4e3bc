/**
 * What every decoration of the extension looks like, as data. Pure: styles.ts makes the editor's types of it, a test counts
 * them. At most 32 can ever exist at a time: each one costs the editor a style sheet rule and a walk over it in every repaint.
 */
import { COLOURS } from "./difference";
import { HEAT_STYLES, WORST_BUCKET } from "./heat";
import type { HeatStyle } from "./heat";
import type { StyleName } from "./plan";

export const MAX_TYPES = 32;

/** Beside what the painter paints: the overview ruler, what a swap does, fresh text, the steps of a comparison. */
export type MarkName = "surprising" | "costs" | "saves" | "generated" | `own${number}` | `other${number}`;

export type DecorationName = StyleName | MarkName;

/** Colours are ids of the manifest, so that a user or a theme can change each of them. */
export interface Appearance {
  readonly background?: string;
  readonly border?: { readonly colour: string; readonly stroke: string; readonly width: string };
  /** Drawn behind the characters and over the background, so that it needs no types for even and odd neighbours. */
  readonly pattern?: { readonly colour: string; readonly shape: "hatched" | "striped" };
  readonly mark?: { readonly colour: string; readonly text: string };
  readonly ruler?: string;
}

type Named = readonly (readonly [DecorationName, Appearance])[];

/** What the painter uses in a way of showing heat maps, and nobody in the other. */
export function stylesOf(style: HeatStyle): ReadonlyMap<DecorationName, Appearance> {
  return new Map([...ALWAYS, ...(style === "colour" ? heatColours() : heatLines())]);
}

/** All that can exist at a time: what the painter uses, and the marks. */
export function appearancesOf(style: HeatStyle): ReadonlyMap<DecorationName, Appearance> {
  return new Map([...stylesOf(style), ...MARKS]);
}

const ALWAYS: Named = [
  ["bandEven", filled("tinylm.band.even", "tinylm.band.edge")],
  ["bandOdd", filled("tinylm.band.odd", "tinylm.band.edge")],
  ["undefined", { pattern: { colour: "tinylm.undefined", shape: "hatched" } }],
  ["split", { pattern: { colour: "tinylm.split", shape: "striped" } }],
  ["special", lined("tinylm.special", "double", "0 0 3px 0")],
  ["newline", { mark: { colour: "tinylm.newline", text: "↵" } }],
];

const MARKS: Named = [
  ["surprising", { ruler: "tinylm.surprising" }],
  // Two kinds of line, so that the colours need not be told apart.
  ["costs", lined("tinylm.swap.costs", "double", "0 0 3px 0")],
  ["saves", lined("tinylm.swap.saves", "dotted", "0 0 3px 0")],
  ["generated", lined("tinylm.generated", "solid", "0 0 2px 0")],
  ...COLOURS.own.map((colour, index) => [`own${index + 1}`, { background: colour }] as const),
  ...COLOURS.other.map((colour, index) => [`other${index + 1}`, { background: colour }] as const),
];

/** Every one by its name. */
export const APPEARANCES: ReadonlyMap<DecorationName, Appearance> = new Map(HEAT_STYLES.flatMap((style) => [...appearancesOf(style)]));

/** Even and odd look the same: they are two types only so that the edge between equal neighbours stays. */
function heatColours(): Named {
  const pair = (bucket: number, look: Appearance): Named => [[`heat${bucket}Even`, look], [`heat${bucket}Odd`, look]];
  const colours = Array.from({ length: WORST_BUCKET }, (_, bucket) => pair(bucket, filled(`tinylm.heat.${bucket}`, "tinylm.heat.edge")));
  const worst = filled("tinylm.heat.worst", "tinylm.heat.edge", "0 0 2px 1px");
  return [...colours.flat(), ...pair(WORST_BUCKET, worst)];
}

/** The words for these are in heat.ts, lineOfBucket. */
function heatLines(): Named {
  const edge = lined("tinylm.heat.edge", "solid", "0 0 0 1px");
  const strokes = [["dotted", 1], ["dashed", 1], ["solid", 1], ["solid", 2], ["solid", 3], ["solid", 4]] as const;
  const lines = strokes.map(([stroke, width], index) => [`line${index + 1}`, lined("tinylm.heat.line", stroke, `0 0 ${width}px 0`)] as const);
  return [["edgeEven", edge], ["edgeOdd", edge], ...lines, [`line${WORST_BUCKET}`, lined("tinylm.heat.line", "solid", "1px 1px 4px 1px")]];
}

/** A background with an edge on the left, which only shows where the theme gives the edge a colour (high contrast). */
function filled(background: string, edge: string, width = "0 0 0 1px"): Appearance {
  return { background, border: { colour: edge, stroke: "solid", width } };
}

function lined(colour: string, stroke: string, width: string): Appearance {
  return { border: { colour, stroke, width } };
}
