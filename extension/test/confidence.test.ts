/** What the status item says about a ghost text, and what its first token is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { confidenceText, firstToken, spokenConfidence, tokenRows } from "../src/confidence";
import type { Suggestion } from "../src/ghostProtocol";

function suggestion(...tokens: [string, number][]): Suggestion {
  const text = tokens.map(([piece]) => piece).join("");
  const logprob = tokens.reduce((sum, [, probability]) => sum + Math.log(probability), 0);
  return { text, logprob, tokens: tokens.map(([piece, probability]) => ({ text: piece, logprob: Math.log(probability) })) };
}

test("the confidence is the product of the tokens' probabilities", () => {
  assert.equal(confidenceText(suggestion([" He", 0.5], [" was", 0.5])), "25.0 %, 2 tokens");
  assert.equal(confidenceText(suggestion([" He", 0.05])), "5 %, 1 token");
  assert.equal(confidenceText(suggestion([" He", 0.001])), "0.1 %, 1 token");
  assert.equal(confidenceText(suggestion([" He", 1e-9])), "1e-9, 1 token");
});

test("the rest of a suggestion has the probability of its tokens", () => {
  const whole = suggestion([" He", 0.5], [" was", 0.25], ["\n", 0.5]);
  const { text, rest } = firstToken(whole);
  assert.equal(text, " He");
  assert.deepEqual(rest?.tokens, whole.tokens.slice(1));
  assert.equal(rest.text, " was\n");
  assert.equal(confidenceText(rest), "12.5 %, 2 tokens");
  assert.equal(firstToken(suggestion([".", 0.5])).rest, null);
  assert.equal(firstToken(suggestion()).text, "");
});

test("spaces and line ends are seen, and nothing of a token becomes markup", () => {
  assert.equal(tokenRows(suggestion([" a|b", 0.5], ["\n", 0.25])), "| token | probability |\n|:--|--:|\n| ·a\\|b | 50.0 % |\n| ↵ | 25.0 % |");
});

test("a screen reader hears the tokens and their probabilities, and no markup", () => {
  const said = spokenConfidence(suggestion([" He", 0.5], ["\n", 0.25]));
  assert.equal(said, 'TinyLM ghost text: 12.5 %, 2 tokens; space, "He", 50.0 %; line end, 25.0 %');
});
