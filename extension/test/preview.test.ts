import assert from "node:assert/strict";
import { test } from "node:test";
import preview from "../../tests/golden/preview.json";
import { describeAlternative, describePreview, paragraphEnd, placeholderOf, signedBits } from "../src/preview";
import type { Alternative, PreviewResult } from "../src/comparing";

test("a change has a sign, and none when it is nothing", () => {
  assert.deepEqual([3.014, -1.4, 0.001, -0.001].map(signedBits), ["+3.01", "−1.40", "±0.00", "±0.00"]);
});

test("an alternative says its probability, and why it cannot be had", () => {
  const alternative: Alternative = { tokenId: 1, text: "⟨C3⟩", newText: null, reason: "is a part of a character only", logprob: Math.log(0.25), rank: 1234, actual: false };
  assert.equal(describeAlternative(alternative), "25.0 %, rank 1,234, cannot be inserted: is a part of a character only");
  assert.equal(describeAlternative({ ...alternative, reason: null, actual: true }), "25.0 %, rank 1,234, stands here now");
});

test("for a split character whole ones are offered, and it is said what their probabilities are of", () => {
  assert.equal(placeholderOf({ nTokens: 1 }), "What each does to the text after it, in bits: + is less likely");
  assert.equal(placeholderOf({ nTokens: 4 }), "Whole characters; probabilities are of the first of 4 tokens. Bits: + is less likely");
});

test("a preview says what follows, how far, and what changes most", () => {
  const result: PreviewResult = { ...preview.result, following: { beforeBits: 10, afterBits: 14.5, nTokens: 1234, endsText: false }, here: { beforeBits: 3, afterBits: 2 } };
  assert.match(describePreview(result), /^After it \+4\.50 bits \(1,234 tokens\); here −1\.00/);
  assert.equal(describePreview({ ...result, following: { beforeBits: 0, afterBits: 0, nTokens: 0, endsText: true } }), "Nothing follows; here −1.00 bits");
});

test("a paragraph ends before an empty line, and before the white space at the end of the text", () => {
  const text = "One.\nTwo.\n \nThree.\n\n";
  assert.equal(paragraphEnd(text, 2), 9);
  assert.equal(paragraphEnd(text, 12), 18);
  assert.equal(paragraphEnd("One.\r\n\r\nTwo", 1), 4);
  assert.equal(paragraphEnd("One", 3), 3);
  assert.equal(paragraphEnd("One. \n", 2), 4);
});
