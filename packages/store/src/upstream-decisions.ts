// Makes groups and decisions those of the upstream server. The deployments that it told are kept beside the decisions: it tells
// changes alone, and of updates that are not here yet too.
import { type Kysely, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import { acceptedTerms, markChange, saveSetting } from './configuration.ts';
import type {
  Author,
  TakenFromUpstream,
  UpstreamDecisions,
  UpstreamDeployment,
  WantedDecision,
} from './contract/index.ts';
import type { Tables } from './schema.ts';
import { TakingOver } from './take-over.ts';

interface Circumstances {
  author: Author;
  stamp: number;
  /** The address of the upstream server. */
  upstream: string;
}

/** The group there to that here, as JSON. */
const knownGroups = 'replica-groups';

/** Inside the transaction that also brings the updates, which has its stamp. Marks what changed. */
export async function takeFromUpstream(
  transaction: Kysely<Tables>,
  decisions: UpstreamDecisions,
  { author, stamp, upstream }: Circumstances,
): Promise<TakenFromUpstream> {
  await keepDeployments(transaction, decisions);
  const expired = await loadExpired(transaction);
  const { wanted, waiting } = await wantedDecisions(transaction, author.at, expired);
  const state = {
    ...{ source: `upstream:${upstream}`, isWhole: true, formerGroups: [], settings: [], groups: decisions.groups },
    knownGroups: await loadKnownGroups(transaction),
    decisions: wanted,
    // An expired update is declined here by itself, whether the upstream server says so or not.
    declined: [...decisions.declined, ...expired],
  };
  const taking = new TakingOver(transaction, state, { author, stamp });
  const taken = await taking.run();
  await saveSetting(transaction, knownGroups, JSON.stringify(namedDifferently(taking.groupIds)));
  const terms = await acceptAll(transaction, decisions.acceptedTerms, author);
  const hasGroups = taken.groupsAdded.length + taken.groupsChanged.length + taken.groupsRemoved.length > 0;
  if (hasGroups) for (const topic of ['groups', 'computers'] as const) await markChange(transaction, topic);
  const decided = taken.decided + taken.takenBack + taken.declined + taken.reinstated;
  if (hasGroups || decided > 0) await markChange(transaction, 'deployments');
  return { ...taken, acceptedTerms: terms, waiting };
}

/** Forgets the deployments of the upstream server. Decisions stay. */
export async function forgetUpstreamDeployments(tables: Kysely<Tables>): Promise<void> {
  await tables.deleteFrom('upstream_deployments').execute();
}

async function keepDeployments(
  transaction: Kysely<Tables>,
  { deployments, dead, isWhole }: UpstreamDecisions,
): Promise<void> {
  if (isWhole) await forgetUpstreamDeployments(transaction);
  const last = new Map(deployments.map((one) => [one.deploymentGuid, one]));
  for (const some of portions([...last.values()])) {
    await transaction
      .insertInto('upstream_deployments')
      .values(some.map(toRow))
      .onConflict((conflict) =>
        conflict.column('deployment_guid').doUpdateSet(({ ref }) => ({
          ...{ update_id: ref('excluded.update_id'), revision_number: ref('excluded.revision_number') },
          ...{ group_id: ref('excluded.group_id'), action: ref('excluded.action') },
          ...{ deadline: ref('excluded.deadline'), is_assigned: ref('excluded.is_assigned') },
          go_live_at: ref('excluded.go_live_at'),
        })),
      )
      .execute();
  }
  // One that is in both lists is there: it was withdrawn, and made again.
  const gone = dead.filter((guid) => !last.has(guid));
  for (const some of portions(gone))
    await transaction.deleteFrom('upstream_deployments').where('deployment_guid', 'in', some).execute();
}

function toRow({ deadline, isAssigned, goLiveAt, ...one }: UpstreamDeployment): Tables['upstream_deployments'] {
  return {
    ...{ deployment_guid: one.deploymentGuid, update_id: one.updateId, revision_number: one.revisionNumber },
    ...{ group_id: one.groupId, action: one.action, deadline: deadline?.getTime() ?? null },
    ...{ is_assigned: isAssigned ? 1 : 0, go_live_at: goLiveAt.getTime() },
  };
}

/** Of several deployments of one update in one group, that of the newest revision counts. */
async function wantedDecisions(
  transaction: Kysely<Tables>,
  now: Date,
  expired: ReadonlySet<string>,
): Promise<{ wanted: WantedDecision[]; waiting: number }> {
  const { rows } = await sql<Tables['upstream_deployments'] & { is_here: number }>`
    select upstream_deployments.*, case when exists (select 1 from updates
      where updates.update_id = upstream_deployments.update_id) then 1 else 0 end as is_here
    from upstream_deployments order by update_id, group_id, revision_number, deployment_guid`.execute(transaction);
  const categories = await loadCategories(transaction);
  const found = new Map<string, WantedDecision>();
  let waiting = 0;
  for (const row of rows) {
    if (expired.has(row.update_id) || categories.has(row.update_id)) continue;
    const action = actionOf(row);
    const isLater = Number(row.go_live_at) > now.getTime();
    if (isLater || Number(row.is_here) === 0) waiting++;
    if (isLater || Number(row.is_here) === 0 || !action) continue;
    const deadline = row.deadline === null || !hasDeadline(action) ? undefined : new Date(Number(row.deadline));
    const { update_id: updateId, group_id: groupId } = row;
    found.set(`${updateId} ${groupId}`, { updateId, groupId, action, deadline });
  }
  return { wanted: [...found.values()], waiting };
}

function actionOf({ action, is_assigned }: Tables['upstream_deployments']): WantedDecision['action'] | undefined {
  if (action === 0) return Number(is_assigned) === 1 ? 'Install' : 'OptionalInstall';
  return ({ 1: 'Uninstall', 2: 'PreDeploymentCheck', 3: 'Block' } as const)[action];
}

function hasDeadline(action: WantedDecision['action']): boolean {
  return action === 'Install' || action === 'Uninstall';
}

/** Updates whose newest revision is expired: no decision counts on them. */
async function loadExpired(transaction: Kysely<Tables>): Promise<Set<string>> {
  const { rows } = await sql<{ update_id: string }>`
    select newest.update_id from revision_summaries newest
    join revisions on revisions.revision_id = newest.revision_id
    where newest.is_expired = 1 and newest.update_type in ('Software', 'Driver')
      and not exists (select 1 from revisions later
        where later.update_id = newest.update_id and later.revision_number > revisions.revision_number)`.execute(
    transaction,
  );
  return new Set(rows.map(({ update_id }) => update_id));
}

/** Real WSUS has deployments of categories and detectoids, too. Moult sends these without a decision. */
async function loadCategories(transaction: Kysely<Tables>): Promise<Set<string>> {
  const rows = await transaction
    .selectFrom('revision_summaries')
    .select('update_id')
    .distinct()
    .where('update_type', 'in', ['Category', 'Detectoid'])
    .execute();
  return new Set(rows.map(({ update_id }) => update_id));
}

async function loadKnownGroups(transaction: Kysely<Tables>): Promise<Map<string, string>> {
  const row = await transaction
    .selectFrom('configuration')
    .select('value')
    .where('name', '=', knownGroups)
    .executeTakeFirst();
  return new Map(Object.entries(row ? (JSON.parse(row.value) as Record<string, string>) : {}));
}

function namedDifferently(ids: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...ids].filter(([there, here]) => there !== here));
}

async function acceptAll(transaction: Kysely<Tables>, ids: readonly string[], author: Author): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await transaction
    .selectFrom('configuration')
    .select('name')
    .where('name', 'like', `${acceptedTerms}%`)
    .execute();
  const known = new Set(rows.map(({ name }) => name.slice(acceptedTerms.length)));
  const fresh = [...new Set(ids)].filter((id) => !known.has(id));
  for (const id of fresh) {
    await saveSetting(transaction, `${acceptedTerms}${id}`, `${author.at.toISOString()} ${author.name}`);
    await recordAudit(transaction, author, { action: 'accept license terms', subject: id, after: {} });
  }
  return fresh;
}

const perStatement = 200;

function* portions<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length; start += perStatement) yield items.slice(start, start + perStatement);
}
