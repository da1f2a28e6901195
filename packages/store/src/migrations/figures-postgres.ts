// The triggers of migration 0008 for PostgreSQL: once for each statement, with all its rows. Figures of several
// computers are locked in the order of their ids, as everything else is.

const states = `sum(case when state in (2, 3, 6) then 1 else 0 end)::int as needed,
  sum(case when state = 5 then 1 else 0 end)::int as failed`;

/** Adds `found` (computer_id, needed, failed, events) to the figures, and lets rows go that say nothing any more. */
function adding(found: string): string {
  return `
    insert into computer_figures (computer_id, needed, failed, events)
      select computer_id, needed, failed, events from (${found}) as found
      where needed <> 0 or failed <> 0 or events <> 0 order by computer_id collate "C"
      on conflict (computer_id) do update set needed = computer_figures.needed + excluded.needed,
        failed = computer_figures.failed + excluded.failed, events = computer_figures.events + excluded.events;`;
}

function emptyGo(rows: string): string {
  return `
    delete from computer_figures where computer_id in (select computer_id from ${rows})
      and known = 0 and events = 0 and needed = 0 and failed = 0;`;
}

function triggerFunction(name: string, body: string): string {
  return `create or replace function ${name}() returns trigger language plpgsql as $$ begin ${body} return null; end $$`;
}

const counted = 'count(*)::int';
const ofStates = (rows: string, sign: '' | '-') => `
  select computer_id, ${sign}needed as needed, ${sign}failed as failed, 0 as events from (
    select computer_id, ${states} from ${rows} group by computer_id) as counted`;
const ofEvents = (rows: string, sign: '' | '-') =>
  `select computer_id, 0 as needed, 0 as failed, ${sign}${counted} as events from ${rows} group by computer_id`;

export const postgresFigures = [
  triggerFunction(
    'moult_figures_of_computer',
    `insert into computer_figures (computer_id, known, reported)
       values (new.computer_id, 1, (new.last_report is not null)::int)
       on conflict (computer_id) do update set known = 1, reported = excluded.reported;`,
  ),
  triggerFunction(
    'moult_figures_of_removed_computer',
    `update computer_figures set known = 0, reported = 0 where computer_id = old.computer_id;
     delete from computer_figures where computer_id = old.computer_id
       and known = 0 and events = 0 and needed = 0 and failed = 0;`,
  ),
  triggerFunction('moult_figures_of_events', adding(ofEvents('added', ''))),
  triggerFunction('moult_figures_of_removed_events', adding(ofEvents('removed', '-')) + emptyGo('removed')),
  triggerFunction('moult_figures_of_states', adding(ofStates('added', ''))),
  triggerFunction(
    'moult_figures_of_changed_states',
    adding(`select computer_id, sum(needed)::int as needed, sum(failed)::int as failed, 0 as events from (
      ${ofStates('added', '')} union all ${ofStates('removed', '-')}) as both_sides group by computer_id`),
  ),
  triggerFunction('moult_figures_of_removed_states', adding(ofStates('removed', '-')) + emptyGo('removed')),

  // Row by row: a check-in of a known computer changes no count.
  `create trigger figures_of_computer after insert on computers
     for each row execute function moult_figures_of_computer()`,
  `create trigger figures_of_reporter after update of last_report on computers for each row
     when ((old.last_report is null) <> (new.last_report is null)) execute function moult_figures_of_computer()`,
  `create trigger figures_of_removed_computer after delete on computers
     for each row execute function moult_figures_of_removed_computer()`,
  `create trigger figures_of_events after insert on reporting_events referencing new table as added
     for each statement execute function moult_figures_of_events()`,
  `create trigger figures_of_removed_events after delete on reporting_events referencing old table as removed
     for each statement execute function moult_figures_of_removed_events()`,
  `create trigger figures_of_states after insert on computer_update_status referencing new table as added
     for each statement execute function moult_figures_of_states()`,
  `create trigger figures_of_changed_states after update on computer_update_status
     referencing new table as added old table as removed
     for each statement execute function moult_figures_of_changed_states()`,
  `create trigger figures_of_removed_states after delete on computer_update_status referencing old table as removed
     for each statement execute function moult_figures_of_removed_states()`,

  // HOT: a version of a row without a changed indexed column goes beside the old one if the page has room. It writes no
  // index.
  'alter table computers set (fillfactor = 70)',
  'alter table computer_names set (fillfactor = 80)',
  'alter table counters set (fillfactor = 20)',
];

export const postgresTitles = [
  triggerFunction(
    'moult_title_of_revisions',
    `insert into update_titles (update_id, revision_id, revision_number, title)
       select distinct on (update_id) update_id, revision_id, revision_number, title from added
       where update_type in ('Software', 'Driver') order by update_id, revision_number desc
       on conflict (update_id) do update set revision_id = excluded.revision_id,
         revision_number = excluded.revision_number, title = excluded.title
         where excluded.revision_number > update_titles.revision_number;`,
  ),
  `create trigger title_of_revisions after insert on revisions referencing new table as added
     for each statement execute function moult_title_of_revisions()`,
];
