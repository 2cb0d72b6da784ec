/** Row groups that were written a column at a time. @module */
import type { ParquetWriter } from "hyparquet-writer";

/** Makes one row group of the last `n`, which are one column each of the same rows. */
export function joinLastGroups(file: Pick<ParquetWriter, "row_groups" | "num_rows">, n: number): void {
  const own = file.row_groups.splice(-n);
  const sumOf = (sizeOf: (group: (typeof own)[number]) => bigint | undefined): bigint =>
    own.reduce((sum, group) => sum + (sizeOf(group) ?? 0n), 0n);
  file.row_groups.push({
    ...own[0],
    columns: own.flatMap(({ columns }) => columns),
    total_byte_size: sumOf((group) => group.total_byte_size),
    total_compressed_size: sumOf((group) => group.total_compressed_size),
  });
  file.num_rows -= own[0].num_rows * BigInt(n - 1);
}
