/** Devices: nodes that stimulate or record and have no equations. Their parameters are NEST's. */

import { SynfireError, unknownName } from "../errors.js";
import { finite, isArrayLike, type Status, type StatusValue } from "./status.js";

export type DeviceKind =
  | "poisson_generator"
  | "spike_generator"
  | "dc_generator"
  | "step_current_generator"
  | "spike_recorder"
  | "multimeter"
  | "voltmeter";

type Default = number | readonly number[] | readonly string[];

const WINDOW = { origin: 0, start: 0, stop: Number.POSITIVE_INFINITY } as const;

/** Parameters and defaults: rates in Hz, times in ms, amplitudes in pA. */
const DEFAULTS: Readonly<Record<DeviceKind, Readonly<Record<string, Default>>>> = {
  poisson_generator: { rate: 0, ...WINDOW },
  spike_generator: { spike_times: [], spike_multiplicities: [], spike_weights: [], ...WINDOW },
  dc_generator: { amplitude: 0, ...WINDOW },
  step_current_generator: { amplitude_times: [], amplitude_values: [], ...WINDOW },
  spike_recorder: { ...WINDOW },
  multimeter: { record_from: [] as readonly string[], interval: 1, offset: 0, ...WINDOW },
  voltmeter: { record_from: ["V_m"], interval: 1, offset: 0, ...WINDOW },
};

export const deviceNames: readonly string[] = Object.keys(DEFAULTS);

export const isDeviceName = (name: string): name is DeviceKind => Object.hasOwn(DEFAULTS, name);

/** One device. */
export interface Device {
  readonly kind: DeviceKind;
  readonly id: number;
  readonly values: Record<string, Default>;
}

export function makeDevice(kind: DeviceKind, id: number): Device {
  return { kind, id, values: { ...DEFAULTS[kind] } };
}

const LISTS = new Set([
  "spike_times",
  "spike_multiplicities",
  "spike_weights",
  "amplitude_times",
  "amplitude_values",
]);

/** A time as steps. @throws SynfireError "bad-parameter" if it is not a multiple of the resolution */
export function gridSteps(time: number, resolution: number, key: string, model: string): number {
  if (time === Number.POSITIVE_INFINITY) return time;
  const steps = Math.round(time / resolution);
  if (Math.abs(steps * resolution - time) > 1e-6 * Math.max(resolution, Math.abs(time) * 1e-6)) {
    throw new SynfireError(
      "bad-parameter",
      `${model}: ${key} ${time} ms is not a multiple of the resolution (${resolution} ms).`,
      key,
    );
  }
  return steps;
}

function list(value: unknown, key: string, model: string): number[] {
  if (!isArrayLike(value))
    throw new SynfireError("bad-parameter", `${model}: ${key} is a list of numbers.`, key);
  return Array.from(value, (v) => finite(v, key, model));
}

