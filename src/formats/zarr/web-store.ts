/**
 * Files on the web, fetched on request: below an address as a {@link KeyStore}, or one file as a {@link
 * ByteSource}. Requests only go below the address that the caller gave.
 * @module
 */
import type { ByteSource } from "../../core/bytes.ts";
import { AtlasmtlError } from "../../errors.ts";
import { isSafeKey, type KeyStore } from "./key-store.ts";

/** The files below `address`. */
export function webKeys(address: string): KeyStore {
  const request = async (key: string, range: string | null): Promise<Uint8Array | undefined> => {
    if (!isSafeKey(key)) return undefined;
    const url = new URL(address);
    url.hash = "";
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${key.split("/").map(encodeURIComponent).join("/")}`;
    const response = await send(url.href, range);
    if (response.status === 404 || response.status === 410) return undefined;
    return bodyOf(response, url.href);
  };
  return {
    name: address,
    isListable: false,
    get: (key) => request(key, null),
    async getRange(key, range) {
      if ("suffix" in range) return last(await request(key, `-${range.suffix}`), range.suffix);
      if (range.end <= range.start) return new Uint8Array(0);
      const bytes = await request(key, `${range.start}-${range.end - 1}`);
      const asked = range.end - range.start;
      // A server without range support sends the whole file.
      return bytes === undefined || bytes.length <= asked ? bytes : bytes.slice(range.start, range.end);
    },
    list: async () => [],
    close: async () => undefined,
  };
}

const last = (bytes: Uint8Array | undefined, n: number): Uint8Array | undefined =>
  bytes === undefined || bytes.length <= n ? bytes : bytes.slice(bytes.length - n);

/**
 * One file on the web, read in ranges.
 * @throws NOT_FOUND if it does not exist, UNSUPPORTED if the server does not support ranges, IO if it cannot
 * be reached.
 */
export async function webSource(address: string): Promise<ByteSource> {
  const response = await send(address, "0-0");
  if (response.status === 404 || response.status === 410)
    throw new AtlasmtlError("NOT_FOUND", "there is no such file", {
      where: address,
      hint: "check the address",
    });
  const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
  if (response.status !== 206 || !Number.isSafeInteger(total)) {
    await response.body?.cancel();
    if (!response.ok) throw refused(response, address);
    throw new AtlasmtlError("UNSUPPORTED", "the server does not send parts of a file", {
      where: address,
      hint: "download the file and open it from there",
    });
  }
  await response.body?.cancel();
  return {
    name: address,
    byteLength: total,
    async read(start, end) {
      const from = Math.max(start, 0);
      const to = Math.min(end, total);
      if (to <= from) return new Uint8Array(0);
      const part = await send(address, `${from}-${to - 1}`);
      const bytes = await bodyOf(part, address);
      if (part.status !== 206 || bytes.length !== to - from)
        throw new AtlasmtlError("IO", `asked for ${to - from} bytes and got ${bytes.length}`, {
          where: address,
        });
      return bytes;
    },
    close: async () => undefined,
  };
}

async function send(address: string, range: string | null): Promise<Response> {
  try {
    return await fetch(address, range === null ? {} : { headers: { Range: `bytes=${range}` } });
  } catch (cause) {
    throw unreachable(address, cause);
  }
}

async function bodyOf(response: Response, address: string): Promise<Uint8Array> {
  if (!response.ok) throw refused(response, address);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw unreachable(address, cause);
  }
}

function unreachable(address: string, cause: unknown): AtlasmtlError {
  const reason = (cause as { cause?: { code?: unknown } }).cause?.code;
  return new AtlasmtlError(
    "IO",
    `the address cannot be reached${typeof reason === "string" ? ` (${reason})` : ""}`,
    {
      where: address,
      hint: "check the address and the connection; a web page also needs the server's permission (CORS)",
      cause,
    },
  );
}

function refused({ status, statusText }: Response, address: string): AtlasmtlError {
  return new AtlasmtlError("IO", `the server answers ${`${status} ${statusText}`.trim()}`, {
    where: address,
    hint:
      status === 401 || status === 403
        ? "the address needs a login or does not exist; download the data and open it from there"
        : "try again later, or download the data and open it from there",
  });
}
