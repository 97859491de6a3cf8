/**
 * Writes reports to disk (Node only; not part of the index, so that browsers never see it).
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PngOptions, renderPng } from "./render-png.js";
import type { Report } from "./report.js";

/**
 * Writes report.html, report.svg, report.png, and one .svg and .png per figure; makes the directory if it is missing.
 * @returns the paths of the files, the report's first
 */
export async function writeReport(
  report: Report,
  directory: string,
  options: PngOptions = {},
): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  const paths: string[] = [];
  const write = async (name: string, data: string | Uint8Array) => {
    const path = join(directory, name);
    await writeFile(path, data);
    paths.push(path);
  };
  await write("report.html", report.html);
  await write("report.svg", report.svg);
  await write("report.png", await report.png(options));
  for (const { name, svg } of report.figures) {
    await write(`${name}.svg`, svg);
    await write(`${name}.png`, await renderPng(svg, options));
  }
  return paths;
}
