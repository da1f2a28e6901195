// A disk that ends a process at one of its writes. After it nothing changes any more, not even by a `finally`: that is the
// disk that kill -9 leaves behind. Or it is full from that write on, and takes removals only.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Node loads the inside of cpSync at its first call, with the functions of that moment: it must be the real ones.
const first = fs.mkdtempSync(join(tmpdir(), 'moult-ending-disk-'));
fs.mkdirSync(join(first, 'from'));
fs.cpSync(join(first, 'from'), join(first, 'to'), { recursive: true, filter: () => true });
fs.rmSync(first, { recursive: true });

export class Killed extends Error {}

const changing = [
  'writeSync',
  'fsyncSync',
  'renameSync',
  'rmSync',
  'mkdirSync',
  'linkSync',
  'unlinkSync',
  'cpSync',
  'mkdtempSync',
] as const;
const removing: readonly string[] = ['rmSync', 'unlinkSync'];
type Call = (...args: unknown[]) => unknown;

/** Nothing is synced from now on: that takes long, and no power is cut here. Answers the way back. */
export function withoutSyncs(): () => void {
  const real = fs.fsyncSync;
  fs.fsyncSync = () => undefined;
  syncBuiltinESMExports();
  return () => {
    fs.fsyncSync = real;
    syncBuiltinESMExports();
  };
}

/** Runs `work` on a disk that ends at its change number `at`, counted from 0. Answers how many changes were asked for. */
export async function onEndingDisk(
  at: number,
  how: 'killed' | 'full',
  work: () => unknown,
): Promise<{ changes: number; error: unknown }> {
  let changes = 0;
  let error: unknown;
  const restore: (() => void)[] = [];
  const target = fs as unknown as Record<string, Call>;
  const replace = (name: string, isChange: (args: unknown[]) => boolean) => {
    const real = target[name] as Call;
    target[name] = (...args) => {
      if (!isChange(args)) return real(...args);
      const number = changes++;
      if (number < at) return real(...args);
      if (how === 'full' && removing.includes(name)) return real(...args);
      // Half of it comes to the disk.
      if (number === at && name === 'writeSync') {
        const [handle, bytes, offset] = args as [number, Uint8Array, number | undefined];
        const rest = bytes.subarray(offset ?? 0);
        real(handle, rest.subarray(0, rest.length >> 1));
      }
      if (how === 'killed') throw new Killed('killed');
      throw Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), { code: 'ENOSPC', syscall: name });
    };
    restore.push(() => {
      target[name] = real;
    });
  };
  for (const name of changing) replace(name, () => true);
  replace(
    'openSync',
    ([, flags]) =>
      flags !== 'r' && (typeof flags !== 'number' || (flags & (fs.constants.O_CREAT | fs.constants.O_TRUNC)) !== 0),
  );
  syncBuiltinESMExports();
  try {
    await work();
  } catch (thrown) {
    error = thrown;
  } finally {
    for (const one of restore) one();
    syncBuiltinESMExports();
  }
  return { changes, error };
}
