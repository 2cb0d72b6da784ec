/** Which part of the map is seen. */

export interface Camera {
  /** The centre, in the map's units. */
  readonly x: number;
  readonly y: number;
  /** Units for half of the shorter side of the view. */
  readonly reach: number;
}

export interface View {
  readonly width: number;
  readonly height: number;
}

/** All points, with a margin. Points that are no numbers do not count. */
export function cameraOf(points: Float32Array): Camera {
  const seen = new Extent();
  for (let cell = 0; cell < points.length / 2; cell++) seen.add(points, cell);
  const { x, y, reach } = seen.camera() ?? { x: 0, y: 0, reach: 0 };
  return { x, y, reach: reach || 1 };
}

/** The part of {@link cameraOf} that is seen at least, so that a single cell is shown among its neighbours. */
const LEAST_PART = 0.1;

/** The cells, with a margin; null if none of them has a place. */
export function cameraAround(points: Float32Array, cells: Uint32Array): Camera | null {
  const seen = new Extent();
  for (const cell of cells) seen.add(points, cell);
  const own = seen.camera();
  return own && { ...own, reach: Math.max(own.reach, LEAST_PART * cameraOf(points).reach) };
}

class Extent {
  private left = Infinity;
  private right = -Infinity;
  private low = Infinity;
  private high = -Infinity;

  add(points: Float32Array, cell: number): void {
    const [x, y] = [points[2 * cell], points[2 * cell + 1]];
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    this.left = Math.min(this.left, x);
    this.right = Math.max(this.right, x);
    this.low = Math.min(this.low, y);
    this.high = Math.max(this.high, y);
  }

  camera(): Camera | null {
    const { left, right, low, high } = this;
    if (left > right) return null;
    return {
      x: (left + right) / 2,
      y: (low + high) / 2,
      reach: 0.54 * Math.max(right - left, high - low),
    };
  }
}

/** Pixels for a unit. */
const zoomOf = ({ reach }: Camera, { width, height }: View): number => Math.min(width, height) / (2 * reach);

/** Factors from the map to WebGL's square from −1 to 1. */
export function clipScale(camera: Camera, view: View): readonly [number, number] {
  const zoom = zoomOf(camera, view);
  return [(2 * zoom) / view.width, (2 * zoom) / view.height];
}

/** The place of a pixel on the map. */
export function placeOf(px: number, py: number, camera: Camera, view: View): readonly [number, number] {
  const zoom = zoomOf(camera, view);
  return [camera.x + (px - view.width / 2) / zoom, camera.y - (py - view.height / 2) / zoom];
}

/** The pixel of a place on the map. */
export function pixelOf(x: number, y: number, camera: Camera, view: View): readonly [number, number] {
  const zoom = zoomOf(camera, view);
  return [view.width / 2 + (x - camera.x) * zoom, view.height / 2 - (y - camera.y) * zoom];
}

/** Units of a distance in pixels. */
export const unitsOf = (pixels: number, camera: Camera, view: View): number => pixels / zoomOf(camera, view);

export function moved(camera: Camera, dx: number, dy: number, view: View): Camera {
  const zoom = zoomOf(camera, view);
  return { ...camera, x: camera.x - dx / zoom, y: camera.y + dy / zoom };
}

/** Zooms by `factor`; the place under the pixel stays where it is. */
export function zoomed(camera: Camera, factor: number, px: number, py: number, view: View): Camera {
  const [x, y] = placeOf(px, py, camera, view);
  return {
    x: x + (camera.x - x) / factor,
    y: y + (camera.y - y) / factor,
    reach: camera.reach / factor,
  };
}
