/** The one place where decoration types are made: each when it is first used, and then once (appearance.ts). */
import { DecorationRangeBehavior, OverviewRulerLane, ThemeColor, window } from "vscode";
import type { DecorationRenderOptions, Disposable, TextEditorDecorationType } from "vscode";
import { APPEARANCES, stylesOf } from "./appearance";
import type { Appearance, DecorationName } from "./appearance";
import { HEAT_STYLES } from "./heat";
import type { HeatStyle } from "./heat";
import type { StyleName } from "./plan";

export class Styles implements Disposable {
  private readonly made = new Map<DecorationName, TextEditorDecorationType>();

  get nMade(): number {
    return this.made.size;
  }

  type(name: DecorationName): TextEditorDecorationType {
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const type = window.createTextEditorDecorationType(optionsFrom(APPEARANCES.get(name) ?? {}));
    this.made.set(name, type);
    return type;
  }

  /** What the painter may have painted with so far. */
  painted(): [StyleName, TextEditorDecorationType][] {
    return [...this.made].filter((entry): entry is [StyleName, TextEditorDecorationType] => isStyle(entry[0]));
  }

  /** Heat maps are shown in this way from now on: the painter's types of the other way are gone. */
  keepOnly(heatStyle: HeatStyle): void {
    const kept = stylesOf(heatStyle);
    for (const [name, type] of this.painted()) {
      if (kept.has(name)) continue;
      type.dispose();
      this.made.delete(name);
    }
  }

  dispose(): void {
    for (const type of this.made.values()) type.dispose();
    this.made.clear();
  }
}

const PAINTED: ReadonlySet<DecorationName> = new Set(HEAT_STYLES.flatMap((style) => [...stylesOf(style).keys()]));

function isStyle(name: DecorationName): name is StyleName {
  return PAINTED.has(name);
}

function optionsFrom({ background, border, pattern, mark, ruler }: Appearance): DecorationRenderOptions {
  return {
    // Closed: text typed at an edge belongs to no token until the server has said so.
    rangeBehavior: DecorationRangeBehavior.ClosedClosed,
    ...(background === undefined ? {} : { backgroundColor: new ThemeColor(background) }),
    ...(border === undefined ? {} : { borderColor: new ThemeColor(border.colour), borderStyle: border.stroke, borderWidth: border.width }),
    ...(pattern === undefined ? {} : { textDecoration: cssOf(pattern) }),
    ...(mark === undefined ? {} : { after: { contentText: mark.text, color: new ThemeColor(mark.colour), margin: "0 0 0 1px" } }),
    ...(ruler === undefined ? {} : { overviewRulerColor: new ThemeColor(ruler), overviewRulerLane: OverviewRulerLane.Right }),
  };
}

/**
 * A decoration has no pattern, but its text decoration is written into the style sheet as it stands, so what follows a
 * semicolon is a rule of its own; the editor puts it on the span of the characters.
 */
function cssOf({ colour, shape }: NonNullable<Appearance["pattern"]>): string {
  const ink = `var(--vscode-${colour.replaceAll(".", "-")})`;
  const [angle, gap] = shape === "hatched" ? ["-45deg", 5] : ["90deg", 4];
  return `none; background-image: repeating-linear-gradient(${angle}, ${ink} 0 1px, transparent 1px ${gap}px)`;
}
