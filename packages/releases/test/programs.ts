// What the tests of deltas make deltas of.
import { createHash } from 'node:crypto';
import { createCabinet } from '@moult/formats/cab';

/** A program of about `size` bytes, alike enough to code: words that repeat, numbers that do not. */
export function program(size: number, change = ''): Buffer {
  const lines = Array.from({ length: Math.ceil(size / 60) }, (_, line) => {
    const digest = createHash('sha256').update(`${line}`).digest('hex').slice(0, 24);
    return `export const value${line} = compute('${digest}');`;
  });
  lines.splice(lines.length >> 1, 0, ...(change === '' ? [] : [change]));
  return Buffer.from(lines.join('\n'));
}

export function cabinet(bytes: Buffer, compression: 'none' | 'mszip' = 'none'): Buffer {
  const modified = new Date('2020-01-01T00:00:00Z');
  const members = [
    { name: 'release.json', bytes: Buffer.from('{}'), modified },
    { name: 'agent.mjs', bytes, modified },
  ];
  return Buffer.from(createCabinet(members, { compression }));
}

/** One block as it is, in a frame that asks for a window of so many bits (RFC 8878, 3.1.1). */
export function frame(bytes: Buffer, windowLog: number): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 0, 0, 0]);
  head.writeUIntLE((bytes.length << 3) | 1, 6, 3);
  return Buffer.concat([head, bytes]);
}

export const old = program(600_000);
export const fresh = program(600_000, 'export const oneLineMore = true;');
