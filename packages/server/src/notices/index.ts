// Sends messages to webhooks, beside the service. One server of a database works for a target at a time. A message that is not
// taken is sent again, with the same id, after longer and longer pauses.
import { noticeBounds } from '@moult/administration/bounds';
import {
  loadTargets,
  type NoticeMessage,
  type NoticeTarget,
  openSealer,
  parseTarget,
  receiversOf,
  type Sealer,
  targetPrefix,
} from '@moult/administration/notices';
import type { Store } from '@moult/store';
import { createSweep } from '../housekeeping/sweep.ts';
import type { Logger } from '../log/log.ts';
import { type GatherParts, gather } from './gather.ts';
import type { SendMail } from './mail.ts';
import { postMessage } from './post.ts';

interface NoticeParts extends Pick<GatherParts, 'now' | 'endings' | 'backups'> {
  store: Store;
  dataDir: string;
  log: Pick<Logger, 'warn' | 'error'>;
  /** Milliseconds. 0 for no looks by itself. */
  everyMs?: number;
  /** Undefined when this server sends no mail. */
  mail?: SendMail | undefined;
}

interface Notices {
  /** Looks now. Answers how many messages were taken. */
  run(): Promise<number>;
  close(): Promise<void>;
}

/** Longer than one message may take: another server waits so long before it works for the same target. */
const leaseMs = 60_000;
const pausesMs = [5, 30, 120, 600, 3600, 6 * 3600].map((seconds) => seconds * 1000);
const messagesAtOnce = 20;
const dayMs = 86_400_000;

interface Outcome {
  delivered: NoticeMessage[];
  error: string | undefined;
  /** The receiver says that it is no more. */
  isGone: boolean;
}

export function keepNotices({
  store,
  dataDir,
  now,
  endings,
  backups,
  log,
  mail,
  everyMs = 5000,
}: NoticeParts): Notices {
  const ending = new AbortController();
  let sealer: Promise<Sealer> | undefined;

  const serve = async (target: NoticeTarget): Promise<number> => {
    const name = `${targetPrefix}${target.targetId}`;
    const at = now().getTime();
    if (target.isDisabled || (target.dueAt > at && target.dueAt < at + (pausesMs.at(-1) ?? 0) + leaseMs)) return 0;
    const { messages, seen } = await gather(target, { store, now, endings, backups });
    const isSame = JSON.stringify(seen) === JSON.stringify(target.seen);
    if (messages.length === 0 && target.pending.length === 0) {
      if (!isSame)
        await store.changeSetting(
          name,
          changing((one) => (one.dueAt === target.dueAt ? { ...one, seen } : undefined)),
        );
      return 0;
    }
    if (waitsForItsDay(withMessages(target, messages), now())) {
      const kept = changing((one) =>
        one.dueAt === target.dueAt ? { ...withMessages(one, messages), seen } : undefined,
      );
      if (messages.length > 0 || !isSame) await store.changeSetting(name, kept);
      return 0;
    }
    let claimed: NoticeTarget | undefined;
    await store.changeSetting(
      name,
      changing((one) => {
        // Another server was first.
        claimed =
          one.dueAt === target.dueAt ? { ...withMessages(one, messages), seen, dueAt: at + leaseMs } : undefined;
        return claimed;
      }),
    );
    if (!claimed) return 0;
    const outcome = await deliver(claimed);
    await store.changeSetting(
      name,
      changing((one) => settled(one, outcome, now())),
    );
    return outcome.delivered.length;
  };

  const deliver = async (target: NoticeTarget): Promise<Outcome> => {
    const receivers = receiversOf(target.address);
    return receivers ? deliverMail(receivers, target) : deliverEach(target);
  };

  const deliverMail = async (receivers: readonly string[], { pending }: NoticeTarget): Promise<Outcome> => {
    if (!mail) return { delivered: [], isGone: false, error: 'this server sends no mail: set --smtp' };
    try {
      await mail(receivers, pending);
      return { delivered: pending, isGone: false, error: undefined };
    } catch (error) {
      return {
        delivered: [],
        isGone: false,
        error: error instanceof Error ? error.message.slice(0, 300) : 'mail failed',
      };
    }
  };

  const deliverEach = async ({ address, secret, pending, allowsPrivate }: NoticeTarget): Promise<Outcome> => {
    const delivered: NoticeMessage[] = [];
    sealer ??= openSealer(dataDir);
    const open = (await sealer).open(secret);
    if (open === undefined)
      return { delivered, isGone: false, error: 'its secret was sealed by other keys: remove it, and add it again' };
    const about = { secret: open, allowsPrivate, answerMs: noticeBounds.answerMs, signal: ending.signal };
    const began = performance.now();
    for (const message of pending.slice(0, messagesAtOnce)) {
      // The lease must not end meanwhile.
      if (ending.signal.aborted || performance.now() - began > leaseMs - 2 * noticeBounds.answerMs) break;
      try {
        const status = await postMessage(address, message, { ...about, now: now() });
        if (status < 200 || status > 299) return { delivered, isGone: status === 410, error: `HTTP ${status}` };
        delivered.push(message);
      } catch (error) {
        return { delivered, isGone: false, error: reasonOf(error) };
      }
    }
    return { delivered, isGone: false, error: undefined };
  };

  const { run, close } = createSweep({
    ...{ pauseMs: 0, everyMs },
    async work({ isEnding }) {
      let count = 0;
      for (const target of await loadTargets(store)) {
        if (isEnding()) break;
        try {
          count += await serve(target);
        } catch (error) {
          log.error({ err: error, target: target.targetId }, 'messages to a webhook could not be looked after');
        }
      }
      return count;
    },
    failed: (error) => log.warn({ err: error }, 'webhooks could not be looked after'),
  });
  return {
    run,
    async close() {
      ending.abort();
      await close();
    },
  };
}

