/** Words of the commands that are suggested. @module */

/** A word as a POSIX shell reads it back, for the commands that are suggested. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
