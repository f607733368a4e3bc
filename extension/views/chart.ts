/** Scales, ticks and lines of a chart: numbers in, SVG path text and labels out. No DOM, so that it is tested in Node. */

export type ScaleKind = "linear" | "log";

/** A point of a curve; `y` is null where the value is undefined. */
export interface Point {
  readonly x: number;
  readonly y: number | null;
}

export interface Axis {
  readonly kind: ScaleKind;
  readonly low: number;
  readonly high: number;
  /** Places a value between `from` (low) and `to` (high). */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** An axis that holds all the values, from pixel `from` to pixel `to`. On a logarithmic one only positive values count. */
export function axisFor(values: readonly number[], kind: ScaleKind, from: number, to: number, nTicks: number): Axis {
  const usable = values.filter((value) => Number.isFinite(value) && (kind === "linear" || value > 0));
  const least = usable.reduce((a, b) => Math.min(a, b), Infinity);
  const most = usable.reduce((a, b) => Math.max(a, b), -Infinity);
  const [low, high] = usable.length === 0 ? [1, 10] : spread(least, most, kind);
  const f = kind === "log" ? Math.log : (value: number): number => value;
  const scale = (to - from) / (f(high) - f(low));
  const ticks = kind === "log" ? logTicks(low, high, nTicks) : linearTicks(low, high, nTicks);
  return { kind, low, high, place: (value) => from + (f(value) - f(low)) * scale, ticks };
}

/** The path of a curve; a value that the axis cannot show ends a stretch. */
export function pathOf(points: readonly Point[], x: Axis, y: Axis): string {
  let path = "";
  let pen = "M";
  for (const point of points) {
    if (!shows(x, point.x) || point.y === null || !shows(y, point.y)) {
      pen = "M";
      continue;
    }
    path += `${pen}${x.place(point.x).toFixed(1)} ${y.place(point.y).toFixed(1)}`;
    pen = "L";
  }
  return path;
}

export function shows(axis: Axis, value: number): boolean {
  return Number.isFinite(value) && (axis.kind === "linear" || value > 0);
}

/**
 * An exponential moving average over about the last quarter of the points so far, and over about `span` at most: a loss
 * falls fastest at its beginning, where an average of all points before would lie far above it.
 */
export function smoothed(points: readonly Point[], span: number): Point[] {
  let average = 0;
  let n = 0;
  return points.map(({ x, y }) => {
    if (y === null) return { x, y };
    average += (y - average) / Math.min(span, 1 + n / 4);
    n += 1;
    return { x, y: average };
  });
}

/** The index of the point nearest to `x`; points are in the order of x. -1 when there is none. */
export function nearest(points: readonly Point[], x: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [left, right] = [points[middle], points[middle + 1]];
    if (left === undefined || right === undefined) break;
    if (x - left.x <= right.x - x) high = middle;
    else low = middle + 1;
  }
  return points.length === 0 ? -1 : low;
}

/** "12", "0.0035", "2.5k": at most four characters of number. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  if (size < 1e-3) return value.toExponential(0).replace("e-", "e−");
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Room above and below, so that a flat curve is a line in the middle and no value lies on the frame. */
function spread(low: number, high: number, kind: ScaleKind): [number, number] {
  if (kind === "log") return low === high ? [low / 2, high * 2] : [low / 1.05, high * 1.05];
  const room = low === high ? Math.max(1e-9, Math.abs(low) * 0.5) : (high - low) * 0.05;
  return [low - room, high + room];
}

function linearTicks(low: number, high: number, n: number): number[] {
  const rough = (high - low) / Math.max(1, n);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** 1, 2 and 5 times the powers of ten, or only the powers where those would be too many; linear ones within one octave. */
function logTicks(low: number, high: number, n: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, index) => 10 ** (Math.floor(Math.log10(low)) + index));
  const within = (values: number[]): number[] => values.filter((value) => value >= low && value <= high).map((value) => Number(value.toPrecision(12)));
  const fine = within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  if (fine.length < 2) return linearTicks(low, high, n);
  return fine.length <= 2 * n ? fine : within(powers);
}
