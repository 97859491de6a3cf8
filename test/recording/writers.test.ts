import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { fileSink } from "../../src/recording/writers/file-sink.js";
import { fixedDecimals } from "../../src/recording/writers/format-number.js";
import {
  csvWriter,
  datWriter,
  jsonWriter,
  memorySink,
  type RecordWriter,
  readDat,
  readJsonEvents,
  type SpikeChunk,
  type StateChunk,
  type TextSink,
} from "../../src/recording/writers/index.js";

const spikes = (senders: number[], times: number[]): SpikeChunk => ({
  senders: Uint32Array.from(senders),
  times: Float64Array.from(times),
});
const states = (senders: number[], times: number[], V_m: number[]): StateChunk => ({
  ...spikes(senders, times),
  values: { V_m: Float64Array.from(V_m) },
});
const header = { version: "0.1.0" };

async function written(make: (sink: TextSink) => RecordWriter, use: (writer: RecordWriter) => Promise<void>) {
  const sink = memorySink();
  const writer = make(sink);
  await use(writer);
  await writer.close();
  expect(sink.closed).toBe(true);
  return sink.text();
}

describe("fixedDecimals", () => {
  it("equals toFixed", () => {
    const number = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.integer({ min: -1e6, max: 1e6 }).map((n) => n / 10_000),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    fc.assert(
      fc.property(number, fc.nat(15), (value, precision) => {
        expect(fixedDecimals(precision)(value)).toBe(value.toFixed(precision));
      }),
      { numRuns: 5000 },
    );
    expect([1.0005, 2.5, -0.0004, 0, 1e22].map(fixedDecimals(3))).toEqual(
      [1.0005, 2.5, -0.0004, 0, 1e22].map((value) => value.toFixed(3)),
    );
  });

  it("spells what is not finite as C++ does", () => {
    expect([Number.NaN, Infinity, -Infinity].map(fixedDecimals(3))).toEqual(["nan", "inf", "-inf"]);
    expect(() => fixedDecimals(16)).toThrow(/precision/);
  });
});

