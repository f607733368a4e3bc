/** How sure the model is of a ghost text, in words, and its first token. Pure. */
import type { Suggestion } from "./ghostProtocol";
import { describeText } from "./spoken";
import { markdownFromText, percentText } from "./words";

/** "34.0 %, 5 tokens". */
export function confidenceText({ logprob, tokens }: Suggestion): string {
  return `${percentText(logprob)}, ${tokens.length} ${tokens.length === 1 ? "token" : "tokens"}`;
}

/** A Markdown table: each token, with its spaces and line ends to be seen, and its probability. */
export function tokenRows({ tokens }: Suggestion): string {
  const rows = tokens.map(({ text, logprob }) => `| ${markdownFromText(text.replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("\t", "→"))} | ${percentText(logprob)} |`);
  return ["| token | probability |", "|:--|--:|", ...rows].join("\n");
}

/** What a screen reader says of it: the same in plain words. */
export function spokenConfidence(suggestion: Suggestion): string {
  const tokens = suggestion.tokens.map(({ text, logprob }) => `${describeText(text)}, ${percentText(logprob)}`);
  return `TinyLM ghost text: ${[confidenceText(suggestion), ...tokens].join("; ")}`;
}

/** The text of the first token, and what is left of the suggestion after it; null when that was all. */
export function firstToken({ tokens }: Suggestion): { readonly text: string; readonly rest: Suggestion | null } {
  const [first, ...others] = tokens;
  if (first === undefined) return { text: "", rest: null };
  const text = others.map((token) => token.text).join("");
  const logprob = others.reduce((sum, token) => sum + token.logprob, 0);
  return { text: first.text, rest: others.length === 0 ? null : { text, logprob, tokens: others } };
}
