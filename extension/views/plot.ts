/** One chart of the page: an SVG that is drawn anew at every change, with the value under the pointer spelled out. */
import { axisFor, nearest, pathOf, shows, tickText } from "./chart";
import type { Axis, Point, ScaleKind } from "./chart";
import { element, svg } from "./elements";

export interface Series {
  readonly label: string;
  readonly points: readonly Point[];
  /** "faint" is each step's value, thin and behind; "dots" marks each point. */
  readonly look: "line" | "faint" | "dots";
}

const HEIGHT = 190;
const MARGIN = { left: 52, right: 12, top: 10, bottom: 24 };

export class Plot {
  readonly root: HTMLElement;
  private readonly picture = svg("svg", { role: "img", height: String(HEIGHT) });
  private readonly readout = element("span", "readout");
  private readonly key = element("p", "key");
  private readonly pointer = svg("line", { class: "pointer", y1: String(MARGIN.top), y2: String(HEIGHT - MARGIN.bottom) });
  private series: readonly Series[] = [];
  private axes: { readonly x: Axis; readonly y: Axis } | null = null;

  constructor(
    private readonly title: string,
    private readonly unit: string,
  ) {
    const caption = element("figcaption", "", element("strong", "", title), unit === "" ? "" : ` (${unit}) `, this.readout);
    this.root = element("figure", "plot", caption, this.picture, this.key);
    this.picture.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.picture.addEventListener("pointerleave", () => this.point(null));
  }

  /** A line stands at the step `mark`. */
  draw(series: readonly Series[], xKind: ScaleKind, yKind: ScaleKind, steps: readonly number[], mark: number | null = null): void {
    const width = Math.max(200, this.root.clientWidth);
    const x = axisFor(steps, xKind, MARGIN.left, width - MARGIN.right, width / 90);
    const y = axisFor(series.flatMap(({ points }) => points.flatMap((point) => (point.y === null ? [] : [point.y]))), yKind, HEIGHT - MARGIN.bottom, MARGIN.top, 4);
    this.series = series;
    this.axes = { x, y };
    this.picture.setAttribute("width", String(width));
    this.picture.setAttribute("aria-label", this.described());
    this.picture.replaceChildren(...grid(x, y, width), ...series.flatMap((each, index) => drawn(each, index, x, y)), ...marked(x, mark), this.pointer);
    this.drawKey();
    this.point(null);
  }

  /** Which line is what, where there are several. */
  private drawKey(): void {
    const shown = this.series.length < 2 ? [] : this.series;
    this.key.replaceChildren(...shown.flatMap(({ label, look }, index) => [sample(look, index), look === "faint" ? `${label} of each step` : label]));
  }

  /** Spell out the values at the step nearest to a place, or the last ones. */
  private point(pixel: number | null): void {
    const shown = this.series.filter(({ points }) => points.length > 0);
    const { axes } = this;
    const longest = shown.reduce<readonly Point[]>((best, { points }) => (points.length > best.length ? points : best), []);
    const index = pixel === null || axes === null ? longest.length - 1 : closest(longest, axes.x, pixel);
    const at = longest[index];
    this.pointer.style.display = pixel === null || at === undefined ? "none" : "";
    if (at === undefined || axes === null) {
      this.readout.textContent = "";
      return;
    }
    const place = String(axes.x.place(at.x));
    this.pointer.setAttribute("x1", place);
    this.pointer.setAttribute("x2", place);
    const values = shown.map(({ label, points }) => ({ label, value: points[nearest(points, at.x)]?.y ?? null }));
    const said = values.map(({ label, value }) => `${label} ${value === null ? "–" : value.toPrecision(4)}`.trim());
    this.readout.textContent = `step ${at.x.toLocaleString("en")}: ${said.join(", ")}`;
  }

  private described(): string {
    const said = this.series.flatMap(({ label, points }) => {
      const values = points.flatMap(({ y }) => (y === null ? [] : [y]));
      const [first, last] = [values[0], values.at(-1)];
      return first === undefined || last === undefined ? [] : [`${label} from ${first.toPrecision(4)} to ${last.toPrecision(4)}`.trim()];
    });
    return `${this.title}${this.unit === "" ? "" : `, ${this.unit}`}: ${said.length === 0 ? "nothing yet" : said.join("; ")}`;
  }
}

function closest(points: readonly Point[], x: Axis, pixel: number): number {
  let best = 0;
  let distance = Infinity;
  for (const [index, point] of points.entries()) {
    const away = shows(x, point.x) ? Math.abs(x.place(point.x) - pixel) : Infinity;
    if (away < distance) [best, distance] = [index, away];
  }
  return best;
}

function drawn({ points, look }: Series, index: number, x: Axis, y: Axis): SVGElement[] {
  const line = svg("path", { d: pathOf(points, x, y), class: `curve ${look} series-${index}` });
  if (look !== "dots") return [line];
  const visible = points.flatMap((point) => (shows(x, point.x) && point.y !== null && shows(y, point.y) ? [{ cx: x.place(point.x), cy: y.place(point.y) }] : []));
  return [line, ...visible.map(({ cx, cy }) => svg("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: "3", class: `dot series-${index}` }))];
}

function sample(look: Series["look"], index: number): SVGElement {
  const line = svg("path", { d: "M0 5H24", class: `curve ${look} series-${index}` });
  const picture = svg("svg", { width: "24", height: "10", "aria-hidden": "true" });
  picture.append(line);
  return picture;
}

function marked(x: Axis, mark: number | null): SVGElement[] {
  if (mark === null || !shows(x, mark)) return [];
  const at = x.place(mark).toFixed(1);
  return [svg("line", { class: "pointer", x1: at, x2: at, y1: String(MARGIN.top), y2: String(HEIGHT - MARGIN.bottom) })];
}

function grid(x: Axis, y: Axis, width: number): SVGElement[] {
  const bottom = HEIGHT - MARGIN.bottom;
  const across = y.ticks.flatMap((tick) => {
    const at = y.place(tick).toFixed(1);
    return [svg("line", { class: "grid", x1: String(MARGIN.left), x2: String(width - MARGIN.right), y1: at, y2: at }), svg("text", { class: "tick end", x: String(MARGIN.left - 6), y: at, dy: "0.32em" }, tickText(tick))];
  });
  const down = x.ticks.map((tick) => svg("text", { class: "tick middle", x: x.place(tick).toFixed(1), y: String(HEIGHT - 6) }, tickText(tick)));
  return [...across, ...down, svg("line", { class: "axis", x1: String(MARGIN.left), x2: String(width - MARGIN.right), y1: String(bottom), y2: String(bottom) })];
}
