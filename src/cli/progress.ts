/** Progress of a run: one line that is drawn anew on a terminal, a plain line now and then elsewhere. */

import type { Progress } from "../simulator/options.js";

/** a run that ends before this many seconds shows nothing */
const SILENT = 0.5;
/** seconds between lines where there is no terminal */
const PLAIN_EVERY = 5;
const BAR_WIDTH = 24;

export interface ProgressDisplay {
  /** A listener for the runs of one simulator. */
  runs(): (progress: Progress) => void;
  /** Takes the line away. */
  clear(): void;
}

export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write("\r\x1b[2K");
    drawn = false;
  };
  return {
    clear,
    runs() {
      let last: Progress | undefined;
      let begin = 0;
      let shown = 0;
      return (progress) => {
        const isNew = !last || progress.elapsed < last.elapsed || progress.end !== last.end;
        if (isNew) [begin, shown] = [last?.time ?? 0, 0];
        last = progress;
        const { elapsed, time, end } = progress;
        if (elapsed < SILENT) return;
        const done = time >= end;
        if (stream.isTTY) {
          clear();
          stream.write(progressLine(progress, begin, (stream.columns ?? 80) - 1) + (done ? "\n" : ""));
          drawn = !done;
        } else if (done || elapsed - shown >= PLAIN_EVERY) {
          shown = elapsed;
          stream.write(`${progressLine(progress, begin, 0)}\n`);
        }
      };
    },
  };
}

const count = (x: number) => Math.round(x).toLocaleString("en-US");

/**
 * For example "████████░░░░  42 %  420 / 1,000 ms  RTF 2.31  153,400 spikes/s": the share of the run, model time, the real-time
 * factor (elapsed over model time), and spikes per second of model time.
 * @param begin - model time at the beginning of the run, ms
 * @param width - columns; the bar is left out if it does not fit
 */
export function progressLine({ time, end, elapsed, spikes }: Progress, begin: number, width: number): string {
  const seconds = (time - begin) / 1000;
  const share = end > begin ? (time - begin) / (end - begin) : 1;
  const factor = elapsed / seconds;
  const text = [
    `${Math.floor(100 * share)} %`.padStart(5),
    `${count(time)} / ${count(end)} ms`,
    `RTF ${factor < 0.1 ? factor.toPrecision(2) : factor.toFixed(2)}`,
    `${count(spikes / seconds)} spikes/s`,
  ].join("  ");
  if (width < text.length + BAR_WIDTH + 2) return width > 0 ? text.slice(0, width) : text.trimStart();
  const full = Math.round(BAR_WIDTH * share);
  return `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}  ${text}`;
}
