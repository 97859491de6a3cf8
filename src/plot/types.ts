/**
 * What every plot takes and gives: spikes, populations, and the plain data that all figures have in common.
 */

/** Spikes as two columns of the same length. */
export interface Spikes {
  /** global ids of the neurons that fired */
  readonly senders: ArrayLike<number>;
  /** spike times in ms */
  readonly times: ArrayLike<number>;
}

/** Neurons that are drawn together. */
export interface Population {
  readonly name: string;
  /** global ids, each in one population only */
  readonly ids: ArrayLike<number>;
  /** `#rrggbb`; default: the theme's colour for this name (E, I, L23E, ...) or position */
  readonly color?: string;
}

/** A small table: what a figure shows, in numbers, for readers who cannot see it. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** One entry of a legend. */
export interface LegendEntry {
  readonly name: string;
  /** `#rrggbb` */
  readonly color: string;
  /** drawn as a dashed line instead of a filled square */
  readonly dashed?: boolean;
}

/** What can be asked of every figure. */
export interface FigureOptions {
  /** short heading; default: none */
  readonly title?: string;
  /** sentence below the figure; what the plot itself has to confess (a subsample, say) is added to it */
  readonly caption?: string;
  /** width of the whole figure in pixels (at scale 1); default: the kind's own */
  readonly width?: number;
  /** height of the whole figure, title and caption included, in pixels; default: the kind's own */
  readonly height?: number;
}

/** What all figures have in common: plain data, without functions, that `renderSvg` can draw at any size. */
export interface FigureBase<Kind extends string> {
  readonly kind: Kind;
  readonly title: string;
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  readonly legend: readonly LegendEntry[];
  /** the numbers behind the figure, summarised */
  readonly tables: readonly Table[];
}
