// The canary: a signed release that does nothing. Agents on trial take it through their whole self-update.
import { createHash } from 'node:crypto';
import type { CarriedRelease } from '@moult/releases/repository';
import { releasePath } from '@moult/releases/repository';
import { packFiles } from '../sites/self-update/index.ts';

const product = 'moult-canary';
const version = '1.0.0.0';
const name = 'canary.txt';
const text = 'An agent that unpacked this file can bring its successor.\n'.repeat(200);

/** Path and release, as keepReleasesCovered lists them. */
export function canary(): [string, CarriedRelease] {
  const numbers = { generation: 'wsus' as const, version };
  const ours = { kind: 'release' as const, product, ...numbers, epoch: 0, platform: 'any', floors: [], deltas: [] };
  const file = { name, sizeBytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
  const release = { product, ...numbers, entry: name, files: [file] };
  const bytes = () => packFiles(release, new Map([[name, Buffer.from(text)]]));
  return [releasePath(ours, '.cab'), { bytes, ours }];
}
