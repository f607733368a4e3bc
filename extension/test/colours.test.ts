/** Text stays readable on everything that is painted, and the heat ramp reads without telling hues apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import manifest from "../../package.json";
import { WORST_BUCKET } from "../src/heat";

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
const ramp = Array.from({ length: WORST_BUCKET }, (_, bucket) => `tinylm.heat.${bucket}`);
const WORST = "tinylm.heat.worst";

for (const theme of Object.keys(THEMES) as Theme[]) {
  test(`text on bands and heat keeps its contrast in ${theme}`, () => {
    const { background, text, contrast } = THEMES[theme];
    for (const id of ["tinylm.band.even", "tinylm.band.odd", ...ramp, WORST]) {
      const painted = over(colour(id, theme), background);
      assert.ok(contrastOf(rgb(text), painted) >= contrast, `${id}: ${contrastOf(rgb(text), painted).toFixed(2)}`);
    }
  });

  test(`the heat ramp goes one way in luminance in ${theme}`, () => {
    const { background } = THEMES[theme];
    const steps = ramp.map((id) => luminance(over(colour(id, theme), background)));
    const direction = Math.sign((steps.at(-1) ?? 0) - (steps[0] ?? 0));
    for (let bucket = 1; bucket < WORST_BUCKET; bucket += 1) assert.equal(Math.sign((steps[bucket] ?? 0) - (steps[bucket - 1] ?? 0)), direction, `bucket ${bucket}`);
  });
}

for (const theme of ["dark", "light"] as const) {
  test(`"worse than a uniform guess" is told from every step of the ramp in ${theme}, also by colour-blind eyes`, () => {
    for (const [vision, matrix] of Object.entries(VISIONS)) {
      const seen = (id: string): Rgb => lab(linear(rgb(colour(id, theme))), matrix);
      for (const id of ramp) assert.ok(distance(seen(WORST), seen(id)) >= 15, `${id}, ${vision}: ${distance(seen(WORST), seen(id)).toFixed(1)}`);
    }
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

/** Linear light from sRGB, 0 to 1. */
function linear(value: Rgb): Rgb {
  return value.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as Rgb;
}

/** WCAG 2 relative luminance. */
function luminance(value: Rgb): number {
  const [red, green, blue] = linear(value);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** What linear light becomes for an eye without one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1. */
const VISIONS: Record<string, Rgb[]> = {
  trichromat: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanope: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranope: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanope: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

/** CIE L*a*b* (D65) of what an eye makes of linear light. */
function lab(light: Rgb, vision: Rgb[]): Rgb {
  const times = (matrix: Rgb[], [x, y, z]: Rgb): Rgb => matrix.map(([a, b, c]) => a * x + b * y + c * z) as Rgb;
  const seen = times(vision, light).map((part) => Math.min(1, Math.max(0, part))) as Rgb;
  const xyz = times([[0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505], [0.2126, 0.7152, 0.0722], [0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089]], seen);
  const [x, y, z] = xyz.map((part) => (part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116)) as Rgb;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** CIE 1976: 2.3 is just noticeable. */
function distance(one: Rgb, other: Rgb): number {
  return Math.hypot(...one.map((value, index) => value - (other[index] ?? 0)));
}

function contrastOf(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
