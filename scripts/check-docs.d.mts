/** The folder of the repository. */
export const ROOT: string;
/** README, CHANGELOG and docs/*.md, as paths from the root. */
export function pages(): string[];
/** Relative links that lead nowhere: "page: link". */
export function brokenLinks(): string[];
/** The TypeScript snippets that begin with an import. */
export function snippets(): { readonly name: string; readonly code: string }[];
/** What is wrong with the rows of docs/nest.md. */
export function wrongNames(): Promise<string[]>;
/** Pages where a figure is still to be filled in. */
export function openFigures(): string[];
