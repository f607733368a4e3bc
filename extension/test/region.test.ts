/** The region that a session writes: it moves with edits elsewhere, ends with edits at it, and is patched at its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { patchFor, regionAfter, withLineEnds } from "../src/region";

const change = (rangeOffset: number, rangeLength: number, text: string) => ({ rangeOffset, rangeLength, text });

test("edits before the region move it, edits behind it do not", () => {
  assert.deepEqual(regionAfter({ start: 10, length: 5 }, [change(2, 3, "twelve chars")]), { start: 19, length: 5 });
  assert.deepEqual(regionAfter({ start: 10, length: 5 }, [change(16, 0, "x")]), { start: 10, length: 5 });
  // As editors report several: the last of the document first.
  assert.deepEqual(regionAfter({ start: 10, length: 0 }, [change(20, 4, ""), change(0, 0, "ab"), change(0, 0, "c")]), { start: 13, length: 0 });
});

test("an edit at the region or at its edge ends it", () => {
  for (const touching of [change(10, 0, "x"), change(9, 1, ""), change(12, 1, ""), change(15, 0, "x"), change(0, 40, "")]) {
    assert.equal(regionAfter({ start: 10, length: 5 }, [touching]), null);
  }
  assert.equal(regionAfter({ start: 10, length: 0 }, [change(10, 0, "x")]), null);
});

test("a patch makes the wanted text and leaves what is alike", () => {
  const apply = (written: string, wanted: string): string => {
    const patch = patchFor(3, written, wanted);
    if (patch === null) return written;
    const document = `abc${written}xyz`;
    const after = document.slice(0, patch.rangeOffset) + patch.text + document.slice(patch.rangeOffset + patch.rangeLength);
    assert.ok(after.startsWith("abc") && after.endsWith("xyz"));
    return after.slice(3, -3);
  };
  for (const [written, wanted] of [["", "a fox"], ["a fox", "a fox ran"], ["a fox ran", "a"], ["a fox", "a dog"], ["😀", "😁"], ["a\r\n", "a\rb"]] as const) {
    assert.equal(apply(written, wanted), wanted);
  }
  assert.equal(patchFor(0, "same", "same"), null);
  assert.deepEqual(patchFor(0, "a😀", "a😁"), change(1, 2, "😁"));
});

test("line ends become those of the document", () => {
  assert.equal(withLineEnds("a\nb\rc\r\nd", "\r\n"), "a\r\nb\r\nc\r\nd");
  assert.equal(withLineEnds("a\r\nb", "\n"), "a\nb");
});
