/** Prints what scripts return: JSON for programs, indented lines for people. */

/** JSON with typed arrays as arrays; numbers that JSON lacks become null. */
export function resultsJson(results: unknown): string {
  return JSON.stringify(results ?? {}, (_, value: unknown) => (isTypedArray(value) ? [...value] : value), 2);
}

function isTypedArray(value: unknown): value is Iterable<number> & ArrayLike<number> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

const scalar = (value: unknown): string =>
  typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(5)))
    : String(value);

/** One line per value, "name  value", groups indented; long lists are cut short. */
export function resultsText(results: unknown, indent = ""): string {
  if (typeof results !== "object" || results === null)
    return results === undefined ? "" : `${indent}${scalar(results)}\n`;
  const items = Object.entries(results).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...items.map(([name]) => name.length));
  return items
    .map(([name, value]) => {
      if (Array.isArray(value) || isTypedArray(value)) {
        const list = Array.from(value as ArrayLike<unknown>);
        if (list.some((v) => typeof v === "object"))
          return `${indent}${name}\n${resultsText(list, `${indent}  `)}`;
        const rest = list.length > 8 ? `, ... (${list.length})` : "";
        return `${indent}${name.padEnd(width)}  ${list.slice(0, 8).map(scalar).join(", ")}${rest}\n`;
      }
      if (typeof value === "object" && value !== null)
        return `${indent}${name}\n${resultsText(value, `${indent}  `)}`;
      return `${indent}${name.padEnd(width)}  ${scalar(value)}\n`;
    })
    .join("");
}
