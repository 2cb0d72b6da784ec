/** Settings and scores as Maps of plain values, and their JSON. @module */
export {
  asConfigValue,
  type ConfigMap,
  type ConfigValue,
  Float,
  keyed,
  type PlainValue,
  toPlain,
} from "../core/config.ts";
export { emitJson } from "../core/json.ts";
