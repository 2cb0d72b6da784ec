/** The version of this package; a test holds it equal to package.json. */
export const VERSION = "0.1.0";

/** How bundles name what wrote them; those of the Python original do not say. */
export const WRITTEN_BY = `atlasmtl ${VERSION} for TypeScript`;
