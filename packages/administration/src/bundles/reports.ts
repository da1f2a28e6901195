// Reports of a closed network: its state after our bundles, and its computers in numbers. A signed file of its operator.
import { readOutside } from '@moult/disk';
import * as z from 'zod';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { checkSignature, createSigner, ownAuthority, plainFingerprint, signatureShape } from '../signed-text/index.ts';
import { bundleBounds } from './bounds.ts';
import { stateShape } from './format.ts';
import { knownShape, sourcePrefix } from './read-bundle.ts';

const format = 'moult-reports-1';
const count = z.int().min(0);
const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const authorityShape = z.string().regex(/^[0-9a-f]{64}$/);

const reportsShape = z.strictObject({
  format: z.literal(format),
  madeAt: z.iso.datetime(),
  /** The last bundle that was taken in of each operator. */
  received: z.array(
    z.strictObject({ authority: authorityShape, bundleId: z.guid(), madeAt: z.iso.datetime(), state: stateShape }),
  ),
  /** Files of updates that are there. */
  content: z.array(sha1),
  computers: z.strictObject({
    ...{ total: count, neverReported: count, needingUpdates: count, withErrors: count, silent: count },
  }),
  /** Computers by state, of approved updates. */
  updates: z.array(z.strictObject({ updateId: z.guid(), needed: count, installed: count, failed: count })),
});

type NetworkReports = z.infer<typeof reportsShape>;

const fileShape = z.strictObject({ reports: reportsShape, signature: signatureShape });

export interface ReportedNetwork extends Omit<NetworkReports, 'format' | 'content' | 'updates' | 'received'> {
  /** SHA-256 of the authority of its operator. */
  authority: string;
  files: number;
  /** Of ours, as far as it was taken in there. */
  bundleId: string | undefined;
  bundleMadeAt: string | undefined;
  /** Approved updates that failed there. */
  failed: { updateId: string; computers: number }[];
}

/** The reports of this server as the text of a signed file. Throws AdministrationError ADMINISTRATION_NO_KEYS. */
export async function exportReports(administration: Administration): Promise<string> {
  const { store, author } = administration;
  const signer = await createSigner(administration);
  const received = [...(await store.loadSettings(sourcePrefix))].flatMap(([name, value]) => {
    const { last } = knownShape.parse(JSON.parse(value));
    if (!last) return [];
    const { bundleId, madeAt, state } = last;
    return [{ authority: name.slice(sourcePrefix.length), bundleId, madeAt, state }];
  });
  const present = (await store.listContent()).filter(({ state }) => state === 'present');
  const approved = [...new Set((await store.loadDeployments()).map(({ updateId }) => updateId))].sort();
  const updates: NetworkReports['updates'] = [];
  for (const updateId of approved.slice(0, bundleBounds.maxReported)) {
    const { installed, failed, notInstalled, downloaded, pendingReboot } = await store.countStates(updateId);
    updates.push({ updateId, needed: notInstalled + downloaded + pendingReboot, installed, failed });
  }
  const { computers } = await store.loadServerStatus();
  const { total, neverReported, needingUpdates, withErrors, silent } = computers;
  const reports: NetworkReports = {
    ...{ format, madeAt: author.at.toISOString(), received, content: present.map((file) => file.sha1).sort() },
    ...{ computers: { total, neverReported, needingUpdates, withErrors, silent }, updates },
  };
  const signature = signer.sign(Buffer.from(JSON.stringify(reports)));
  return `${JSON.stringify({ reports, signature }, undefined, 1)}\n`;
}

/**
 * Takes the reports in a file in, in place of those of before. `trust`: the SHA-256 of the authority's certificate, needed for
 * the first reports of another operator. Throws AdministrationError ADMINISTRATION_BUNDLE_DAMAGED,
 * ADMINISTRATION_BUNDLE_SIGNER, ADMINISTRATION_BUNDLE_STATE for reports older than those here, and DiskError.
 */
