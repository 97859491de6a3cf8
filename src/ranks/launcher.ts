/** Was this process started by a launcher of MPI programs? Told from its environment, so that nothing is loaded to know. */

export interface Launched {
  readonly rank: number;
  readonly size: number;
  readonly by: "Open MPI" | "PMI" | "PMIx";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns undefined for a process that stands alone */
export function launched(
  env: Environment = typeof process === "undefined" ? {} : process.env,
): Launched | undefined {
  const number = (name: string) => {
    const text = env[name];
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const pairs = [
    ["Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
    ["PMI", "PMI_RANK", "PMI_SIZE"],
    ["PMIx", "PMIX_RANK", "SLURM_NTASKS"],
  ] as const;
  for (const [by, rankName, sizeName] of pairs) {
    const [rank, size] = [number(rankName), number(sizeName)];
    if (rank !== undefined && size !== undefined) return { rank, size, by };
  }
  return undefined;
}
