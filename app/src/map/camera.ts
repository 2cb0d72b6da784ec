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
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    left = Math.min(left, x);
    right = Math.max(right, x);
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  if (left > right) return { x: 0, y: 0, reach: 1 };
  return {
    x: (left + right) / 2,
    y: (low + high) / 2,
    reach: 0.54 * Math.max(right - left, high - low) || 1,
  };
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
