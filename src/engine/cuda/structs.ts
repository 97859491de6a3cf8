/** What the kernels are told: see kernels/*.cu for what the fields mean there. */

import { COMMON_WORDS } from "./common-values.js";
import { struct } from "./struct.js";

/** How a synapse is stored. The place is its delay and its target. */
export const Format = { place16: 0, place32: 1, packed: 2, wide32: 3, wide64: 4 } as const;
export const FORMAT_BYTES: readonly number[] = [2, 4, 4, 8, 16];
export const Rule = { drawn: 0, distinct: 1, all: 2, one: 3, bernoulli: 4, outdegree: 5, list: 6 } as const;
/** In a tray: no synapse, or, in its last place, that there are more elsewhere. No place of a synapse is as large. */
export const TRAY_MARKS = 2;
/** "no such place" */
export const NOWHERE = 0xffffffff;
/** a cell without a neuron */
export const NOBODY = 0xffff;

export const BuildJob = struct("BuildJob", {
  /** how many lie one behind the other for a launch */
  jobs: "u32",
  rule: "u32",
  key0: "u32",
  key1: "u32",
  ruleKey0: "u32",
  ruleKey1: "u32",
  targets: "u32",
  sources: "u32",
  indegree: "u32",
  multapses: "u32",
  firstTargetId: "u32",
  firstTargetRank: "u32",
  firstSourceRank: "u32",
  places: "u32",
  origin: "u32",
  allBlocks: "u32",
  firstBlock: "u32",
  blocks: "u32",
  splits: "u32",
  sign: "i32",
  drawsWeight: "u32",
  drawsDelay: "u32",
  storesWeight: "u32",
  weightKind: "u32",
  delayKind: "u32",
  firstDelay: "i32",
  localBits: "u32",
  format: "u32",
  /** the rows of the table, and its trays */
  rowBytes: "u32",
  narrow: "u32",
  trayBytes: "u32",
  slots: "u32",
  workers: "u32",
  entries: "u32",
  levels: "u32",
  level: "u32",
  partFirst: "u32",
  partSources: "u32",
  firstPosition: "u64",
  logMiss: "f64",
  weight: ["f64", 6],
  delay: ["f64", 6],
  factor: "f64",
  magnitude: "f64",
  perUnit: "f64",
  post: "f64",
  resolution: "f64",
  degrees: "uint32_t*",
  starts: "const uint64_t*",
  selves: "const uint32_t*",
  targetIds: "const uint32_t*",
  targetRanks: "const uint32_t*",
  sourceRanks: "const uint32_t*",
  targetOfSource: "const uint32_t*",
  weightList: "const double*",
  delayList: "const double*",
  counts: "uint32_t*",
  table: "const unsigned char*",
  trays: "unsigned char*",
  data: "void*",
  scratch: "uint32_t*",
  listSources: "const uint32_t*",
  listTargets: "const uint32_t*",
  listOrdinals: "const uint32_t*",
  listIndices: "const uint32_t*",
  shares: "const uint32_t*",
  before: "uint32_t*",
  even: "uint32_t*",
  odd: "uint32_t*",
  running: "uint32_t*",
});

/** fixed_total_number: the in-degrees of one projection */
export const SplitJob = struct("SplitJob", {
  key0: "u32",
  key1: "u32",
  targets: "u32",
  multapses: "u32",
  sources: "f64",
  selves: "const uint32_t*",
  even: "double*",
  odd: "double*",
  degrees: "uint32_t*",
  most: "uint32_t*",
});

export const SplitLevel = struct("SplitLevel", { jobs: "const SplitJob*", jobCount: "u32", level: "u32" });

export const Summary = struct("Summary", {
  counts: "const uint32_t*",
  length: "u64",
  most: "uint32_t*",
  sum: "uint64_t*",
});

export const RowJob = struct("RowJob", {
  counts: "uint32_t*",
  /** by row: synapses, and those that are not in trays */
  all: "uint32_t*",
  totals: "uint32_t*",
  bases: "uint64_t*",
  table: "unsigned char*",
  most: "uint32_t*",
  sum: "uint64_t*",
  /** synapses, rows with any, slices that are too long for trays of each size */
  measured: "uint64_t*",
  trays: "unsigned char*",
  rows: "u32",
  blocks: "u32",
  rowBytes: "u32",
  narrow: "u32",
  /** bytes of a place in a tray, and of the tray; 0: there are none */
  entryBytes: "u32",
  trayBytes: "u32",
});

