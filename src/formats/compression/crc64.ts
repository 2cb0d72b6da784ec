/** CRC-64 of xz (ECMA-182), in two halves. @module */

const [LOW, HIGH] = makeTables();

function makeTables(): readonly [Uint32Array, Uint32Array] {
  const [lows, highs] = [new Uint32Array(256), new Uint32Array(256)];
  for (let n = 0; n < 256; n++) {
    let [low, high] = [n, 0];
    for (let k = 0; k < 8; k++) {
      const odd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd === 1) {
        low ^= 0xd7870f42;
        high ^= 0xc96c5795;
      }
    }
    lows[n] = low;
    highs[n] = high;
  }
  return [lows, highs];
}

/** A checksum that bytes are added to. */
export class Crc64 {
  private low = -1;
  private high = -1;

  add(bytes: Uint8Array): void {
    let { low, high } = this;
    for (let i = 0; i < bytes.length; i++) {
      const n = (low ^ bytes[i]) & 255;
      low = LOW[n] ^ ((low >>> 8) | (high << 24));
      high = HIGH[n] ^ (high >>> 8);
    }
    this.low = low;
    this.high = high;
  }

  /** The lower and the upper half. */
  get halves(): readonly [number, number] {
    return [~this.low >>> 0, ~this.high >>> 0];
  }
}
