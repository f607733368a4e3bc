/**
 * What a comparison of two models says: which of seven steps a token's difference is, and the words around it. Pure.
 * A difference is the other model's surprisal minus the one's in use, in bits: above zero the model in use finds the
 * token likelier. Blue and orange differ for every kind of colour vision, and the steps differ in lightness as well.
 */
import type { CompareModelsResult } from "./comparing";
import { sumOverCell } from "./tokens";
import type { Cell } from "./tokens";

/** The smallest difference of each step, in bits: below the first nothing is painted. A bit is a factor of two. */
export const STEPS = [0.5, 2, 5] as const;

/** Colour ids by step; the manifest contributes them. */
export const COLOURS = {
  own: ["tinylm.compare.own.1", "tinylm.compare.own.2", "tinylm.compare.own.3"],
  other: ["tinylm.compare.other.1", "tinylm.compare.other.2", "tinylm.compare.other.3"],
} as const;

export interface CellDifference {
  readonly cell: Cell;
  readonly ownBits: number;
  readonly otherBits: number;
}

/** 0 to 3 above zero where the model in use does better, 0 to −3 where the other does. */
export function stepOf(difference: number): number {
  const size = STEPS.filter((least) => Math.abs(difference) >= least).length;
  return difference < 0 && size > 0 ? -size : size;
}

/** The surprisal of each cell under both models; cells with an undefined value are left out. */
export function differencesOf({ surprisalBits }: CompareModelsResult, cells: readonly Cell[]): CellDifference[] {
  const [own = [], other = []] = surprisalBits;
  return cells.flatMap((cell) => {
    const [ownBits, otherBits] = [sumOverCell(own, cell), sumOverCell(other, cell)];
    return ownBits === null || otherBits === null ? [] : [{ cell, ownBits, otherBits }];
  });
}

/** The cells that differ most, the largest difference first. */
export function mostDifferent(differences: readonly CellDifference[], n: number): CellDifference[] {
  const size = ({ ownBits, otherBits }: CellDifference): number => Math.abs(otherBits - ownBits);
  return [...differences].sort((one, other) => size(other) - size(one)).slice(0, n);
}

/** "starter 1.234, mine 1.456 bits per byte". */
export function totalsText({ models, summary }: CompareModelsResult): string {
  if (summary.nBytes === 0) return "nothing to compare";
  const parts = models.map(({ name }, index) => `${name} ${((summary.surprisalBits[index] ?? 0) / summary.nBytes).toFixed(3)}`);
  return `${parts.join(", ")} bits per byte`;
}

/** The legend from blue to orange: colour id and words. */
export function legendOfComparison(own: string, other: string): { readonly colour: string; readonly label: string }[] {
  const likelier = (name: string, step: number): string => `${name} finds it likelier by ${STEPS[step] ?? 0} bits${step === STEPS.length - 1 ? " or more" : ` to ${STEPS[step + 1] ?? 0}`}`;
  const side = (colours: readonly string[], name: string): { colour: string; label: string }[] => colours.map((colour, step) => ({ colour, label: likelier(name, step) }));
  return [...side(COLOURS.own, own).reverse(), ...side(COLOURS.other, other)];
}
