/**
 * What SYNFIRE_DEBUG asks the CUDA engine for, as words between commas. "profile" prints where the time of a step goes. The others
 * lead tests to where small networks do not come: "inbox" keeps lists of events wherever rings do not fit into shared memory,
 * "crowded" leaves these lists no room, "full" has records hold a few steps only, "trays" gives all tables the smallest trays,
 * "grouped" has two lanes walk the slices of every source, as in large networks, "together" keeps neurons in their upstroke among the others, and "relay" has messages between processes passed on by the host, as if their GPUs could not reach each other.
 */
export const debugs = (
  what: "profile" | "inbox" | "crowded" | "full" | "relay" | "trays" | "grouped" | "together",
): boolean => (process.env.SYNFIRE_DEBUG ?? "").split(",").includes(what);
