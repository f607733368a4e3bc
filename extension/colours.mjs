/**
 * Computes the theme colours of package.json's `contributes.colors` and writes them there:
 * `node extension/colours.mjs`. extension/test/colours.test.ts checks the contrast of what is there.
 *
 * The heat ramp goes one way in luminance, so that it reads without telling hues apart: towards the dark in light themes,
 * towards the light in dark ones, never so far that text on it falls under 4.5 : 1. Its hues run from yellow over red to
 * violet (light) and from indigo over magenta to orange (dark), as in the inferno colour map.
 */
import { readFileSync, writeFileSync } from "node:fs";

const N_STEPS = 7;

// Hues as RGB points along the ramp; the luminance is set afterwards.
const LIGHT_HUES = [[255, 247, 188], [254, 217, 118], [253, 170, 80], [244, 120, 90], [222, 90, 140], [180, 100, 200], [140, 110, 220]];
const DARK_HUES = [[30, 40, 110], [60, 35, 130], [100, 30, 125], [140, 40, 100], [165, 50, 60], [170, 75, 20], [150, 95, 0]];
// Relative luminance at the first and the last bucket. Dark text (#3b3b3b) on 0.40 has 4.9 : 1; #cccccc on 0.085 has 4.8 : 1.
const LIGHT_LUMINANCE = [0.93, 0.4];
const DARK_LUMINANCE = [0.018, 0.085];
// "Worse than a uniform guess" lies beside the ramp. Found by search: at least 15 (CIE 1976) from every step, for colour-blind eyes too.
const LIGHT_WORST = "#7ddc5a";
const DARK_WORST = "#1136cc";

const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const luminance = (rgb) => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
const hex = (rgb) => `#${rgb.map((value) => Math.round(Math.min(255, Math.max(0, value))).toString(16).padStart(2, "0")).join("")}`;
const mix = (a, b, t) => a.map((value, index) => value + (b[index] - value) * t);

function ramp(hues, [from, to]) {
  return Array.from({ length: N_STEPS }, (_, bucket) => {
    const t = bucket / (N_STEPS - 1);
    const at = t * (hues.length - 1);
    const hue = mix(hues[Math.floor(at)], hues[Math.min(hues.length - 1, Math.floor(at) + 1)], at % 1);
    return hex(withLuminance(hue, from + (to - from) * t));
  });
}

/** Mix a hue with white or black until it has the luminance asked for. */
function withLuminance(hue, wanted) {
  const towards = luminance(hue) < wanted ? [255, 255, 255] : [0, 0, 0];
  let low = 0;
  let high = 1;
  for (let step = 0; step < 30; step += 1) {
    const middle = (low + high) / 2;
    const reached = luminance(mix(hue, towards, middle));
    if (towards[0] === 255 ? reached < wanted : reached > wanted) low = middle;
    else high = middle;
  }
  return mix(hue, towards, low);
}

const light = ramp(LIGHT_HUES, LIGHT_LUMINANCE);
const dark = ramp(DARK_HUES, DARK_LUMINANCE);
const colour = (id, description, darkValue, lightValue, highContrast, highContrastLight) => ({
  id: `tinylm.${id}`,
  description,
  defaults: { dark: darkValue, light: lightValue, highContrast, highContrastLight },
});

const colours = [
  colour("band.even", "Background of every second token.", "#3794ff33", "#1a75d626", "#00000000", "#00000000"),
  colour("band.odd", "Background of the tokens between those.", "#e2a84433", "#d98e0030", "#ffffff30", "#00000018"),
  colour("band.edge", "Left edge of a token; shown in high contrast themes.", "#00000000", "#00000000", "#6fc3df", "#0f4a85"),
  ...dark.map((value, step) => colour(`heat.${step}`, `Heat map: step ${step} of ${N_STEPS - 1}.`, value, light[step], value, light[step])),
  colour("heat.worst", "Heat map: worse than a uniform guess.", DARK_WORST, LIGHT_WORST, DARK_WORST, LIGHT_WORST),
  colour("heat.line", "Heat map without colours: the line under a token.", "#cccccc", "#3b3b3b", "#ffffff", "#292929"),
  colour("heat.edge", "Left edge of a token in a heat map.", "#ffffff2e", "#0000002e", "#ffffff", "#292929"),
  colour("split", "Dotted border of a character that several tokens share.", "#e0e0e0", "#5a5a5a", "#ffffff", "#000000"),
  colour("special", "Line under a special token.", "#4ec9b0", "#00796b", "#00ffcc", "#005a4e"),
  colour("undefined", "Dashed border of a token whose value is undefined.", "#9d9d9d", "#767676", "#ffffff", "#292929"),
  colour("surprising", "Overview ruler mark of a surprising token.", "#f48771", "#c2410c", "#ffa500", "#a03000"),
  colour("newline", "Mark of a token that holds a line end.", "#8a8a8a", "#8c8c8c", "#ffffff", "#292929"),
  colour("generated", "Line under text that was just generated.", "#4ec9b0", "#00796b", "#00ffcc", "#005a4e"),
];

const path = new URL("../package.json", import.meta.url);
const manifest = JSON.parse(readFileSync(path, "utf8"));
manifest.contributes.colors = colours;
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
