/** Seeded damage: the same seed and index give the same bytes. */

/** @param {number} seed @param {number} index */
export function createRandom(seed, index) {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
  return {
    /** Whole, from 0 to `below` - 1. */
    below: (below) => (below <= 0 ? 0 : next() % below),
    pick: (items) => items[next() % items.length],
  };
}

const BYTES = [0, 1, 2, 0x0a, 0x22, 0x7f, 0x80, 0xfe, 0xff];
const NUMBERS = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

/** @type {readonly ((bytes: Uint8Array, random: ReturnType<typeof createRandom>, other: Uint8Array) => Uint8Array)[]} */
const CHANGES = [
  function flipBit(bytes, random) {
    const out = bytes.slice();
    for (let n = 1 + random.below(8); n > 0; n--) out[random.below(out.length)] ^= 1 << random.below(8);
    return out;
  },
  function setByte(bytes, random) {
    const out = bytes.slice();
    out[random.below(out.length)] = random.pick(BYTES);
    return out;
  },
  function setNumber(bytes, random) {
    const out = bytes.slice();
    const width = random.pick([2, 4, 8]);
    if (out.length < width) return out;
    const at = random.below(out.length - width + 1);
    let value = random.below(4) === 0 ? BigInt(bytes.length) : random.pick(NUMBERS);
    for (let i = 0; i < width; i++, value >>= 8n) out[at + i] = Number(value & 255n);
    return out;
  },
  function truncate(bytes, random) {
    return bytes.slice(0, random.below(bytes.length));
  },
  function duplicate(bytes, random) {
    const from = random.below(bytes.length);
    const chunk = bytes.subarray(from, from + 1 + random.below(Math.min(4096, bytes.length - from)));
    const at = random.below(bytes.length + 1);
    return join(bytes.subarray(0, at), chunk, bytes.subarray(at));
  },
  function remove(bytes, random) {
    const from = random.below(bytes.length);
    return join(bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(64)));
  },
  function overwrite(bytes, random) {
    const out = bytes.slice();
    const from = random.below(bytes.length);
    out.set(bytes.subarray(from, from + random.below(256)).slice(0, 256), 0);
    const chunk = bytes.subarray(from, from + 1 + random.below(256));
    out.set(chunk, random.below(Math.max(bytes.length - chunk.length, 1)));
    return out;
  },
  function splice(bytes, random, other) {
    return join(bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length)));
  },
  function insert(bytes, random) {
    const chunk = Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256));
    const at = random.below(bytes.length + 1);
    return join(bytes.subarray(0, at), chunk, bytes.subarray(at));
  },
];

function join(...parts) {
  return new Uint8Array(Buffer.concat(parts));
}

/** One to four changes. */
export function mutate(bytes, random, other) {
  let out = bytes;
  for (let n = 1 + random.below(4); n > 0 && out.length > 0; n--)
    out = random.pick(CHANGES)(out, random, other);
  return out;
}
