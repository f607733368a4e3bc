/** A token in words that can be heard. Pure. */
import type { TokenScores } from "./protocol";
import type { Cell } from "./tokens";

/** The text between quotes, with names for the white space around it, which is silent: `space, "frog"`. */
export function describeText(text: string): string {
  const [, before = "", body = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? [];
  return [...namesOf(before), ...(body === "" ? [] : [`"${body}"`]), ...namesOf(after)].join(", ");
}

function namesOf(whiteSpace: string): string[] {
  const runs = whiteSpace.match(/(\r\n|\r|\n| |\t|\s)\1*/g) ?? [];
  return runs.map((run) => {
    const name = /[\r\n]/.test(run) ? "line end" : run.startsWith(" ") ? "space" : run.startsWith("\t") ? "tab" : "white space";
    const count = run.startsWith("\r\n") ? run.length / 2 : run.length;
    return count === 1 ? name : `${count} ${name}s`;
  });
}

/** The numbers of each of the cell's tokens. */
export function describeScores(scores: TokenScores, cell: Cell, vocabSize: number | null): string {
  const parts: string[] = [];
  for (let token = cell.firstToken; token < cell.firstToken + cell.nTokens; token += 1) {
    const [bits, rank, entropy] = [scores.surprisalBits[token], scores.rank[token], scores.entropyBits[token]];
    const of = vocabSize === null ? "" : ` of ${vocabSize}`;
    if (bits == null || rank == null || entropy == null) parts.push("probability undefined");
    else parts.push(`probability ${percent(2 ** -bits)}, surprisal ${bits.toFixed(1)} bits, rank ${rank}${of}, entropy ${entropy.toFixed(1)} bits`);
  }
  return parts.join("; then ");
}

function percent(probability: number): string {
  const value = probability * 100;
  return value >= 0.01 ? `${value.toPrecision(3)} percent` : "below 0.01 percent";
}