/** Mail that is sent once a day. A test does not wait. */
function waitsForItsDay({ address, when, pending, deliveredAt }: NoticeTarget, now: Date): boolean {
  if (when !== 'daily' || !receiversOf(address) || pending.some(({ type }) => type === 'test')) return false;
  return deliveredAt !== undefined && now.getTime() - Date.parse(deliveredAt) < dayMs;
}

function changing(change: (target: NoticeTarget) => NoticeTarget | undefined) {
  return (text: string | undefined): string | undefined => {
    const target = parseTarget(text);
    const after = target && change(target);
    return after && JSON.stringify(after);
  };
}

function withMessages(target: NoticeTarget, messages: readonly NoticeMessage[]): NoticeTarget {
  const all = [...target.pending, ...messages];
  const pending = all.slice(-noticeBounds.waiting);
  return { ...target, pending, dropped: target.dropped + all.length - pending.length };
}

/** Messages that came meanwhile stay. */
function settled(target: NoticeTarget, { delivered, error, isGone }: Outcome, now: Date): NoticeTarget {
  const done = new Set(delivered.map(({ messageId }) => messageId));
  const recent = [...target.recent.filter(({ messageId }) => !done.has(messageId)), ...delivered];
  const after = {
    ...target,
    pending: target.pending.filter(({ messageId }) => !done.has(messageId)),
    recent: noticeBounds.kept === 0 ? [] : recent.slice(-noticeBounds.kept),
    ...(delivered.length > 0 && { deliveredAt: now.toISOString() }),
  };
  if (error === undefined) return { ...after, attempts: 0, dueAt: 0, error: undefined, failingSince: undefined };
  const attempts = delivered.length > 0 ? 1 : target.attempts + 1;
  const failingSince = delivered.length > 0 ? now.toISOString() : (target.failingSince ?? now.toISOString());
  const isTooLong = now.getTime() - Date.parse(failingSince) > noticeBounds.disabledAfterMs;
  const pauseMs = pausesMs[Math.min(attempts, pausesMs.length) - 1] ?? 0;
  const dueAt = now.getTime() + pauseMs;
  return { ...after, attempts, failingSince, error, dueAt, isDisabled: isGone || isTooLong };
}

/** It does not show what a private address answered. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (code === 'ADMINISTRATION_PRIVATE_ADDRESS') return 'it is an address of a private network';
  if (error instanceof Error && error.name === 'TimeoutError') return 'it does not answer in time';
  return typeof code === 'string' ? code : 'it does not answer';
}
