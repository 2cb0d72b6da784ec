import { expect, test } from "vitest";
import { lookup3 } from "./layout.ts";

// The self-test of lookup3.c gives these two.
test("the checksum is Jenkins' lookup3 with seed 0", () => {
  expect(lookup3(new Uint8Array(0))).toBe(0xdeadbeef);
  expect(lookup3(new TextEncoder().encode("Four score and seven years ago"))).toBe(0x17770551);
});
