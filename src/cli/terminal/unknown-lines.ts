/** Says why cells are Unknown, a line for each label column. @module */
import type { LabelSummary, UnknownShares } from "../../api/index.ts";
import { percent } from "./print.ts";

/** Such as `Unknown: 0.3 % low confidence, 18 % unlike the reference (nearest: CD14 Mono)`; nothing without distances. */
export function unknownLines(labels: readonly LabelSummary[]): string[] {
  return labels.flatMap(({ column, unknownBy }) =>
    unknownBy === undefined
      ? []
      : [`Unknown${labels.length > 1 ? ` in ${column}` : ""}: ${sharesText(unknownBy)}`],
  );
}

function sharesText({ lowConfidence, unlikeReference, noCounts, other, nearest }: UnknownShares): string {
  const parts = [
    `${percent(lowConfidence)} low confidence`,
    `${percent(unlikeReference)} unlike the reference${nearest === null ? "" : ` (nearest: ${nearest})`}`,
  ];
  if (noCounts > 0) parts.push(`${percent(noCounts)} without counts`);
  if (other > 0) parts.push(`${percent(other)} for other reasons`);
  return parts.join(", ");
}
