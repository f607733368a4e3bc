/**
 * The heat maps: which of 14 colours a cell gets, and the words of the legend. Pure.
 * The scale is fixed, 0 to log2(vocabulary) bits (13 for 8192), so that two texts can be compared by eye; the
 * last colour is kept for what a uniform guess over the vocabulary would have done better.
 */
import type { TokenScores } from "./protocol";
import { maxOverCell, sumOverCell } from "./tokens";
import type { Cell } from "./tokens";

export const HEAT_MODES = ["off", "surprisal", "rank", "entropy", "surplus", "ratio"] as const;
export type HeatMode = (typeof HEAT_MODES)[number];

/** Buckets 0 to 12 divide the scale evenly; 13 is "worse than a uniform guess". */
export const N_BUCKETS = 14;
export const WORST_BUCKET = N_BUCKETS - 1;

/** A cell at or above this bucket of surprisal counts as surprising: 8 bits of 13, less likely than 1 in 256. */
export const SURPRISING_BUCKET = 8;

const LN2 = Math.log(2);

export function isHeatMode(value: unknown): value is HeatMode {
  return HEAT_MODES.some((mode) => mode === value);
}

export function nextHeatMode(mode: HeatMode): HeatMode {
  const next = HEAT_MODES[(HEAT_MODES.indexOf(mode) + 1) % HEAT_MODES.length];
  return next ?? "off";
}

/** Return the bucket of a value in bits on the scale from 0 to log2(vocabSize). Negative values are bucket 0. */
export function bucketFromBits(bits: number, vocabSize: number): number {
  const scale = Math.log2(Math.max(2, vocabSize));
  const bucket = Math.floor((bits / scale) * WORST_BUCKET);
  return Math.min(WORST_BUCKET, Math.max(0, bucket));
}

/** Return the bucket of a rank: 1, 2-10, 11-100, 101-1000, the rest. */
export function bucketFromRank(rank: number): number {
  if (rank <= 1) return 0;
  if (rank <= 10) return 3;
  if (rank <= 100) return 6;
  if (rank <= 1000) return 9;
  return 12;
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
      return bits === null ? null : bucketFromBits(bits, vocabSize);
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

/** One line of the legend: the buckets it stands for and what they mean. */
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
  if (mode === "rank") {
    return [
      { bucket: 0, label: "1" },
      { bucket: 3, label: "2 to 10" },
      { bucket: 6, label: "11 to 100" },
      { bucket: 9, label: "101 to 1000" },
      { bucket: 12, label: "above 1000" },
    ];
  }
  const scale = Math.log2(Math.max(2, vocabSize));
  const entries = [0, 3, 6, 9, 12].map((bucket) => ({ bucket, label: bitsLabel((bucket / WORST_BUCKET) * scale) }));
  return [...entries, { bucket: WORST_BUCKET, label: `${bitsLabel(scale)} and more: a uniform guess does better` }];
}

function bitsLabel(bits: number): string {
  return Number.isInteger(bits) ? `${bits}` : bits.toFixed(1);
}
