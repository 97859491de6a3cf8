/** The watch over ranks of other hosts, rank by rank, without MPI. */

import { connect, type Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { type FarWatch, watchOtherHosts } from "../../src/ranks/far-watch.js";

interface Hub {
  readonly addresses: string[];
  readonly port: number;
  readonly word: string;
}

/** Takes part, and tells what is known then. */
async function watching(meeting: Omit<Parameters<typeof watchOtherHosts>[0], "lookFar">): Promise<FarWatch> {
  let watch: FarWatch | undefined;
  await watchOtherHosts({
    ...meeting,
    // before the last collective call: who takes part in it may end
    gatherNumbers: (own) => {
      expect(watch).toBeDefined();
      return meeting.gatherNumbers(own);
    },
    lookFar: (w) => {
      watch = w;
    },
  });
  return watch!;
}

/** Rank 0 of three, of which the others have reached it or not. */
async function startHub(reached: readonly [number, number] = [1, 1]) {
  let said = "";
  const watch = await watching({
    rank: 0,
    size: 3,
    gatherText: (own) => [(said = own), "", ""],
    gatherNumbers: (own) => Float64Array.of(own, ...reached),
  });
  return { watch, hub: JSON.parse(said) as Hub };
}

/** Another rank, which says these lines; `heard` is what it was told so far. */
function member(hub: Hub, ...lines: string[]) {
  const socket: Socket = connect(hub.port, "127.0.0.1");
  const state = { heard: "", closed: false, leave: () => socket.destroy() };
  socket.on("data", (data) => {
    state.heard += data;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    state.closed = true;
  });
  socket.on("connect", () => socket.write(lines.map((line) => `${line}\n`).join("")));
  return state;
}

const joined = async (hub: Hub, rank: number) => {
  const m = member(hub, `${hub.word} ${rank}`, "stay");
  await vi.waitFor(() => expect(m.heard).toBe(`${hub.word}\n`));
  return m;
};

/** for what must not happen */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 200));

describe("rank 0", () => {
  it("sees that another one has gone, and tells the rest, also those who come later", async () => {
    const { watch, hub } = await startHub();
    const [one, two] = [await joined(hub, 1), await joined(hub, 2)];
    await aWhile();
    expect([1, 2].map((k) => watch.hasEnded(k))).toEqual([false, false]);
    two.leave();
    await vi.waitFor(() => expect(watch.hasEnded(2)).toBe(true));
    await vi.waitFor(() => expect(one.heard).toBe(`${hub.word}\n2\n`));
    expect(watch.hasEnded(1)).toBe(false);
    const late = member(hub, `${hub.word} 1`, "stay");
    await vi.waitFor(() => expect(late.heard).toBe(`${hub.word}\n2\n`));
  });

  it("does not listen to who does not know the word, or is no rank", async () => {
    const { watch, hub } = await startHub();
    const strangers = [
      member(hub, `${"0".repeat(32)} 1`, "stay"),
      member(hub, `${hub.word} 3`, "stay"),
      member(hub, "stay"),
      member(hub, `GET / HTTP/1.1 ${"x".repeat(200)}`),
    ];
    await vi.waitFor(() => expect(strangers.every((s) => s.closed)).toBe(true));
    expect(strangers.map((s) => s.heard).join("")).toBe("");
    expect([1, 2].map((k) => watch.hasEnded(k))).toEqual([false, false]);
  });

  it("does not take a rank that tries several addresses for one that has gone", async () => {
    const { watch, hub } = await startHub();
    const first = member(hub, `${hub.word} 1`);
    await vi.waitFor(() => expect(first.heard).toBe(`${hub.word}\n`));
    first.leave();
    await aWhile();
    expect(watch.hasEnded(1)).toBe(false);
  });

  it("warns of those who cannot reach it", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await startHub([1, 0]);
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(
        /^Rank 2 cannot reach rank 0 over TCP \(.+\), and will neither see that a rank .* has ended nor be seen to end/,
      ),
      { code: "SYNFIRE_UNWATCHED" },
    );
    warn.mockRestore();
  });
});

describe("another rank", () => {
  it("tries one address after the other, and hears of the others", async () => {
    const { watch: first, hub } = await startHub();
    const addresses = ["255.255.255.255", "127.0.0.1"];
    const numbers: number[] = [];
    const watch = await watching({
      rank: 1,
      size: 3,
      gatherText: () => [JSON.stringify({ ...hub, addresses }), "", ""],
      gatherNumbers: (own) => {
        numbers.push(own);
        return Float64Array.of(hub.port, own, 1);
      },
    });
    expect(numbers).toEqual([hub.port]);
    const two = await joined(hub, 2);
    two.leave();
    await vi.waitFor(() => expect(watch.hasEnded(2)).toBe(true));
    expect([first.hasEnded(1), watch.hasEnded(0)]).toEqual([false, false]);
  });

  it("goes on alone if it reaches nobody", async () => {
    const { hub } = await startHub();
    const numbers: number[] = [];
    const watch = await watching({
      rank: 1,
      size: 3,
      gatherText: () => [JSON.stringify({ ...hub, port: 1, addresses: ["127.0.0.1"] }), "", ""],
      gatherNumbers: (own) => {
        numbers.push(own);
        return Float64Array.of(hub.port, own, 1);
      },
    });
    expect(numbers).toEqual([0]);
    expect([0, 1, 2].some((k) => watch.hasEnded(k))).toBe(false);
  });
});
