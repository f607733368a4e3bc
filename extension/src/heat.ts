/**
 * The heat maps: which bucket a cell falls into, and the words of the legend. Pure.
 * The scale is fixed, 0 to log2(vocabulary) bits (13 for 8192), so that two texts can be compared by eye; in the map of
 * surprisal one more bucket is kept for what a uniform guess over the vocabulary would have done better.
 */
import type { TokenScores } from "./protocol";
import { maxOverCell, sumOverCell } from "./tokens";
import type { Cell } from "./tokens";

export const HEAT_MODES = ["off", "surprisal", "rank", "entropy", "surplus", "ratio"] as const;
export type HeatMode = (typeof HEAT_MODES)[number];

/** How a bucket is shown: by the colour behind the token, or without any colour by the line under it. */
export const HEAT_STYLES = ["colour", "underline"] as const;
export type HeatStyle = (typeof HEAT_STYLES)[number];

/**
 * Buckets 0 to 6 divide the scale; 7 is "worse than a uniform guess". Two bits a bucket (of 13) is as fine as colours
 * behind text can be told apart, and leaves two decoration types a colour within the budget of 32 (appearance.ts).
 */
export const N_BUCKETS = 8;
export const WORST_BUCKET = N_BUCKETS - 1;
const BUCKETS_IN_SCALE = 6.5;

/** A cell at or above this bucket of surprisal counts as surprising: 8 bits of 13, less likely than 1 in 256. */
export const SURPRISING_BUCKET = 4;

/** The least rank of each bucket that a rank can have. */
const RANKS = [[1001, 6], [101, 5], [11, 3], [2, 2], [1, 0]] as const;

const LN2 = Math.log(2);

export function isHeatMode(value: unknown): value is HeatMode {
  return HEAT_MODES.some((mode) => mode === value);
}

export function nextHeatMode(mode: HeatMode): HeatMode {
  const next = HEAT_MODES[(HEAT_MODES.indexOf(mode) + 1) % HEAT_MODES.length];
  return next ?? "off";
}

/** The bits that a uniform guess over the vocabulary costs: the end of the scale. */
function scaleOf(vocabSize: number): number {
  return Math.log2(Math.max(2, vocabSize));
}

/** Return the bucket, 0 to 6, of a value in bits on the scale from 0 to log2(vocabSize). Negative values are bucket 0. */
export function bucketFromBits(bits: number, vocabSize: number): number {
  const bucket = Math.floor((bits * BUCKETS_IN_SCALE) / scaleOf(vocabSize));
  return Math.min(WORST_BUCKET - 1, Math.max(0, bucket));
}

/** Return the bucket of a rank: 1, 2-10, 11-100, 101-1000, the rest. */
export function bucketFromRank(rank: number): number {
  return RANKS.find(([least]) => rank >= least)?.[1] ?? 0;
}

/** Return the bucket of a cell in a heat map, or null where the value is undefined (or the map is off). */
export function bucketOfCell(mode: HeatMode, scores: TokenScores, cell: Cell, vocabSize: number): number | null {
  switch (mode) {
    case "off":
      return null;
    case "rank": {
      const rank = maxOverCell(scores.rank, cell);
      return rank === null ? null : bucketFromRank(rank);
    }
    case "surprisal":
    case "entropy":
    case "surplus":
    case "ratio": {
      const bits = bitsOfCell(mode, scores, cell);
      if (bits === null) return null;
      // Several tokens of one character may each cost a uniform guess before the cell is worse than that.
      const worst = mode === "surprisal" && bits > cell.nTokens * scaleOf(vocabSize);
      return worst ? WORST_BUCKET : bucketFromBits(bits, vocabSize);
    }
  }
}

