/**
 * What SYNFIRE_DEBUG asks the CUDA engine for, as words between commas. "profile" prints where the time of a step goes. The others
 * lead tests to where small networks do not come: "inbox" keeps lists of events wherever rings do not fit into shared memory,
 * "crowded" leaves these lists no room.
 */
export const debugs = (what: "profile" | "inbox" | "crowded"): boolean =>
  (process.env.SYNFIRE_DEBUG ?? "").split(",").includes(what);
