/** Describes a JSON file: the manifest of a bundle, a run manifest, or something else. @module */
import { MANIFEST_KEYS, RUN_MANIFEST } from "../../api/keys.ts";
import { isRunManifest, parseRunManifest, readManifestJson } from "../../api/runs.ts";
import type { PlainValue } from "../../api/values.ts";
import { byteSize, table } from "../terminal/print.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { describeBundle } from "./bundle.ts";
import { type Description, listed, MAX_ITEMS, shortText } from "./description.ts";

/** @throws BAD_FORMAT for a file that is not JSON; as `TrainedModel.load` for the manifest of a bundle; LIMIT, IO. */
export async function describeJson(path: string): Promise<Description> {
  const json = await readManifestJson(path);
  if (isRunManifest(json)) return describeRun(path, json);
  if (isObject(json) && MANIFEST_KEYS.modelPath in json && MANIFEST_KEYS.metadataPath in json)
    return describeBundle(path);
  const keys = isObject(json) ? Object.keys(json) : [];
  return {
    kind: "json",
    title: `${path}: JSON, no manifest that atlasmtl knows`,
    sections: [
      { heading: "Content", text: isObject(json) ? `keys ${listed(keys, MAX_ITEMS)}` : typeof json },
    ],
    next: null,
    json: { keys },
  };
}

function describeRun(path: string, json: unknown): Description {
  const manifest = parseRunManifest(json, path);
  const { content } = manifest;
  const known = new Set<string>([
    RUN_MANIFEST.inputs,
    RUN_MANIFEST.outputs,
    RUN_MANIFEST.schemaVersion,
    RUN_MANIFEST.argv,
  ]);
  const others = [...content.keys()].filter((key) => !known.has(key));
  const files = [
    ...manifest.inputs.map((file) => ["read", file.path, byteSize(file.sizeBytes), file.sha256.slice(0, 12)]),
    ...manifest.outputs.map((file) => [
      "wrote",
      file.path,
      byteSize(file.sizeBytes),
      file.sha256.slice(0, 12),
    ]),
  ];
  const argv = content.get("argv");
  const command = Array.isArray(argv) ? argv.map((word) => shellWord(String(word))).join(" ") : "";
  return {
    kind: "run manifest",
    title: `${path}: the record of a run`,
    sections: [
      { heading: "Command", text: command },
      { heading: "Files", text: table(files, [2]) },
      {
        heading: "Record",
        text: table(others.map((key) => [key, shortText(content.get(key) as PlainValue)])),
      },
    ],
    next: `atlasmtl verify ${shellWord(path)}`,
    json: { manifest: json },
  };
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