describe("datWriter", () => {
  it("writes three header lines and three decimals, as NEST 3", async () => {
    const text = await written(
      (sink) => datWriter(sink, header),
      async (writer) => {
        await writer.writeSpikes(spikes([2, 17], [0.1, 1000]));
        await writer.writeSpikes(spikes([3], [1000.1]));
      },
    );
    expect(text).toBe(
      "# Synfire version: 0.1.0\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n2\t0.100\n17\t1000.000\n3\t1000.100\n",
    );
  });

  it("adds recorded variables", async () => {
    const text = await written(
      (sink) => datWriter(sink, { ...header, precision: 2 }),
      (writer) => writer.writeStates(states([2], [0.1], [-70])),
    );
    expect(text.split("\n").slice(2)).toEqual(["sender\ttime_ms\tV_m", "2\t0.10\t-70.00", ""]);
  });

  it("writes its header also when nothing was recorded", async () => {
    const none = async () => {};
    const text = await written((sink) => datWriter(sink, { ...header, recordables: ["V_m", "g_ex"] }), none);
    expect(text.split("\n")[2]).toBe("sender\ttime_ms\tV_m\tg_ex");
    expect(readDat(text).times).toHaveLength(0);
  });

  it("reads back what was written, to the last decimal", async () => {
    const row = fc.record({
      sender: fc.nat(0xffffffff),
      step: fc.nat(1e6),
      V_m: fc.double({ min: -100, max: 50, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { minLength: 1 })), async (chunks) => {
        const text = await written(
          (sink) => datWriter(sink, { ...header, recordables: ["V_m"] }),
          async (writer) => {
            for (const chunk of chunks) {
              const column = (key: "sender" | "step" | "V_m") => chunk.map((r) => r[key]);
              const times = column("step").map((step) => step / 10);
              await writer.writeStates(states(column("sender"), times, column("V_m")));
            }
          },
        );
        const rows = chunks.flat();
        const read = readDat(text);
        expect([...read.senders]).toEqual(rows.map((r) => r.sender));
        expect([...read.times]).toEqual(rows.map((r) => r.step / 10));
        rows.forEach((r, i) => {
          expect(Math.abs(read.values.V_m[i] - r.V_m)).toBeLessThanOrEqual(0.0005 + 1e-9);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("passes large chunks on in pieces, at more than a million spikes per second", async () => {
    const count = 500_000;
    const chunk = {
      senders: Uint32Array.from({ length: count }, (_, i) => i % 77_169),
      times: Float64Array.from({ length: count }, (_, i) => i / 10),
    };
    let longest = 0;
    let rows = 0;
    const sink: TextSink = {
      write(text) {
        longest = Math.max(longest, text.length);
        rows += text.split("\n").length - 1;
      },
      close() {},
    };
    const writer = datWriter(sink, header);
    const started = performance.now();
    await writer.writeSpikes(chunk);
    const seconds = (performance.now() - started) / 1000;
    await writer.close();
    expect(rows).toBe(count + 3);
    expect(longest).toBeLessThan(1e6);
    expect(seconds).toBeLessThan(2.5); // 0.1 s when idle; the bound leaves room for busy machines
  });
});

describe("csvWriter", () => {
  it("writes names and numbers that read back exactly", async () => {
    const text = await written(csvWriter, (writer) =>
      writer.writeStates(states([1, 2], [0.1, 0.2], [-70.5, 0.1 + 0.2])),
    );
    expect(text).toBe("sender,time_ms,V_m\n1,0.1,-70.5\n2,0.2,0.30000000000000004\n");
  });

  it("rounds when asked to", async () => {
    const text = await written(
      (sink) => csvWriter(sink, { precision: 1 }),
      (writer) => writer.writeSpikes(spikes([1], [3 * 0.1])),
    );
    expect(text).toBe("sender,time_ms\n1,0.3\n");
  });
});

describe("jsonWriter", () => {
  it("writes valid JSON of NEST Desktop's events, one object per line", async () => {
    const text = await written(jsonWriter, async (writer) => {
      await writer.writeStates(states([1, 2], [0.1, 0.1], [-70, Number.NaN]));
      await writer.writeStates(states([1], [0.2], [-69.5]));
    });
    expect(JSON.parse(text)).toEqual({
      format: "synfire-events",
      version: 1,
      chunks: [
        { senders: [1, 2], times: [0.1, 0.1], V_m: [-70, null] },
        { senders: [1], times: [0.2], V_m: [-69.5] },
      ],
    });
    expect(JSON.parse(text.split("\n")[2])).toEqual({ senders: [1], times: [0.2], V_m: [-69.5] });
    const read = readJsonEvents(text);
    expect([...read.senders]).toEqual([1, 2, 1]);
    expect([...read.times]).toEqual([0.1, 0.1, 0.2]);
    expect([...read.values.V_m]).toEqual([-70, Number.NaN, -69.5]);
  });

  it("splits large chunks, and is valid when empty", async () => {
    const count = 20_000;
    const senders = Array.from({ length: count }, (_, i) => i);
    const text = await written(jsonWriter, (writer) => writer.writeSpikes(spikes(senders, senders)));
    expect(text.split("\n").length).toBeGreaterThan(4);
    expect([...readJsonEvents(text).times]).toEqual(senders);
    const empty = await written(jsonWriter, async () => {});
    expect(readJsonEvents(empty)).toEqual({
      senders: new Uint32Array(),
      times: new Float64Array(),
      values: {},
    });
  });

  it("says what it cannot read", () => {
    for (const text of [
      "{",
      "{}",
      '{"version":2,"chunks":[]}',
      '{"version":1,"chunks":[{"senders":[1],"times":[]}]}',
    ]) {
      expect(() => readJsonEvents(text)).toThrow(expect.objectContaining({ code: "bad-format" }));
    }
  });
});

describe.each([
  ["dat", (sink: TextSink) => datWriter(sink, header)],
  ["csv", (sink: TextSink) => csvWriter(sink)],
  ["json", (sink: TextSink) => jsonWriter(sink)],
])("every writer (%s)", (_, make) => {
  it("holds one kind of record", async () => {
    const writer = make(memorySink());
    await writer.writeSpikes(spikes([1], [1]));
    await expect(writer.writeStates(states([1], [1], [1]))).rejects.toMatchObject({
      code: "bad-argument",
      key: "values",
    });
  });

  it("rejects columns of unequal length, and names that the format cannot hold", async () => {
    const writer = make(memorySink());
    await expect(writer.writeSpikes(spikes([1], [1, 2]))).rejects.toMatchObject({ key: "times" });
    await expect(writer.writeStates(states([1], [1], []))).rejects.toMatchObject({ key: "V_m" });
    const named = { ...spikes([1], [1]), values: { times: Float64Array.of(1) } };
    await expect(make(memorySink()).writeStates(named)).rejects.toMatchObject({ key: "times" });
  });

  it("closes once, and writes nothing afterwards", async () => {
    const sink = memorySink();
    const writer = make(sink);
    await writer.close();
    const text = sink.text();
    await writer.close();
    expect(sink.text()).toBe(text);
    await expect(writer.writeSpikes(spikes([1], [1]))).rejects.toMatchObject({ code: "writer-closed" });
  });
});

describe("readDat", () => {
  it("reads NEST's files, with the column names as a comment or not", () => {
    for (const mark of ["", "# "]) {
      const text = `# NEST version: 3.6.0\n# RecordingBackendASCII version: 2\n${mark}sender\ttime_ms\tV_m\n2\t0.100\t-70.000\n3\t0.100\tnan\n`;
      const read = readDat(text);
      expect(read.comments).toEqual(["NEST version: 3.6.0", "RecordingBackendASCII version: 2"]);
      expect([...read.senders]).toEqual([2, 3]);
      expect([...read.times]).toEqual([0.1, 0.1]);
      expect([...read.values.V_m]).toEqual([-70, Number.NaN]);
    }
  });

  it("turns steps and offsets into times", () => {
    const text = "sender\ttime_step\ttime_offset\n1\t15\t0.000\n1\t20\t0.050\n";
    expect([...readDat(text, { resolution: 0.1 }).times]).toEqual([1.5, 1.95]);
    expect(() => readDat(text)).toThrow(expect.objectContaining({ key: "resolution" }));
  });

  it("reads rows without a header, Windows line ends, and a last line without an end", () => {
    const read = readDat("1 0.5\r\n2 0.7");
    expect([...read.senders]).toEqual([1, 2]);
    expect([...read.times]).toEqual([0.5, 0.7]);
  });

  it.each([
    ["line 3", "sender\ttime_ms\n1\t0.1\n1\n"],
    ["line 2", "sender\ttime_ms\n1\tx\n"],
    ["row 1", "sender\ttime_ms\n-1\t0.1\n"],
    ["its line of column names", "sender\tV_m\n1\t-70\n"],
  ])("names %s when it is wrong", (key, text) => {
    expect(() => readDat(text)).toThrow(expect.objectContaining({ code: "bad-format", key }));
  });
});

describe("fileSink", async () => {
  const folder = await mkdtemp(join(tmpdir(), "synfire-writers-"));
  afterAll(() => rm(folder, { recursive: true }));

  it("writes what memorySink holds, waiting for the disk", async () => {
    const path = join(folder, "spikes.dat");
    const many = Array.from({ length: 50_000 }, (_, i) => i);
    const use = async (writer: RecordWriter) => {
      for (let k = 0; k < 3; k++) await writer.writeSpikes(spikes(many, many));
    };
    const writer = datWriter(fileSink(path), header);
    await use(writer);
    await writer.close();
    expect(await readFile(path, "utf8")).toBe(await written((sink) => datWriter(sink, header), use));
  });

  it("appends, or keeps an existing file, when asked to", async () => {
    const path = join(folder, "more.txt");
    for (const existing of ["replace", "append"] as const) {
      const sink = fileSink(path, { existing });
      await sink.write("a");
      await sink.close();
    }
    expect(await readFile(path, "utf8")).toBe("aa");
    const refused = fileSink(path, { existing: "fail" });
    await expect(refused.close()).rejects.toMatchObject({ code: "cannot-write", key: "path" });
    expect(await readFile(path, "utf8")).toBe("aa");
  });

  it("says so when it cannot write", async () => {
    const sink = fileSink(join(folder, "missing", "file.txt"));
    const text = "x".repeat(1 << 20); // more than the stream buffers, so that write has to wait
    await expect(sink.write(text)).rejects.toMatchObject({ code: "cannot-write", key: "path" });
    await expect(sink.close()).rejects.toMatchObject({ code: "cannot-write" });
  });
});
