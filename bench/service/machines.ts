// The machines of the bench: who they are, and how their scans go.

/** So many of the computers check in, over and over. The server knows their reports of yesterday. */
export const dailyComputers = 2_500;

/** Updates that each machine reports on: the length of the list that a real one was seen to send (captures). */
export const reportedUpdates = 312;
/** The first of them are needed, the others installed. */
export const neededUpdates = 40;

export interface IdLists {
  installed: number[];
  other: number[];
}

export interface ScanPage extends IdLists {
  /** How many new revisions the answer holds. */
  brings: number;
}

export interface MachineScan {
  /** The calls of a fresh machine, each with what it lists. */
  pages: ScanPage[];
  /** The ids that it lists at the end. */
  all: IdLists;
  /** The same without the few that appeared since its last visit. */
  lacking: IdLists;
  /** Revisions whose texts it asks for. */
  toShow: number[];
}

/** SusClientId of the computer with this number. The ids are spread over the whole range, as real ones are. */
export function computerId(number: number): string {
  const mixed = (number * 40503) % 65536;
  return `${hex(mixed, 4)}${hex(number % 65536, 4)}-0000-4000-8000-${hex(number, 12)}`;
}

/** The same in SQLite's words. */
export function computerIdSql(number: string): string {
  return `printf('%04x%04x-0000-4000-8000-%012x', (${number} * 40503) % 65536, ${number} % 65536, ${number})`;
}

export function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
