/** Parquet files that declare what they are told to. */
type Bytes = Uint8Array | readonly number[] | string;
/** A field of a structure: its number, its kind in Thrift's compact protocol and its bytes. */
type Field = readonly [id: number, kind: number, value: Bytes];

export const joined = (...parts: readonly Bytes[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))),
    ),
  );

/** An unsigned number of 7 bits a byte. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const zigzag = (value: number): number[] => varint(value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value));
export const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

/** A number of 32 bits, and one of 64. */
const integer = (id: number, value: number): Field => [id, 5, zigzag(value)];
const long = (id: number, value: number): Field => [id, 6, zigzag(value)];
const text = (id: number, value: string): Field => [id, 8, joined(varint(Buffer.byteLength(value)), value)];
const list = (id: number, items: readonly Uint8Array[], length = items.length): Field => [
  id,
  9,
  joined([0xf0 | 12], varint(length), ...items),
];
/** A list of integers, and one of texts. */
const plain = (id: number, items: readonly Bytes[]): Field => [
  id,
  9,
  joined([(items.length << 4) | 5], ...items),
];
const texts = (id: number, items: readonly string[]): Field => [
  id,
  9,
  joined([(items.length << 4) | 8], ...items.map((item) => text(0, item)[2])),
];
const nested = (id: number, value: Uint8Array): Field => [id, 12, value];

export const struct = (...fields: readonly Field[]): Uint8Array =>
  joined(...fields.map(([id, kind, value]) => joined([kind], zigzag(id), value)), [0]);

/** A page of a column with what its header says of it. */
export interface PageLie {
  readonly body: Bytes;
  readonly kind?: "data" | "dictionary" | "data2";
  readonly count: number;
  readonly encoding?: number;
  readonly size?: number;
  readonly storedSize?: number;
  readonly levels?: number;
}

export function page({
  body,
  kind = "data",
  count,
  encoding = 0,
  size,
  storedSize,
  levels = 0,
}: PageLie): Uint8Array {
  const bytes = joined(body);
  const head = [integer(2, size ?? bytes.length), integer(3, storedSize ?? bytes.length)];
  if (kind === "dictionary")
    return joined(
      struct(integer(1, 2), ...head, nested(7, struct(integer(1, count), integer(2, encoding)))),
      bytes,
    );
  const shape =
    kind === "data"
      ? nested(5, struct(integer(1, count), integer(2, encoding), integer(3, 3), integer(4, 3)))
      : nested(
          8,
          struct(
            ...[integer(1, count), integer(2, 0), integer(3, count), integer(4, encoding)],
            ...[integer(5, levels), integer(6, 0)],
          ),
        );
  return joined(struct(integer(1, kind === "data" ? 0 : 3), ...head, shape), bytes);
}

export interface ColumnLie {
  readonly name?: string;
  /** 0 BOOLEAN, 1 INT32, 2 INT64, 4 FLOAT, 5 DOUBLE, 6 BYTE_ARRAY. */
  readonly type?: number;
  /** 0 required, 1 optional, 2 repeated. */
  readonly repetition?: number;
  readonly converted?: number;
  readonly children?: number;
  readonly codec?: number;
  readonly pages: readonly Uint8Array[];
  readonly start?: number;
  readonly length?: number;
}

export interface FileLie {
  readonly rows: number;
  readonly columns: readonly ColumnLie[];
  /** Rows in the row group, and how many columns the file says it has. */
  readonly groupRows?: number;
  readonly declared?: number;
  /** Elements of the list of columns. */
  readonly listed?: number;
  /** The length of the metadata. */
  readonly footer?: number;
}

/** Three names of cells as a column. */
export const NAMES: ColumnLie = {
  name: "cell",
  pages: [page({ count: 3, body: joined(u32(1), "a", u32(1), "b", u32(1), "c") })],
};

export function lyingParquet({
  rows,
  columns,
  groupRows = rows,
  declared,
  listed,
  footer,
}: FileLie): Uint8Array {
  let at = 4;
  const chunks: Uint8Array[] = [];
  const body: Uint8Array[] = [];
  const schema = columns.map(({ name = "x", type = 6, repetition = 0, converted, children }) =>
    struct(
      ...[integer(1, type), integer(3, repetition), text(4, name)],
      ...(children === undefined ? [] : [integer(5, children)]),
      ...(converted === undefined ? [] : [integer(6, converted)]),
    ),
  );
  for (const { name = "x", type = 6, codec = 0, pages, start, length } of columns) {
    const bytes = joined(...pages);
    const place = struct(
      ...[integer(1, type), plain(2, [[0]]), texts(3, [name]), integer(4, codec), long(5, groupRows)],
      ...[long(6, bytes.length), long(7, length ?? bytes.length), long(9, start ?? at)],
    );
    chunks.push(struct(nested(3, place)));
    body.push(bytes);
    at += bytes.length;
  }
  const root = struct(text(4, "schema"), integer(5, declared ?? columns.length));
  const end = struct(
    list(2, [root, ...schema], listed),
    long(3, rows),
    list(4, [struct(list(1, chunks), long(3, groupRows))]),
  );
  return joined("PAR1", ...body, end, u32(footer ?? end.length), "PAR1");
}
