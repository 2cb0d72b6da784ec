/** Helpers for names: the nearest name, the order of names, and web addresses. @module */
export { didYouMean, nearest } from "../core/nearest.ts";
export { compareCodePoints } from "../core/order.ts";
export { webAddress } from "../core/web-address.ts";
export { camelName, snakeName } from "../schema/keys.ts";
