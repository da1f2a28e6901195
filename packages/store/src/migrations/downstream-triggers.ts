// The triggers of migration 0021. Few write here at once, downstream servers one after the other: the figures are added at
// once, without the changes apart of migration 0020.

const needed = (row: string) => `(case when ${row}state in (2, 3, 6) then 1 else 0 end)`;
const failed = (row: string) => `(case when ${row}state = 5 then 1 else 0 end)`;

const owners = [
  { table: 'downstream_figures', key: 'computer_id' },
  { table: 'downstream_update_figures', key: 'update_id' },
] as const;

function addOnSqlite(values: (key: string) => string): string {
  return owners
    .map(
      ({ table, key }) => `insert into ${table} (${key}, needed, failed) values (${values(key)})
     on conflict (${key}) do update set needed = needed + excluded.needed, failed = failed + excluded.failed;`,
    )
    .join('\n');
}

/** Both tables whose states this server reports to the one above. */
const reported = ['computer_update_status', 'downstream_states'] as const;

export const onSqlite = [
  `create trigger downstream_figures_of_state after insert on downstream_states when new.state in (2, 3, 5, 6) begin
     ${addOnSqlite((key) => `new.${key}, ${needed('new.')}, ${failed('new.')}`)} end`,
  `create trigger downstream_figures_of_changed_state after update of state on downstream_states
     when ${needed('new.')} <> ${needed('old.')} or ${failed('new.')} <> ${failed('old.')} begin
     ${addOnSqlite(
       (key) => `new.${key}, ${needed('new.')} - ${needed('old.')}, ${failed('new.')} - ${failed('old.')}`,
     )} end`,
  `create trigger downstream_figures_of_removed_state after delete on downstream_states
     when old.state in (2, 3, 5, 6) begin
     ${addOnSqlite((key) => `old.${key}, -${needed('old.')}, -${failed('old.')}`)} end`,
  ...reported.flatMap((table) => [
    noteOnSqlite(table, 'insert', 'insert', 'new'),
    noteOnSqlite(table, 'update', 'update of state', 'new'),
    noteOnSqlite(table, 'delete', 'delete', 'old'),
  ]),
];

/** A state that changes again gets a newer number: whoever reports takes only the numbers that it has read. */
function noteOnSqlite(table: string, name: string, event: string, row: 'new' | 'old'): string {
  const differs = event.startsWith('update') ? 'new.state <> old.state and ' : '';
  return `create trigger roll_up_${name}_of_${table} after ${event} on ${table}
     when ${differs}exists (select 1 from roll_up_to) begin
     insert or replace into roll_up_changes (computer_id, update_id) values (${row}.computer_id, ${row}.update_id); end`;
}

function triggerFunction(name: string, body: string): string {
  return `create or replace function ${name}() returns trigger language plpgsql as $$ begin ${body} return null; end $$`;
}

const ofStates = (rows: string, sign: '' | '-') =>
  `select computer_id, update_id, ${sign}${needed('')} as needed, ${sign}${failed('')} as failed from ${rows}`;

function addOnPostgres(found: string): string {
  return owners
    .map(
      ({ table, key }) => `
  insert into ${table} (${key}, needed, failed)
    select ${key}, sum(needed), sum(failed) from (${found}) as found
    group by ${key} having sum(needed) <> 0 or sum(failed) <> 0 order by ${key} collate "C"
    on conflict (${key}) do update set needed = ${table}.needed + excluded.needed,
      failed = ${table}.failed + excluded.failed;`,
    )
    .join('');
}

const both = `${ofStates('added', '')} union all ${ofStates('removed', '-')}`;

const noting = (rows: string) => `
  if exists (select 1 from roll_up_to) then
    insert into roll_up_changes (computer_id, update_id)
      select computer_id, update_id from (${rows}) as found order by computer_id collate "C", update_id collate "C"
      on conflict (computer_id, update_id) do update set change_id = excluded.change_id;
  end if;`;

const changedStates = `select added.computer_id, added.update_id from added join removed
  on removed.computer_id = added.computer_id and removed.update_id = added.update_id
  where removed.state <> added.state`;

export const onPostgres = [
  triggerFunction('moult_downstream_of_states', addOnPostgres(ofStates('added', ''))),
  triggerFunction('moult_downstream_of_changed_states', addOnPostgres(both)),
  triggerFunction('moult_downstream_of_removed_states', addOnPostgres(ofStates('removed', '-'))),
  triggerFunction('moult_roll_up_of_states', noting('select computer_id, update_id from added')),
  triggerFunction('moult_roll_up_of_changed_states', noting(changedStates)),
  triggerFunction('moult_roll_up_of_removed_states', noting('select computer_id, update_id from removed')),
  ...onTable('downstream_states', 'downstream_figures', 'moult_downstream'),
  ...reported.flatMap((table) => onTable(table, `roll_up_of_${table}`, 'moult_roll_up')),
];

function onTable(table: string, name: string, functions: string): string[] {
  return [
    `create trigger ${name}_added after insert on ${table} referencing new table as added
     for each statement execute function ${functions}_of_states()`,
    `create trigger ${name}_changed after update on ${table} referencing new table as added old table as removed
     for each statement execute function ${functions}_of_changed_states()`,
    `create trigger ${name}_removed after delete on ${table} referencing old table as removed
     for each statement execute function ${functions}_of_removed_states()`,
  ];
}
