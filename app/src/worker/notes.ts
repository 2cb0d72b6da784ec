/** The library's notices and warnings as plain data. */
import type { Notice } from "atlasmtl";
import type { Note } from "./views.ts";

export const note = ({ message, where, hint }: Notice): Note => ({
  message,
  where: where ?? null,
  hint: hint ?? null,
});
