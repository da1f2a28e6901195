// The thread of coverUpdatesAside: the list of ten thousand updates takes seconds to compare, sign and write.
import { parentPort, workerData } from 'node:worker_threads';
import { inheritBounds } from '@moult/bounds';
import { releaseBounds } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import { coverPlaced, type PlacedUpdate } from './updates-role.ts';

const { directory, wanted, now, mostBytes } = workerData as {
  directory: string;
  wanted: ReadonlyMap<string, PlacedUpdate>;
  now: Date;
  mostBytes: number;
};

inheritBounds(releaseBounds, process.env);

try {
  parentPort?.postMessage({ state: coverPlaced(directory, wanted, now, mostBytes) });
} catch (error) {
  if (!(error instanceof ReleaseError)) throw error;
  const { code, message, role } = error;
  parentPort?.postMessage({ error: { code, message, role } });
}
