/** Formats numbers for reports; NaN ("not measured") becomes a dash. @module */

/** `1,234`. */
export const whole = (n: number): string => n.toLocaleString("en-US");

/** `0.928`. */
export const decimal = (value: number, digits = 3): string =>
  Number.isFinite(value) ? value.toFixed(digits) : "–";

/** `34.2`, `0.0345`, `12,345`: three digits that count, and whole numbers from a thousand on. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 1000 ? whole(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** `92.8 %`. */
export const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)}\u00a0%` : "–";

/** `3.5 GB`, in decimal units. */
export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (size / 1000 ** power >= 999.5 && power < units.length - 1) power++;
  const value = size / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}\u00a0${units[power]}`;
}

/** `0.42 s`, `3 min 05 s`. */
export function seconds(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 10) return `${value.toFixed(2)}\u00a0s`;
  const rounded = Math.round(value);
  if (rounded < 60) return `${rounded}\u00a0s`;
  return `${Math.floor(rounded / 60)}\u00a0min ${String(rounded % 60).padStart(2, "0")}\u00a0s`;
}

/** A coordinate in a drawing. */
export const at = (value: number): string => String(Math.round(value * 100) / 100);
