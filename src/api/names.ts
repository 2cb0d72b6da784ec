/** Names that a caller gives: which one was meant, in which order they are listed, and what is no path. @module */
export { didYouMean, nearest } from "../core/nearest.ts";
export { compareCodePoints } from "../core/order.ts";
export { webAddress } from "../core/web-address.ts";
export { snakeName } from "../schema/keys.ts";
