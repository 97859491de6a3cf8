/**
 * What SYNFIRE_DEBUG asks the CUDA engine for, as words between commas: "profile" prints where the time of a step goes; "crowded"
 * leaves lists of events no room in global memory, so that tests come where networks hardly do.
 */
export const debugs = (what: "profile" | "crowded"): boolean =>
  (process.env.SYNFIRE_DEBUG ?? "").split(",").includes(what);
