// Known issues as administrators keep them: each withholds updates from some computers, or advises against them.
import { randomUUID } from 'node:crypto';
import { toUpdateId, type UpdateId } from '@moult/catalog';
import type { Hold } from '@moult/catalog/holds';
import type { StoredHold } from '@moult/store';
import { holdBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { findUpdate } from '../find.ts';
import type { Administration } from '../open-server.ts';

interface NewHold {
  /** As findUpdate takes them. A KB number need not be here yet. */
  updates: readonly string[];
  effect: Hold['effect'];
  says: string;
  link?: string | undefined;
  endsAt?: Date | undefined;
  buildFrom?: string | undefined;
  buildTo?: string | undefined;
  manufacturer?: string | undefined;
  model?: string | undefined;
}

/** All holds of the server, oldest first. Also those that ended. */
export function listHolds({ store }: Administration): Promise<StoredHold[]> {
  return store.listHolds();
}

/** Throws AdministrationError SERVER_NOT_FOUND for an update, SERVER_REFUSED for a condition that cannot be. */
export async function addHold(administration: Administration, wanted: NewHold): Promise<StoredHold> {
  const { store, author } = administration;
  const articles: string[] = [];
  const updates: UpdateId[] = [];
  for (const typed of wanted.updates) {
    const article = /^\s*KB\s*(\d{1,9})\s*$/i.exec(typed)?.[1];
    if (article !== undefined) articles.push(article);
    else updates.push(toUpdateId((await findUpdate(store, typed)).updateId) as UpdateId);
  }
  const { effect, says, link, endsAt, buildFrom, buildTo, manufacturer, model } = wanted;
  const condition = { articles, updates, buildFrom, buildTo, manufacturer, model };
  const hold: Hold = { holdId: randomUUID(), effect, says, link, endsAt, condition };
  const fault = faultOf(hold);
  if (fault) throw new AdministrationError('SERVER_REFUSED', `This hold cannot be: ${fault}.`);
  if (endsAt && endsAt <= author.at)
    throw new AdministrationError('SERVER_REFUSED', `The end ${endsAt.toISOString()} of the hold is over.`);
  await requireRoom(administration, 1);
  await store.changeHolds({ save: [{ ...hold, source: undefined }] }, author);
  return { ...hold, source: undefined, addedBy: author.name, addedAt: author.at };
}

/** Takes holds away, by their ids or the beginnings of these. Throws AdministrationError SERVER_NOT_FOUND. Then none goes. */
export async function liftHolds({ store, author }: Administration, named: readonly string[]): Promise<StoredHold[]> {
  const all = await store.listHolds();
  const found = named.map((text) => {
    const fitting = all.filter(({ holdId }) => text.trim() !== '' && holdId.startsWith(text.trim().toLowerCase()));
    const [only] = fitting;
    if (only && fitting.length === 1) return only;
    throw new AdministrationError(
      'SERVER_NOT_FOUND',
      only ? `"${text}" fits ${fitting.length} holds. Name one by its whole id.` : `There is no hold "${text}".`,
      { subject: 'hold' },
    );
  });
  const gone = await store.changeHolds({ lift: [...new Set(found.map(({ holdId }) => holdId))] }, author);
  return gone.flatMap((holdId) => found.find((one) => one.holdId === holdId) ?? []);
}

/** Why a hold cannot be, as the end of a sentence. Undefined when it can. Holds come from files of others, too. */
export function faultOf({ says, link, effect, condition }: Hold): string | undefined {
  const { articles, updates, buildFrom, buildTo, manufacturer, model } = condition;
  if (effect !== 'hold' && effect !== 'advise') return 'its effect is neither hold nor advise';
  if (says.trim() === '' || says.length > textLength) return `its text has 1 to ${textLength} characters`;
  if (link !== undefined && !isWebLink(link)) return 'its link is not an http or https address';
  if (articles.length + updates.length === 0) return 'it names no update';
  if (articles.length + updates.length > updatesOfOne) return `it names more than ${updatesOfOne} updates`;
  if (articles.some((one) => !/^\d{1,9}$/.test(one))) return 'an article is not a KB number';
  if (updates.some((one) => toUpdateId(one) !== one)) return 'an update is not a GUID';
  for (const build of [buildFrom, buildTo])
    if (build !== undefined && !/^\d{1,9}(\.\d{1,9}){1,3}$/.test(build)) return 'a build is not like 10.0.19045';
  for (const pattern of [manufacturer, model])
    if (pattern !== undefined && (pattern.trim() === '' || pattern.length > textLength))
      return `a manufacturer or model has 1 to ${textLength} characters`;
  return undefined;
}

/** Throws AdministrationError SERVER_REFUSED if there are too many holds with so many more. */
export async function requireRoom({ store }: Pick<Administration, 'store'>, more: number): Promise<void> {
  const { length } = await store.listHolds();
  if (length + more > holdBounds.kept)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `There are ${length} holds, and ${holdBounds.kept} at most. Lift some.`,
    );
}

function isWebLink(text: string): boolean {
  return text.length <= textLength && /^https?:\/\/\S+$/.test(text) && URL.canParse(text);
}

const textLength = 1000;
const updatesOfOne = 500;
