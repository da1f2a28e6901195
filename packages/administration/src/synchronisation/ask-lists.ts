// Asks an upstream server, in a synchronisation, for the lists of revisions and for the decisions that a replica takes. The
// store has each list before the next question.
import type { OwnedSync, ServerRole, StagedBatch, Store, SyncRun, UpstreamDecisions } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import type { upstreamBounds } from './bounds.ts';
import { noteLanguages } from './languages.ts';
import { badAnswer } from './peer.ts';
import { askConfig, askUpdates, filterOf, isSameFilter } from './plan.ts';
import { refused, UpstreamFault, type UpstreamSession } from './session.ts';
import { askDecisions, requireAnchor } from './upstream-decisions.ts';

interface Asking {
  store: Store;
  session: UpstreamSession;
  upstream: URL;
  limits: typeof upstreamBounds;
  own: OwnedSync;
  role: ServerRole;
  /** Throws once the run is stopped. */
  enter(step: SyncRun['step']): Promise<void>;
}

interface AskedLists {
  listed: number;
  maxUpdates: number;
  /** In one GetUpdateDecryptionData call. */
  maxDecryptionUpdates: number;
  needsChoice: boolean;
}

/**
 * Both lists, as far as an interrupted run does not have them. It asks an upstream that says it is another one once
 * more.
 */
export async function askLists(asking: Asking): Promise<AskedLists> {
  const { store, own, upstream } = asking;
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOnce(asking);
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error;
      const isNew = error.code === 'ServerChanged' || isAboutAnchor(error);
      if (!isNew || attempt > 1) throw refused(upstream, error);
      await store.forgetSyncAnchors(own, upstream.origin);
    }
  }
}

/** Of a replica, last before the end: a run that was interrupted asks again. Undefined for an autonomous server. */
export async function askReplicaDecisions(asking: Asking): Promise<UpstreamDecisions | undefined> {
  const { store, session, upstream, limits, own, role } = asking;
  if (role === 'autonomous') return undefined;
  await asking.enter('deployments');
  for (let attempt = 1; ; attempt++) {
    const [lists, last] = [await store.loadSyncLists(own), await store.loadSyncAnchors(upstream.origin)];
    const syncAnchor = (lists.updates ?? lists.config)?.anchor ?? '';
    const anchor = attempt === 1 ? last.deployments?.anchor : undefined;
    try {
      return await askDecisions({ upstream, session, anchor, syncAnchor, limits });
    } catch (error) {
      // An anchor that is not its own: all of them are asked for.
      const isOld = error instanceof UpstreamFault && isAboutDeploymentAnchor(error);
      if (!isOld || anchor === undefined) throw error instanceof UpstreamFault ? noDecisions(upstream, error) : error;
    }
  }
}

async function askOnce(asking: Asking): Promise<AskedLists> {
  const { store, session, upstream, own, role } = asking;
  const last = await store.loadSyncAnchors(upstream.origin);
  const here = await store.loadSyncLists(own);
  const configAnchor = last.configuration && { configAnchor: last.configuration.anchor };
  const config = await session.call('GetConfigData', { ...configAnchor });
  await noteLanguages(store, config.languages);
  const anchor = requireAnchor(asking, config.newConfigAnchor);
  await store.noteSyncList(own, 'configuration', { anchor, identities: [] });
  await asking.enter('config');
  if (!here.config) {
    const found = await ask(asking, askConfig(last.config));
    await store.noteSyncList(own, 'config', found);
  }
  const filter = filterOf(await store.loadSyncChoices(), role);
  if (filter && !isSameFilter(here.updates?.filter, filter)) {
    const found = await ask(asking, askUpdates(filter, last.updates));
    await store.noteSyncList(own, 'updates', { ...found, filter });
  }
  const { wanted, staged } = await store.countSyncRevisions();
  return {
    ...{ listed: wanted + staged, maxUpdates: Math.max(1, config.maxUpdates) },
    maxDecryptionUpdates: config.maxDecryptionUpdates,
    needsChoice: filter === undefined,
  };
}

async function ask(asking: Asking, filter: ReturnType<typeof askConfig>) {
  const { session, upstream, limits } = asking;
  const { anchor, newRevisions = [] } = await session.call('GetRevisionIdList', { filter });
  if (newRevisions.length > limits.listedRevisions) {
    throw badAnswer(upstream, `its list has more than ${limits.listedRevisions} revisions`);
  }
  const identities = newRevisions as StagedBatch['failures'][number][];
  return { anchor: requireAnchor(asking, anchor), identities };
}

function isAboutDeploymentAnchor({ code, message }: UpstreamFault): boolean {
  return code === 'ServerChanged' || (code === 'InvalidParameters' && /^deploymentAnchor$/i.test(message.trim()));
}

/** Microsoft's public service has no decisions. */
function noDecisions(upstream: URL, fault: UpstreamFault): AdministrationError {
  const { message, code } = refused(upstream, fault);
  const advice = 'It gives no groups and decisions: a replica needs a WSUS or a Moult above it.';
  return new AdministrationError(code, `${message} ${advice}`, { cause: fault });
}

/** Real WSUS says so of an anchor that is not its own. */
function isAboutAnchor({ code, message }: UpstreamFault): boolean {
  return code === 'InvalidParameters' && /^(filter|configAnchor)?$/i.test(message.trim());
}
