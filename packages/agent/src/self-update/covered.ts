// The release that the operator's metadata names for this machine, with path, epoch, version, length and digest. A
// release that is not named there is refused, whoever signed it.
import { join } from 'node:path';
import { hresult } from '@moult/protocol/hresult';
import type { Ident } from '@moult/protocol/self-update';
import { compareReleases, formatRelease, pinFor } from '@moult/releases/metadata';
import { AgentError } from '../errors.ts';
import { keys } from '../machine/keys.ts';
import { string } from '../machine/policy.ts';
import { text } from '../machine/registry.ts';
import { nextRelease, type OperatorReleases } from '../trust/operator-releases.ts';
import { fetchReleaseFile } from '../trust/release-file.ts';
import { refuseFailedVersion } from './failed-version.ts';
import { type OpenedRelease, openRelease, productName } from './release-cabinet.ts';
import type { SelfUpdateSession } from './session.ts';

/**
 * The release to install next, verified. Undefined when this version is what the operator wants. `asked`: what the
 * ident file says, or why it cannot be read. Throws AgentError AGENT_TRANSPORT_… or AGENT_SELFUPDATE_….
 */
export async function coveredRelease(
  session: SelfUpdateSession,
  operator: OperatorReleases,
  asked: { ident: Ident } | { error: AgentError },
): Promise<OpenedRelease | undefined> {
  requireRefreshed(session, operator, asked);
  if ('error' in asked) session.watch.warned(`The ident file plays no part: ${asked.error.message}`);
  const { epoch, version, generation, watch } = session;
  const own = { epoch, version };
  // The version after this one is always a WSUS client.
  const machine = { product: productName, generation: 'wsus', current: own };
  const pin = pinFor(operator.pins, { computer: session.clientId, groups: session.groups });
  const chosen = nextRelease(operator, { ...machine, ...(pin && { pin }) });
  if ('ident' in asked) tellUncovered(session, operator, asked.ident);
  if (!chosen) {
    watch.decided('up-to-date');
    return undefined;
  }
  const { release, path, role } = chosen;
  watch.decided({ path, version: formatRelease(release) });
  refuseFailedVersion(session, release.version);
  const into = join(session.root.selfUpdateFolder, 'wuaucomp.cab');
  const how = { ...operator, root: session.root, into, fresh: session.onTrial, note: watch.warned };
  const { bytes, url, fromCache, fetchedBytes } = await fetchReleaseFile(chosen, session, how);
  watch.fetched(url, fromCache ? bytes.length : fetchedBytes, fromCache);
  watch.covered(path, `role ${role}, version ${operator.versions[role] ?? 0}`);
  const promised = { epoch: release.epoch, version: release.version, generation: release.generation };
  // Only a recall leads back, and only to the release that it names.
  const mayGoBack = compareReleases(release, own) < 0;
  const { brand } = session.root;
  return openRelease(bytes, { own: { ...own, generation }, promised, mayGoBack, brand });
}

/** A version on trial has to show that it can read what its successor will be named by. */
function requireRefreshed(
  { onTrial }: SelfUpdateSession,
  { state, alarms }: OperatorReleases,
  asked: { ident: Ident } | { error: AgentError },
): void {
  if (state === 'current' || state === 'expired') return;
  if ('error' in asked) throw asked.error;
  if (!onTrial) return;
  const why = alarms[0] ?? 'the server has none';
  throw new AgentError('AGENT_SELFUPDATE_UNVERIFIED', `The operator's metadata cannot be had: ${why}`, {
    hresult: hresult.notTrusted,
  });
}

/** Once for each version: whoever answers in place of the server could fill the log and the events with it. */
function tellUncovered(session: SelfUpdateSession, { releases, state, alarms }: OperatorReleases, ident: Ident): void {
  const { registry, watch, server } = session;
  const name = 'RefusedRelease';
  const told = string(registry.read(), keys.agent, name);
  const { version } = ident;
  // A host of the same version is another release.
  const isListed = releases.some(({ release }) => release.product === productName && release.version === version);
  const isOlder = version === undefined || compareReleases({ epoch: 0, version }, session) <= 0;
  if (isOlder || isListed) {
    if (told !== undefined) registry.change([{ key: keys.agent, name }]);
    return;
  }
  if (told !== version) registry.change([{ key: keys.agent, name, value: text(version) }]);
  const because = state === 'none' ? (alarms[0] ?? 'there is no metadata that can be used') : 'no role lists it';
  const why = `${server} offers version ${version}, which the operator's metadata does not name (${because}). It is not installed.`;
  const error = new AgentError('AGENT_SELFUPDATE_NOT_COVERED', why, { hresult: hresult.notTrusted });
  watch.refused(error, version, told !== version);
}
