/** The settings in the record of a training run, for hosts that do it again. @module */
export { isTrainRecord, type RecordedSettings, settingsOfRecord } from "../model/recorded-settings.ts";
