/**
 * Lets processes that write records into one folder take turns, so that each chooses the name of its record among
 * those that are there.
 *
 * Who waits has a file of its own in the folder, its claim. A turn is had by who made a claim and then saw no other;
 * of two that were made at the same time both makers see the other, and the later name goes back. The claim of a
 * process that died does not count.
 * @module
 */
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Disk } from "./disk.ts";
import { isAbandoned, isTemporaryOf, type Owner, temporaryPath } from "./temporaries.ts";

const CLAIM = "turn";

/** Claims are told by their machine alone: a folder may be reached, or come, by another path. */
export const CLAIM_TARGET = "/turn";

/**
 * A turn takes milliseconds. A process that was stopped in its own does not stop the others for ever.
 */
const LONGEST_MS = 60_000;

/** A new name for a claim in `folder`. */
export const claimPath = (owner: Owner, folder: string): string =>
  temporaryPath(owner, join(folder, CLAIM), CLAIM_TARGET);

/** Waits for the turn of this process to write records into `folder`; call what comes back at its end. */
export async function takeTurn(disk: Disk, owner: Owner, folder: string): Promise<() => Promise<void>> {
  const claim = claimPath(owner, folder);
  const end = performance.now() + LONGEST_MS;
  let isMade = false;
  const make = async (): Promise<void> => {
    await (await disk.create(claim, null)).close();
    isMade = true;
  };
  await make();
  for (;;) {
    const others = await otherClaims(disk, owner, folder, claim);
    if (others.length === 0 || performance.now() > end) {
      if (isMade) return () => disk.remove(claim).catch(() => undefined);
      await make();
    } else {
      if (isMade && others.some((path) => path < claim)) {
        await disk.remove(claim);
        isMade = false;
      }
      // Processes that began together do not look again together.
      await wait(4 + (owner.pid % 13));
    }
  }
}

/** Claims of other writers that may be alive. */
async function otherClaims(disk: Disk, owner: Owner, folder: string, claim: string): Promise<string[]> {
  const others: string[] = [];
  for (const name of await disk.names(folder)) {
    const path = join(resolve(folder), name);
    if (isTemporaryOf(name, CLAIM) && path !== claim && !(await isAbandoned(disk, owner, path, CLAIM_TARGET)))
      others.push(path);
  }
  return others;
}
