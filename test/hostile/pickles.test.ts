/** Pickles that mean harm: nothing runs, nothing is allocated on their word, every error is one of ours. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toConfig } from "../../src/artifacts/config-values.ts";
import { type AtlasmtlError, isAtlasmtlError } from "../../src/errors.ts";
import { emitPickle } from "../../src/formats/pickle/emit.ts";
import { parsePickle } from "../../src/formats/pickle/parse.ts";
import { readTexts } from "../../src/formats/pickle/strings.ts";
import { NdArray } from "../../src/formats/pickle/values.ts";
import { joinPieces } from "../helpers/memory-store.ts";
import { pythonPickle } from "../helpers/python-pickles.ts";

/** Bytes from text with \x escapes, numbers and byte arrays. */
const raw = (...parts: (string | number | readonly number[] | Uint8Array)[]): Uint8Array =>
  joinPieces(
    parts.map((part) =>
      typeof part === "string"
        ? new Uint8Array(Buffer.from(part, "latin1"))
        : Uint8Array.from(typeof part === "number" ? [part] : part),
    ),
  );
const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const u64 = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(value).buffer)];

function failure(bytes: Uint8Array): AtlasmtlError {
  try {
    parsePickle(bytes);
  } catch (error) {
    if (isAtlasmtlError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Parses; only our errors may come. */
function survives(bytes: Uint8Array): void {
  try {
    parsePickle(bytes);
  } catch (error) {
    if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
  }
}

describe("globals", () => {
  test.each([
    ["protocol 0", raw("cos\nsystem\n(S'echo owned'\ntR."), "os.system"],
    ["protocol 2", raw("\x80\x02cposix\nsystem\nX", u32(2), "ls\x85R."), "posix.system"],
    ["STACK_GLOBAL", raw("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R."), "os.system"],
    ["INST", raw("(S'ls'\nios\nsystem\n."), "os.system"],
    ["OBJ", raw("(cos\nsystem\nS'ls'\no."), "os.system"],
    ["builtins", raw("c__builtin__\neval\n(S'1'\ntR."), "__builtin__.eval"],
    ["an attribute of a known module", raw("\x80\x04\x8c\x05numpy\x8c\x04load\x93."), "numpy.load"],
    [
      "a dotted name",
      raw("\x80\x04\x8c\x05numpy\x8c\x16core.multiarray.scalar\x93."),
      "numpy.core.multiarray.scalar",
    ],
    ["an object's own name", raw("\x80\x04\x8c\x06Object\x8c\x0b__proto__.x\x93."), "Object.__proto__.x"],
  ])("are refused by name, never run: %s", (_, bytes, name) => {
    const error = failure(bytes);
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toContain(`"${name}"`);
    expect(error.message).toContain("never executed");
  });

  test("a global named by a string built on the way is caught where it is named", () => {
    // The name comes from the memo, as obfuscated payloads do it.
    expect(failure(raw("\x80\x04\x8c\x06system\x940\x8c\x02os\x94h\x000h\x01h\x00\x93.")).code).toBe(
      "UNSUPPORTED",
    );
  });

  test.each([
    ["a class that may only be named", raw("cnumpy\nndarray\n(tR.")],
    ["a string", raw("X", u32(1), "a(tR.")],
    ["a known function with a list", raw("cnumpy\ndtype\n]R.")],
  ])("calling %s is refused", (_, bytes) => expect(failure(bytes).code).toBe("BAD_FORMAT"));

  test.each([
    ["an extension code", raw("\x82\x01.")],
    ["an out-of-band buffer", raw("\x80\x05\x97.")],
    ["a persistent id", raw("Pid\n.")],
    ["protocol 6", raw("\x80\x06N.")],
    ["a dtype with fields", raw("cnumpy\ndtype\n(X", u32(2), "V8I00\nI01\ntR.")],
  ])("%s is refused", (_, bytes) => expect(failure(bytes).code).toBe("UNSUPPORTED"));
});

describe("lengths that lie", () => {
  const huge = u64(2n ** 63n - 1n);
  test.each([
    ["BINUNICODE", raw("X", u32(0xffffffff), "a.")],
    ["BINUNICODE8", raw("\x8d", huge, "a.")],
    ["BINBYTES", raw("B", u32(0x7fffffff), "a.")],
    ["BINBYTES8", raw("\x8e", huge, "a.")],
    ["BYTEARRAY8", raw("\x96", huge, "a.")],
    ["BINSTRING, negative", raw("T", u32(0xffffffff), "a.")],
    ["LONG4, negative", raw("\x8b", u32(0xffffffff), ".")],
    ["FRAME", raw("\x80\x04\x95", huge, "N.")],
    ["a text line without an end", raw("Vabc")],
    ["a memo entry that is not there", raw("h\x05.")],
    ["an array larger than its bytes", arrayOf([2 ** 31, 2 ** 31])],
    ["an array smaller than its bytes", arrayOf([1])],
    ["an array of negative size", arrayOf([-4])],
  ])("%s", (_, bytes) => expect(failure(bytes).code).toBe("BAD_FORMAT"));

  test.each([
    ["LONG4", raw("\x8b", u32(0x7fffffff), ".")],
    ["a decimal of a million digits", raw("L", "9".repeat(1_000_000), "L\n.")],
    ["a memo index", raw("Nr", u32(0xffffffff), ".")],
    ["an array of 64 dimensions", arrayOf(new Array<number>(64).fill(1))],
  ])("%s beyond its bound", (_, bytes) => expect(failure(bytes).code).toBe("LIMIT"));
});

/** A float32 array of four elements that claims another shape. */
function arrayOf(shape: readonly number[]): Uint8Array {
  return joinPieces(emitPickle(new NdArray("f4", shape, new Float32Array(4))));
}

describe("nesting and sharing", () => {
  test.each([
    ["lists", raw("\x80\x04", "]".repeat(100_000), "a".repeat(99_999), ".")],
    ["tuples", raw("\x80\x04N", "\x85".repeat(100_000), ".")],
    ["marks", raw("(".repeat(100_000), ".")],
  ])("100,000 nested %s are refused", (_, bytes) => expect(failure(bytes).code).toBe("LIMIT"));

  test("a structure that doubles a hundred times is refused", () => {
    const doubling = raw("\x80\x04]\x94", ...Array.from({ length: 100 }, () => "2\x86\x94"), ".");
    expect(failure(doubling).code).toBe("LIMIT");
  });

  test("one text turned into bytes again and again stops at a bound", () => {
    const text = "x".repeat(1_000_000);
    const start = raw(
      "c_codecs\nencode\nq\x00",
      "X",
      u32(text.length),
      text,
      "q\x01",
      "X",
      u32(6),
      "latin1q\x02",
    );
    const call = "h\x00h\x01h\x02\x86R";
    expect(failure(raw(start, call.repeat(1000), ".")).code).toBe("LIMIT");
  });

  test("arrays in settings cannot claim rows that are not there", () => {
    const rows = new NdArray("f4", [2 ** 40, 0], new Float32Array());
    expect(() => toConfig(rows)).toThrow(expect.objectContaining({ code: "LIMIT" }));
  });
});

describe("prototypes", () => {
  test("keys named like an object's own change nothing", () => {
    const dict = parsePickle(raw("\x80\x04}(\x8c\x09__proto__}\x8c\x08pollutedK\x01s\x8c\x0bconstructorNu."));
    expect(dict).toBeInstanceOf(Map);
    expect([...(dict as Map<string, unknown>).keys()]).toEqual(["__proto__", "constructor"]);
    expect("polluted" in {}).toBe(false);
  });
});

describe("damage", () => {
  const samples = ["protocol0", "protocol2", "protocol4", "protocol5", "pandas3Arrow", "encoder0"] as const;

  test.each(samples)("%s cut off anywhere is refused", (name) => {
    const bytes = pythonPickle(name);
    for (let length = 0; length < bytes.length; length++)
      expect(failure(bytes.subarray(0, length)).code).toBe("BAD_FORMAT");
  });

  test.each(samples)("%s with any byte changed gives a value or one of our errors", (name) => {
    const bytes = pythonPickle(name);
    for (let at = 0; at < bytes.length; at++)
      for (const change of [0x01, 0xa0]) {
        const damaged = bytes.slice();
        damaged[at] ^= change;
        survives(damaged);
      }
  });

  test("any opcode on an empty stack gives one of our errors", () => {
    for (let op = 0; op < 256; op++) survives(raw(op, new Array<number>(20).fill(0), "."));
    for (let op = 0; op < 256; op++) survives(raw("((", op, "\n\n\n."));
  });

  test("random opcodes give a value or one of our errors", () => {
    const ops = fc.constantFrom(
      ..."(.012FGIJKLMNPQRSTUVXabcdehijlopqrstu}]\x81\x85\x86\x87\x88\x8c\x8f\x90\x91\x92\x93\x94",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(ops, fc.constantFrom("\x00", "\x01", "\n")), { maxLength: 60 }),
        (parts) => survives(raw(parts.join(""))),
      ),
      { numRuns: 5000 },
    );
  });

  test("a damaged string array of pandas gives texts or one of our errors", () => {
    const bytes = pythonPickle("pandas3Arrow");
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 0x7f;
      try {
        readTexts(parsePickle(damaged));
      } catch (error) {
        if (!isAtlasmtlError(error)) throw error;
      }
    }
  });
});