function bitsOfCell(mode: "surprisal" | "entropy" | "surplus" | "ratio", scores: TokenScores, cell: Cell): number | null {
  const surprisal = sumOverCell(scores.surprisalBits, cell);
  switch (mode) {
    case "surprisal":
      return surprisal;
    case "entropy":
      return sumOverCell(scores.entropyBits, cell);
    case "surplus": {
      const entropy = sumOverCell(scores.entropyBits, cell);
      return surprisal === null || entropy === null ? null : surprisal - entropy;
    }
    case "ratio": {
      // -log2(p / p_max): 0 where the text is what the model would have said.
      const best = sumOverCell(scores.maxLogprob, cell);
      return surprisal === null || best === null ? null : surprisal + best / LN2;
    }
  }
}

/** One line of the legend: a bucket and what it stands for. */
export interface LegendEntry {
  readonly bucket: number;
  readonly label: string;
}

export function titleOfHeatMode(mode: HeatMode): string {
  switch (mode) {
    case "off":
      return "Off";
    case "surprisal":
      return "Surprisal (bits)";
    case "rank":
      return "Rank (1 = the model's first choice)";
    case "entropy":
      return "Entropy (bits): how unsure the model was";
    case "surplus":
      return "Surprisal minus entropy (bits): more surprising than expected";
    case "ratio":
      return "Distance from the first choice: -log2(p / p_max) (bits)";
  }
}

export function legendOf(mode: HeatMode, vocabSize: number): LegendEntry[] {
  if (mode === "off") return [];
  if (mode === "rank") return rankLegend();
  const scale = scaleOf(vocabSize);
  const bitsAt = (bucket: number): string => bitsLabel((bucket * scale) / BUCKETS_IN_SCALE);
  const last = WORST_BUCKET - 1;
  const entries = Array.from({ length: last }, (_, bucket) => ({ bucket, label: `${bitsAt(bucket)} to ${bitsAt(bucket + 1)} bits` }));
  if (mode === "surplus") entries[0] = { bucket: 0, label: `below ${bitsAt(1)} bits` };
  if (mode !== "surprisal") return [...entries, { bucket: last, label: `${bitsAt(last)} bits and more` }];
  const worst = { bucket: WORST_BUCKET, label: `above ${bitsLabel(scale)} bits: a uniform guess does better` };
  return [...entries, { bucket: last, label: `${bitsAt(last)} to ${bitsLabel(scale)} bits` }, worst];
}

function rankLegend(): LegendEntry[] {
  const labels = ["1", "2 to 10", "11 to 100", "101 to 1000", "above 1000"];
  return [...RANKS].reverse().map(([, bucket], index) => ({ bucket, label: labels[index] ?? "" }));
}

/** What a bucket looks like where no colour is used. */
export function lineOfBucket(bucket: number): string {
  const lines = ["no line", "dotted line", "dashed line", "thin line", "line of 2 pixels", "line of 3 pixels", "line of 4 pixels", "frame"];
  return lines[bucket] ?? "";
}

/** On the legend's page: lines before the first entry, and the room for a sample at the start of each entry. */
export const LEGEND_HEAD_LINES = 2;
export const LEGEND_SAMPLE = "      ";

/** Below the entries, after an empty line: what is drawn over the colours of any heat map. */
export const LEGEND_NOTES = [["undefined", "the value is undefined"], ["split", "several tokens share the character"]] as const;

/** The text of the page: a title, then one line for each entry with room for its sample. */
export function legendText(mode: HeatMode, style: HeatStyle, entries: readonly LegendEntry[]): string {
  const lines = entries.map(({ bucket, label }) => `${LEGEND_SAMPLE}  ${label}${style === "underline" ? ` (${lineOfBucket(bucket)})` : ""}`);
  const notes = LEGEND_NOTES.map(([, label]) => `${LEGEND_SAMPLE}  ${label}`);
  return [titleOfHeatMode(mode), "", ...lines, "", ...notes, ""].join("\n");
}

function bitsLabel(bits: number): string {
  return Number.isInteger(bits) ? `${bits}` : bits.toFixed(1);
}
