/**
 * The simulator: create nodes, connect them, simulate, record. Function names are NEST's in camelCase; models, parameters and
 * rules have NEST's names.
 */

import { type ConnectionSpec, type NodeIds, planConnection } from "../connectivity/index.js";
import type { EngineState, MemoryReport } from "../engine/engine.js";
import type { Network } from "../engine/network.js";
import { SynfireError, unknownName } from "../errors.js";
import { texts } from "../models/texts.generated.js";
import type { Diagnostic } from "../nestml/index.js";
import type { ExchangeReport } from "../ranks/exchange.js";
import type { Events, Recorder, RecorderOptions } from "../recording/recorder.js";
import { CallLog } from "./call-log.js";
import {
  checkRecorderConnection,
  checkSynapseSpec,
  receptorChoice,
  type SynapseSpec,
  synapseValueOf,
  valueRange,
} from "./connect.js";
import { type ConnectionFilter, type Connections, collectConnections } from "./connections.js";
import { Currents } from "./currents.js";
import { type Connection, type Description, lower } from "./description.js";
import { checkedDevice, type Device, isDeviceName, makeDevice } from "./devices.js";
import { Draws } from "./draws.js";
import { startEngine } from "./engines.js";
import { gatherEvents } from "./gather.js";
import { joinRanks, type Ranks } from "./join-ranks.js";
import { Live } from "./live.js";
import { ModelLibrary } from "./model-library.js";
import { NodeStatus } from "./node-status.js";
import { forCopies, impliedSize, ofDevice } from "./node-values.js";
import { NodeCollection, type NodeOwner } from "./nodes.js";
import {
  type CheckedOptions,
  checkedOptions,
  defaultOptions,
  type Progress,
  type SimulatorOptions,
} from "./options.js";
import { type Deal, Placement } from "./placement.js";
import { checkedChange, initialStates, type NeuronPopulation } from "./population.js";
import { gatherState } from "./ranked-state.js";
import { checkRecordables, Recordings, timeOf } from "./recordings.js";
import { type Clock, runTo } from "./run-loop.js";
import { checkSnapshot, type Snapshot } from "./snapshot.js";
import type { Status, StatusValue } from "./status.js";

/** Wall-clock seconds spent in each phase so far. */
export interface Timers {
  create: number;
  connect: number;
  calibrate: number;
  simulate: number;
}

export class Simulator implements NodeOwner {
  readonly options: CheckedOptions;
  readonly timers: Timers = { create: 0, connect: 0, calibrate: 0, simulate: 0 };
  /** called about ten times a second while a run goes on */
  onProgress: ((progress: Progress) => void) | undefined;
  readonly #library = new ModelLibrary();
  #populations: NeuronPopulation[] = [];
  #devices = new Map<number, Device>();
  #connections: Connection[] = [];
  #recordings: Recordings;
  #currents: Currents;
  #nodeCount = 0;
  #draws = new Draws();
  #projectionCount = 0;
  readonly #live = new Live();
  #values: NodeStatus;
  readonly #clock: Clock = { steps: 0, spikes: 0, stopRequested: false };
  #running = false;
  /** the other ranks; undefined: there are none */
  readonly #ranks: Ranks | undefined;
  readonly #placement: Placement;
  readonly #calls = new CallLog();

  private constructor(options: CheckedOptions, ranks: Ranks | undefined) {
    this.options = options;
    this.#ranks = ranks;
    this.#placement = new Placement(ranks?.rank ?? 0, ranks?.size ?? 1);
    this.#recordings = new Recordings(this.options.resolution);
    this.#currents = new Currents(this.options.resolution, this.options.seed);
    this.#values = this.#nodeStatus();
  }

