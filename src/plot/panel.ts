/**
 * One pair of axes in the house style: thin lines, a light grid, centred labels with units.
 */
import * as Plot from "@observablehq/plot";
import { element } from "./dom.js";
import { fontFamily, fontSize, neutral } from "./theme.js";

/** The room that a drawing gets. Left and right margins are shared by panels above each other. */
export interface Frame {
  readonly document: Document;
  readonly width: number;
  readonly height: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  /** false for all but the lowest of panels that share an x axis */
  readonly showXAxis: boolean;
}

export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  /** default "linear" */
  readonly scale?: "linear" | "log";
  /** extend the domain to round numbers; default false */
  readonly nice?: boolean;
  /** where ticks are; default: round numbers, as many as fit */
  readonly ticks?: readonly number[];
  readonly tickFormat?: (value: number) => string;
  /** default true */
  readonly grid?: boolean;
}

export const marginLeft = 62;
export const marginRight = 18;
export const marginTop = 10;
export const marginBottom = 44;
const marginWithoutAxis = 8;
const marginWithoutLabel = 28;

/** Bottom margin of a panel in this frame. */
export function bottomOf(frame: Frame): number {
  return frame.showXAxis ? marginBottom : marginWithoutAxis;
}

/** Draws axes and marks. Without a `y` axis the vertical direction is left to the marks. */
export function panel(frame: Frame, x: Axis, y: Axis | undefined, marks: Plot.Markish[]): Element {
  const bottom = frame.showXAxis && x.label === "" ? marginWithoutLabel : bottomOf(frame);
  const spacingX = Math.min(90, Math.max(52, (frame.width - frame.marginLeft - frame.marginRight) / 4));
  const spacingY = Math.min(42, Math.max(20, (frame.height - marginTop - bottom) / 3));
  const plot = Plot.plot({
    document: frame.document,
    className: "synfire",
    width: frame.width,
    height: frame.height,
    marginLeft: frame.marginLeft,
    marginRight: frame.marginRight,
    marginTop,
    marginBottom: bottom,
    x: { type: x.scale ?? "linear", domain: [...x.domain], nice: x.nice ?? false, axis: null },
    y:
      y === undefined
        ? { axis: null }
        : { type: y.scale ?? "linear", domain: [...y.domain], nice: y.nice ?? false, axis: null },
    marks: [
      x.grid === false ? null : Plot.gridX({ ...ticksOf(x, spacingX), ...gridStyle }),
      y === undefined || y.grid === false ? null : Plot.gridY({ ...ticksOf(y, spacingY), ...gridStyle }),
      marks,
      Plot.frame({ anchor: "bottom", stroke: neutral.line }),
      y === undefined ? null : Plot.frame({ anchor: "left", stroke: neutral.line }),
      frame.showXAxis ? [Plot.axisX(axisStyle(x, spacingX)), labelMark(x.label, "x")] : null,
      y === undefined ? null : [Plot.axisY(axisStyle(y, spacingY)), labelMark(y.label, "y")],
    ],
  }) as Element;
  plot.querySelector("style")?.remove();
  for (const name of ["class", "style"]) plot.removeAttribute(name);
  plot.setAttribute("aria-hidden", "true"); // the figure around it has the label
  plot.setAttribute("font-family", fontFamily);
  plot.setAttribute("font-size", String(fontSize.tick));
  return plot;
}

const gridStyle = { stroke: "currentColor", strokeOpacity: 0.09 } as const;

function ticksOf(axis: Axis, tickSpacing: number) {
  return axis.ticks === undefined ? { tickSpacing } : { ticks: [...axis.ticks] };
}

function axisStyle(axis: Axis, tickSpacing: number) {
  const { tickFormat, scale } = axis;
  const style = { fontSize: fontSize.tick, tickSize: 4, color: "currentColor", label: null };
  // Plot leaves out labels of a logarithmic axis that it formats
  const labels =
    tickFormat && (scale === "log" ? { text: (value: number) => tickFormat(value) } : { tickFormat });
  return { ...ticksOf(axis, tickSpacing), ...style, ...labels };
}

/** Axis labels, centred along their axis. */
function labelMark(label: string, axis: "x" | "y"): Plot.RenderFunction {
  return (_index, _scales, _values, dimensions, context) => {
    const {
      width,
      height,
      marginLeft: left,
      marginRight: right,
      marginTop: top,
      marginBottom: bottom,
    } = dimensions;
    const at =
      axis === "x"
        ? `translate(${(left + width - right) / 2},${height - 8})`
        : `translate(14,${(top + height - bottom) / 2}) rotate(-90)`;
    const attributes = { transform: at, "font-size": fontSize.label, "text-anchor": "middle" };
    return element(context.document, "text", attributes, label);
  };
}
