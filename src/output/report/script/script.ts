/** The script of a report. It works on what the page shows, and asks nothing of the network. @module */
import { CORE } from "./core.ts";
import { FIGURES } from "./figures.ts";
import { MAP } from "./map.ts";
import { TABLES } from "./tables.ts";

/** Plain JavaScript. */
export const SCRIPT = [CORE, TABLES, FIGURES, MAP].join("");
