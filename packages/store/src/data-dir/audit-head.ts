// A copy of the head of the audit chain outside the database: in DIR/audit-head.json and in the log. With the copy, a
// chain that somebody cut short or made again does not go unnoticed.
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import type { AuditHead, Store } from '../index.ts';
import type { Log } from '../log.ts';
import { writePrivateFile } from './private-files.ts';

export interface NotedHead extends AuditHead {
  /** Of the server whose chain it is. '' before its first start. A restore makes another server of it. */
  serverId: string;
  /** When it was noted. */
  at: string;
}

interface AuditHeadKeeper {
  /** Says in the log when the database has fewer records than were noted. Notes its head if there is not yet a note. */
  compare(): Promise<void>;
  /** Notes what is not noted yet. */
  close(): Promise<void>;
}

interface AuditHeadParts {
  store: Pick<Store, 'watchAudit' | 'loadAuditHead' | 'loadSetting'>;
  dataDir: string;
  now(): Date;
  log?: Log;
  /** From a change to the note of it, in milliseconds: many changes at once are one note. */
  everyMs?: number;
}

export function auditHeadFile(dataDir: string): string {
  return join(dataDir, 'audit-head.json');
}

/** Follows the changes of this process. A copy that cannot be written is said in the log, and changes nothing else. */
export function keepAuditHead({ store, dataDir, now, log, everyMs = 500 }: AuditHeadParts): AuditHeadKeeper {
  let newest: AuditHead | undefined;
  let timer: NodeJS.Timeout | undefined;

  const note = async () => {
    clearTimeout(timer);
    timer = undefined;
    const head = newest;
    newest = undefined;
    if (!head) return;
    try {
      const serverId = (await store.loadSetting('server-id')) ?? '';
      writeNotedHead(dataDir, { serverId, ...head, at: now().toISOString() });
      log?.info({ auditRecords: head.records, auditDigest: head.digest }, 'head of the audit chain');
    } catch (error) {
      log?.warn({ err: error }, `the head of the audit chain cannot be written to ${auditHeadFile(dataDir)}`);
    }
  };
  store.watchAudit((head) => {
    if (!newest || head.records > newest.records) newest = head;
    timer ??= setTimeout(note, everyMs).unref();
  });
  return {
    async compare() {
      const serverId = (await store.loadSetting('server-id')) ?? '';
      const noted = readReadable(dataDir, serverId);
      const head = await store.loadAuditHead();
      if (!noted) newest = head;
      else if (noted.records > head.records) {
        const missing = { noted: noted.records, found: head.records };
        log?.error(missing, 'audit records are missing: run moult events verify');
      }
      await note();
    },
    close: note,
  };
}

/** The head that was noted last for the server with this id. Undefined if there is not one. */
export function readNotedHead(dataDir: string, serverId: string): NotedHead | undefined {
  const noted = readHead(auditHeadFile(dataDir));
  if (noted?.serverId === serverId || noted?.serverId === '') return noted;
  return isServerId(serverId) ? readHead(headFileOf(dataDir, serverId)) : undefined;
}

function readHead(file: string): NotedHead | undefined {
  const text = readOwnFile(file)?.toString('utf8');
  return text === undefined ? undefined : (JSON.parse(text) as NotedHead);
}

/** The place where the head of a server stays when the directory gets the database of another one. */
function headFileOf(dataDir: string, serverId: string): string {
  return join(dataDir, `audit-head-${serverId}.json`);
}

function isServerId(text: string): boolean {
  return /^[0-9a-f-]{36}$/.test(text);
}

/** The server whose database had its head noted last. Undefined when none was, or none that can be read. */
export function notedServerId(dataDir: string): string | undefined {
  try {
    const { serverId } = JSON.parse(String(readOwnFile(auditHeadFile(dataDir)))) as NotedHead;
    return typeof serverId === 'string' && serverId !== '' ? serverId : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps one that is further on, of the same server: it tells that records are missing. */
export function writeNotedHead(dataDir: string, head: NotedHead): void {
  if ((readReadable(dataDir, head.serverId)?.records ?? 0) > head.records) return;
  keepHeadOfAnother(dataDir, head.serverId);
  const file = auditHeadFile(dataDir);
  writePrivateFile(file, `${JSON.stringify(head)}\n`);
}

/** This keeps the head in between, if somebody puts another database in place, and later a shortened one back. */
function keepHeadOfAnother(dataDir: string, serverId: string): void {
  const before = notedServerId(dataDir);
  if (before === undefined || before === serverId || !isServerId(before)) return;
  const text = readOwnFile(auditHeadFile(dataDir));
  if (text) writePrivateFile(headFileOf(dataDir, before), text);
}

/** One that cannot be read tells nothing: it is written over. */
function readReadable(dataDir: string, serverId: string): NotedHead | undefined {
  try {
    return readNotedHead(dataDir, serverId);
  } catch {
    return undefined;
  }
}
