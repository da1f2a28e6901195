// The role `updates`, signed in a thread of its own, so that no request of the server waits for it.

import { Worker } from 'node:worker_threads';
import { threadProgram } from '@moult/disk';
import { clientLimits, repositoryBounds } from '../bounds.ts';
import { ReleaseError, type ReleaseErrorCode } from '../errors.ts';
import {
  type CoveredUpdate,
  type CoverState,
  coverPlaced,
  type PlacedUpdate,
  placedUpdates,
  placeFiles,
} from './updates-role.ts';

type Answer = { state: CoverState } | { error: { code: ReleaseErrorCode; message: string; role: string | undefined } };

/** As coverUpdates, with the caller's thread free meanwhile. */
export async function coverUpdatesAside(
  directory: string,
  wanted: ReadonlyMap<string, CoveredUpdate>,
  now: Date,
): Promise<CoverState> {
  await placeFiles(directory, wanted);
  const placed = placedUpdates(wanted);
  if (placed.size <= repositoryBounds.coveredAtOnce) return coverPlaced(directory, placed, now);
  const answer = await runThread(directory, placed, now);
  if ('state' in answer) return answer.state;
  const { code, message, role } = answer.error;
  throw new ReleaseError(code, message, role === undefined ? {} : { role });
}

function runThread(directory: string, wanted: ReadonlyMap<string, PlacedUpdate>, now: Date): Promise<Answer> {
  // A thread has limits of its own: those of this process go along.
  const workerData = { directory, wanted, now, mostBytes: clientLimits.targetsBytes };
  const thread = new Worker(threadProgram('packages/releases/src/repository/cover-thread.ts'), { workerData });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that signs ended with ${code}`)));
  });
}
