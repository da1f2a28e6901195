// Groups of another server made here: by their ids, or else by their names. See take-over.ts.
import type { Kysely } from 'kysely';
import { recordAudit } from './audit.ts';
import { allComputers, unassignedComputers } from './built-in-groups.ts';
import type { Author, TakenOver, WantedGroup, WantedState } from './contract/index.ts';
import type { Tables } from './schema.ts';

type Row = { group_id: string; name: string; name_key: string; parent_id: string | null };

/** Inside a transaction. Answers the id here of each group there. */
export class GroupsTakenOver {
  readonly #transaction: Kysely<Tables>;
  readonly #author: Author;
  readonly #wanted: WantedState;
  readonly #done: TakenOver;
  readonly #rows = new Map<string, Row>();
  /** The id of the group there to that of the group here. */
  readonly ids = new Map<string, string>([
    [allComputers, allComputers],
    [unassignedComputers, unassignedComputers],
  ]);

  constructor(transaction: Kysely<Tables>, author: Author, wanted: WantedState, done: TakenOver) {
    this.#transaction = transaction;
    this.#author = author;
    this.#wanted = wanted;
    this.#done = done;
  }

  /** Parents come before their children. */
  async takeOver(): Promise<void> {
    const columns = ['group_id', 'name', 'name_key', 'parent_id'] as const;
    for (const row of await this.#transaction.selectFrom('target_groups').select(columns).execute())
      this.#rows.set(row.group_id, row);
    const groups = parentsFirst(this.#wanted.groups);
    for (const { groupId } of groups) if (this.#rows.has(groupId)) this.ids.set(groupId, groupId);
    for (const { groupId } of groups) {
      const here = this.#wanted.knownGroups?.get(groupId);
      if (here !== undefined && this.#rows.has(here) && !this.ids.has(groupId)) this.ids.set(groupId, here);
    }
    await this.#freeNames(groups);
    for (const group of groups) await this.#takeOverOne(group);
  }

  /** Removes groups that came from there before, and are not there any more. Their decisions are withdrawn by then. */
  async removeFormer(): Promise<void> {
    const kept = new Set(this.ids.values());
    const former = this.#wanted.isWhole ? [...this.#rows.keys()] : this.#wanted.formerGroups;
    const gone = former.filter((id) => this.#rows.has(id) && !kept.has(id));
    // Children first: a group that holds others stays.
    for (const groupId of childrenFirst(gone, this.#rows)) await this.#remove(groupId);
  }

  /** Groups that give their name to another one have none until it is their turn. So two can swap their names. */
  async #freeNames(groups: readonly WantedGroup[]): Promise<void> {
    const wanted = new Set(groups.map(({ name }) => name.toLowerCase()));
    for (const [id, row] of renamedAll(groups, this.ids, this.#rows)) {
      if (!wanted.has(row.name_key)) continue;
      // No name of a group has a semicolon.
      const name_key = `;${id}`;
      await this.#transaction.updateTable('target_groups').set({ name_key }).where('group_id', '=', id).execute();
      this.#rows.set(id, { ...row, name_key });
    }
  }

  async #takeOverOne(group: WantedGroup): Promise<void> {
    if (isBuiltIn(group.groupId)) return;
    const key = group.name.toLowerCase();
    const named = [...this.#rows.values()].find((row) => row.name_key === key || row.group_id === key);
    const taken = new Set(this.ids.values());
    if (!this.ids.has(group.groupId)) {
      if (named && taken.has(named.group_id)) return this.#keep(group.groupId, 'name-taken');
      if (!named) return this.#create(group);
      this.ids.set(group.groupId, named.group_id);
    }
    const here = this.#rows.get(this.ids.get(group.groupId) ?? '');
    if (!here || isBuiltIn(here.group_id)) return;
    await this.#change(here, group);
  }

  async #create(group: WantedGroup): Promise<void> {
    const row = {
      ...{ group_id: group.groupId, name: group.name, name_key: group.name.toLowerCase() },
      parent_id: this.#parentOf(group),
    };
    await this.#transaction
      .insertInto('target_groups')
      .values({ ...row, created_at: this.#author.at.getTime() })
      .execute();
    await this.#setZone(row.group_id, group.timeZone);
    this.#rows.set(row.group_id, row);
    this.ids.set(group.groupId, row.group_id);
    const after = { groupId: row.group_id, name: row.name, parentId: row.parent_id, timeZone: group.timeZone };
    await this.#record('create group', row.group_id, { after });
    this.#done.groupsAdded.push(row.name);
  }

  async #change(here: Row, group: WantedGroup): Promise<void> {
    const zone = await this.#zoneOf(here.group_id);
    const { isWhole, isSparse } = this.#wanted;
    // An upstream server has no time zones of groups: those of a replica are its own.
    const timeZone = isWhole || isSparse ? zone : group.timeZone;
    const isFree = ![...this.#rows.values()].some(
      (row) => row.name_key === group.name.toLowerCase() && row.group_id !== here.group_id,
    );
    if (!isFree) this.#keep(group.groupId, 'name-taken');
    const name = isFree ? group.name : here.name;
    const parent_id = isSparse && group.parentId === undefined ? here.parent_id : this.#parentOf(group);
    if (name === here.name && parent_id === here.parent_id && zone === timeZone) return;
    const row = { ...here, name, name_key: name.toLowerCase(), parent_id };
    const { group_id, ...values } = row;
    await this.#transaction.updateTable('target_groups').set(values).where('group_id', '=', group_id).execute();
    await this.#setZone(group_id, timeZone);
    this.#rows.set(group_id, row);
    const before = { name: here.name, parentId: here.parent_id, timeZone: zone };
    await this.#record('change group', group_id, { before, after: { name, parentId: parent_id, timeZone } });
    this.#done.groupsChanged.push(name);
  }

  async #remove(groupId: string): Promise<void> {
    const here = this.#rows.get(groupId);
    if (!here) return;
    const isHeld = [...this.#rows.values()].some(({ parent_id }) => parent_id === groupId);
    const decision = await this.#transaction
      .selectFrom('deployments')
      .select('update_id')
      .where('group_id', '=', groupId)
      .where('action', '<>', 'Inherit')
      .executeTakeFirst();
    if (isHeld || decision) return this.#keep(groupId, 'group-in-use');
    const members = await this.#transaction
      .selectFrom('computer_groups')
      .select('computer_id')
      .where('group_id', '=', groupId)
      .execute();
    for (const table of ['computer_groups', 'deployment_origins', 'group_zones', 'deployments'] as const)
      await this.#transaction.deleteFrom(table).where('group_id', '=', groupId).execute();
    await this.#transaction.deleteFrom('target_groups').where('group_id', '=', groupId).execute();
    this.#rows.delete(groupId);
    const before = { groupId, name: here.name, computers: members.map(({ computer_id }) => computer_id) };
    await this.#record('remove group', groupId, { before });
    this.#done.groupsRemoved.push(here.name);
  }

  #parentOf({ parentId }: WantedGroup): string {
    return (parentId !== undefined && this.ids.get(parentId)) || allComputers;
  }

  async #zoneOf(groupId: string): Promise<string | undefined> {
    const row = await this.#transaction
      .selectFrom('group_zones')
      .select('time_zone')
      .where('group_id', '=', groupId)
      .executeTakeFirst();
    return row?.time_zone;
  }

  async #setZone(groupId: string, timeZone: string | undefined): Promise<void> {
    await this.#transaction.deleteFrom('group_zones').where('group_id', '=', groupId).execute();
    if (timeZone === undefined) return;
    await this.#transaction.insertInto('group_zones').values({ group_id: groupId, time_zone: timeZone }).execute();
  }

  #keep(subject: string, because: 'name-taken' | 'group-in-use'): void {
    this.#done.kept.push({ what: 'group', subject, because });
  }

  #record(action: string, subject: string, values: { before?: object; after?: object }): Promise<void> {
    const from = { source: this.#wanted.source };
    const after = values.after === undefined ? {} : { after: { ...values.after, ...from } };
    return recordAudit(this.#transaction, this.#author, { action, subject, ...values, ...after });
  }
}

/** Groups here that get another name, which is free or will be. By their id here. */
function renamedAll(
  groups: readonly WantedGroup[],
  ids: ReadonlyMap<string, string>,
  rows: ReadonlyMap<string, Row>,
): Map<string, Row> {
  const holders = new Map([...rows.values()].map((row) => [row.name_key, row.group_id]));
  const byName = Map.groupBy(groups, ({ name }) => name.toLowerCase());
  const renamed = new Map<string, Row>();
  const keys = new Map<string, string>();
  for (const [key, [group, second]] of byName) {
    const row = group && rows.get(ids.get(group.groupId) ?? '');
    if (!row || second || isBuiltIn(row.group_id) || row.name_key === key) continue;
    renamed.set(row.group_id, row);
    keys.set(row.group_id, key);
  }
  // One whose wanted name stays taken keeps its own. So whoever wants that one does not get it either.
  for (let before = -1; before !== renamed.size; ) {
    before = renamed.size;
    for (const id of renamed.keys()) {
      const holder = holders.get(keys.get(id) ?? '');
      if (holder !== undefined && !renamed.has(holder)) renamed.delete(id);
    }
  }
  return renamed;
}

function isBuiltIn(groupId: string): boolean {
  return groupId === allComputers || groupId === unassignedComputers;
}

/** In a tree that is one: whoever gives the groups checked that. */
function parentsFirst(groups: readonly WantedGroup[]): WantedGroup[] {
  const byId = new Map(groups.map((group) => [group.groupId, group]));
  const depthOf = ({ groupId, parentId }: WantedGroup): number => {
    const seen = new Set([groupId]);
    let depth = 0;
    for (let id = parentId; id !== undefined && !seen.has(id); id = byId.get(id)?.parentId) {
      seen.add(id);
      depth++;
    }
    return depth;
  };
  const depths = new Map(groups.map((group) => [group, depthOf(group)]));
  return [...groups].sort((one, other) => (depths.get(one) ?? 0) - (depths.get(other) ?? 0));
}

function childrenFirst(ids: readonly string[], rows: ReadonlyMap<string, Row>): string[] {
  const depthOf = (id: string): number => {
    let depth = 0;
    for (let at = rows.get(id); at?.parent_id && depth < rows.size; at = rows.get(at.parent_id)) depth++;
    return depth;
  };
  return [...ids].sort((one, other) => depthOf(other) - depthOf(one));
}
