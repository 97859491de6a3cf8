/**
 * Writes reports to disk (Node only; not part of the index, so that browsers never see it).
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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

/**
 * Writes STEM.html, STEM.svg and STEM.png, e.g. beside the numbers that they show; makes the directory if it is missing.
 * @returns the paths of the three files
 */
export async function writeReportAs(
  report: Report,
  stem: string,
  options: PngOptions = {},
): Promise<readonly string[]> {
  await mkdir(dirname(stem), { recursive: true });
  const paths = [".html", ".svg", ".png"].map((ending) => stem + ending);
  const contents = [report.html, report.svg, await report.png(options)];
  for (const [k, path] of paths.entries()) await writeFile(path, contents[k]!);
  return paths;
}
