/** What the page and its worker say to each other. */
import type { JobResult } from "./job.ts";

/** What a failed job leaves, as plain data. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
}

export type Answer = { readonly result: JobResult } | { readonly failure: Failure };

export type FromWorker = { readonly kind: "ready"; readonly isolated: boolean } | { readonly answer: Answer };

/** Runs `work` and makes plain data of what it throws. */
export async function answerOf(work: () => Promise<JobResult>): Promise<Answer> {
  try {
    return { result: await work() };
  } catch (error) {
    const { code = "none", message, where, hint } = error as Partial<Failure> & Error;
    return { failure: { code, message, where, hint } };
  }
}
