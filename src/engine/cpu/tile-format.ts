/**
 * Where things lie in a thread's memory. A tile is a range of neurons of one population with everything that only they need;
 * its descriptor is a row of 32-bit words that the kernels read.
 */

/** Words of a tile's descriptor, then one address per ring, then one per array. */
export const Tile = {
  size: 0,
  /** padded to whole groups of lanes */
  padded: 1,
  firstId: 2,
  /** position of the update function in the table */
  update: 3,
  driveCount: 4,
  drives: 5,
  /** address of u32 offsets by source group into `blocks`: begin, end */
  groups: 6,
  sampleCount: 7,
  samples: 8,
  /** address of uniform values, 8 bytes each */
  uniforms: 9,
  /** rows of a ring - 1 */
  rowMask: 10,
  /** log2 of the entries of a row */
  rowBits: 11,
  /** rows and targets in the lower bits of a packed synapse: 2^(rows + targets) - 1 */
  ringMask: 12,
  maxEmission: 13,
  key0: 14,
  key1: 15,
  /** the most rounds of an integrator; neurons that need more are collected and advanced together */
  limit: 16,
  /** descriptor of the collecting tile, or 0 */
  collector: 17,
  /** number of neurons collected in this step, and the address of their positions */
  lateCount: 18,
  late: 19,
  /** a collecting tile: address of the ids of its neurons; 0: ids ascend from firstId */
  ids: 20,
  /** number of rings, and of arrays after them; address of the bytes of an element of each */
  ringCount: 21,
  arrayCount: 22,
  elementBytes: 23,
  /** lanes of the update function - 1 */
  laneMask: 24,
  rings: 25,
} as const;

/** Words of a block of synapses: all of one projection whose targets lie in one tile, for one receptor. */
export const Block = {
  /** see BlockKind */
  kind: 0,
  /** address of u32 positions by source id: pointer[id - firstSource], one more than sources */
  pointers: 1,
  firstSource: 2,
  sourceCount: 3,
  /** address of the synapses */
  data: 4,
  ring: 5,
  /** constant layout: delay in steps */
  delay: 6,
  /** i32 rings: weight of all synapses in ring units; packed layout: what a stored weight is multiplied with */
  weight: 7,
  /** the same for f64 rings (8 bytes) */
  weight64: 8,
  /** arrival: number of delays, from `delay` on */
  delayCount: 10,
  words: 12,
} as const;

export const BlockKind = {
  /** u16 targets */
  constant32: 0,
  constant64: 1,
  /** u32: weight (16) | delay and target (16) */
  packed32: 2,
  packed64: 3,
  /** 8 bytes: u32 delay and target, i32 weight */
  wide32: 4,
  /** 12 bytes: u32 delay and target, f64 weight */
  wide64: 5,
} as const;

export const BYTES_PER_SYNAPSE = [2, 2, 4, 4, 8, 12] as const;

/** Words of a drive: Poisson input to a tile. */
export const DriveWord = {
  /** 0: to every neuron of the tile, one weight, one delay; 1: a list */
  kind: 0,
  delay: 1,
  start: 2,
  stop: 3,
  ring: 4,
  /** 1 if the ring is f64 */
  wide: 5,
  key0: 6,
  key1: 7,
  /** Poisson thresholds: address of u16 x 8 splats of their upper 16 bits, how many, address of the f64 values, how many, first */
  splats: 8,
  splatCount: 9,
  thresholds: 10,
  thresholdCount: 11,
  first: 12,
  /** dense: buffer of counts for 8 steps, the group of steps it holds, weight in ring units */
  buffer: 13,
  bufferGroup: 14,
  weight: 15,
  weight64: 16,
  /** list: address of entries and how many */
  entries: 18,
  entryCount: 19,
  /** counts below this are certain: the first count that a 16-bit draw can give */
  base: 20,
  words: 22,
} as const;

/** Bytes of an entry of a list drive: target u32, ordinal u32, delay u32, unused, weight f64 in ring units. */
export const DRIVE_ENTRY = 24;

/** Words of a group of samples. */
export const SampleWord = {
  interval: 0,
  offset: 1,
  start: 2,
  stop: 3,
  /** addresses of the sampled values; the lowest bits say the type */
  items: 4,
  itemCount: 5,
  /** where the next row goes, and the end of the buffer */
  cursor: 6,
  end: 7,
  words: 8,
} as const;

export const SampleType = { f32: 0, f64: 1, i32: 2 } as const;

/** Bytes of a published spike: id, step, multiplicity. */
export const SPIKE_BYTES = 12;

/** Fixed addresses at the start of a thread's memory. */
export const Fixed = {
  /** failure: code, id, step */
  error: 64,
  /** arrival: list of domains */
  domainCount: 80,
  domains: 84,
  /** arrival: remembered spikes: how many so far, entries, their number - 1, heads of the lists by step (entry, number), their number - 1 */
  remembered: 88,
  entries: 92,
  entryMask: 96,
  heads: 100,
  headMask: 104,
  groupOf: 108,
  /** arrival: the longest delay */
  longest: 112,
  /** first free address */
  end: 256,
} as const;

export const ErrorCode = { none: 0, integration: 1, emission: 2, remembered: 3 } as const;

/** Bytes of a remembered spike: id, multiplicity, address of the next of the same step. */
export const REMEMBERED = 12;

/** Words of a domain: the tiles of a thread whose sums form one row, for delivery at arrival. */
export const Domain = {
  groups: 0,
  minDelay: 1,
  maxDelay: 2,
  /** sums of all receptors, and their bytes */
  row: 3,
  rowBytes: 4,
  /** rows that were pending when a state was taken up: steps pendingFrom < step <= pendingUntil */
  pending: 5,
  pendingFrom: 6,
  pendingUntil: 7,
  words: 8,
} as const;
