// current.json names the version that is the agent. One rename replaces it, so exactly one version is named at each
// moment. The state `trial` also names the version to go back to. Older and newer versions read and write the file,
// too: unknown members are kept, and unusable ones count as absent.
import { isVersion } from '@moult/protocol/self-update';
import { hostBounds } from '../bounds.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { asCount, isRecord, isTime, readState, writeState } from './state-file.ts';

export type Generation = 'sus' | 'wsus';

export interface AgentVersion {
  version: string;
  generation: Generation;
}

export interface FailedTrial {
  version: string;
  hresult: number;
  /** When it failed last, ISO 8601. */
  at: string;
  /** How often it was tried. Absent means once. */
  tries?: number;
}

export interface Current extends AgentVersion {
  state: 'trial' | 'committed';
  /** The version that runs again if this one loses its trial, or dies again and again after it was committed. */
  previous?: AgentVersion;
  /** With `committed`: a detection of this version went well after its trial. */
  proven?: boolean;
  /** With `committed`, until it is proven: how often it was started. */
  starts?: number;
  /** With `trial`: how often it was started, from 1. */
  attempt?: number;
  /** When a detection last went well, ISO 8601. */
  lastGood?: string;
  /** Versions that lost their trial. They are tried again a few times, then daily. */
  failed: FailedTrial[];
}

/** Not `lastGood`: it stays until there is a later one. */
const ownFields = ['version', 'generation', 'state', 'previous', 'proven', 'starts', 'attempt', 'failed'];

/** The content of current.json, or undefined if it is missing or damaged. */
export function readCurrent(root: MachineRoot): Current | undefined {
  const fields = readState(root.currentFile);
  return fields && asCurrent(fields);
}

/** Replaces current.json. Fields of another version's, which are not known here, stay. Throws what the disk says. */
export function writeCurrent(root: MachineRoot, current: Current): void {
  writeState(root.currentFile, { ...current }, ownFields);
}

function asCurrent(fields: Record<string, unknown>): Current | undefined {
  const agent = asAgentVersion(fields);
  if (!agent) return undefined;
  const previous = asAgentVersion(fields.previous);
  // A state of a later version: what it names is the agent, as far as this one can tell.
  const isTrial = fields.state === 'trial';
  if (typeof fields.state !== 'string' || (isTrial && !previous)) return undefined;
  const attempt = asCount(fields.attempt);
  const starts = asCount(fields.starts);
  return {
    ...agent,
    state: isTrial ? 'trial' : 'committed',
    ...(previous && { previous }),
    ...(typeof fields.proven === 'boolean' && { proven: fields.proven }),
    ...(starts !== undefined && { starts }),
    ...(attempt !== undefined && { attempt }),
    ...(isTime(fields.lastGood) && { lastGood: fields.lastGood }),
    failed: Array.isArray(fields.failed) ? fields.failed.flatMap(asFailedTrial).slice(-hostBounds.maxFailures) : [],
  };
}

function asAgentVersion(value: unknown): AgentVersion | undefined {
  if (!isRecord(value)) return undefined;
  const { version, generation } = value;
  if (typeof version !== 'string' || !isVersion(version)) return undefined;
  return generation === 'sus' || generation === 'wsus' ? { version, generation } : undefined;
}

function asFailedTrial(value: unknown): FailedTrial[] {
  if (!isRecord(value)) return [];
  const { version, hresult: result, at } = value;
  if (typeof version !== 'string' || !isVersion(version) || typeof result !== 'number') return [];
  const tries = asCount(value.tries);
  // A wrong time must not keep a version out for ever: as if it had been long ago.
  const time = isTime(at) ? at : new Date(0).toISOString();
  return [{ ...value, version, hresult: result, at: time, tries: tries === undefined ? 1 : Math.max(1, tries) }];
}
