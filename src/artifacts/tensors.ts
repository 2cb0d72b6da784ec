/** Reads tensors of the files of a bundle, with errors that name the key. @module */
import { AtlasmtlError } from "../errors.ts";
import { type Dict, describeValue } from "../formats/pickle/values.ts";
import { TorchTensor } from "../formats/torch.ts";

/** @throws MISMATCH for another shape; null stands for any length. */
export function tensorField(dict: Dict, key: string, expected: readonly (number | null)[]): Float32Array {
  const value = dict.get(key);
  if (!(value instanceof TorchTensor))
    throw new AtlasmtlError(
      "BAD_FORMAT",
      value === undefined
        ? `the key ${key} is missing`
        : `a tensor is expected and this is ${describeValue(value)}`,
      { where: key },
    );
  const { shape, data } = value;
  if (shape.length !== expected.length || expected.some((n, d) => n !== null && n !== shape[d]))
    throw new AtlasmtlError(
      "MISMATCH",
      `the tensor has shape [${shape.join(", ")}]; expected is [${expected.map((n) => n ?? "any").join(", ")}]`,
      { where: key },
    );
  return data;
}

/** @throws like {@link tensorField}; BAD_DATA for a number that is not finite. */
export function finiteTensor(dict: Dict, key: string, expected: readonly (number | null)[]): Float32Array {
  const data = tensorField(dict, key, expected);
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw notFinite(`${key}[${wrong}]`, data[wrong]);
  return data;
}

/** @throws like {@link finiteTensor}; BAD_DATA for a number that is not above 0. */
export function positiveTensor(dict: Dict, key: string, expected: readonly (number | null)[]): Float32Array {
  const data = finiteTensor(dict, key, expected);
  const wrong = data.findIndex((value) => !(value > 0));
  if (wrong < 0) return data;
  throw new AtlasmtlError("BAD_DATA", `got ${data[wrong]}, expected a number above 0`, {
    where: `${key}[${wrong}]`,
  });
}

/** @throws like {@link finiteTensor}; BAD_DATA for a number that is no share, 0 to 1. */
export function sharesTensor(dict: Dict, key: string, expected: readonly (number | null)[]): Float32Array {
  const data = finiteTensor(dict, key, expected);
  const wrong = data.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong < 0) return data;
  throw new AtlasmtlError("BAD_DATA", `got ${data[wrong]}, expected a share from 0 to 1`, {
    where: `${key}[${wrong}]`,
  });
}

function notFinite(where: string, value: number): AtlasmtlError {
  return new AtlasmtlError("BAD_DATA", `got ${value}, expected a finite number`, { where });
}
