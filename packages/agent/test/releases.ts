// Releases as an operator lists them in signed metadata, made of built programs.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCabinet } from '@moult/formats/cab';
import { encodeRelease, type Generation } from '@moult/protocol/self-update';
import type { ReleaseTarget } from '@moult/releases/metadata';

/** The cabinet and the description of a release of `version` with the program in `folder`, which `change` may alter. */
export function releaseOf(
  folder: string,
  version: string,
  how: Partial<ReleaseTarget> = {},
  change: (source: string) => string = (source) => source,
): { bytes: Buffer; ours: ReleaseTarget } {
  const program = Buffer.from(change(readFileSync(join(folder, 'agent.mjs'), 'utf8')));
  const { product = 'moult-agent', generation = 'wsus', epoch = 0 } = how;
  const sha256 = createHash('sha256').update(program).digest('hex');
  const files = [{ name: 'agent.mjs', sizeBytes: program.length, sha256 }];
  const text = encodeRelease({
    product,
    generation: generation as Generation,
    epoch,
    version,
    entry: 'agent.mjs',
    files,
  });
  const modified = new Date('2020-01-01T00:00:00Z');
  const members = [
    { name: 'release.json', bytes: Buffer.from(text), modified },
    { name: 'agent.mjs', bytes: program, modified },
  ];
  const numbers = { product, generation, epoch, version, platform: 'any' };
  const ours: ReleaseTarget = { kind: 'release', ...numbers, floors: [], deltas: [], ...how };
  return { bytes: Buffer.from(createCabinet(members, { compression: 'mszip' })), ours };
}
