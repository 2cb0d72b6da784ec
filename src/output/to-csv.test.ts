import { gunzipSync } from "fflate";
import { expect, test } from "vitest";
import { toyPredictions, toyPredictionsWithSets } from "../../test/helpers/toy-predictions.ts";
import { gzipPieces, toCsv } from "./to-csv.ts";

const text = (pieces: Iterable<Uint8Array>): string =>
  [...pieces].map((piece) => new TextDecoder().decode(piece)).join("");

test("the text is what pandas writes for the same frame", () => {
  expect(text(toCsv(toyPredictions(), { mode: "standard" }))).toBe(
    [
      "obs_name,conf_group,margin_group,is_unknown_group,pred_group,second_group,second_conf_group," +
        "conf_kind,margin_kind,is_unknown_kind,pred_kind,second_kind,second_conf_kind",
      'cell-0,0.40960884,0.2,True,Unknown,"B, naive",0.2,0.40960884,0.2,True,Unknown,😀,0.2',
      '"a ""quoted"", name",1.0,1.0,False,"B, naive",T cell,0.0,1.0,1.0,False,😀,x,0.0',
      'ñ,1e-05,0.5,False,"B, naive",T cell,0.5,1e-05,0.5,False,😀,x,0.5',
      "",
    ].join("\n"),
  );
});

test("a vote that was not taken is empty", () => {
  const [, first, second] = text(toCsv(toyPredictions(), { mode: "full" })).split("\n");
  expect(first.split(",")[7]).toBe("0.53333336");
  expect(second).toContain('"B, naive",,False,False,False');
});

test("sets are labels joined by bars", () => {
  expect(text(toCsv(toyPredictionsWithSets(), { mode: "minimal" }))).toBe(
    [
      "obs_name,pred_group,pred_set_group,pred_kind,pred_set_kind",
      'cell-0,Unknown,"B, naive | T cell",Unknown,😀 | x',
      '"a ""quoted"", name","B, naive","B, naive",😀,😀',
      'ñ,"B, naive","B, naive | T cell",😀,😀 | x',
      "",
    ].join("\n"),
  );
});

test("coordinates are columns by axis, when asked", () => {
  const lines = text(toCsv(toyPredictions(), { mode: "minimal", includeCoords: true })).split("\n");
  expect(lines[0]).toBe("obs_name,pred_group,pred_kind,X_pred_umap:1,X_pred_umap:2");
  expect(lines[3]).toBe('ñ,"B, naive",😀,5.0,6.0');
  const lean = { ...toyPredictions(), coords: new Map() };
  expect(() => toCsv(lean, { includeCoords: true })).toThrow(/did not keep/);
});

test("many rows come in pieces, in order, each row whole", () => {
  const toy = toyPredictions();
  const n = 10_000;
  const [group] = toy.labels;
  const many = {
    ...toy,
    obsNames: Array.from({ length: n }, (_, i) => `cell-${i}`),
    labels: [{ ...group, final: { codes: new Int32Array(n), categories: ["x"] } }],
  };
  const pieces = [...toCsv(many, { mode: "minimal" })];
  expect(pieces.length).toBeGreaterThan(2);
  const lines = text(pieces).trimEnd().split("\n");
  expect(lines.slice(1)).toEqual(many.obsNames.map((name) => `${name},x`));
});

test("no cells give the header alone, and an unknown mode is refused before anything is written", () => {
  const empty = { ...toyPredictions(), obsNames: [] };
  expect(text(toCsv(empty, { mode: "minimal" }))).toBe("obs_name,pred_group,pred_kind\n");
  expect(() => toCsv(empty, { mode: "most" as "full" })).toThrow(/write mode/);
});

test("gzip holds the same text and the same bytes each time", () => {
  const zip = (): Uint8Array => Buffer.concat([...gzipPieces(toCsv(toyPredictions(), { mode: "full" }))]);
  expect(new TextDecoder().decode(gunzipSync(zip()))).toBe(text(toCsv(toyPredictions(), { mode: "full" })));
  expect(zip()).toEqual(zip());
  expect(gunzipSync(Buffer.concat([...gzipPieces([])]))).toHaveLength(0);
});
