import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLzf } from "./lzf.ts";

/** A plain compressor: literals, and back references wherever three bytes repeat. */
function encode(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let literals: number[] = [];
  const flush = (): void => {
    if (literals.length > 0) out.push(literals.length - 1, ...literals);
    literals = [];
  };
  for (let at = 0; at < bytes.length; ) {
    let best = 0;
    let distance = 0;
    for (let back = 1; back <= Math.min(at, 8192); back++) {
      let n = 0;
      while (n < 264 && at + n < bytes.length && bytes[at + n] === bytes[at + n - back]) n++;
      if (n > best) [best, distance] = [n, back];
    }
    if (best >= 3) {
      flush();
      const [n, d] = [best - 2, distance - 1];
      if (n < 7) out.push((n << 5) | (d >> 8), d & 255);
      else out.push((7 << 5) | (d >> 8), n - 7, d & 255);
      at += best;
    } else {
      literals.push(bytes[at++]);
      if (literals.length === 32) flush();
    }
  }
  flush();
  return Uint8Array.from(out);
}

test("what is compressed comes back, with long, overlapping and distant repeats", () => {
  const pieces = fc.array(fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.integer({ min: 1, max: 60 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const bytes = Uint8Array.from(
        parts.flatMap(
          ([piece, times]) =>
            Array(times)
              .fill([...piece])
              .flat() as number[],
        ),
      );
      expect(decodeLzf(encode(bytes), bytes.length)).toEqual(bytes);
    }),
    { numRuns: 60 },
  );
});

test("any bytes give an error or exactly the size, never more", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(5000), (bytes, size) => {
      try {
        expect(decodeLzf(bytes, size).length).toBe(size);
      } catch (error) {
        expect(error).toMatchObject({ code: "BAD_FORMAT" });
      }
    }),
    { numRuns: 2000 },
  );
});

test.each<[string, number[], number]>([
  ["a run beyond the end", [5, 1, 2], 6],
  ["a distance before the start", [0, 1, 0x20, 9], 4],
  ["a missing distance", [0, 1, 0x20], 4],
  ["more than asked for", [1, 1, 2], 1],
  ["less than asked for", [1, 1, 2], 3],
  ["a size that no input of this length holds", [0, 1], 2 ** 40],
])("%s is refused", (_, bytes, size) => {
  expect(() => decodeLzf(Uint8Array.from(bytes), size)).toThrow(
    expect.objectContaining({ code: "BAD_FORMAT" }),
  );
});
