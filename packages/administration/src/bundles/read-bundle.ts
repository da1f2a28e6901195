// The signed list of a bundle, believed only after its signature was found right and its operator is trusted.
import { join } from 'node:path';
import { isTimeZone } from '@moult/catalog/rules';
import { DiskError, readOutside } from '@moult/disk';
import { allComputers, type Store, unassignedComputers } from '@moult/store';
import * as z from 'zod';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import {
  checkSignature,
  ownAuthority,
  plainFingerprint,
  type Signature,
  signatureShape,
} from '../signed-text/index.ts';
import { bundleBounds } from './bounds.ts';
import { isSame } from './catalog-state.ts';
import { type Bundle, bundleName, bundleShape, signatureName, stateShape, unfinishedName } from './format.ts';

/** Kept for each operator whose bundles are taken in: that it is trusted, and its last bundle. */
export const knownShape = z.object({
  last: z
    .object({ bundleId: z.string(), madeAt: z.string(), state: stateShape, groups: z.array(z.string()) })
    .optional(),
});

export type KnownSource = z.infer<typeof knownShape>;

export interface SignedBundle {
  bundle: Bundle;
  /** SHA-256 of the authority under it. */
  authority: string;
  known: KnownSource;
}

/**
 * Reads the list in `folder`. `trust`: the SHA-256 of the authority's certificate, needed for the first bundle of a foreign
 * operator. Throws AdministrationError ADMINISTRATION_BUNDLE_DAMAGED, ADMINISTRATION_BUNDLE_SIGNER and
 * ADMINISTRATION_BUNDLE_STATE, DiskError for a file that cannot be read.
 */
export async function readBundle(
  administration: Administration,
  folder: string,
  trust?: string | undefined,
): Promise<SignedBundle> {
  const { store, author } = administration;
  const limits = { maxBytes: bundleBounds.listBytes };
  const text = readMember(folder, bundleName, limits);
  const signature = parse(signatureShape, readMember(folder, signatureName, limits), signatureName);
  const { bundle, authority } = signedBy(text, signature);
  const known = await requireTrusted(administration, authority, trust);
  requireSound(bundle);
  const madeAt = Date.parse(bundle.madeAt);
  if (madeAt > author.at.getTime() + dayMs)
    throw otherState(`It is of ${bundle.madeAt}, and the clock of this server shows ${author.at.toISOString()}.`);
  requireNext(bundle, known);
  await requireLanguages(store, bundle);
  return { bundle, authority, known };
}

/** The name under which a server keeps what it knows of an operator. */
export function settingOf(authority: string): string {
  return sourcePrefix + authority;
}

export const sourcePrefix = 'bundle:';

function readMember(folder: string, name: string, limits: { maxBytes: number }): Buffer {
  try {
    return readOutside(join(folder, name), limits);
  } catch (error) {
    if (!(error instanceof DiskError) || error.systemCode !== 'ENOENT') throw error;
    const text = `${folder} is not a bundle: it has no ${name}. An export that ended early has ${unfinishedName} instead.`;
    throw new AdministrationError('ADMINISTRATION_BUNDLE_DAMAGED', text, { cause: error });
  }
}

function signedBy(text: Buffer, signature: Signature): { bundle: Bundle; authority: string } {
  let bundle: Bundle | undefined;
  const checked = checkSignature(text, signature, () => {
    bundle = parse(bundleShape, text, bundleName);
    return new Date(bundle.madeAt);
  });
  if ('problem' in checked) throw damaged(`${checked.problem}.`);
  if (!bundle) throw damaged('It was not read.');
  return { bundle, authority: checked.authority };
}

