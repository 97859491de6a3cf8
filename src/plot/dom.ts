/**
 * The document that figures are drawn in (the browser's own, or linkedom's in Node), and turning elements into text.
 */

/** A document to create elements with. */
export async function openDocument(): Promise<Document> {
  if (globalThis.document !== undefined) return globalThis.document;
  const name = "linkedom"; // not a literal in import(), so that bundlers leave it out of a browser's bundle
  const { parseHTML } = (await import(/* @vite-ignore */ name)) as typeof import("linkedom");
  return parseHTML("<!doctype html><html><body></body></html>").document as unknown as Document;
}

const svgNamespace = "http://www.w3.org/2000/svg";

/** A new SVG element with these attributes; numbers are written with at most two decimals. */
export function element(
  document: Document,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly (Element | string)[]
): SVGElement {
  const node = document.createElementNS(svgNamespace, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
  }
  for (const child of children) node.append(child);
  return node;
}

/** An element as XML, with coordinates rounded to three decimals so that the text is the same on every machine. */
export function serialize(node: Element): string {
  const text =
    globalThis.XMLSerializer === undefined
      ? node.outerHTML
      : new globalThis.XMLSerializer().serializeToString(node);
  return text.replace(/<[^>]*>/g, (tag) => {
    if (tag.startsWith("<image")) return tag;
    return tag.replace(/-?\d+\.\d{4,}(e-?\d+)?/g, (number) =>
      String(Math.round(Number(number) * 1000) / 1000),
    );
  });
}
