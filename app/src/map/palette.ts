/** Colours and shapes of labels. Colours differ for eyes with any colour vision; shapes tell those apart that repeat a colour. */

export interface Style {
  /** Red, green, blue, 0 to 255. */
  readonly rgb: readonly [number, number, number];
  readonly shape: Shape;
}

export const SHAPES = ["circle", "square", "triangle", "diamond", "plus", "ring", "cross"] as const;
export type Shape = (typeof SHAPES)[number];

/** Paul Tol's and Okabe and Ito's colours, in an order in which neighbours differ most. */
const COLOURS = [
  "#0077bb",
  "#ee7733",
  "#009988",
  "#cc3311",
  "#ee3377",
  "#33a1d9",
  "#aa7700",
  "#8855bb",
  "#557722",
];
const LABEL_SHAPES = SHAPES.slice(0, 6);

/** The style of the label with this number: 54 differ. */
export function labelStyle(code: number): Style {
  const round = Math.floor(code / COLOURS.length);
  return {
    rgb: parse(COLOURS[code % COLOURS.length]),
    shape: LABEL_SHAPES[(code + round) % LABEL_SHAPES.length],
  };
}

export const UNKNOWN_STYLE: Style = { rgb: [138, 138, 138], shape: "cross" };
export const BACKGROUND_STYLE: Style = { rgb: [150, 150, 150], shape: "circle" };

/** Cividis, which eyes with any colour vision read as dark to light. */
const CIVIDIS = [
  "#00224e",
  "#123570",
  "#3b496c",
  "#575d6d",
  "#707173",
  "#8a8678",
  "#a59c74",
  "#c3b369",
  "#e1cc55",
  "#fee838",
];

/** The colour of a number from 0 to 1. */
export function scaleStyle(value: number): Style {
  const at = Math.min(1, Math.max(0, value)) * (CIVIDIS.length - 1);
  const [low, high] = [parse(CIVIDIS[Math.floor(at)]), parse(CIVIDIS[Math.ceil(at)])];
  const part = at - Math.floor(at);
  const mix = (i: 0 | 1 | 2): number => Math.round(low[i] + part * (high[i] - low[i]));
  return { rgb: [mix(0), mix(1), mix(2)], shape: "circle" };
}

export const css = ([r, g, b]: Style["rgb"]): string => `rgb(${r} ${g} ${b})`;

function parse(hex: string): readonly [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
