// The state that Automatic Updates keeps for administrators to read: AUState, the times of the next detection, the
// last results. Meanings: the page "Automatic Updates Must Be Updated". Values 0-8 as published.
import { randomUUID } from 'node:crypto';
import { formatDashedTime, formatDottedTime, parseAuTime } from './au-time.ts';
import { keys } from './keys.ts';
import { dword, string } from './policy.ts';
import { number, type Registry, type RegistryChange, type RegistryView, text } from './registry.ts';

export const auState = {
  detectionPending: 2,
  downloadPending: 3,
  downloading: 4,
  installPending: 5,
  installComplete: 6,
  disabled: 7,
  restartPending: 8,
} as const;

export const auStateNames: Readonly<Record<number, string>> = {
  0: 'first 24 hours after the first connection',
  1: 'waiting for set-up',
  2: 'detection pending',
  3: 'download pending',
  4: 'download in progress',
  5: 'install pending',
  6: 'install complete',
  7: 'disabled',
  8: 'restart pending',
};

/** Between the time noted as DetectionStartTime and the detection itself. */
export const detectionDelayMs = 5 * 60_000;
/** After a server that could not be contacted. */
const unreachableWaitMs = 24 * 3_600_000;
/** After any other failure, before jitter. */
const failureWaitMs = 5 * 3_600_000;

type Phase = 'Detect' | 'Download' | 'Install';

/** When the wait ends: LastWaitTimeout, or undefined when it was deleted by hand or never written. */
export function readWaitTimeout(registry: RegistryView): Date | undefined {
  const written = string(registry, keys.autoUpdate, 'LastWaitTimeout');
  return written === undefined ? undefined : parseAuTime(written, 'utc');
}

export function readAuState(registry: RegistryView): number | undefined {
  return dword(registry, keys.autoUpdate, 'AUState');
}

/** Values that make `at` the moment of the next detection. DetectionStartTime is local and five minutes earlier. */
export function detectionAt(at: Date, generation: 'sus' | 'wsus'): RegistryChange[] {
  const start = new Date(at.getTime() - detectionDelayMs);
  const changes: RegistryChange[] = [
    set(keys.autoUpdate, 'DetectionStartTime', formatDottedTime(start, 'local')),
    set(keys.autoUpdate, 'LastWaitTimeout', formatDottedTime(at, 'utc')),
  ];
  if (generation === 'wsus') changes.push(set(keys.autoUpdate, 'NextDetectionTime', formatDashedTime(at)));
  return changes;
}

export function stateIs(state: number): RegistryChange[] {
  return [{ key: keys.autoUpdate, name: 'AUState', value: number(state) }];
}

/** Auto Update\Results\<phase>: when it last went well, or how it last failed. */
export function resultOf(phase: Phase, now: Date, error: number): RegistryChange[] {
  const key = `${keys.results}\\${phase}`;
  const changes: RegistryChange[] = [{ key, name: 'LastError', value: number(error) }];
  if (error === 0) changes.push(set(key, 'LastSuccessTime', formatDashedTime(now)));
  return changes;
}

/** After a good detection: the policy's hours minus up to a fifth, so that a fleet does not come all at once. */
export function nextRegularDetection(now: Date, frequencyHours: number, random: number): Date {
  return new Date(now.getTime() + frequencyHours * 3_600_000 * (1 - 0.2 * random));
}

/**
 * After a failed detection: 24 hours for a server that could not be contacted, else five hours less up to a fifth. A
 * busy server that named a time (`retryAfterMs`) is asked then or up to a fifth later.
 */
export function nextDetectionAfterFailure(
  now: Date,
  unreachable: boolean,
  random: number,
  retryAfterMs?: number,
): Date {
  if (retryAfterMs !== undefined) {
    return new Date(now.getTime() + Math.max(retryAfterMs, detectionDelayMs) * (1 + 0.2 * random));
  }
  return new Date(now.getTime() + (unreachable ? unreachableWaitMs : failureWaitMs * (1 - 0.2 * random)));
}

/** This machine's SusClientId (GUID, lower case), made on first need. */
export function ensureClientId(registry: Registry): string {
  const known = string(registry.read(), keys.windowsUpdate, 'SusClientId');
  if (known !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(known)) return known.toLowerCase();
  const made = randomUUID();
  registry.change([set(keys.windowsUpdate, 'SusClientId', made)]);
  return made;
}

function set(key: string, name: string, value: string): RegistryChange {
  return { key, name, value: text(value) };
}
