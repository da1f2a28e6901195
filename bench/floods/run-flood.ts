// One flood beside honest clients, and what the server holds before and after.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkInOnTime, type HonestLoad, type HonestResult } from './honest.ts';
import type { FloodKind } from './kinds.ts';

const flooder = fileURLToPath(new URL('flooder.ts', import.meta.url));

export interface FloodResult {
  honest: HonestResult;
  /** Statuses and broken connections of the flood. */
  answers: Record<string, number>;
}

export interface Flood {
  kind: FloodKind;
  connections: number;
  /** The address of the flood. Honest clients come from 127.0.0.1. */
  from: string;
}

export async function runFlood(
  url: string,
  { kind, connections, from }: Flood,
  load: HonestLoad,
): Promise<FloodResult> {
  const { seconds } = load;
  const args = [flooder, kind, url, String(seconds), String(connections), from];
  const [honest, { stdout }] = await Promise.all([
    checkInOnTime(url, load),
    promisify(execFile)(process.execPath, args),
  ]);
  return { honest, answers: JSON.parse(stdout) as Record<string, number> };
}

/** Bytes of all files below a folder. */
export function bytesIn(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // It may have gone since it was listed.
    bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** Memory that a process holds now, in MiB. Linux only. */
export function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
