/** A number that what is found at training and what is read from coefficients share. @module */

/** Genes that are kept of each class. */
export const MOST_GENES = 50;
