// Makes the messages for a target from the records of the store. A target remembers how far it read, so that a restart repeats
// and loses none.
import { noticeBounds } from '@moult/administration/bounds';
import { type NoticeMessage, type NoticeTarget, type NoticeType, syncMark } from '@moult/administration/notices';
import type { Store } from '@moult/store';
import type { BackupFacts } from '../backup-schedule/index.ts';

export interface GatherParts {
  store: Pick<Store, 'listAuditAfter' | 'listSyncRuns' | 'loadServerStatus' | 'loadSetting'>;
  now(): Date;
  /** Certificates, and roles of the signed metadata. */
  endings(): readonly { name: string; endsAt: Date }[];
  backups(): BackupFacts;
}

interface Gathered {
  messages: NoticeMessage[];
  seen: NoticeTarget['seen'];
}

const dayMs = 86_400_000;
const auditAtOnce = 100;
/** Days before an end at which it is told. */
const steps = [0, 7, 30];

/** Answers messages in their order. It changes nothing. */
export async function gather({ seen, types }: NoticeTarget, parts: GatherParts): Promise<Gathered> {
  const wants = (type: NoticeType) => types.includes(type);
  const serverId = (await parts.store.loadSetting('server-id')) ?? 'moult';
  const make = (key: string, type: NoticeType, at: Date, data: NoticeMessage['data']): NoticeMessage => {
    const isLong = JSON.stringify(data).length > noticeBounds.messageCharacters;
    return { messageId: `${serverId}.${key}`, type, at: at.toISOString(), data: isLong ? { isCut: true } : data };
  };
  const messages: NoticeMessage[] = [];
  const records = await parts.store.listAuditAfter(seen.audit, auditAtOnce);
  for (const { auditId, at, actor, action, subject, before, after } of records) {
    if (wants('ring.halted') && action === 'rings: halt')
      messages.push(make(`ring-${auditId}`, 'ring.halted', at, { updateId: subject, after }));
    if (wants('audit.recorded'))
      messages.push(make(`audit-${auditId}`, 'audit.recorded', at, { auditId, actor, action, subject, before, after }));
  }
  const [run] = await parts.store.listSyncRuns(1);
  const isEnded = run?.state === 'done' || run?.state === 'failed';
  const sync = run && isEnded ? syncMark(run) : seen.sync;
  if (run && sync !== seen.sync) {
    const { runId, upstream, added, failed, error } = run;
    const at = run.endedAt ?? parts.now();
    if (run.state === 'failed' && wants('sync.failed'))
      messages.push(make(`sync-${sync}`, 'sync.failed', at, { runId, upstream, error }));
    if (run.state === 'done' && added > 0 && wants('updates.new'))
      messages.push(make(`sync-${sync}`, 'updates.new', at, { runId, upstream, added, passedOver: failed }));
  }
  const told = { ...seen.told };
  if (wants('expiry.soon'))
    messages.push(...endingsOf(parts, told).map((one) => make(one.key, 'expiry.soon', parts.now(), one.data)));
  if (wants('backup.failed')) {
    const backup = backupOf(parts, told);
    if (backup) messages.push(make(backup.key, 'backup.failed', parts.now(), backup.data));
  }
  if (wants('computers.silent')) {
    const silent = await silentOf(parts, told);
    if (silent) messages.push(make(silent.key, 'computers.silent', parts.now(), silent.data));
  }
  return { messages, seen: { audit: records.at(-1)?.auditId ?? seen.audit, sync, told } };
}

interface Found {
  key: string;
  data: Record<string, unknown>;
}

function endingsOf({ endings, now }: GatherParts, told: Record<string, string>): Found[] {
  return endings().flatMap(({ name, endsAt }) => {
    const days = Math.floor((endsAt.getTime() - now().getTime()) / dayMs);
    const step = steps.find((one) => days < one);
    const mark = `${endsAt.getTime()}:${step}`;
    const key = `expiry:${name}`;
    if (step === undefined || told[key] === mark) return [];
    told[key] = mark;
    return [{ key: `expiry-${name}-${mark}`, data: { name, endsAt: endsAt.toISOString(), days } }];
  });
}

/** Once for each time that it goes wrong. */
function backupOf({ backups }: GatherParts, told: Record<string, string>): Found | undefined {
  const { health, lastAt, failure } = backups();
  const isBad = health === 'failed' || health === 'late';
  const mark = isBad ? `${health}:${failure?.since ?? lastAt ?? 'none'}` : '';
  if ((told.backup ?? '') === mark) return undefined;
  told.backup = mark;
  return isBad ? { key: `backup-${mark}`, data: { health, lastBackup: lastAt, error: failure?.message } } : undefined;
}

/** Once a day, when more computers are silent than were told last. */
async function silentOf({ store, now }: GatherParts, told: Record<string, string>): Promise<Found | undefined> {
  const [day = '', count = '0'] = (told.silent ?? '').split(':');
  const today = now().toISOString().slice(0, 10);
  if (day === today) return undefined;
  const { computers } = await store.loadServerStatus();
  const isMore = computers.silent > Number(count);
  told.silent = `${today}:${computers.silent}`;
  return isMore ? { key: `silent-${today}`, data: { silent: computers.silent, total: computers.total } } : undefined;
}
