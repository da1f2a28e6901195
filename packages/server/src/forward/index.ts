// Carries the audit records to where an administrator collects them: a syslog server, and a file of JSON lines. The store
// keeps the number of the last record that was sent, so that a restart forgets none. Syslog acknowledges nothing: what is on its
// way when a connection breaks may be lost.
import { appendFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { ServerConfig } from '@moult/administration/config';
import { readSyslogTarget } from '@moult/administration/config';
import { makeFolders, readOutside } from '@moult/disk';
import type { AuditRecord, Notice, Store } from '@moult/store';
import { forwardBounds } from '../bounds.ts';
import { createSweep } from '../housekeeping/sweep.ts';
import type { Logger } from '../log/log.ts';
import { openSyslog } from './syslog.ts';

interface ForwardParts {
  store: Pick<Store, 'listAuditAfter' | 'loadSetting' | 'saveSetting' | 'listAudit'>;
  log: Pick<Logger, 'warn' | 'info'>;
  /** Told when the notices may have changed. */
  changed(): void;
  /** Milliseconds. 0 for no looks by itself. */
  everyMs?: number;
}

interface Forwarding {
  /** Carries what is there. Answers the number of records, of all places together. Rejects with the first failure. */
  run(): Promise<number>;
  notices(): Notice[];
  close(): Promise<void>;
}

interface Place {
  /** Of its place in the store. */
  name: 'syslog' | 'file';
  /** For people. */
  title: string;
  send(records: readonly AuditRecord[]): Promise<void>;
  close(): void;
}

/** Does nothing without the settings `syslog` and `auditFile`. */
export function forwardAudit(config: ServerConfig, { store, log, changed, everyMs = 2000 }: ForwardParts): Forwarding {
  const places = placesOf(config);
  const troubles = new Map<string, string>();

  const carry = async (place: Place, isEnding: () => boolean): Promise<number> => {
    const setting = `forwarded-${place.name}`;
    let last = await firstOf(store, setting);
    let count = 0;
    while (!isEnding()) {
      const records = await store.listAuditAfter(last, forwardBounds.recordsAtOnce);
      if (records.length === 0) return count;
      await place.send(records);
      count += records.length;
      last = records.at(-1)?.auditId ?? last;
      await store.saveSetting(setting, String(last));
    }
    return count;
  };

  const note = (place: Place, error: unknown) => {
    const before = troubles.get(place.title);
    if (error === undefined) troubles.delete(place.title);
    else troubles.set(place.title, error instanceof Error ? error.message : String(error));
    if ((before === undefined) === (error === undefined)) return;
    if (error === undefined) log.info({ place: place.title }, 'audit records are carried again');
    else log.warn({ err: error, place: place.title }, 'audit records cannot be carried. They wait');
    changed();
  };

  const { run, close } = createSweep({
    ...{ pauseMs: 0, everyMs: places.length === 0 ? 0 : everyMs, failed: () => undefined },
    async work({ isEnding }) {
      let count = 0;
      let failure: unknown;
      for (const place of places) {
        try {
          count += await carry(place, isEnding);
          note(place, undefined);
        } catch (error) {
          failure ??= error;
          note(place, error);
        }
      }
      if (failure !== undefined) throw failure;
      return count;
    },
  });
  return {
    run,
    notices: () => [...troubles].map(([title, why]) => noticeOf(title, why)),
    async close() {
      await close();
      for (const place of places) place.close();
    },
  };
}

/** The first time, carrying begins with the next change. */
async function firstOf(store: ForwardParts['store'], setting: string): Promise<number> {
  const noted = await store.loadSetting(setting);
  if (noted !== undefined && /^\d{1,15}$/.test(noted)) return Number(noted);
  const [newest] = await store.listAudit({ limit: 1 });
  const first = newest?.auditId ?? 0;
  await store.saveSetting(setting, String(first));
  return first;
}

function placesOf({ syslog, syslogCa, auditFile }: ServerConfig): Place[] {
  const found: Place[] = [];
  const target = syslog === 'off' ? undefined : readSyslogTarget(syslog);
  if (target) {
    const ca = syslogCa === undefined ? undefined : readOutside(syslogCa).toString('utf8');
    const line = openSyslog(target, { ca, timeoutMs: forwardBounds.timeoutMs });
    found.push({
      ...{ name: 'syslog', title: syslog, close: line.close },
      async send(records) {
        for (const record of records)
          await line.send({ at: record.at, host: hostname(), kind: 'audit', text: textOf(record) });
      },
    });
  }
  if (auditFile !== undefined)
    found.push({
      ...{ name: 'file', title: auditFile, close: () => undefined },
      async send(records) {
        makeFolders(dirname(auditFile));
        // Opened each time: a program that rotates the file moves it away.
        const lines = records.map((record) => `${textOf(record)}\n`).join('');
        await appendFile(auditFile, lines, { mode: 0o600 });
      },
    });
  return found;
}

/** One line of JSON. A record that is too long for one message goes without its values. */
function textOf({ auditId, at, actor, action, subject, before, after }: AuditRecord): string {
  const head = { auditId, at, actor, action, subject };
  const text = JSON.stringify({ ...head, before, after });
  return text.length <= forwardBounds.maxCharacters ? text : JSON.stringify({ ...head, isCut: true });
}

function noticeOf(title: string, why: string): Notice {
  return {
    headline: `Audit records do not reach ${title}.`,
    cause: `${why} The server tries again every few seconds. The records stay in its database meanwhile.`,
    remedy: 'Check the address, or change --syslog or --audit-file.',
  };
}
