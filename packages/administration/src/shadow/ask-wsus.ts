// Groups, approvals and declined updates of a WSUS as it tells them to a replica (MS-WSUSSS 3.1.4.10), by questions alone.
import { allComputers, type DeploymentAction, unassignedComputers } from '@moult/catalog';
import type { ListedIdentity } from '@moult/protocol/server-sync';
import { type UpstreamParts, withSession } from '../synchronisation/one-session.ts';
import { badAnswer } from '../synchronisation/peer.ts';
import { askDecisions, requireAnchor } from '../synchronisation/upstream-decisions.ts';
import type { WsusDecisions } from './wsus-side.ts';

interface WsusAnswer extends WsusDecisions {
  upstream: string;
  /** The newest revision of each update that the WSUS has, drivers among them. */
  listed: readonly ListedIdentity[];
}

/** Throws AdministrationError ADMINISTRATION_UPSTREAM_…. */
export function askWsus(parts: UpstreamParts): Promise<WsusAnswer> {
  return withSession({ ...parts, isReadOnly: true }, async ({ session, upstream, limits }) => {
    const filter = { getConfig: false, get63LanguageOnly: false, categories: [], classifications: [], languages: [] };
    const { anchor, newRevisions = [] } = await session.call('GetRevisionIdList', { filter });
    if (newRevisions.length > limits.listedRevisions)
      throw badAnswer(upstream, `its list has more than ${limits.listedRevisions} revisions`);
    const syncAnchor = requireAnchor({ upstream, limits }, anchor);
    const told = await askDecisions({ upstream, session, anchor: undefined, syncAnchor, limits });
    return {
      ...{ upstream: upstream.origin, listed: newRevisions, declined: told.declined },
      groups: [...builtIn, ...told.groups.map((group) => ({ ...group, parentId: group.parentId ?? allComputers }))],
      approvals: told.deployments.flatMap((one) => {
        const action = actionOf(one);
        const { updateId, groupId, revisionNumber, deadline, goLiveAt: goesLive } = one;
        return action ? [{ updateId, groupId, action, revisionNumber, deadline, goesLive, approvalId: undefined }] : [];
      }),
    };
  });
}

const builtIn = [
  { groupId: allComputers, name: 'All Computers', parentId: undefined },
  { groupId: unassignedComputers, name: 'Unassigned Computers', parentId: allComputers },
];

function actionOf({ action, isAssigned }: { action: number; isAssigned: boolean }): DeploymentAction | undefined {
  if (action === 0) return isAssigned ? 'Install' : 'OptionalInstall';
  return ({ 1: 'Uninstall', 2: 'PreDeploymentCheck', 3: 'Block' } as const)[action];
}
