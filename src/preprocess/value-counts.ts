/** How often each value occurs in each gene: what a variance of clipped counts needs, in one pass. @module */
import { AtlasmtlError, option, phrase } from "../errors.ts";

/** Whole values below this are counted in a table of their own; most counts are. */
const SMALL = 16;

/** Decimals are rounded to this fraction, so that those of a large dataset stay few. */
const STEPS = 64;

/** Larger or broken values that are kept at most: 192 MiB. */
const MAX_OTHERS = 1 << 24;

/**
 * Counts of (gene, value) pairs, genes numbered from 0. Memory grows with the genes and with how many values
 * differ, not with the cells.
 */
export class ValueCounts {
  private readonly small: Uint32Array;
  private keys = new Uint32Array(1 << 10);
  private values = new Float32Array(1 << 10);
  private counts = new Float64Array(1 << 10);
  private used = 0;

  constructor(readonly nGenes: number) {
    this.small = new Uint32Array(nGenes * SMALL);
  }

  /**
   * Adds entries: `genes[i]` has `values[i]`, 1 where `values` is null; zeros are not counted.
   * @throws LIMIT when more values differ than those of counts do.
   */
  add(genes: ArrayLike<number>, values: ArrayLike<number> | null, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const value = values === null ? 1 : values[i];
      const gene = genes[i];
      const whole = value | 0;
      if (whole === value && whole >= 0 && whole < SMALL) this.small[gene * SMALL + whole]++;
      else this.addOther(gene, whole === value ? value : Math.round(value * STEPS) / STEPS);
    }
  }

  /** Calls `visit` for every pair; large values come after small ones, in no order. */
  forEach(visit: (gene: number, value: number, count: number) => void): void {
    for (let gene = 0; gene < this.nGenes; gene++)
      for (let value = 1; value < SMALL; value++) {
        const count = this.small[gene * SMALL + value];
        if (count > 0) visit(gene, value, count);
      }
    for (let slot = 0; slot < this.keys.length; slot++)
      if (this.counts[slot] > 0) visit(this.keys[slot], this.values[slot], this.counts[slot]);
  }

  private addOther(gene: number, value: number): void {
    const slot = this.slotOf(gene, value);
    if (this.counts[slot]++ > 0) return;
    this.keys[slot] = gene;
    this.values[slot] = value;
    if (++this.used * 2 > this.keys.length) this.grow();
  }

  private slotOf(gene: number, value: number): number {
    const mask = this.keys.length - 1;
    const mixed = Math.imul(gene + 1, 0x9e3779b1) ^ Math.imul(Math.floor(value * 64) | 0, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (this.counts[slot] > 0 && !(this.keys[slot] === gene && this.values[slot] === value))
      slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    if (this.used > MAX_OTHERS / 2)
      throw new AtlasmtlError(
        "LIMIT",
        `more than ${this.used} different values of genes: these are no counts`,
        {
          hint: phrase`choose the layer of counts by ${option("countsLayer")}`,
        },
      );
    const { keys, values, counts } = this;
    this.keys = new Uint32Array(keys.length * 2);
    this.values = new Float32Array(keys.length * 2);
    this.counts = new Float64Array(keys.length * 2);
    for (let old = 0; old < keys.length; old++) {
      if (counts[old] === 0) continue;
      const slot = this.slotOf(keys[old], values[old]);
      this.keys[slot] = keys[old];
      this.values[slot] = values[old];
      this.counts[slot] = counts[old];
    }
  }
}
