// SoftwareDistribution\DataStore\ready.json: updates whose files are here and that wait for their time, and a restart
// that an installation asked for. Losing it costs a detection: that finds the updates again, and their files are still
// there.
import { join } from 'node:path';
import type { Handler, UpdateFile } from '@moult/catalog';
import { asCount, isRecord, isTime } from '../../host/state-file.ts';
import { readKept, writeFileAtomically } from '../../machine/atomic-file.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';
import type { NeededRestart, UpdateKind } from '../../plan/work.ts';

/** The server's words about one revision to install. The operator's signature is asked for again then. */
interface ReadyPart {
  updateId: string;
  revision: number;
  files: UpdateFile[];
  handler: Handler | undefined;
}

export interface ReadyEntry {
  updateId: string;
  revision: number;
  title: string;
  kind: UpdateKind;
  isMinor: boolean;
  deadline: Date | undefined;
  foundAt: Date;
  parts: ReadyPart[];
}

export interface WaitingRestart extends NeededRestart {
  /** The mark that tells this start of the machine from the next one (machine/boot.ts). */
  boot: string;
  /** When the system was told to restart. */
  askedAt: Date | undefined;
}

export interface ReadyState {
  entries: ReadyEntry[];
  planned: Date | undefined;
  restart: WaitingRestart | undefined;
}

export interface ReadyStore {
  /** Throws what the disk says when it cannot read the file. */
  read(): ReadyState;
  /** Replaces the file. Throws what the disk says. */
  write(state: ReadyState): void;
}

const nothing: ReadyState = { entries: [], planned: undefined, restart: undefined };

/** For `server`: what waits is of another one as soon as the machine is pointed elsewhere. A restart stays. */
export function openReadyStore(root: MachineRoot, server: string): ReadyStore {
  const file = join(root.dataStoreFolder, 'ready.json');
  return {
    read() {
      const fields = parse(readKept(file)?.toString('utf8') ?? '');
      if (!isRecord(fields)) return { ...nothing, entries: [] };
      const restart = readRestart(fields.restart);
      if (fields.server !== server) return { ...nothing, entries: [], restart };
      const entries = Array.isArray(fields.entries) ? fields.entries.flatMap(readEntry) : [];
      return { entries, planned: asTime(fields.planned), restart };
    },
    write(state) {
      writeFileAtomically(file, JSON.stringify({ server, ...state }));
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asTime(value: unknown): Date | undefined {
  return isTime(value) ? new Date(value) : undefined;
}

function readEntry(value: unknown): ReadyEntry[] {
  if (!isRecord(value)) return [];
  const { updateId, title, kind, isMinor, parts } = value;
  const revision = asCount(value.revision);
  const foundAt = asTime(value.foundAt);
  if (typeof updateId !== 'string' || revision === undefined || !foundAt || !Array.isArray(parts)) return [];
  return [
    {
      ...{ updateId, revision, foundAt },
      title: typeof title === 'string' ? title : updateId,
      kind: kind === 'feature' ? 'feature' : 'quality',
      isMinor: isMinor === true,
      deadline: asTime(value.deadline),
      parts: parts.filter(isPart),
    },
  ];
}

/** Files and handler go through the operator's signature before anything is done with them. */
function isPart(value: unknown): value is ReadyPart {
  if (!isRecord(value) || typeof value.updateId !== 'string' || asCount(value.revision) === undefined) return false;
  const { files, handler } = value;
  return Array.isArray(files) && files.every(isFile) && (handler === undefined || isRecord(handler));
}

function isFile(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.fileName === 'string' &&
    typeof value.sha1 === 'string' &&
    asCount(value.sizeBytes) !== undefined &&
    (value.sha256 === undefined || typeof value.sha256 === 'string')
  );
}

function readRestart(value: unknown): WaitingRestart | undefined {
  if (!isRecord(value)) return undefined;
  const since = asTime(value.since);
  if (!since) return undefined;
  return {
    since,
    kind: value.kind === 'feature' ? 'feature' : 'quality',
    byDeadline: value.byDeadline === true,
    graceEnds: asTime(value.graceEnds),
    boot: typeof value.boot === 'string' ? value.boot : '',
    askedAt: asTime(value.askedAt),
  };
}
