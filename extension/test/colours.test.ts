/** Text stays readable on everything that is painted, and the heat ramp reads without telling hues apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import manifest from "../../package.json";
import { N_BUCKETS } from "../src/heat";

type Theme = "dark" | "light" | "highContrast" | "highContrastLight";
type Rgb = [number, number, number];

/** Background and text of the default themes (Dark Modern, Light Modern and the two high contrast ones). */
const THEMES: Record<Theme, { background: string; text: string; contrast: number }> = {
  dark: { background: "#1f1f1f", text: "#cccccc", contrast: 4.5 },
  light: { background: "#ffffff", text: "#3b3b3b", contrast: 4.5 },
  highContrast: { background: "#000000", text: "#ffffff", contrast: 7 },
  highContrastLight: { background: "#ffffff", text: "#292929", contrast: 4.5 },
};

const colours = new Map(manifest.contributes.colors.map(({ id, defaults }) => [id, defaults]));
const heat = Array.from({ length: N_BUCKETS }, (_, bucket) => `tinylm.heat.${bucket}`);

for (const theme of Object.keys(THEMES) as Theme[]) {
  test(`text on bands and heat keeps its contrast in ${theme}`, () => {
    const { background, text, contrast } = THEMES[theme];
    for (const id of ["tinylm.band.even", "tinylm.band.odd", ...heat]) {
      const painted = over(colour(id, theme), background);
      assert.ok(contrastOf(rgb(text), painted) >= contrast, `${id}: ${contrastOf(rgb(text), painted).toFixed(2)}`);
    }
  });

  test(`the heat ramp goes one way in luminance in ${theme}`, () => {
    const { background } = THEMES[theme];
    const steps = heat.map((id) => luminance(over(colour(id, theme), background)));
    const direction = Math.sign((steps.at(-1) ?? 0) - (steps[0] ?? 0));
    for (let bucket = 1; bucket < N_BUCKETS; bucket += 1) assert.equal(Math.sign((steps[bucket] ?? 0) - (steps[bucket - 1] ?? 0)), direction, `bucket ${bucket}`);
  });
}

test("high contrast themes get edges, the others do not need them", () => {
  for (const theme of ["highContrast", "highContrastLight"] as const) assert.ok(!colour("tinylm.band.edge", theme).endsWith("00") || colour("tinylm.band.edge", theme).length === 7);
  assert.equal(colour("tinylm.band.edge", "dark"), "#00000000");
});

test("the two bands differ in every theme", () => {
  for (const theme of Object.keys(THEMES) as Theme[]) assert.notEqual(colour("tinylm.band.even", theme), colour("tinylm.band.odd", theme));
});

function colour(id: string, theme: Theme): string {
  const found = colours.get(id)?.[theme];
  assert.ok(found !== undefined, id);
  return found;
}

function rgb(hex: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb;
}

function over(hex: string, background: string): Rgb {
  const alpha = hex.length === 9 ? Number.parseInt(hex.slice(7), 16) / 255 : 1;
  const below = rgb(background);
  return rgb(hex).map((value, index) => value * alpha + (below[index] ?? 0) * (1 - alpha)) as Rgb;
}

/** WCAG 2 relative luminance. */
function luminance(value: Rgb): number {
  const [red = 0, green = 0, blue = 0] = value.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrastOf(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
