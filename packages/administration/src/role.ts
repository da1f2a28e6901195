// The role of the server. A replica has the groups, approvals, declined updates and license terms of its upstream server.
// Administrators change them there, and not here.
import type { Author, ServerRole, Store } from '@moult/store';
import { AdministrationError } from './errors.ts';

/**
 * The first line of each rule that changes groups or decisions. Throws AdministrationError ADMINISTRATION_REPLICA on a
 * replica.
 */
export async function requireAutonomous({ store }: { store: Pick<Store, 'loadRole'> }): Promise<void> {
  if ((await store.loadRole()) === 'autonomous') return;
  throw new AdministrationError(
    'ADMINISTRATION_REPLICA',
    'This server is a replica: its groups and decisions come from its upstream server. Change them there.',
  );
}

interface ChangedRole {
  role: ServerRole;
  /** In sentences, what happens now. */
  says: string;
}

/** Gives the server the role that its settings say. Undefined if it has that role already. */
export async function applyRole(
  store: Store,
  { role, upstream }: { role: ServerRole; upstream: string },
  author: Author,
): Promise<ChangedRole | undefined> {
  const before = await store.changeRole(role, author);
  if (before === role) return undefined;
  return { role, says: role === 'replica' ? becomesReplica(upstream) : becomesAutonomous };
}

function becomesReplica(upstream: string): string {
  return `This server is a replica of ${upstream} now. Its groups and decisions stay until the next synchronisation. Those of ${upstream} then take their place, and cannot be changed here.`;
}

const becomesAutonomous =
  'This server is autonomous now. Groups and decisions of its upstream server stay, and can be changed here.';
