/** The version of this package. @module */
export { VERSION } from "../core/version.ts";
