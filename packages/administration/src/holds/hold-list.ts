// A list of known issues as a file: signed with the operator's signing certificate, so that other operators can take it in and
// know whose it is.
import type { UpdateId } from '@moult/catalog';
import type { Hold } from '@moult/catalog/holds';
import { readOutside } from '@moult/disk';
import * as z from 'zod';
import { holdBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { checkSignature, createSigner, ownAuthority, plainFingerprint, signatureShape } from '../signed-text/index.ts';
import { faultOf, requireRoom } from './holds.ts';

export interface ImportedHolds {
  /** SHA-256 of the certificate of the authority under the list. */
  authority: string;
  issuedAt: Date;
  added: number;
  /** Of the list of before, and not in this one. */
  lifted: number;
}

const format = 'moult-holds-1';

const text = z.string().max(2000);
const holdShape = z.strictObject({
  holdId: z.guid().toLowerCase(),
  effect: z.enum(['hold', 'advise']),
  says: text,
  link: text.optional(),
  endsAt: z.iso.datetime().optional(),
  condition: z.strictObject({
    articles: z.array(text).max(500),
    updates: z.array(text).max(500),
    ...{ buildFrom: text.optional(), buildTo: text.optional(), manufacturer: text.optional(), model: text.optional() },
  }),
});
const fileShape = z.strictObject({
  list: z.strictObject({ format: z.literal(format), issuedAt: z.iso.datetime(), holds: z.array(holdShape).max(5000) }),
  signature: signatureShape,
});

/** The holds of this server that did not end, as the text of a signed file. Throws AdministrationError ADMINISTRATION_NO_KEYS. */
export async function exportHolds({ store, server, author }: Administration): Promise<string> {
  const signer = await createSigner({ server, author });
  const own = (await store.listHolds()).filter(({ source, endsAt }) => !source && !(endsAt && endsAt <= author.at));
  const holds = own.map(({ holdId, effect, says, link, endsAt, condition }) => {
    return { holdId, effect, says, link, endsAt: endsAt?.toISOString(), condition };
  });
  const list = { format, issuedAt: author.at.toISOString(), holds };
  const signature = signer.sign(Buffer.from(JSON.stringify(list)));
  return `${JSON.stringify({ list, signature }, undefined, 2)}\n`;
}

/**
 * Imports the list in a file, in place of the one of the same authority. `trust`: the SHA-256 of the authority's
 * certificate. The first list of a foreign authority needs it. Throws AdministrationError ADMINISTRATION_HOLD_LIST for
 * other files, and for a list that was changed or is older than the last. The list of an untrusted authority gets the
 * same error. DiskError for a file that cannot be read.
 */
export async function importHolds(
  administration: Administration,
  file: string,
  trust?: string,
): Promise<ImportedHolds> {
  const { store, author } = administration;
  const { list, authority } = readList(readOutside(file, { maxBytes: holdBounds.listBytes }).toString('utf8'));
  const all = await store.listHolds();
  // Its own list puts back what was lifted since, and takes nothing away.
  const isOwn = await requireTrusted(administration, authority, trust);
  const from = isOwn ? undefined : authority;
  const issuedAt = new Date(list.issuedAt);
  if (issuedAt.getTime() > author.at.getTime() + dayMs)
    throw refused(`It is of ${list.issuedAt}, and the clock of this server shows ${author.at.toISOString()}`);
  const setting = settingOf(authority);
  const known = await store.loadSetting(setting);
  if (known !== undefined && Date.parse(known) > issuedAt.getTime())
    throw refused(`It is of ${list.issuedAt}, and one of ${known} was taken in already`);
  const holds: Hold[] = list.holds.map((one) => ({
    ...one,
    endsAt: one.endsAt === undefined ? undefined : new Date(one.endsAt),
    condition: { ...one.condition, updates: one.condition.updates.map((id) => id as UpdateId) },
  }));
  const sources = new Map(all.map(({ holdId, source }) => [holdId, source]));
  const listed = new Set<string>();
  for (const hold of holds) {
    const { holdId } = hold;
    const fault = faultOf(hold);
    if (fault) throw refused(`Hold ${holdId} cannot be: ${fault}`);
    if (listed.has(holdId)) throw refused(`Hold ${holdId} is in it twice`);
    listed.add(holdId);
    // A list must not take the place of holds that are not its own.
    if (sources.has(holdId) && sources.get(holdId) !== from)
      throw refused(`Hold ${holdId} is one of this server, or of another list`);
  }
  const gone = all.filter(({ holdId, source }) => !isOwn && source === from && !listed.has(holdId));
  const fresh = holds.filter(({ holdId }) => !sources.has(holdId));
  await requireRoom(administration, fresh.length - gone.length);
  const save = holds.map((hold) => ({ ...hold, source: from }));
  const lift = gone.map(({ holdId }) => holdId);
  await store.changeHolds({ save, lift, list: { setting, issuedAt: list.issuedAt } }, author);
  return { authority, issuedAt, added: holds.length, lifted: gone.length };
}

function readList(content: string) {
  const parsed = fileShape.safeParse(parseJson(content));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(`This is not a list of holds: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  // As it was written: a parsed one has its members in the order of the shape.
  const written = (parseJson(content) as { list: unknown }).list;
  const { list, signature } = parsed.data;
  const checked = checkSignature(Buffer.from(JSON.stringify(written)), signature, () => new Date(list.issuedAt));
  if ('problem' in checked) throw refused(checked.problem);
  return { list, authority: checked.authority };
}

/** Of this server, trusted by hand, or trusted before. Answers whether it is this server's own. */
async function requireTrusted({ store, server }: Administration, authority: string, trust?: string): Promise<boolean> {
  if (ownAuthority(server.dataDir) === authority) return true;
  if (trust !== undefined && plainFingerprint(trust) === authority) return false;
  if ((await store.loadSetting(settingOf(authority))) !== undefined) return false;
  throw refused(
    `Its authority ${authority} is not trusted yet. Ask its operator for this number, and name it as trusted`,
  );
}

/** The date of the last list of an authority, which says that it is trusted, too. */
function settingOf(authority: string): string {
  return `hold-list:${authority}`;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw refused('It is not JSON');
  }
}

function refused(why: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_HOLD_LIST', `The list of holds was not taken in. ${why}.`);
}

const dayMs = 86_400_000;
