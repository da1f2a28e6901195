// The triggers of migration 0008 for SQLite: row by row.

/** The counts that a state adds: computers are counted that need something (2, 3, 6), or where something failed (5). */
const needed = (row: string) => `(${row}.state in (2, 3, 6))`;
const failed = (row: string) => `(${row}.state = 5)`;
const counts = (row: string) => `${row}.state in (2, 3, 5, 6)`;

const emptyGoes = `delete from computer_figures where computer_id = old.computer_id
  and known = 0 and events = 0 and needed = 0 and failed = 0`;

export const sqliteFigures = [
  `create trigger figures_of_computer after insert on computers begin
     insert into computer_figures (computer_id, known, reported) values (new.computer_id, 1, new.last_report is not null)
       on conflict (computer_id) do update set known = 1, reported = excluded.reported; end`,
  `create trigger figures_of_reporter after update of last_report on computers
     when (old.last_report is null) <> (new.last_report is null) begin
     update computer_figures set reported = new.last_report is not null where computer_id = new.computer_id; end`,
  `create trigger figures_of_removed_computer after delete on computers begin
     update computer_figures set known = 0, reported = 0 where computer_id = old.computer_id; ${emptyGoes}; end`,

  `create trigger figures_of_event after insert on reporting_events begin
     insert into computer_figures (computer_id, events) values (new.computer_id, 1)
       on conflict (computer_id) do update set events = events + 1; end`,
  `create trigger figures_of_removed_event after delete on reporting_events begin
     update computer_figures set events = events - 1 where computer_id = old.computer_id; ${emptyGoes}; end`,

  `create trigger figures_of_state after insert on computer_update_status when ${counts('new')} begin
     insert into computer_figures (computer_id, needed, failed) values (new.computer_id, ${needed('new')}, ${failed('new')})
       on conflict (computer_id) do update set needed = needed + excluded.needed, failed = failed + excluded.failed; end`,
  `create trigger figures_of_changed_state after update of state on computer_update_status
     when ${needed('new')} <> ${needed('old')} or ${failed('new')} <> ${failed('old')} begin
     insert into computer_figures (computer_id, needed, failed)
       values (new.computer_id, ${needed('new')} - ${needed('old')}, ${failed('new')} - ${failed('old')})
       on conflict (computer_id) do update set needed = needed + excluded.needed, failed = failed + excluded.failed; end`,
  `create trigger figures_of_removed_state after delete on computer_update_status when ${counts('old')} begin
     update computer_figures set needed = needed - ${needed('old')}, failed = failed - ${failed('old')}
       where computer_id = old.computer_id; ${emptyGoes}; end`,
];

export const sqliteTitles = [
  `create trigger title_of_revision after insert on revisions when new.update_type in ('Software', 'Driver') begin
     insert into update_titles (update_id, revision_id, revision_number, title)
       values (new.update_id, new.revision_id, new.revision_number, new.title)
       on conflict (update_id) do update set revision_id = excluded.revision_id,
         revision_number = excluded.revision_number, title = excluded.title
         where excluded.revision_number > update_titles.revision_number; end`,
];
