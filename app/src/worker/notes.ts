/** The library's notices and warnings as plain data. */
import type { Notice } from "atlasmtl";
import type { Note } from "./views.ts";

const plain = ({ message, where, hint }: Notice, isWarning: boolean): Note => ({
  message,
  isWarning,
  where: where ?? null,
  hint: hint ?? null,
});

/** What a user should look at. */
export const warning = (notice: Notice): Note => plain(notice, true);

/** What was done and is as it should be. */
export const note = (notice: Notice): Note => plain(notice, false);