export async function importReports(
  administration: Administration,
  file: string,
  { trust, isDryRun }: { trust?: string | undefined; isDryRun: boolean },
): Promise<ReportedNetwork> {
  const { store, author } = administration;
  const { reports, authority } = read(readOutside(file, { maxBytes: bundleBounds.listBytes }).toString('utf8'));
  const known = await store.loadSetting(networkPrefix + authority);
  const isTrusted = known !== undefined || (trust !== undefined && plainFingerprint(trust) === authority);
  if (!isTrusted && ownAuthority(administration.server.dataDir) !== authority)
    throw new AdministrationError(
      'ADMINISTRATION_BUNDLE_SIGNER',
      `The reports are of an operator that is not trusted here. Ask the operator for the number of the authority, compare it with ${authority}, and name it as trusted.`,
    );
  const before = known === undefined ? undefined : reportsShape.parse(JSON.parse(known)).madeAt;
  const isOld = before !== undefined && Date.parse(before) > Date.parse(reports.madeAt);
  if (isOld || Date.parse(reports.madeAt) > author.at.getTime() + dayMs)
    throw new AdministrationError(
      'ADMINISTRATION_BUNDLE_STATE',
      `The reports are of ${reports.madeAt}. ${isOld ? `Those of ${before} were taken in already.` : `The clock of this server shows ${author.at.toISOString()}.`}`,
    );
  if (!isDryRun) {
    await store.saveSetting(networkPrefix + authority, JSON.stringify(reports));
    await store.recordChange(author, {
      action: 'import reports',
      subject: authority,
      after: { madeAt: reports.madeAt },
    });
  }
  return toNetwork(administration, authority, reports);
}

/** The networks that reported, by authority. */
export async function listNetworks(administration: Administration): Promise<ReportedNetwork[]> {
  const all = await administration.store.loadSettings(networkPrefix);
  return [...all]
    .map(([name, value]) => {
      const reports = reportsShape.parse(JSON.parse(value));
      return toNetwork(administration, name.slice(networkPrefix.length), reports);
    })
    .sort((one, other) => (one.authority < other.authority ? -1 : 1));
}

/**
 * The state of a network: documents and files of this server that are there. `named`: its authority, or the beginning of it. Throws
 * AdministrationError SERVER_NOT_FOUND, and ADMINISTRATION_BUNDLE_STATE when it never took a bundle of this server in.
 */
export async function acknowledgedBy(
  { store, server }: Administration,
  named: string,
): Promise<{ since: NetworkReports['received'][number]['state']; content: ReadonlySet<string> }> {
  const plain = plainFingerprint(named);
  const all = [...(await store.loadSettings(networkPrefix))];
  const found = all.filter(([name]) => plain.length >= 8 && name.slice(networkPrefix.length).startsWith(plain));
  const [network] = found;
  if (!network || found.length > 1)
    throw new AdministrationError(
      'SERVER_NOT_FOUND',
      `${found.length === 0 ? 'No network' : 'More than one network'} with the authority ${JSON.stringify(named)} reported. Take its reports in first. Write at least 8 digits.`,
    );
  const reports = reportsShape.parse(JSON.parse(network[1]));
  const own = ownAuthority(server.dataDir);
  const received = reports.received.find(({ authority }) => authority === own);
  if (received) return { since: received.state, content: new Set(reports.content) };
  throw new AdministrationError(
    'ADMINISTRATION_BUNDLE_STATE',
    'This network has taken no bundle of this server in. Export everything.',
  );
}

const networkPrefix = 'reports:';
const dayMs = 86_400_000;

function toNetwork({ server }: Administration, authority: string, reports: NetworkReports): ReportedNetwork {
  const own = ownAuthority(server.dataDir);
  const received = reports.received.find((one) => one.authority === own);
  return {
    ...{ authority, madeAt: reports.madeAt, files: reports.content.length, computers: reports.computers },
    ...{ bundleId: received?.bundleId, bundleMadeAt: received?.madeAt },
    failed: reports.updates
      .filter(({ failed }) => failed > 0)
      .map(({ updateId, failed }) => ({ updateId, computers: failed })),
  };
}

function read(text: string): { reports: NetworkReports; authority: string } {
  let written: { reports: unknown };
  try {
    written = JSON.parse(text);
  } catch {
    throw damaged('They are not JSON');
  }
  // Before they become text again: other values of a stranger can be nested without an end.
  const file = fileShape.safeParse(written);
  if (!file.success) {
    const [issue] = file.error.issues;
    throw damaged(`They are not a signed file of reports: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { reports, signature } = file.data;
  // The signature is of the members in the order in which they are written.
  const signed = Buffer.from(JSON.stringify(written.reports));
  const checked = checkSignature(signed, signature, () => new Date(reports.madeAt));
  if ('problem' in checked) throw damaged(checked.problem);
  return { reports, authority: checked.authority };
}

function damaged(why: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_BUNDLE_DAMAGED', `The reports were not taken in. ${why}.`);
}
