// Writes decisions of rules, each with its origin. A decision of a person stays, whatever a rule says.
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, RuleChange, RuleStore, SupersededDecline } from './contract/index.ts';
import type { Database } from './database.ts';
import { takeBack, writeDecision, writeDeclined } from './deployments.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

type RuleChangeStore = Pick<RuleStore, 'applyRuleChanges' | 'listSupersededDeclines'>;

interface Circumstances {
  author: Author;
  stamp: number;
}

export function ruleChangeStore(database: Database, changes: Changes): RuleChangeStore {
  const { tables, engine } = database;
  return {
    async applyRuleChanges(wanted: readonly RuleChange[], { at }: Author): Promise<RuleChange[]> {
      if (wanted.length === 0) return [];
      const written = await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, at.getTime());
        const done: RuleChange[] = [];
        for (const change of wanted) {
          const author = { name: `rule "${change.rule.name}"`, at };
          if (await applyOne(transaction, change, { author, stamp })) done.push(change);
        }
        if (done.length > 0) await markChange(transaction, 'deployments');
        return done;
      });
      if (written.length > 0) changes.announce('deployments');
      return written;
    },

    async listSupersededDeclines(after: Date): Promise<SupersededDecline[]> {
      const { rows } = await sql<{ update_id: string; origin: string; changed_at: number; evidence: string }>`
        select origins.update_id, origins.origin, origins.changed_at, origins.evidence
        from decline_origins as origins join updates
          on updates.update_id = origins.update_id and updates.changed_at = origins.changed_at
        where updates.is_declined = 1 and origins.evidence is not null and origins.changed_at > ${after.getTime()}
        order by origins.update_id`.execute(tables);
      return rows.map(({ update_id, origin, changed_at, evidence }) => ({
        ...{ updateId: update_id, ruleId: origin.replace(/^rule:/, ''), declinedAt: new Date(Number(changed_at)) },
        evidence: JSON.parse(evidence) as string[],
      }));
    },
  };
}

/** Answers whether it was written. */
async function applyOne(transaction: Kysely<Tables>, change: RuleChange, when: Circumstances): Promise<boolean> {
  const { updateId, rule } = change;
  const origin = `rule:${rule.ruleId}`;
  const update = await updateOf(transaction, updateId);
  if (!update) return false;
  const isDeclined = Number(update.is_declined) === 1;
  const isDeclinedByRule = isDeclined && isOfRule(update.origin);
  switch (change.kind) {
    case 'decline': {
      // Nor is what a person took out of a decline declined again.
      if (isDeclined || update.origin === 'person') return false;
      await writeDeclined(transaction, updateId, true, { ...when, by: origin, evidence: change.evidence });
      return true;
    }
    case 'reinstate': {
      if (!isDeclinedByRule) return false;
      await writeDeclined(transaction, updateId, false, { ...when, by: origin });
      return true;
    }
    case 'approve': {
      const before = await decisionOf(transaction, updateId, change.groupId);
      if ((isDeclined && !isDeclinedByRule) || (before && !isOfRule(before.origin))) return false;
      const deadline = change.deadline?.getTime() ?? null;
      if (before?.action === change.action && before.deadline === deadline && !isDeclined) return false;
      if (!(await hasGroup(transaction, change.groupId))) return false;
      await writeDecision(transaction, { ...change, administrator: when.author.name }, { ...when, by: origin });
      return true;
    }
    case 'take-back': {
      const before = await decisionOf(transaction, updateId, change.groupId);
      if (!before || before.action === 'Inherit' || !isOfRule(before.origin)) return false;
      await takeBack(transaction, before, { ...when, by: origin });
      return true;
    }
  }
}

function isOfRule(origin: string | null): boolean {
  return origin?.startsWith('rule:') ?? false;
}

async function updateOf(transaction: Kysely<Tables>, updateId: string) {
  const { rows } = await sql<{ is_declined: number; origin: string | null }>`
    select updates.is_declined, origins.origin from updates left join decline_origins as origins
      on origins.update_id = updates.update_id and origins.changed_at = updates.changed_at
    where updates.update_id = ${updateId}`.execute(transaction);
  return rows[0];
}

async function decisionOf(transaction: Kysely<Tables>, updateId: string, groupId: string) {
  const { rows } = await sql<Selectable<Tables['deployments']> & { origin: string | null }>`
    select deployments.*, origins.origin from deployments left join deployment_origins as origins
      on origins.update_id = deployments.update_id and origins.group_id = deployments.group_id
      and origins.changed_at = deployments.changed_at
    where deployments.update_id = ${updateId} and deployments.group_id = ${groupId}`.execute(transaction);
  return rows[0];
}

/** It may have been removed since the rules were read. */
async function hasGroup(transaction: Kysely<Tables>, groupId: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('target_groups')
    .select('group_id')
    .where('group_id', '=', groupId)
    .executeTakeFirst();
  return row !== undefined;
}
