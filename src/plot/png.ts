/**
 * A PNG encoder for images of at most 256 colours: the smallest container for densities and matrices, and one that needs no
 * library, since both browsers and Node compress with `CompressionStream`.
 */

/** An indexed image. */
export interface IndexedImage {
  readonly width: number;
  readonly height: number;
  /** index into the palette of every pixel, row by row: width x height */
  readonly pixels: Uint8Array;
  /** red, green, blue, alpha (0 to 255) of every palette entry; at most 256 */
  readonly palette: readonly (readonly [number, number, number, number])[];
}

/** The image as a PNG; 4 bits per pixel where 16 colours are enough. */
export async function encodePng(image: IndexedImage): Promise<Uint8Array> {
  const { width, height, palette } = image;
  const depth = palette.length <= 16 ? 4 : 8;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = depth;
  header[9] = 3; // indexed colour
  return concatenate([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", header),
    chunk("PLTE", Uint8Array.from(palette.flatMap((entry) => entry.slice(0, 3)))),
    chunk("tRNS", Uint8Array.from(palette.map((entry) => entry[3]))),
    chunk("IDAT", await deflate(scanlines(image, depth))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** Bytes as a data URI. */
export function dataUri(png: Uint8Array): string {
  let binary = "";
  for (let k = 0; k < png.length; k += 0x8000) binary += String.fromCharCode(...png.subarray(k, k + 0x8000));
  return `data:image/png;base64,${btoa(binary)}`;
}

/** Rows of packed pixels, each after the byte that says "no filter". */
function scanlines({ width, height, pixels }: IndexedImage, depth: 4 | 8): Uint8Array<ArrayBuffer> {
  const stride = 1 + Math.ceil((width * depth) / 8);
  const bytes = new Uint8Array(stride * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = pixels[row * width + column]!;
      if (depth === 8) bytes[row * stride + 1 + column] = pixel;
      else bytes[row * stride + 1 + (column >> 1)]! |= column & 1 ? pixel : pixel << 4;
    }
  }
  return bytes;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let k = 0; k < 4; k++) bytes[4 + k] = type.charCodeAt(k);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
