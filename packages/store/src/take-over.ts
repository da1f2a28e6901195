// Decisions of another server written here. Decisions of this server stay.
import type { Kysely } from 'kysely';
import { decideSome, declineSome, perStatement } from './bulk-decisions.ts';
import type { Changes } from './changes.ts';
import { markChange, saveSetting } from './configuration.ts';
import type { Author, KeptBecause, TakenOver, TakeOverStore, WantedState } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { GroupsTakenOver } from './take-over-groups.ts';
import { transact } from './transact.ts';

export function takeOverStore(database: Database, changes: Changes): TakeOverStore {
  const topics = ['groups', 'computers', 'deployments'] as const;
  return {
    async takeOver(wanted: WantedState, author: Author, { isDryRun = false } = {}): Promise<TakenOver> {
      try {
        const done = await transact(database, async (transaction) => {
          const stamp = await takeStamp(transaction, database.engine, author.at.getTime());
          const taken = await new TakingOver(transaction, wanted, { author, stamp }).run();
          if (isDryRun) throw new OnlyTried(taken);
          for (const { name, value } of wanted.settings) await saveSetting(transaction, name, value);
          for (const topic of topics) await markChange(transaction, topic);
          return taken;
        });
        for (const topic of topics) changes.announce(topic);
        return done;
      } catch (error) {
        if (error instanceof OnlyTried) return error.taken;
        throw error;
      }
    },
  };
}

/** Ends the transaction of a dry run. Its writes are undone, and its results are known. */
class OnlyTried extends Error {
  readonly taken: TakenOver;

  constructor(taken: TakenOver) {
    super('A dry run writes nothing.');
    this.taken = taken;
  }
}

interface Decided {
  action: string;
  deadline: number | null;
  origin: string | null;
}

interface KnownUpdate {
  isDeclined: boolean;
  /** Of the decline, or of its end. */
  origin: string | null;
}

export class TakingOver {
  readonly #transaction: Kysely<Tables>;
  readonly #wanted: WantedState;
  readonly #when: { author: Author; stamp: number; by: string };
  readonly #groups: GroupsTakenOver;
  readonly #done: TakenOver = {
    ...{ groupsAdded: [], groupsChanged: [], groupsRemoved: [] },
    ...{ decided: 0, takenBack: 0, declined: 0, reinstated: 0, kept: [] },
  };

  constructor(transaction: Kysely<Tables>, wanted: WantedState, when: { author: Author; stamp: number }) {
    this.#transaction = transaction;
    this.#wanted = wanted;
    this.#when = { ...when, by: wanted.source };
    this.#groups = new GroupsTakenOver(transaction, when.author, wanted, this.#done);
  }

  /** The id of each group there to that here, once `run` is done. */
  get groupIds(): ReadonlyMap<string, string> {
    return this.#groups.ids;
  }

  async run(): Promise<TakenOver> {
    await this.#groups.takeOver();
    const updates = await this.#loadUpdates();
    await this.#decide(updates);
    await this.#decline();
    await this.#groups.removeFormer();
    return this.#done;
  }

  /** Every update that is here, and who declined it or ended that. */
  async #loadUpdates(): Promise<Map<string, KnownUpdate>> {
    const rows = await this.#transaction
      .selectFrom('updates')
      .leftJoin('decline_origins as origins', (join) =>
        join
          .onRef('origins.update_id', '=', 'updates.update_id')
          .onRef('origins.changed_at', '=', 'updates.changed_at'),
      )
      .select(['updates.update_id', 'updates.is_declined', 'origins.origin'])
      .execute();
    return new Map(
      rows.map(({ update_id, is_declined, origin }) => [update_id, { isDeclined: Number(is_declined) === 1, origin }]),
    );
  }

  async #decide(updates: ReadonlyMap<string, KnownUpdate>): Promise<void> {
    const { decisions, source, coming, isWhole = false } = this.#wanted;
    const present = await this.#loadDecisions();
    const writes: Parameters<typeof decideSome>[1][number][] = [];
    const listed = new Set<string>();
    for (const { updateId, groupId: there, action, deadline } of decisions) {
      const groupId = this.#groups.ids.get(there);
      if (groupId === undefined) {
        this.#keep('decision', updateId, 'group-unknown', there);
        continue;
      }
      listed.add(`${updateId} ${groupId}`);
      const update = updates.get(updateId);
      const before = present.get(`${updateId} ${groupId}`);
      if (before?.action === action && (before.deadline ?? undefined) === deadline?.getTime()) continue;
      if (!isWhole && before && before.origin !== source) this.#keep('decision', updateId, 'decided-here', groupId);
      else if (!isWhole && update?.isDeclined && update.origin !== source)
        this.#keep('decision', updateId, 'declined-here', groupId);
      else if (update) writes.push({ updateId, groupId, action, deadline });
      else if (coming?.has(updateId)) this.#done.decided++;
      else this.#keep('decision', updateId, 'update-unknown', groupId);
    }
    this.#done.decided += writes.length;
    for (const [key, { action, origin }] of present) {
      if ((!isWhole && origin !== source) || action === 'Inherit' || listed.has(key)) continue;
      const [updateId = '', groupId = ''] = key.split(' ');
      writes.push({ updateId, groupId, action: 'Inherit', deadline: undefined });
      this.#done.takenBack++;
    }
    for (const some of portions(writes)) await decideSome(this.#transaction, some, this.#when);
  }

  async #loadDecisions(): Promise<Map<string, Decided>> {
    const rows = await this.#transaction
      .selectFrom('deployments')
      .leftJoin('deployment_origins as origins', (join) =>
        join
          .onRef('origins.update_id', '=', 'deployments.update_id')
          .onRef('origins.group_id', '=', 'deployments.group_id')
          .onRef('origins.changed_at', '=', 'deployments.changed_at'),
      )
      .select(['deployments.update_id', 'deployments.group_id', 'action', 'deadline', 'origins.origin'])
      .execute();
    return new Map(
      rows.map(({ update_id, group_id, action, deadline, origin }) => [
        `${update_id} ${group_id}`,
        { action, origin, deadline: deadline === null ? null : Number(deadline) },
      ]),
    );
  }

  /** After the decisions, because each decision ends a decline. */
  async #decline(): Promise<void> {
    const { declined, source, coming, isWhole = false } = this.#wanted;
    const updates = await this.#loadUpdates();
    const decline: string[] = [];
    for (const updateId of new Set(declined)) {
      const update = updates.get(updateId);
      if (update?.isDeclined) continue;
      if (update?.origin === 'person' && !isWhole) this.#keep('decline', updateId, 'reinstated-here');
      else if (update) decline.push(updateId);
      else if (coming?.has(updateId)) this.#done.declined++;
      else this.#keep('decline', updateId, 'update-unknown');
    }
    const wanted = new Set(declined);
    const reinstate = [...updates]
      .filter(
        ([updateId, { isDeclined, origin }]) => isDeclined && (isWhole || origin === source) && !wanted.has(updateId),
      )
      .map(([updateId]) => updateId);
    await declineSome(this.#transaction, decline, true, this.#when);
    await declineSome(this.#transaction, reinstate, false, this.#when);
    this.#done.declined += decline.length;
    this.#done.reinstated += reinstate.length;
  }

  #keep(what: 'decision' | 'decline', subject: string, because: KeptBecause, groupId?: string): void {
    this.#done.kept.push({ what, subject, because, ...(groupId !== undefined && { groupId }) });
  }
}

function* portions<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length; start += perStatement) yield items.slice(start, start + perStatement);
}