  #nodeStatus(): NodeStatus {
    return new NodeStatus({
      description: () => this.#description(),
      placement: this.#placement,
      live: this.#live,
      draws: this.#draws,
      recordings: this.#recordings,
      currents: this.#currents,
    });
  }

  /** Options that simulators take unless told otherwise; the command line sets them. */
  static defaults: SimulatorOptions = { ...defaultOptions };

  /** Called with every simulator that is made; the command line watches runs with it. @internal */
  static onCreate: ((simulator: Simulator) => void) | undefined;

  /**
   * An empty simulator. Several may live in one process. Under a launcher such as `mpirun` it takes part in a run of several ranks:
   * all of them must create it, and make the same calls.
   * @throws SynfireError "bad-option" naming the option; "no-mpi" if there is a launcher, but no library
   */
  static async create(options: SimulatorOptions = {}): Promise<Simulator> {
    const given = { ...Simulator.defaults, ...options };
    const checked = checkedOptions(given);
    const simulator = new Simulator(checked, await joinRanks(checked));
    simulator.onProgress = given.onProgress;
    Simulator.onCreate?.(simulator);
    return simulator;
  }

  /** What the checker warned about in the models that were defined: doubtful units, statements without effect. */
  readonly modelWarnings: Diagnostic[] = [];

  /** Counts calls of `reset`: collections made before one are no longer valid. @internal */
  epoch = 0;

  /** Model time in ms. */
  get time(): number {
    return timeOf(this.#clock.steps, this.options.resolution);
  }

  /** Model time in steps. */
  get steps(): number {
    return this.#clock.steps;
  }

  /** Spike events of neurons since the simulator was made. */
  get spikeCount(): number {
    return this.#clock.spikes;
  }

  /** Names of the models that can be created. */
  get models(): string[] {
    return this.#library.names();
  }

  /**
   * Makes the models of a NESTML text available.
   * @returns their names
   * @throws NestmlError with file, line, column and what was expected
   */
  defineModel(text: string, file = "model.nestml"): string[] {
    const { names, warnings } = this.#library.define(text, file);
    this.modelWarnings.push(...warnings);
    return [...names];
  }

  /** The NESTML text of a model that comes with Synfire. */
  modelText(name: string): string {
    const text = texts[`${name}.nestml`];
    if (text === undefined)
      throw unknownName(
        "unknown-model",
        "model",
        name,
        Object.keys(texts).map((f) => f.replace(".nestml", "")),
      );
    return text;
  }

  /** How a model is solved and the code that it becomes, for reading. */
  describeModel(name: string, parameters: Readonly<Record<string, number>> = {}): string {
    const sizes = Object.fromEntries(
      this.#library.sizes(name).map((s) => [s.name, parameters[s.name] ?? s.value]),
    );
    return this.#library.program(name, this.#real, this.options.resolution, sizes).describe();
  }

  get #real(): "f32" | "f64" {
    return this.options.precision === "float64" ? "f64" : "f32";
  }

  /**
   * Creates n nodes of a model.
   * @param parameters - parameters and initial values: numbers, one per node, elements of a vector, or distributions
   * @throws SynfireError "unknown-model", "bad-parameter"
   */
  create(
    model: string,
    n = 1,
    parameters: Readonly<Record<string, StatusValue>> = {},
    placement: { readonly distribute?: boolean } = {},
  ): NodeCollection {
    const all = placement.distribute ?? this.options.distribute;
    return this.#create("create", model, n, parameters, all ? "all" : "each");
  }

  /**
   * Creates n nodes of a model on one rank. All ranks must make the call.
   * @returns the nodes, on every rank
   * @throws SynfireError "bad-rank", and what `create` throws
   */
  remoteCreate(
    rank: number,
    model: string,
    n = 1,
    parameters: Readonly<Record<string, StatusValue>> = {},
  ): NodeCollection {
    this.#placement.checkRank(rank, "rank");
    return this.#create("remoteCreate", model, n, parameters, rank);
  }

  #create(
    name: string,
    model: string,
    n: number,
    parameters: Readonly<Record<string, StatusValue>>,
    deal: Deal,
  ): NodeCollection {
    this.#mayChange();
    const begin = performance.now();
    if (!Number.isInteger(n) || n < 1)
      throw new SynfireError(
        "bad-parameter",
        `create: the number of nodes must be a positive integer, not ${n}.`,
        "n",
      );
    const total = isDeviceName(model) ? n : this.#placement.total(n, deal);
    if (this.#nodeCount + total > 2 ** 31)
      throw new SynfireError("bad-parameter", "create: more than 2^31 nodes.", "n");
    const first = this.#nodeCount;
    let nodes: NodeCollection;
    if (isDeviceName(model)) {
      nodes = new NodeCollection(this, [{ first, length: n }]);
      const devices = Array.from({ length: n }, (_, i) => makeDevice(model, first + i));
      const values = devices.map((d, i) =>
        checkedDevice(d, ofDevice(d, parameters, i, n), this.options.resolution),
      );
      devices.forEach((d, i) => {
        Object.assign(d.values, values[i]);
        this.#devices.set(d.id, d);
        this.#recordings.add(d);
      });
    } else {
      const copies = deal === "each" ? this.#placement.size : 1;
      const shares = this.#placement.shares(n, deal);
      this.#createNeurons(model, first, total, forCopies(parameters, n, copies), shares);
      nodes = this.#placement.created(this, first, n, deal);
    }
    // values of nodes that each rank has of its own may differ, and those of devices
    if (this.#ranks) {
      const values = deal === "each" || isDeviceName(model) ? Object.keys(parameters) : parameters;
      this.#calls.note(name, ...(name === "create" ? [] : [deal]), model, n, values);
    }
    this.#nodeCount += total;
    this.#live.invalidate();
    this.timers.create += (performance.now() - begin) / 1000;
    return nodes;
  }

  #createNeurons(
    model: string,
    first: number,
    n: number,
    parameters: Readonly<Record<string, StatusValue>>,
    shares: readonly number[] | undefined,
  ): void {
    const sizes: Record<string, number> = {};
    for (const { name, value } of this.#library.sizes(model)) {
      const given = parameters[name] ?? impliedSize(this.#library.model(model), name, parameters) ?? value;
      if (typeof given !== "number" || !Number.isInteger(given) || given < 1 || given > 1000) {
        throw new SynfireError(
          "bad-parameter",
          `${model}: ${name} must be an integer from 1 to 1000, not ${String(given)}.`,
          name,
        );
      }
      sizes[name] = given;
    }
    const program = this.#library.program(model, this.#real, this.options.resolution, sizes);
    const population: NeuronPopulation = {
      index: this.#populations.length,
      model,
      first,
      size: n,
      program,
      sizes,
      ...(shares ? { shares } : {}),
      parameters: new Map(),
      states: new Map(),
    };
    const change = this.#draws.unlessItFails(() =>
      checkedChange(
        population,
        undefined,
        parameters,
        this.options.seed,
        this.#draws.next,
        (slot) => initialStates(population)[slot]!,
      ),
    );
    for (const v of program.parameters) {
      if (v.value === undefined && !(v.name in sizes) && !change.parameters.has(v.name)) {
        throw new SynfireError(
          "bad-parameter",
          `${model}: ${v.base} has no default for this number of elements; give all of them.`,
          v.base,
        );
      }
    }
    for (const [k, v] of change.parameters) population.parameters.set(k, v);
    for (const [k, v] of change.states) population.states.set(k, v);
    this.#populations.push(population);
  }

  /**
   * Connects nodes.
   * @param rule - a rule's name or `{ rule, ... }`: one_to_one, all_to_all (default), fixed_indegree, fixed_outdegree,
   * fixed_total_number, pairwise_bernoulli, explicit; with allow_autapses, allow_multapses
   * @param synapse - weight, delay, receptor
   * @throws SynfireError naming the key that is wrong; nothing has been connected then
   */
  connect(
    sources: NodeCollection,
    targets: NodeCollection,
    rule: ConnectionSpec = "all_to_all",
    synapse: SynapseSpec = {},
  ): void {
    this.#mayChange();
    const begin = performance.now();
    this.#own(sources, "sources");
    this.#own(targets, "targets");
    if (this.#ranks) this.#calls.note("connect", sources.length, targets.length, rule, synapse);
    checkSynapseSpec(synapse);
    const sourceKind = this.#kindOf(sources, "sources");
    const targetKind = this.#kindOf(targets, "targets");
    if (sourceKind === "multimeter" || sourceKind === "voltmeter") {
      if (targetKind !== "neurons")
        throw new SynfireError(
          "bad-connection",
          `A ${sourceKind} records neurons, not a ${targetKind}.`,
          "targets",
        );
      checkRecorderConnection(rule, synapse, sourceKind);
      const meters = [...sources].map((id) => this.#devices.get(id)!);
      for (const m of meters) checkRecordables(m, targets, this.#populations);
      for (const m of meters) this.#recordings.recordStates(m, targets);
    } else if (targetKind === "spike_recorder") {
      checkSpikeSource(sourceKind, "sources");
      checkRecorderConnection(rule, synapse, targetKind);
      for (const id of targets) this.#recordings.recordSpikes(this.#devices.get(id)!, sources);
    } else if (targetKind !== "neurons") {
      throw new SynfireError(
        "bad-connection",
        `A ${targetKind} takes no input${targetKind.endsWith("meter") ? "; connect it to the neurons that it is to record" : ""}.`,
        "targets",
      );
    } else this.#connectCopies(sources, targets, rule, synapse, sourceKind);
    this.#live.invalidate();
    this.timers.connect += (performance.now() - begin) / 1000;
  }

  /** nodes that each rank has of its own are connected on each rank */
  #connectCopies(
    sources: NodeCollection,
    targets: NodeCollection,
    rule: ConnectionSpec,
    synapse: SynapseSpec,
    sourceKind: string,
  ): void {
    const placement = this.#placement;
    const copies = [placement.hasCopies(sources, "sources"), placement.hasCopies(targets, "targets")];
    if (!copies.includes(true)) {
      this.#connectNeurons(sources, targets, rule, synapse, sourceKind);
      return;
    }
    if (copies.includes(false) && (!copies[1] || this.#values.devicesIn(sources).length === 0))
      throw new SynfireError(
        "bad-nodes",
        `connect: ${copies[0] ? "sources" : "targets"} are nodes that each rank has of its own, ${copies[0] ? "targets" : "sources"} are the same for all ranks; say which are meant with remoteConnect.`,
        copies[0] ? "sources" : "targets",
      );
    for (let rank = 0; rank < placement.size; rank++) {
      const [s, t] = [placement.copy(sources, rank, "sources"), placement.copy(targets, rank, "targets")];
      this.#connectNeurons(s, t, rule, synapse, sourceKind);
    }
  }

  /**
   * Connects nodes of one rank with nodes of another (or of the same). All ranks must make the call. A collection that `create` has
   * returned, of which each rank has its own, stands for that of the rank named.
   * @param group - a host group that both ranks belong to; how spikes travel is chosen without it
   * @throws SynfireError "bad-rank" if nodes are not on the rank named, and what `connect` throws
   */
  remoteConnect(
    sourceRank: number,
    sources: NodeCollection,
    targetRank: number,
    targets: NodeCollection,
    rule: ConnectionSpec = "all_to_all",
    synapse: SynapseSpec = {},
    group = -1,
  ): void {
    this.#mayChange();
    const begin = performance.now();
    const placement = this.#placement;
    placement.checkRank(sourceRank, "sourceRank");
    placement.checkRank(targetRank, "targetRank");
    this.#own(sources, "sources");
    this.#own(targets, "targets");
    const [s, t] = [
      placement.copy(sources, sourceRank, "sources"),
      placement.copy(targets, targetRank, "targets"),
    ];
    placement.checkOn(sourceRank, s, this.#populations, "sources");
    placement.checkOn(targetRank, t, this.#populations, "targets");
    if (group !== -1) placement.checkGroup(group, [sourceRank, targetRank]);
    if (this.#ranks) this.#calls.note("remoteConnect", sourceRank, s, targetRank, t, rule, synapse);
    checkSynapseSpec(synapse);
    if (this.#kindOf(t, "targets") !== "neurons")
      throw new SynfireError(
        "bad-connection",
        "remoteConnect connects to neurons; recorders are on every rank: use connect or record.",
        "targets",
      );
    this.#connectNeurons(s, t, rule, synapse, this.#kindOf(s, "sources"));
    this.#live.invalidate();
    this.timers.connect += (performance.now() - begin) / 1000;
  }

  /**
   * Names a group of ranks, as NEST GPU does. All ranks must make the call.
   * @returns its number
   * @throws SynfireError "bad-rank" for a rank that does not exist or is named twice
   */
  createHostGroup(ranks: readonly number[]): number {
    this.#mayChange();
    const group = this.#placement.createGroup(ranks);
    if (this.#ranks) this.#calls.note("createHostGroup", ranks);
    return group;
  }

  /** This process among those of the run, from 0 on. */
  rank(): number {
    return this.#placement.rank;
  }

  /** Number of ranks of the run. */
  size(): number {
    return this.#placement.size;
  }

  /** How the ranks exchange spikes, and what that has cost so far; undefined with one rank. */
  get exchange(): ExchangeReport | undefined {
    return this.#ranks?.report;
  }

  /**
   * Brings the events that all ranks have recorded with one recorder together, in the order of time, then sender. A collective
   * call.
   * @returns the events on rank `to` (default 0); elsewhere undefined
   */
  async gather(recorder: Recorder, to = 0): Promise<Events | undefined> {
    this.#mayChange();
    this.#placement.checkRank(to, "to");
    return this.#ranks ? gatherEvents(this.#ranks, recorder, to) : recorder.events;
  }

  /** Plain data of all ranks, by rank. A collective call. */
  async gatherValues<T>(own: T): Promise<T[]> {
    if (!this.#ranks) return [own];
    return this.#ranks.gatherText(JSON.stringify(own)).map((text) => JSON.parse(text) as T);
  }

  #connectNeurons(
    sources: NodeCollection,
    targets: NodeCollection,
    rule: ConnectionSpec,
    synapse: SynapseSpec,
    sourceKind: string,
  ): void {
    if (sourceKind === "spike_recorder")
      throw new SynfireError("bad-connection", "A spike_recorder has no output.", "sources");
    const id = this.#projectionCount;
    const plan = planConnection(rule, {
      seed: this.options.seed,
      projection: id,
      endpoints: { sources: fast(sources), targets: fast(targets) },
    });
    const weight = synapseValueOf("weight", synapse.weight, plan, this.options.resolution);
    const delay = synapseValueOf("delay", synapse.delay, plan, this.options.resolution);
    const [low, high] = valueRange(weight);
    const current = sourceKind === "dc_generator" || sourceKind === "step_current_generator";
    const receptors = new Map<number, ReturnType<typeof receptorChoice>>();
    for (const p of this.#populations) {
      if (!targets.segments.some((s) => s.first < p.first + p.size && p.first < s.first + s.length)) continue;
      if (current) {
        if (p.program.continuous.length === 0)
          throw new SynfireError("bad-receptor", `${p.model} has no port for currents.`, "receptor");
        receptors.set(p.index, { positive: 0, negative: 0, mode: "signed" });
      } else receptors.set(p.index, receptorChoice(p.model, p.program, synapse.receptor, low, high));
    }
    const kind = current ? "current" : sourceKind === "poisson_generator" ? "poisson" : "synapses";
    const connection: Connection = { id, sources, targets, plan, weight, delay, receptors, kind };
    this.#projectionCount++;
    this.#connections.push(connection);
    if (current) this.#currents.add(connection);
  }

  /**
   * Records nodes: spikes, or, with `variables`, state variables.
   * @param options - `interval` (ms, default 1), `start`, `stop`, `offset`; a writer to stream to
   * @returns where the events are
   */
  record(
    nodes: NodeCollection,
    options: {
      readonly variables?: readonly string[];
      readonly interval?: number;
      readonly start?: number;
      readonly stop?: number;
      readonly offset?: number;
    } & RecorderOptions = {},
  ): Recorder {
    this.#mayChange();
    const { variables, writer, keep, ...rest } = options;
    this.#own(nodes, "nodes");
    this.#checkRecordable(nodes, variables);
    const device =
      variables === undefined
        ? this.create("spike_recorder", 1, rest)
        : this.create("multimeter", 1, { ...rest, record_from: variables });
    if (variables === undefined) this.connect(nodes, device);
    else this.connect(device, nodes);
    const recorder = this.#recordings.recorder(device.id(0));
    if (writer) recorder.streamTo(writer, keep === undefined ? {} : { keep });
    return recorder;
  }

  /** so that no device is made for what cannot be recorded */
  #checkRecordable(nodes: NodeCollection, variables: readonly string[] | undefined): void {
    const kind = this.#kindOf(nodes, "nodes");
    if (variables === undefined) {
      checkSpikeSource(kind, "nodes");
      return;
    }
    if (kind !== "neurons")
      throw new SynfireError("bad-connection", `A multimeter records neurons, not a ${kind}.`, "nodes");
    const meter = makeDevice("multimeter", -1);
    checkRecordables(
      { ...meter, values: { ...meter.values, record_from: variables } },
      nodes,
      this.#populations,
    );
  }

  /** The recorder of a recording device. */
  recorder(device: NodeCollection): Recorder {
    this.#own(device, "device");
    return this.#recordings.recorder(device.id(0));
  }

  /** Events of a recording device. */
  events(device: NodeCollection): Events {
    return this.recorder(device).events;
  }

  #own(nodes: NodeCollection, key: string): void {
    if (!(nodes instanceof NodeCollection))
      throw new SynfireError("bad-nodes", `${key} must be a node collection, as create() returns it.`, key);
    if (nodes.owner !== this) throw new SynfireError("bad-nodes", `${key} belong to another simulator.`, key);
    if (nodes.epoch !== this.epoch) {
      throw new SynfireError("bad-nodes", `${key} no longer exist; reset() has removed them.`, key);
    }
  }

  /** "neurons" or the kind of the devices; a mixture is an error */
  #kindOf(nodes: NodeCollection, key: string): string {
    const kinds = new Set<string>();
    for (const s of nodes.segments) {
      for (const p of this.#populations)
        if (s.first < p.first + p.size && p.first < s.first + s.length) kinds.add("neurons");
      for (const [id, d] of this.#devices) if (id >= s.first && id < s.first + s.length) kinds.add(d.kind);
    }
    if (kinds.size > 1)
      throw new SynfireError(
        "bad-connection",
        `${key} mixes ${[...kinds].join(" and ")}; connect them one by one.`,
        key,
      );
    return [...kinds][0] ?? "neurons";
  }

  #mayChange(): void {
    if (this.#running)
      throw new SynfireError(
        "running",
        "The network cannot be changed while a run goes on; await simulate() first.",
      );
  }

  getStatus(nodes: NodeCollection): Record<string, Status>;
  getStatus(nodes: NodeCollection, name: string): Status;
  /** Parameters and state variables of nodes. @throws SynfireError "bad-parameter" for an unknown name */
  getStatus(nodes: NodeCollection, name?: string): Status | Record<string, Status> {
    this.#own(nodes, "nodes");
    return this.#values.get(nodes, name);
  }

  /**
   * Sets parameters and state variables of nodes, also between runs.
   * @throws SynfireError "bad-parameter"; nothing has been changed then
   */
  setStatus(nodes: NodeCollection, values: Readonly<Record<string, StatusValue>>): void {
    this.#mayChange();
    this.#own(nodes, "nodes");
    this.#values.set(nodes, values, this.time);
  }

  #description(): Description {
    return {
      seed: this.options.seed,
      resolution: this.options.resolution,
      precision: this.options.precision,
      nodeCount: this.#nodeCount,
      populations: this.#populations,
      devices: this.#devices,
      connections: this.#connections,
    };
  }

  /** What engines are given, for tests of engines. @internal */
  loweredNetwork(): Network {
    return lower(this.#description()).network;
  }

  /** Builds the network now instead of at the next `simulate`: draws all synapses. */
  async prepare(): Promise<void> {
    await this.#alone(() => this.#prepare());
  }

  /** while a task goes on, the network must not change, nor another task begin */
  async #alone<T>(task: () => Promise<T>): Promise<T> {
    this.#mayChange();
    this.#running = true;
    try {
      return await task();
    } finally {
      this.#running = false;
    }
  }

  /** @param saved - the state to continue from; default: that of the network as it was built before */
  async #prepare(saved?: EngineState): Promise<void> {
    const [ranks, live] = [this.#ranks, this.#live];
    // what one rank must build anew, all do
    if (ranks && live.exists && ranks.min(live.isCurrent ? 1 : 0) === 0) live.invalidate();
    if (live.isCurrent && !saved) return;
    if (this.#populations.length === 0)
      throw new SynfireError("empty-network", "There are no neurons to simulate; create some first.");
    const begin = performance.now();
    await live.rebuild(saved, async () => {
      if (ranks) {
        this.#calls.compare(ranks);
        ranks.mode = this.options.exchange;
      }
      const lowered = lower(this.#description());
      const samples = this.#recordings.requests(this.#populations, (p) => this.#placement.own(p));
      return { lowered, engine: await startEngine(lowered.network, samples, this.options, ranks) };
    });
    this.#currents.invalidate();
    this.timers.calibrate += (performance.now() - begin) / 1000;
  }

  /**
   * Advances the network.
   * @param duration - ms, a multiple of the resolution
   * @returns when done, or when `stop` was called; what was recorded is in the recorders either way
   * @throws SynfireError "bad-duration", "numerical-instability", "too-many-spikes", "out-of-memory"
   */
  async simulate(duration: number): Promise<void> {
    this.#mayChange();
    const h = this.options.resolution;
    const steps = Math.round(duration / h);
    if (
      !(duration >= 0) ||
      !Number.isFinite(duration) ||
      Math.abs(steps * h - duration) > 1e-6 * h * Math.max(1, steps * 1e-6)
    ) {
      throw new SynfireError(
        "bad-duration",
        `simulate: the duration must be a multiple of the resolution (${h} ms), not ${duration} ms.`,
        "duration",
      );
    }
    this.#clock.stopRequested = false;
    await this.#alone(async () => {
      await this.#prepare();
      const begin = performance.now();
      try {
        await runTo(this.#clock.steps + steps, begin, {
          clock: this.#clock,
          engine: this.#live.built.engine,
          aliases: this.#live.built.lowered.aliases,
          description: this.#description(),
          recordings: this.#recordings,
          currents: this.#currents,
          ranks: this.#ranks,
          onProgress: (progress) => this.onProgress?.(progress),
        });
      } finally {
        this.timers.simulate += (performance.now() - begin) / 1000;
      }
    });
  }

  /** Ends a run at the next chunk, within a fraction of a second; `simulate` then returns. */
  stop(): void {
    this.#clock.stopRequested = true;
  }

  /**
   * Connections as typed arrays, in the order of connect() calls, then source, then target.
   * @param filter - sources, targets
   */
  async getConnections(filter: ConnectionFilter = {}): Promise<Connections> {
    if (filter.sources) this.#own(filter.sources, "sources");
    if (filter.targets) this.#own(filter.targets, "targets");
    await this.prepare();
    const { engine, lowered } = this.#live.built;
    return collectConnections(engine, lowered, this.#connections, filter, this.options.resolution);
  }

  /** What the network takes in memory, and why synapses are stored as they are. */
  async memory(): Promise<MemoryReport> {
    await this.prepare();
    return this.#live.built.engine.memory();
  }

  /** Steps between two exchanges of spikes: the shortest delay. */
  async minDelay(): Promise<number> {
    await this.prepare();
    return this.#live.built.engine.minDelay * this.options.resolution;
  }

  /** The state of the network, from which `restore` continues bit for bit, with any number of threads. */
  async save(): Promise<Snapshot> {
    await this.prepare();
    const { engine, lowered } = this.#live.built;
    return {
      format: "synfire-snapshot",
      version: 1,
      resolution: this.options.resolution,
      precision: this.options.precision,
      seed: this.options.seed,
      populations: this.#populations.map((p) => ({
        model: p.model,
        first: p.first,
        size: p.size,
        parameters: [...p.parameters],
      })),
      devices: [...this.#devices.values()].map((d) => ({
        kind: d.kind,
        id: d.id,
        values: structuredClone(d.values),
      })),
      connections: this.#connections.map((c) => c.plan.total),
      state: structuredClone(gatherState(this.#ranks, lowered.network, engine.exportState())),
    };
  }

  /**
   * Takes up a saved state. The network must have been built by the same calls.
   * @throws SynfireError "bad-snapshot" if it was saved from another network
   */
  async restore(snapshot: Snapshot): Promise<void> {
    this.#mayChange();
    checkSnapshot(
      snapshot,
      this.options,
      this.#populations,
      this.#devices,
      this.#connections.map((c) => c.plan.total),
    );
    snapshot.populations.forEach((saved, k) => {
      const p = this.#populations[k]!;
      p.parameters.clear();
      for (const [name, value] of saved.parameters) p.parameters.set(name, value);
    });
    for (const saved of snapshot.devices) Object.assign(this.#devices.get(saved.id)!.values, saved.values);
    this.#live.invalidate();
    await this.#alone(() => this.#prepare(snapshot.state));
    this.#clock.steps = snapshot.state.step;
  }

  /** Back to an empty simulator with the same options; models that were defined stay. */
  reset(): void {
    this.#mayChange();
    this.#calls.clear();
    this.#placement.clear();
    this.#live.dispose();
    this.#populations = [];
    this.#devices = new Map();
    this.#connections = [];
    this.#recordings = new Recordings(this.options.resolution);
    this.#currents = new Currents(this.options.resolution, this.options.seed);
    this.#draws = new Draws();
    this.#values = this.#nodeStatus();
    [this.#nodeCount, this.#projectionCount] = [0, 0];
    Object.assign(this.#clock, { steps: 0, spikes: 0 });
    Object.assign(this.timers, { create: 0, connect: 0, calibrate: 0, simulate: 0 });
    this.epoch++;
  }

  /** Gives threads and memory back. A forgotten simulator gives them back, too, but later. */
  dispose(): void {
    this.reset();
  }
}

/** @throws SynfireError "bad-connection" for what sends no spikes that can be recorded */
function checkSpikeSource(kind: string, key: string): void {
  if (kind === "neurons" || kind === "spike_generator") return;
  const why =
    kind === "poisson_generator"
      ? "its spikes differ for every target. Put a parrot_neuron in between"
      : "it sends no spikes";
  throw new SynfireError("bad-connection", `A ${kind} cannot be recorded: ${why}.`, key);
}

/** a contiguous collection answers faster as a range */
function fast(nodes: NodeCollection): NodeIds {
  const [only, ...rest] = nodes.segments;
  if (!only || rest.length > 0) return nodes;
  const { first, length } = only;
  return {
    length,
    id: (position) => first + position,
    position: (id) => (id >= first && id < first + length ? id - first : -1),
  };
}
