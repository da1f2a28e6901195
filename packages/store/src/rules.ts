// Rules: what is kept of them, and the order in which they are asked.
import type { Rule } from '@moult/catalog/rules';
import type { Kysely, Selectable } from 'kysely';
import { recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, RuleStore, StoredRule } from './contract/index.ts';
import type { Database } from './database.ts';
import { ServerError } from './errors.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

type KeptRules = Pick<RuleStore, 'listRules' | 'saveRule' | 'removeRule' | 'moveRule'>;

export function keptRuleStore(database: Database, changes: Changes): KeptRules {
  const { tables, engine } = database;
  /** Rules change one after the other: each change has the stamp. */
  const changing = async (author: Author, work: (transaction: Kysely<Tables>, stamp: number) => Promise<void>) => {
    await transact(database, async (transaction) => {
      await work(transaction, await takeStamp(transaction, engine, author.at.getTime()));
      await markChange(transaction, 'rules');
    });
    changes.announce('rules');
  };
  return {
    async listRules(): Promise<StoredRule[]> {
      return (await inOrder(tables)).map(toRule);
    },

    async saveRule(rule: Rule, author: Author): Promise<void> {
      await changing(author, async (transaction, stamp) => {
        const all = await inOrder(transaction);
        const before = all.find(({ rule_id }) => rule_id === rule.ruleId);
        const key = rule.name.toLowerCase();
        if (all.some(({ rule_id, name_key }) => name_key === key && rule_id !== rule.ruleId))
          throw new ServerError('SERVER_REFUSED', `There is a rule "${rule.name}" already.`);
        const last = Math.max(0, ...all.map(({ position }) => Number(position)));
        const row = {
          ...{ name: rule.name, name_key: key, is_enabled: rule.isEnabled ? 1 : 0 },
          ...{ definition: definitionOf(rule), changed_at: stamp, changed_by: author.name },
        };
        await transaction
          .insertInto('rules')
          .values({ ...row, rule_id: rule.ruleId, position: before?.position ?? last + 1, created_at: stamp })
          .onConflict((conflict) => conflict.column('rule_id').doUpdateSet(row))
          .execute();
        await recordAudit(transaction, author, {
          action: before ? 'change rule' : 'create rule',
          subject: rule.ruleId,
          before: before && toRecord(toRule(before)),
          after: toRecord(rule),
        });
      });
    },

    async removeRule(ruleId: string, author: Author): Promise<void> {
      await changing(author, async (transaction) => {
        const before = (await inOrder(transaction)).find(({ rule_id }) => rule_id === ruleId) ?? noRule(ruleId);
        await transaction.deleteFrom('rules').where('rule_id', '=', ruleId).execute();
        const record = toRecord(toRule(before));
        await recordAudit(transaction, author, { action: 'remove rule', subject: ruleId, before: record });
      });
    },

    async moveRule(ruleId: string, place: number, author: Author): Promise<void> {
      await changing(author, async (transaction) => {
        const all = await inOrder(transaction);
        const from = all.findIndex(({ rule_id }) => rule_id === ruleId);
        const moved = all[from] ?? noRule(ruleId);
        const others = all.filter((one) => one !== moved);
        const to = Math.max(0, Math.min(others.length, Math.trunc(place) - 1));
        others.splice(to, 0, moved);
        for (const [at, { rule_id }] of others.entries())
          await transaction
            .updateTable('rules')
            .set({ position: at + 1 })
            .where('rule_id', '=', rule_id)
            .execute();
        const places = { before: { place: from + 1 }, after: { place: to + 1 } };
        await recordAudit(transaction, author, { action: 'move rule', subject: ruleId, ...places });
      });
    },
  };
}

function inOrder(tables: Kysely<Tables>) {
  return tables.selectFrom('rules').selectAll().orderBy('position').orderBy('rule_id').execute();
}

function definitionOf({ when, effect }: Rule): string {
  return JSON.stringify({ when, effect });
}

function toRule(row: Selectable<Tables['rules']>): StoredRule {
  const { when, effect } = JSON.parse(row.definition) as Pick<Rule, 'when' | 'effect'>;
  return {
    ...{ ruleId: row.rule_id, name: row.name, isEnabled: Number(row.is_enabled) === 1, when, effect },
    createdAt: new Date(Number(row.created_at)),
    changedAt: new Date(Number(row.changed_at)),
    changedBy: row.changed_by,
  };
}

function toRecord({ name, isEnabled, when, effect }: Rule) {
  return { name, isEnabled, when, effect };
}

function noRule(ruleId: string): never {
  throw new ServerError('SERVER_NOT_FOUND', `There is no rule "${ruleId}".`);
}
