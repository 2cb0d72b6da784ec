/** Cells inside of a line that is drawn around them. */

/** The corners of a polygon, x and y in turn. */
export type Outline = readonly number[];

/** 1 for each cell inside, by the even-odd rule. */
export function cellsInside(points: Float32Array, outline: Outline): Uint8Array {
  const inside = new Uint8Array(points.length / 2);
  for (let cell = 0; cell < inside.length; cell++) {
    const [x, y] = [points[2 * cell], points[2 * cell + 1]];
    let isInside = false;
    for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
      const [xi, yi, xj, yj] = [outline[i], outline[i + 1], outline[j], outline[j + 1]];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) isInside = !isInside;
    }
    if (isInside) inside[cell] = 1;
  }
  return inside;
}
