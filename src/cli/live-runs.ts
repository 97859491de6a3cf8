/** Watches the simulators of a script: shows their progress, and stops them when the user asks. */

import type { Progress } from "../simulator/options.js";
import { Simulator } from "../simulator/simulator.js";
import { progressDisplay } from "./progress.js";

export interface LiveRuns {
  /** true after the first Ctrl-C */
  readonly interrupted: boolean;
  /** takes the progress line away before other output */
  clear(): void;
  /** stops watching */
  end(): void;
}

const NOTICE =
  "Stopping; what was recorded is kept, and the script goes on with it. Press Ctrl-C again to quit.\n";

/**
 * Starts watching all simulators that are made from now on. The first SIGINT ends their runs at the next chunk, and further
 * runs after one chunk; the second ends the process with 130.
 */
export function watchRuns(stream: NodeJS.WriteStream = process.stderr): LiveRuns {
  const display = progressDisplay(stream);
  const simulators = new Set<WeakRef<Simulator>>();
  let interrupted = false;
  const onInterrupt = () => {
    display.clear();
    if (interrupted) process.exit(130);
    interrupted = true;
    stream.write(NOTICE);
    for (const ref of simulators) ref.deref()?.stop();
  };
  const before = Simulator.onCreate;
  Simulator.onCreate = (simulator) => {
    before?.(simulator);
    simulators.add(new WeakRef(simulator));
    const own = simulator.onProgress;
    const show = display.runs();
    const ref = new WeakRef(simulator);
    simulator.onProgress = (progress: Progress) => {
      own?.(progress);
      // one line, not one per rank
      if (simulator.rank() === 0) show(progress);
      if (interrupted) ref.deref()?.stop();
    };
  };
  process.on("SIGINT", onInterrupt);
  return {
    get interrupted() {
      return interrupted;
    },
    clear: () => display.clear(),
    end() {
      display.clear();
      Simulator.onCreate = before;
      process.off("SIGINT", onInterrupt);
    },
  };
}