/** Checks values for one device and returns what it then holds; changes nothing. */
export function checkedDevice(
  device: Device,
  values: Readonly<Record<string, StatusValue>>,
  resolution: number,
): Record<string, Default> {
  const model = device.kind;
  const next: Record<string, Default> = { ...device.values };
  for (const [key, value] of Object.entries(values)) {
    if (!Object.hasOwn(DEFAULTS[model], key))
      throw unknownName("bad-parameter", `parameter of ${model}`, key, Object.keys(DEFAULTS[model]));
    if (key === "record_from") {
      const names = typeof value === "string" ? [value] : value;
      if (!Array.isArray(names) || names.some((n) => typeof n !== "string"))
        throw new SynfireError(
          "bad-parameter",
          `${model}: record_from is a list of names of variables.`,
          key,
        );
      next[key] = names as string[];
    } else if (LISTS.has(key)) next[key] = list(value, key, model);
    else next[key] = finite(value, key, model, key === "stop");
  }
  const number = (key: string) => next[key] as number;
  const numbers = (key: string) => next[key] as readonly number[];
  for (const key of ["origin", "start", "stop"]) gridSteps(number(key), resolution, key, model);
  if (number("start") < 0 || number("stop") < number("start")) {
    throw new SynfireError(
      "bad-parameter",
      `${model}: 0 <= start <= stop must hold; start is ${number("start")}, stop is ${number("stop")}.`,
      "stop",
    );
  }
  const sameLength = (key: string, of: string, optional: boolean) => {
    if (optional && numbers(key).length === 0) return;
    if (numbers(key).length !== numbers(of).length) {
      throw new SynfireError(
        "bad-parameter",
        `${model}: ${key} has ${numbers(key).length} values for ${numbers(of).length} ${of}.`,
        key,
      );
    }
  };
  const ascending = (key: string, strictly: boolean) => {
    const times = numbers(key);
    times.forEach((t, i) => {
      gridSteps(t, resolution, key, model);
      if (t <= 0)
        throw new SynfireError("bad-parameter", `${model}: ${key} must be later than 0 ms, not ${t}.`, key);
      if (i > 0 && (strictly ? t <= times[i - 1]! : t < times[i - 1]!))
        throw new SynfireError(
          "bad-parameter",
          `${model}: ${key} must ascend; ${t} follows ${times[i - 1]}.`,
          key,
        );
    });
  };
  switch (model) {
    case "poisson_generator":
      if (number("rate") < 0)
        throw new SynfireError("bad-parameter", `${model}: rate must not be negative.`, "rate");
      break;
    case "spike_generator":
      ascending("spike_times", false);
      sameLength("spike_multiplicities", "spike_times", true);
      sameLength("spike_weights", "spike_times", true);
      for (const m of numbers("spike_multiplicities")) {
        if (!Number.isInteger(m) || m < 0 || m > 65535)
          throw new SynfireError(
            "bad-parameter",
            `${model}: spike_multiplicities are integers from 0 to 65535, not ${m}.`,
            "spike_multiplicities",
          );
      }
      break;
    case "step_current_generator":
      ascending("amplitude_times", true);
      sameLength("amplitude_values", "amplitude_times", false);
      break;
    case "multimeter":
    case "voltmeter":
      if (gridSteps(number("interval"), resolution, "interval", model) < 1)
        throw new SynfireError(
          "bad-parameter",
          `${model}: interval must be at least the resolution.`,
          "interval",
        );
      if (number("offset") < 0)
        throw new SynfireError("bad-parameter", `${model}: offset must not be negative.`, "offset");
      gridSteps(number("offset"), resolution, "offset", model);
      break;
    default:
  }
  return next;
}

/** @throws SynfireError "bad-parameter" for spike times that have passed already */
export function checkFuture(
  checked: readonly Record<string, Default>[],
  given: Readonly<Record<string, StatusValue>>,
  now: number,
): void {
  if (!("spike_times" in given) || now === 0) return;
  for (const values of checked) {
    const late = (values.spike_times as readonly number[]).find((t) => t + (values.origin as number) <= now);
    if (late !== undefined)
      throw new SynfireError(
        "bad-parameter",
        `spike_generator: spike_times ${late} ms is not later than now (${now} ms).`,
        "spike_times",
      );
  }
}

/** The active window of a device in steps: stamps s with start < s <= stop. */
export function windowOf(
  device: Device,
  resolution: number,
): { readonly start: number; readonly stop: number } {
  const steps = (key: string) => gridSteps(device.values[key] as number, resolution, key, device.kind);
  return {
    start: steps("origin") + steps("start"),
    stop: Math.min(2 ** 32 - 2, steps("origin") + steps("stop")),
  };
}

/** Amplitude in pA of a current generator in the step with the stamp s. */
export function amplitudeAt(device: Device, step: number, resolution: number): number {
  const { start, stop } = windowOf(device, resolution);
  if (step <= start || step > stop) return 0;
  if (device.kind === "dc_generator") return device.values.amplitude as number;
  const times = device.values.amplitude_times as readonly number[];
  const origin = gridSteps(device.values.origin as number, resolution, "origin", device.kind);
  let amplitude = 0;
  times.forEach((t, i) => {
    if (step > origin + Math.round(t / resolution))
      amplitude = (device.values.amplitude_values as readonly number[])[i]!;
  });
  return amplitude;
}

/** Stamps after which the amplitude changes. */
export function amplitudeChanges(device: Device, resolution: number): number[] {
  const { start, stop } = windowOf(device, resolution);
  const origin = gridSteps(device.values.origin as number, resolution, "origin", device.kind);
  const times =
    device.kind === "dc_generator"
      ? []
      : (device.values.amplitude_times as readonly number[]).map((t) => origin + Math.round(t / resolution));
  return [start, stop, ...times.filter((t) => t > start && t < stop)];
}

export function deviceStatus(device: Device): Record<string, Status> {
  const out: Record<string, Status> = { model: device.kind };
  for (const [key, value] of Object.entries(device.values)) {
    out[key] =
      typeof value === "number"
        ? value
        : typeof value[0] === "string"
          ? (value as readonly string[])
          : Float64Array.from(value as readonly number[]);
  }
  return out;
}
