// Waiting for a condition that has no event, with a time limit and a message that says what never came.

const STEP_MS = 25;

/** Return the first truthy value of `probe`, which may be async; throw after `timeoutMs`, naming `what` (text or a function). */
export async function until(probe, what, timeoutMs = 60_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${typeof what === 'function' ? what() : what}`);
    await new Promise((next) => setTimeout(next, STEP_MS));
  }
}
