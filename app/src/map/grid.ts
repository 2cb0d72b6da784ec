/** Finds the cell at a place: cells sorted into the squares of a grid. */

const SIDE = 256;

export class Grid {
  private readonly starts = new Uint32Array(SIDE * SIDE + 1);
  private readonly cells: Uint32Array;
  private left = 0;
  private low = 0;
  private step = 1;

  constructor(private readonly points: Float32Array) {
    const n = points.length / 2;
    this.measure();
    const squares = new Uint32Array(n);
    for (let cell = 0; cell < n; cell++) {
      squares[cell] = this.squareOf(points[2 * cell], points[2 * cell + 1]);
      this.starts[squares[cell] + 1]++;
    }
    for (let s = 0; s < SIDE * SIDE; s++) this.starts[s + 1] += this.starts[s];
    const next = this.starts.slice();
    this.cells = new Uint32Array(n);
    for (let cell = 0; cell < n; cell++) this.cells[next[squares[cell]]++] = cell;
  }

  private measure(): void {
    let [right, high] = [-Infinity, -Infinity];
    [this.left, this.low] = [Infinity, Infinity];
    for (let i = 0; i < this.points.length; i += 2) {
      if (!Number.isFinite(this.points[i]) || !Number.isFinite(this.points[i + 1])) continue;
      this.left = Math.min(this.left, this.points[i]);
      right = Math.max(right, this.points[i]);
      this.low = Math.min(this.low, this.points[i + 1]);
      high = Math.max(high, this.points[i + 1]);
    }
    this.step = Math.max(right - this.left, high - this.low) / SIDE || 1;
  }

  private column(value: number, from: number): number {
    const at = Math.floor((value - from) / this.step);
    return Number.isFinite(at) ? Math.min(SIDE - 1, Math.max(0, at)) : 0;
  }

  private squareOf(x: number, y: number): number {
    return this.column(y, this.low) * SIDE + this.column(x, this.left);
  }

  /** The nearest cell that `isSeen`, at most `radius` away; -1 for none. */
  nearest(x: number, y: number, radius: number, isSeen: (cell: number) => boolean): number {
    let [best, bestDistance] = [-1, radius * radius];
    const [firstColumn, lastColumn] = [
      this.column(x - radius, this.left),
      this.column(x + radius, this.left),
    ];
    const [firstRow, lastRow] = [this.column(y - radius, this.low), this.column(y + radius, this.low)];
    for (let row = firstRow; row <= lastRow; row++) {
      const [start, end] = [this.starts[row * SIDE + firstColumn], this.starts[row * SIDE + lastColumn + 1]];
      for (let i = start; i < end; i++) {
        const cell = this.cells[i];
        const distance = (this.points[2 * cell] - x) ** 2 + (this.points[2 * cell + 1] - y) ** 2;
        if (distance > bestDistance || !isSeen(cell)) continue;
        [best, bestDistance] = [cell, distance];
      }
    }
    return best;
  }
}