/** A table of synapses, by source and block. */
export const Table = struct("Table", {
  rows: "const unsigned char*",
  data: "const void*",
  trays: "const unsigned char*",
  weight: "i64",
  /** the row of a source is block * places + place - origin */
  places: "u32",
  origin: "u32",
  rowBytes: "u32",
  narrow: "u32",
  /** 0: the table has no trays */
  trayBytes: "u32",
  format: "u32",
  firstDelay: "u32",
  receptor: "u32",
  ringOffset: "u32",
  ringRows: "u32",
  ringShared: "u32",
  ringWide: "u32",
  /** of the table, in events of the inbox; NOWHERE: its synapses are added to the ring */
  tag: "u32",
});

export const Drive = struct("Drive", {
  start: "u32",
  stop: "u32",
  delay: "u32",
  receptor: "u32",
  key0: "u32",
  key1: "u32",
  first: "u32",
  count: "u32",
  weight: "i64",
  guide: "const uint2*",
  thresholds: "const uint64_t*",
  entryStarts: "const uint32_t*",
  entries: "const DriveEntry*",
  /** it is read in pieces of 16 bytes */
  unused: "u64",
});

export const DriveEntry = struct("DriveEntry", { ordinal: "u32", delay: "u32", weight: "i64" });

export const PopulationInfo = struct("PopulationInfo", {
  variant: "u32",
  firstReal: "u32",
  firstInt: "u32",
  key0: "u32",
  key1: "u32",
  maxEmission: "i32",
  firstDrive: "u32",
  driveCount: "u32",
});

/** Samples of one request in one run: steps first, first + interval, ..., last. */
export const SampleInfo = struct("SampleInfo", {
  first: "u32",
  last: "u32",
  interval: "u32",
  columns: "u32",
  values: "double*",
});

export const SampleItem = struct("SampleItem", {
  request: "u32",
  slot: "u32",
  integer: "u32",
  column: "u32",
});

/** Places for messages that a kernel is told of. */
export const MOST_TARGETS = 16;

export const RunParams = struct("RunParams", {
  /** address of a copy in device memory */
  self: "u64",
  /** constants that the populations of a model share: see common-values.ts */
  common: ["u32", COMMON_WORDS],
  firstStep: "u32",
  steps: "u32",
  firstBlock: "u32",
  record: "u32",
  recordCapacity: "u32",
  ownMail: "uint64_t*",
  mail: ["uint64_t*", MOST_TARGETS],
  relayed: "const uint64_t*",
  /** not 0 where nobody shall wait any longer for a process that has ended */
  givenUp: "const uint64_t*",
  tables: "const Table*",
  groupStarts: "const uint32_t*",
  groupTables: "const uint32_t*",
  groupList: "const uint32_t*",
  rings: "unsigned char*",
  inbox: "uint32_t*",
  populations: "const uint16_t*",
  ids: "const uint32_t*",
  populationInfo: "const PopulationInfo*",
  reals: "real*",
  ints: "int*",
  realUniforms: "const real*",
  intUniforms: "const int*",
  scales: "const double*",
  drives: "const Drive*",
  itemStarts: "const uint32_t*",
  items: "const SampleItem*",
  samples: "const SampleInfo*",
  externalStarts: "const uint32_t*",
  external: "const uint2*",
  ownSynapses: "const uint64_t*",
  ownRows: "const uint64_t*",
  records: "uint2*",
  recordCounts: "uint32_t*",
  failure: "uint64_t*",
  emitted: "uint64_t*",
  doneSteps: "uint32_t*",
});

/** Steps with more spikes than this are sorted by the host: see kernels/records.cu. */
export const MOST_RANKED = 8192;

export const RecordJob = struct("RecordJob", {
  counts: "const uint32_t*",
  records: "const uint2*",
  ids: "const uint32_t*",
  starts: "uint32_t*",
  cursors: "uint32_t*",
  placed: "uint32_t*",
  out: "uint32_t*",
  total: "u64",
  capacity: "u32",
  firstStep: "u32",
  steps: "u32",
});