function parse<Shape extends z.ZodType>(shape: Shape, text: Buffer, name: string): z.infer<Shape> {
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch {
    throw damaged(`${name} is not JSON.`);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(`${name} has a fault at ${issue?.path.join('.')}: ${issue?.message}.`);
}

/** Of this server, trusted by hand, or trusted before. */
async function requireTrusted(
  { store, server }: Administration,
  authority: string,
  trust: string | undefined,
): Promise<KnownSource> {
  const setting = await store.loadSetting(settingOf(authority));
  if (setting !== undefined) return knownShape.parse(JSON.parse(setting));
  if (ownAuthority(server.dataDir) === authority) return {};
  if (trust !== undefined && plainFingerprint(trust) === authority) return {};
  throw new AdministrationError(
    'ADMINISTRATION_BUNDLE_SIGNER',
    `The bundle is of an operator that is not trusted here. Ask the operator for the number of the authority, compare it with ${authority}, and name it as trusted.`,
  );
}

/** A server of ours never writes such a list. The key of somebody else may have signed anything. */
function requireSound({ groups, decisions, content, packages }: Bundle): void {
  const ids = new Map(groups.map((group) => [group.groupId, group]));
  const isBuiltIn = (id: string) => id === allComputers || id === unassignedComputers;
  const names = new Set(groups.map(({ name }) => name.toLowerCase()));
  if (ids.size < groups.length || names.size < groups.length) throw damaged('It has a group twice.');
  for (const { groupId, name, parentId, timeZone } of groups) {
    if (isBuiltIn(groupId)) throw damaged('It changes a group that is built in.');
    if (/[;\p{Cc}]/u.test(name) || name.trim() !== name)
      throw damaged(`A group cannot be called ${JSON.stringify(name)}.`);
    if (timeZone !== undefined && !isTimeZone(timeZone))
      throw damaged(`${JSON.stringify(timeZone)} is not a time zone.`);
    const seen = new Set([groupId]);
    for (let above = parentId; above !== undefined && above !== allComputers; above = ids.get(above)?.parentId) {
      if (seen.has(above) || !ids.has(above)) throw damaged(`The group ${JSON.stringify(name)} is not in a tree.`);
      seen.add(above);
    }
  }
  const unknown = decisions.find(({ groupId }) => !ids.has(groupId) && !isBuiltIn(groupId));
  if (unknown) throw damaged(`A decision is for the group ${unknown.groupId}, which is not in it.`);
  if (new Set(decisions.map(({ updateId, groupId }) => `${updateId} ${groupId}`)).size < decisions.length)
    throw damaged('It has two decisions on one update and group.');
  if (new Set(content.map(({ sha1 }) => sha1)).size < content.length) throw damaged('It has a file twice.');
  if (new Set(packages.map(({ name }) => name)).size < packages.length) throw damaged('It has a package twice.');
}

/** An older bundle undoes a newer one. News need the state that they continue. */
function requireNext(bundle: Bundle, { last }: KnownSource): void {
  if (last && Date.parse(last.madeAt) > Date.parse(bundle.madeAt))
    throw otherState(`It is of ${bundle.madeAt}, and one of ${last.madeAt} was taken in already.`);
  if (!bundle.since || last?.bundleId === bundle.bundleId) return;
  if (!last) throw otherState('It has only what is new since an earlier bundle, and none was taken in here.');
  if (isSame(last.state, bundle.since)) return;
  throw otherState(
    `It goes on behind ${bundle.since.position} documents of its server, and the last bundle here had ${last.state.position}.`,
  );
}

/** Files in a language that the other server does not synchronise never come. */
async function requireLanguages(store: Store, { languages }: Bundle): Promise<void> {
  const own = (await store.loadSyncChoices()).flatMap(({ kind, id }) => (kind === 'language' ? [Number(id)] : []));
  const lacking = languages.length === 0 ? [] : own.filter((id) => !languages.includes(id));
  if (lacking.length === 0) return;
  throw new AdministrationError(
    'ADMINISTRATION_BUNDLE_UNFIT',
    `Languages that are chosen here are not in the bundle: ${lacking.join(', ')} (LCID). Choose them on the server that exports, or withdraw the choice here.`,
  );
}

export function damaged(why: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_BUNDLE_DAMAGED', `The bundle was not taken in. ${why}`);
}

function otherState(why: string): AdministrationError {
  return new AdministrationError(
    'ADMINISTRATION_BUNDLE_STATE',
    `The bundle was not taken in. ${why} Export again, with the acknowledgement of this server or without one.`,
  );
}

const dayMs = 86_400_000;
