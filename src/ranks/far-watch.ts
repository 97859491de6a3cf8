/**
 * Who has ended on other hosts. Every rank keeps a connection open to rank 0. The system closes it when the process ends, however
 * that comes about, and rank 0 tells the others; of a host that is gone, TCP's own probes tell after a minute or so (not sooner: a
 * network that fails for some seconds, beside that of MPI, is no reason to end a run). The connections are held by a worker thread,
 * since the main thread may compute, or wait for another rank, for long.
 */

import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";

/** How long an address is tried, in ms. */
const PATIENCE_MS = 1500;
/** Silence after which TCP begins to ask whether the other host is there, for ten seconds. */
const SILENCE_MS = 60_000;

/** What is asked of the ranks. */
interface Meeting {
  readonly rank: number;
  readonly size: number;
  gatherText(own: string): string[];
  gatherNumbers(own: number): Float64Array;
  /** from now on these are known */
  lookFar(watch: FarWatch): void;
}

export interface FarWatch {
  hasEnded(rank: number): boolean;
}

/** Where rank 0 is reached; strangers do not know the word. */
interface Hub {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly word: string;
}

interface Task {
  readonly rank: number;
  readonly size: number;
  /** by rank: 1 once it has ended */
  readonly ended: SharedArrayBuffer;
  readonly word: string;
  readonly patience: number;
  readonly silence: number;
  /** of rank 0; undefined there */
  readonly hub?: Hub;
}

/** Begins to watch. A collective call. */
export async function watchOtherHosts(ranks: Meeting): Promise<void> {
  const { rank, size } = ranks;
  const ended = new SharedArrayBuffer(4 * size);
  const task = { rank, size, ended, patience: PATIENCE_MS, silence: SILENCE_MS };
  let port: number;
  let hub: Hub;
  if (rank === 0) {
    const word = randomBytes(16).toString("hex");
    port = await begin({ ...task, word });
    hub = { addresses: ownAddresses(), port, word };
    ranks.gatherText(JSON.stringify(hub));
  } else {
    hub = JSON.parse(ranks.gatherText("")[0]!) as Hub;
    port = hub.port > 0 ? await begin({ ...task, word: hub.word, hub }) : 0;
  }
  // others may end while this waits for them
  ranks.lookFar({ hasEnded: (k) => Atomics.load(new Int32Array(ended), k) === 1 });
  const unheard = [...ranks.gatherNumbers(port).entries()].filter(([, reached]) => reached === 0);
  if (rank !== 0 || unheard.length === 0) return;
  const who = `${unheard.length === 1 ? "Rank" : "Ranks"} ${unheard.map(([k]) => k).join(", ")}`;
  const why = port === 0 ? "since rank 0 cannot listen" : `over TCP (${hub.addresses.join(", ")})`;
  process.emitWarning(
    `${who} cannot reach rank 0 ${why}, and will neither see that a rank on another host has ended nor be seen to end: then only the launcher can end the run (srun: --kill-on-bad-exit).`,
    { code: "SYNFIRE_UNWATCHED" },
  );
}

/** @returns the port of rank 0, once it listens or is reached; 0 if that fails */
function begin(task: Task): Promise<number> {
  return new Promise((resolve) => {
    try {
      const text = `(${keepWatch.toString()})(require);`;
      const worker = new Worker(text, { eval: true, execArgv: [], workerData: task });
      worker.once("message", (port: number) => {
        // from now on it does not keep the process alive
        worker.unref();
        resolve(port);
      });
      worker.once("error", () => resolve(0));
      worker.once("exit", () => resolve(0));
    } catch {
      // all ranks wait for what this one says
      resolve(0);
    }
  });
}

/** Addresses of this host, those that only it can reach last. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const usable = all.filter(({ family, address }) => family === "IPv4" || !address.startsWith("fe80"));
  return usable.sort((a, b) => Number(a.internal) - Number(b.internal)).map(({ address }) => address);
}

/** Runs in the worker, whose text is all that it has. */
function keepWatch(load: NodeJS.Require): void {
  const { createServer, connect } = load("node:net") as typeof import("node:net");
  const { parentPort, workerData } = load("node:worker_threads") as typeof import("node:worker_threads");
  const { rank, size, word, patience, silence, hub, ended: shared } = workerData as Task;
  const ended = new Int32Array(shared);
  type Socket = import("node:net").Socket;

  const attend = (socket: Socket, hear: (line: string) => void, closed: () => void): void => {
    let text = "";
    socket.setEncoding("utf8");
    socket.setNoDelay(true);
    socket.setKeepAlive(true, silence);
    socket.on("data", (piece: string) => {
      const lines = (text + piece).split("\n");
      text = lines.pop()!;
      if (text.length > 100) socket.destroy();
      lines.forEach(hear);
    });
    // what follows is its end
    socket.on("error", () => {});
    socket.on("close", closed);
  };

  const serve = (): void => {
    const members = new Map<number, Socket>();
    const server = createServer((socket) => {
      let who = -1;
      const stranger = setTimeout(() => socket.destroy(), 10 * patience);
      const hear = (line: string): void => {
        const [said, name = ""] = line.split(" ");
        if (said === word && /^\d+$/.test(name) && Number(name) < size) {
          who = Number(name);
          socket.write(`${word}\n`);
        } else if (said === "stay" && who > 0) {
          clearTimeout(stranger);
          members.set(who, socket);
          for (let k = 0; k < size; k++) if (ended[k] === 1) socket.write(`${k}\n`);
        } else socket.destroy();
      };
      attend(socket, hear, () => {
        clearTimeout(stranger);
        if (members.get(who) !== socket) return;
        members.delete(who);
        Atomics.store(ended, who, 1);
        for (const other of members.values()) other.write(`${who}\n`);
      });
    });
    server.on("error", () => parentPort!.postMessage(0));
    server.listen(0, () => parentPort!.postMessage((server.address() as { port: number }).port));
  };

  const join = (at: Hub, k: number): void => {
    const address = at.addresses[k];
    if (address === undefined) {
      parentPort!.postMessage(0);
      return;
    }
    let met = false;
    const socket = connect(at.port, address);
    const late = setTimeout(() => socket.destroy(), patience);
    socket.on("connect", () => socket.write(`${word} ${rank}\n`));
    const hear = (line: string): void => {
      if (met) {
        Atomics.store(ended, Number(line), 1);
      } else if (line === word) {
        met = true;
        clearTimeout(late);
        socket.write("stay\n");
        parentPort!.postMessage(at.port);
      } else socket.destroy();
    };
    attend(socket, hear, () => {
      clearTimeout(late);
      if (met) Atomics.store(ended, 0, 1);
      else join(at, k + 1);
    });
  };

  if (hub) join(hub, 0);
  else serve();
}
