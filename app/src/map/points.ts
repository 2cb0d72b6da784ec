/**
 * Draws cells with WebGL 2: two float32 and a 16-bit category for each, whose colour, shape and size stand in a small
 * texture. Cells of rare categories are drawn last, on top of the others.
 */
import type { Camera, View } from "./camera.ts";
import { clipScale } from "./camera.ts";
import { SHAPES, type Style } from "./palette.ts";

const VERTEX = `#version 300 es
in vec2 place;
in uint category;
uniform vec2 centre;
uniform vec2 scale;
uniform float size;
uniform sampler2D styles;
out vec4 colour;
flat out int shape;
void main() {
  ivec2 at = ivec2(int(category & 255u) * 2, int(category >> 8u));
  vec4 style = texelFetch(styles, at + ivec2(1, 0), 0);
  colour = texelFetch(styles, at, 0);
  shape = int(style.r * 255.0 + 0.5);
  gl_PointSize = size * style.g * 4.0;
  gl_Position = vec4((place - centre) * scale, 0.0, 1.0);
  if (colour.a == 0.0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour;
flat in int shape;
out vec4 drawn;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  vec2 a = abs(p);
  bool inside = true;
  if (shape == 0) inside = dot(p, p) <= 0.81;
  else if (shape == 1) inside = max(a.x, a.y) <= 0.75;
  else if (shape == 2) inside = p.y <= 0.75 && a.x <= (p.y + 0.9) * 0.58;
  else if (shape == 3) inside = a.x + a.y <= 1.0;
  else if (shape == 4) inside = min(a.x, a.y) <= 0.3;
  else if (shape == 5) { float d = dot(p, p); inside = d <= 0.9 && d >= 0.25; }
  else inside = abs(a.x - a.y) <= 0.36 && max(a.x, a.y) <= 0.85;
  if (!inside) discard;
  drawn = vec4(colour.rgb * colour.a, colour.a);
}`;

/** How a category is drawn. */
export interface Drawn extends Style {
  /** 0 hides it, 1 is solid. */
  readonly opacity: number;
  /** Times the usual size, up to 4. */
  readonly size: number;
}

/** A texture of 256 × 256 categories, two texels each. */
const WIDTH = 512;
const HEIGHT = 256;

export class PointMap {
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private readonly categories: WebGLBuffer;
  private readonly order: WebGLBuffer;
  private nDrawn = 0;

  /** @throws where there is no WebGL 2. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly nPoints: number,
    points: Float32Array,
  ) {
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    if (gl === null) throw new Error("no WebGL 2");
    this.gl = gl;
    this.program = compile(gl);
    gl.useProgram(this.program);
    gl.bindVertexArray(gl.createVertexArray());
    this.attribute("place", points, (at) => gl.vertexAttribPointer(at, 2, gl.FLOAT, false, 0, 0));
    this.categories = this.attribute("category", new Uint16Array(nPoints), (at) =>
      gl.vertexAttribIPointer(at, 1, gl.UNSIGNED_SHORT, 0, 0),
    );
    this.order = gl.createBuffer();
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  private attribute(
    name: string,
    values: Float32Array | Uint16Array,
    point: (at: number) => void,
  ): WebGLBuffer {
    const { gl } = this;
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    const at = gl.getAttribLocation(this.program, name);
    gl.enableVertexAttribArray(at);
    point(at);
    return buffer;
  }

  /** The category of each cell, and the style of each category. */
  colour(categories: Uint16Array, styles: readonly Drawn[]): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.categories);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, categories);
    const order = rareLast(categories, styles);
    this.nDrawn = order.length;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
    const texture = new Uint8Array(4 * WIDTH * HEIGHT);
    styles.slice(0, 65536).forEach(({ rgb, shape, opacity, size }, category) => {
      const at = 4 * ((category >> 8) * WIDTH + (category & 255) * 2);
      texture.set(
        [...rgb, Math.round(255 * opacity), SHAPES.indexOf(shape), Math.round((255 * size) / 4)],
        at,
      );
    });
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, WIDTH, HEIGHT, 0, gl.RGBA, gl.UNSIGNED_BYTE, texture);
  }

  draw(camera: Camera, view: View, background: readonly [number, number, number, number]): void {
    const { gl, program } = this;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(...background);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(gl.getUniformLocation(program, "centre"), camera.x, camera.y);
    gl.uniform2f(gl.getUniformLocation(program, "scale"), ...clipScale(camera, view));
    const density = gl.drawingBufferWidth / view.width;
    gl.uniform1f(gl.getUniformLocation(program, "size"), density * this.pointSize(view));
    if (this.nDrawn > 0) gl.drawElements(gl.POINTS, this.nDrawn, gl.UNSIGNED_INT, 0);
  }

  /** Pixels: fewer cells are drawn larger. */
  private pointSize({ width, height }: View): number {
    return Math.min(9, Math.max(2, Math.sqrt((0.16 * width * height) / Math.max(1, this.nPoints))));
  }

  dispose(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Cells that are seen, those of the most frequent categories first and emphasised ones last. */
function rareLast(categories: Uint16Array, styles: readonly Drawn[]): Uint32Array {
  const counts = new Uint32Array(styles.length + 1);
  for (const category of categories) if (isSeen(styles[category])) counts[category]++;
  const sorted = styles
    .map((_, category) => category)
    .filter((category) => counts[category] > 0)
    .sort((a, b) => styles[a].size - styles[b].size || counts[b] - counts[a]);
  const starts = new Uint32Array(styles.length);
  let total = 0;
  for (const category of sorted) {
    starts[category] = total;
    total += counts[category];
  }
  const order = new Uint32Array(total);
  for (let cell = 0; cell < categories.length; cell++)
    if (isSeen(styles[categories[cell]])) order[starts[categories[cell]]++] = cell;
  return order;
}

const isSeen = (style: Drawn | undefined): boolean => style !== undefined && style.opacity > 0;

function compile(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS))
      throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS))
    throw new Error(gl.getProgramInfoLog(program) ?? "program");
  return program;
}
