/**
 * Colours, fonts and sizes: one calm look for all figures.
 *
 * Every colour keeps a contrast of about 3:1 or more on white and on the dark page, so that a figure needs only one set
 * of colours. Hues follow Okabe and Ito, which the common colour vision deficiencies keep apart.
 */
import { bad } from "./check.js";

/** Blue for excitation, vermilion for inhibition. */
export const excitatoryColor = "#3277bd";
export const inhibitoryColor = "#d8572a";

/** Colours of further populations or series, in order. */
export const palette: readonly string[] = [
  excitatoryColor,
  inhibitoryColor,
  "#1f9482",
  "#a2559c",
  "#c58a12",
  "#4a9fd4",
  "#7a7f87",
  "#8a5a3c",
];

/** The eight populations of the cortical microcircuit: one hue per layer, excitatory dark, inhibitory light. */
const microcircuit: Readonly<Record<string, string>> = {
  L23E: "#2360a5",
  L23I: "#62a5de",
  L4E: "#b24a17",
  L4I: "#ec9255",
  L5E: "#15766b",
  L5I: "#4fb9a6",
  L6E: "#73439b",
  L6I: "#ad85cf",
};

/** Neutral tones that read on white and on dark pages. */
export const neutral = { line: "#8b929c", muted: "#737a85", bar: "#6f89a8" } as const;

/** Ink and paper of a stand-alone SVG; the HTML report overrides both. */
export const ink = "#1d232b";
export const paper = "#ffffff";

/** DejaVu Sans is what Linux machines without other fonts have, and what PNGs fall back to. */
export const fontFamily = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

export const fontSize = { tick: 11, label: 11.5, legend: 11.5, title: 14, caption: 11 } as const;

/** The colour a population or series gets when it asks for none, or the one it asks for. */
export function colorOf(
  series: { readonly name: string; readonly color?: string },
  position: number,
): string {
  if (series.color !== undefined) {
    if (!/^#[0-9a-f]{6}$/i.test(series.color)) {
      bad("color", `of "${series.name}" must look like "#3277bd", not "${series.color}"`);
    }
    return series.color.toLowerCase();
  }
  const name = series.name.replace(/[\s_/.-]/g, "");
  const layer = /^L?(23|4|5|6)(E|I)/i.exec(name);
  if (layer) return microcircuit[`L${layer[1]}${layer[2]!.toUpperCase()}`]!;
  if (/^(e|ex|exc|excitatory)$/i.test(name)) return excitatoryColor;
  if (/^(i|in|inh|inhibitory)$/i.test(name)) return inhibitoryColor;
  return palette[position % palette.length]!;
}

/** Red, green and blue (0 to 255) of `#rrggbb`. */
export function channels(color: string): readonly [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
