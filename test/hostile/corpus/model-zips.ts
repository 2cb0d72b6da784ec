/** Models as one archive that are damaged or mean harm, opened as a page opens the file that a user drops. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "fflate";
import { saveModel } from "../../../src/artifacts/save.ts";
import { ERROR_CODES } from "../../../src/errors.ts";
import { memoryStore } from "../../helpers/memory-store.ts";
import { smallModel } from "../../helpers/small-model.ts";
import { MANIFEST, METADATA, MODEL, REFERENCE } from "./bundles.ts";
import { lyingZip, patched, raw, type ZipLie } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";
import { LIES } from "./zips.ts";

const BOMB_BYTES = 1 << 26;
const REFUSED = ERROR_CODES.filter((code) => !["BUG", "ABORTED"].includes(code));

function archive(name: string, codes: HostileFile["codes"], bytes: Uint8Array): HostileFile {
  return {
    name: `model.zip: ${name}`,
    door: "archive",
    codes,
    async make(folder) {
      const path = join(folder, "model.zip");
      await writeFile(path, bytes);
      return path;
    },
  };
}

export async function modelZipFiles(): Promise<HostileFile[]> {
  const store = memoryStore();
  await saveModel(smallModel(), MODEL, { store });
  const entries: readonly ZipLie[] = Array.from(store.files, ([name, data]) => ({ name, data }));
  const names = [MODEL, METADATA, REFERENCE, MANIFEST];
  const whole = lyingZip(entries);
  /** The archive with what `change` makes of one entry. */
  const withLie = (of: string, change: Partial<ZipLie>): Uint8Array =>
    lyingZip(entries.map((entry) => (entry.name === of ? { ...entry, ...change } : entry)));
  const added = (...more: readonly ZipLie[]): Uint8Array => lyingZip([...entries, ...more]);
  const bomb = deflateSync(new Uint8Array(BOMB_BYTES));
  const bombed = (of: string, size: number): Uint8Array => withLie(of, { data: bomb, method: 8, size });
  const evil = raw("evil");
  const files = [
    ...LIES.map(([name, lies, lie]) => archive(`with ${name}, and no model`, REFUSED, lyingZip(lies, lie))),
    ...names.flatMap((of) => [
      archive(`a bomb as ${of}`, ["LIMIT"], bombed(of, BOMB_BYTES)),
      archive(`a bomb as ${of} that says it is small`, ["BAD_FORMAT"], bombed(of, 1000)),
      archive(`a wrong checksum of ${of}`, ["BAD_FORMAT", "CHECKSUM"], withLie(of, { crc: 1 })),
      archive(`${of} encrypted`, ["UNSUPPORTED"], withLie(of, { flags: 1 })),
      archive(`${of} of an unknown compression`, ["UNSUPPORTED"], withLie(of, { method: 99 })),
      archive(`${of} deflated, which it is not`, ["BAD_FORMAT", "LIMIT"], withLie(of, { method: 8 })),
      archive(
        `${of} of 4 GB`,
        ["BAD_FORMAT"],
        withLie(of, { size: 0xffff_fff0, compressedSize: 0xffff_fff0 }),
      ),
      archive(`${of} twice`, ["BAD_FORMAT"], added({ name: of, data: evil })),
      archive(
        `${of} a second time by another way`,
        ["BAD_FORMAT"],
        added({ name: `x/../${of}`, data: evil }),
      ),
      archive(`${of} of another content`, REFUSED, withLie(of, { data: evil })),
    ]),
    ...[MODEL, METADATA, REFERENCE].map((of) =>
      archive(`no ${of}`, ["NOT_FOUND"], lyingZip(entries.filter(({ name }) => name !== of))),
    ),
    ...["../evil", "x/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "evil\0", "\\\\host\\evil"].map(
      (name) =>
        archive(`an entry ${JSON.stringify(name)}`, ["BAD_FORMAT", "opens"], added({ name, data: evil })),
    ),
    // A name that means something to JavaScript, and to the file system of the archive's reader nothing.
    archive("an entry of an object's own name", ["opens"], added({ name: "__proto__/evil", data: evil })),
    archive("an archive in an archive", ["NOT_FOUND"], lyingZip([{ name: "model.zip", data: whole }])),
    archive("two models", ["USAGE"], added(...entries.map((each) => ({ ...each, name: `b/${each.name}` })))),
    archive(
      "60,000 files that are nothing",
      ["opens", "LIMIT"],
      added(...Array.from({ length: 60_000 }, (_, i) => ({ name: `x/${i}`, data: new Uint8Array(0) }))),
    ),
    archive("text after its end", [...REFUSED, "opens"], raw(whole, "evil")),
    archive("text before its beginning", [...REFUSED, "opens"], raw("evil", whole)),
  ];
  for (let at = 0; at < whole.length; at += 311)
    files.push(archive(`cut off at byte ${at}`, ["BAD_FORMAT"], whole.subarray(0, at)));
  for (let at = 0; at < whole.length; at += 197)
    files.push(archive(`byte ${at} changed`, [...REFUSED, "opens"], patched(whole, at, [whole[at] ^ 0x55])));
  return files;
}
