// The targets of messages: added, listed, tried, removed.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Store } from '@moult/store';
import { noticeBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { requirePublicHost } from '../web-files/index.ts';
import { openSealer } from './seal.ts';
import { type NoticeMessage, type NoticeTarget, type NoticeType, parseTarget, targetPrefix } from './types.ts';

/** Without its secret and its messages. */
export interface ShownTarget extends Omit<NoticeTarget, 'secret' | 'seen' | 'pending' | 'recent' | 'dueAt'> {
  waiting: number;
}

interface TargetWish {
  /** https://…, or mailto: and addresses with commas between them. */
  address: string;
  types: readonly NoticeType[];
  allowsPrivate?: boolean | undefined;
  /** Of mail. */
  when?: NoticeTarget['when'] | undefined;
}

/**
 * Adds a webhook, or receivers of mail. Answers the secret of a webhook, this one time. It gets messages from now on. Throws AdministrationError
 * ADMINISTRATION_NOTICE for an address that cannot be, and when there are too many.
 */
export async function addTarget(
  administration: Administration,
  { address, types, allowsPrivate = false, when = 'at-once' }: TargetWish,
): Promise<ShownTarget & { secretOnce: string }> {
  const { store, server, author } = administration;
  const receivers = receiversOf(address);
  if (receivers) requireMail(receivers, server.config.smtp);
  else requireAddress(address, allowsPrivate);
  if ((await loadTargets(store)).length >= noticeBounds.targets)
    throw new AdministrationError('ADMINISTRATION_NOTICE', `There are ${noticeBounds.targets} webhooks. Remove one.`);
  const secretOnce = receivers ? '' : `whsec_${randomBytes(32).toString('base64')}`;
  const secret = receivers ? '' : (await openSealer(server.dataDir)).seal(secretOnce);
  const [newest] = await store.listAudit({ limit: 1 });
  const [run] = await store.listSyncRuns(1);
  const target: NoticeTarget = {
    ...{ targetId: randomUUID(), address, types: [...new Set(types)], allowsPrivate, when, secret },
    ...{ createdAt: author.at.toISOString(), createdBy: author.name },
    seen: { audit: newest?.auditId ?? 0, sync: run ? syncMark(run) : '', told: {} },
    ...{ pending: [], recent: [], dropped: 0, attempts: 0, dueAt: 0, isDisabled: false },
  };
  await store.saveSetting(`${targetPrefix}${target.targetId}`, JSON.stringify(target));
  const after = { address, types: target.types, allowsPrivate };
  await store.recordChange(author, { action: 'add webhook', subject: target.targetId, after });
  return { ...shown(target), secretOnce };
}

/** The receivers of mail. Undefined for another address. */
export function receiversOf(address: string): string[] | undefined {
  if (!/^mailto:/i.test(address)) return undefined;
  return address
    .slice('mailto:'.length)
    .split(',')
    .map((one) => one.trim());
}

/** Names a state of a synchronisation. */
export function syncMark({
  runId,
  state,
  endedAt,
}: {
  runId: number;
  state: string;
  endedAt: Date | undefined;
}): string {
  return `${runId}:${state}:${endedAt?.getTime() ?? ''}`;
}

/** By the time that they were added. */
export async function listTargets({ store }: Pick<Administration, 'store'>): Promise<ShownTarget[]> {
  return (await loadTargets(store)).map(shown);
}

/** Throws SERVER_NOT_FOUND. */
export async function removeTarget({ store, author }: Administration, named: string): Promise<ShownTarget> {
  const target = await findTarget(store, named);
  await store.changeSetting(`${targetPrefix}${target.targetId}`, () => null);
  await store.recordChange(author, {
    action: 'remove webhook',
    subject: target.targetId,
    after: { address: target.address },
  });
  return shown(target);
}

/** Sends a message of the type `test`, soon. Also enables a webhook that was disabled. Throws SERVER_NOT_FOUND. */
export async function testTarget({ store, author }: Administration, named: string): Promise<NoticeMessage> {
  const at = author.at.toISOString();
  const message: NoticeMessage = { messageId: randomUUID(), type: 'test', at, data: { by: author.name } };
  await enqueue(store, named, () => message);
  return message;
}

/** Sends a message again that was delivered. Throws SERVER_NOT_FOUND for one that is not kept any more. */
export async function replayMessage(
  { store }: Administration,
  named: string,
  messageId: string,
): Promise<NoticeMessage> {
  return enqueue(store, named, ({ recent }) => recent.find((one) => one.messageId === messageId));
}

/** Those that wait first, then those that were delivered, the newest first. Throws SERVER_NOT_FOUND. */
export async function listMessages(
  { store }: Pick<Administration, 'store'>,
  named: string,
): Promise<(NoticeMessage & { isDelivered: boolean })[]> {
  const { pending, recent } = await findTarget(store, named);
  return [
    ...pending.map((one) => ({ ...one, isDelivered: false })),
    ...recent.toReversed().map((one) => ({ ...one, isDelivered: true })),
  ];
}

/** As the store has them. One that cannot be read is passed over. */
export async function loadTargets(store: Pick<Store, 'loadSettings'>): Promise<NoticeTarget[]> {
  const found = [...(await store.loadSettings(targetPrefix)).values()].flatMap((text) => parseTarget(text) ?? []);
  return found.sort((one, other) => one.createdAt.localeCompare(other.createdAt));
}

async function enqueue(
  store: Store,
  named: string,
  choose: (target: NoticeTarget) => NoticeMessage | undefined,
): Promise<NoticeMessage> {
  const { targetId, ...target } = await findTarget(store, named);
  const message = choose({ targetId, ...target });
  if (!message) throw notFound('This webhook has no such message any more.');
  await store.changeSetting(`${targetPrefix}${targetId}`, (text) => {
    const now = parseTarget(text);
    if (!now) return undefined;
    const pending = [...now.pending.filter((one) => one.messageId !== message.messageId), message];
    return JSON.stringify({ ...now, pending, attempts: 0, dueAt: 0, isDisabled: false, failingSince: undefined });
  });
  return message;
}

/** By its id, the beginning of it, or its address. */
async function findTarget(store: Store, named: string): Promise<NoticeTarget> {
  const all = await loadTargets(store);
  const found = all.filter(
    ({ targetId, address }) => address === named || (named.length >= 4 && targetId.startsWith(named)),
  );
  const [only] = found;
  if (only && found.length === 1) return only;
  throw notFound(`"${named.slice(0, 80)}" names ${found.length === 0 ? 'no webhook' : 'several webhooks'}.`);
}

function shown({ secret: _, seen: __, pending, recent: ___, dueAt: ____, ...target }: NoticeTarget): ShownTarget {
  return { ...target, waiting: pending.length };
}

function notFound(message: string): AdministrationError {
  return new AdministrationError('SERVER_NOT_FOUND', message);
}

function requireMail(receivers: readonly string[], smtp: string): void {
  const wrong = receivers.find((one) => !/^[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*$/.test(one) || one.length > 254);
  const why =
    smtp === 'off'
      ? 'This server sends no mail. Set --smtp first.'
      : wrong !== undefined || receivers.length > noticeBounds.receivers
        ? `Write mailto: and at most ${noticeBounds.receivers} addresses with commas between them.`
        : undefined;
  if (why !== undefined) throw new AdministrationError('ADMINISTRATION_NOTICE', why);
}

function requireAddress(address: string, allowsPrivate: boolean): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && allowsPrivate);
  if (!url || !isWeb || url.username !== '' || url.password !== '' || url.hash !== '' || address.length > 2048)
    throw new AdministrationError(
      'ADMINISTRATION_NOTICE',
      'The address of a webhook begins with https:// and has no password in it. http:// needs --allow-private.',
    );
  if (!allowsPrivate) requirePublicHost(url);
}
