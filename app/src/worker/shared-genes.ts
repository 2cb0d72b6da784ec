/** How many genes the query and the model share, by name. */
import { desk } from "./desk.ts";

/** Null as long as one of the two is missing. */
export async function sharedGenes(): Promise<number | null> {
  const query = desk.find("query");
  if (query === null || desk.model === null) return null;
  const known = new Set(desk.model.model.data.trainGenes);
  const names = await query.adata.varNames();
  return names.reduce((n, name) => n + (known.has(name) ? 1 : 0), 0);
}
