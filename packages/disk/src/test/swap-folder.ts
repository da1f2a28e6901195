// A stranger on the same machine: swaps the folder argv[2] for a link to argv[3] and back until it is killed, and tells
// its parent how often. The other side may make or use the folder at any moment, so each step may fail.
import { renameSync, rmSync, symlinkSync } from 'node:fs';

const [, , folder = '', elsewhere = ''] = process.argv;
let swaps = 0;

function attempt(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

function swap(): void {
  for (let round = 0; round < 50; round++) {
    const isAway = attempt(() => renameSync(folder, `${folder}.aside`));
    if (isAway && attempt(() => symlinkSync(elsewhere, folder))) swaps++;
    // A folder that the other side made in between goes; of a link only the link goes.
    attempt(() => rmSync(folder, { recursive: true, force: true }));
    attempt(() => renameSync(`${folder}.aside`, folder));
  }
  process.send?.(swaps);
  setImmediate(swap);
}

swap();
