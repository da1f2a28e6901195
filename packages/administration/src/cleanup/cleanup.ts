// The cleanup of a server: its plan, and the removal. It works in small steps while the server serves. One that
// is stopped leaves whole steps, and the next one does the rest.
import type { Log } from '@moult/store';
import { clockNotice, inspectClock } from '@moult/store/clock';
import { forecastContent, purgeContent } from '../content-fetch/index.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { countSilent, removeSilent } from './silent-computers.ts';
import { choose, type RemovalParts, removeUpdates } from './update-removal.ts';

export const cleanupTasks = ['declined-updates', 'old-revisions', 'computers', 'events', 'content'] as const;
export type CleanupTask = (typeof cleanupTasks)[number];

export interface CleanupRequest {
  /** Only these. Default: all that need no number of days, and those whose days are given. */
  tasks?: readonly CleanupTask[] | undefined;
  /** Updates that were declined for so many days. Default 90. */
  declinedDays?: number | undefined;
  /** Revisions that a newer one replaced so many days ago. Default 30. */
  revisionDays?: number | undefined;
  /** Computers without contact for so many days. */
  computerDays?: number | undefined;
  /** Events that are so many days old. */
  eventDays?: number | undefined;
}

/** Of one task. */
interface CleanedPart {
  task: CleanupTask;
  /** Updates, computers, events or files. Of old revisions, the updates that lose some. */
  items: number;
  /** Of updates. */
  revisions?: number;
  /** Of files. */
  bytes?: number;
  /** The names of some. */
  examples: string[];
}

export interface CleanupReport {
  parts: CleanedPart[];
  /** It was stopped before its end, or others changed the updates again and again. */
  isCut: boolean;
}

interface CleanupParts extends RemovalParts {
  log: Log;
  signal?: AbortSignal | undefined;
  /** Called after each step with all that was removed until then. */
  onProgress?(done: number): void;
}

const dayMs = 86_400_000;
const examplesShown = 10;
const defaults = { declinedDays: 90, revisionDays: 30 };

/**
 * Counts the things that a cleanup removes now, and changes nothing. Throws AdministrationError ADMINISTRATION_CLOCK
 * when the clock is not believed. Throws SERVER_REFUSED for a task whose days are missing.
 */
export async function planCleanup(parts: CleanupParts, request: CleanupRequest = {}): Promise<CleanupReport> {
  const { administration, catalog } = parts;
  const { store, author } = administration;
  const tasks = tasksOf(request);
  requireClock(administration);
  const chosen = await choose({ store, catalog }, agesOf(request, tasks, author.at));
  const whole = [...chosen.declined, ...chosen.parts];
  const found: Record<CleanupTask, () => Promise<Omit<CleanedPart, 'task'>>> = {
    'declined-updates': async () => ({
      ...{ items: chosen.declined.length, revisions: countRevisions(whole) },
      examples: await titlesOf(chosen.declined),
    }),
    'old-revisions': async () => ({
      ...{ items: chosen.replaced.length, revisions: countRevisions(chosen.replaced) },
      examples: await titlesOf(chosen.replaced),
    }),
    computers: () => countSilent(store, before(author.at, request.computerDays), examplesShown),
    events: async () => ({ items: await countEvents(before(author.at, request.eventDays)), examples: [] }),
    content: async () => {
      const { unneeded } = await forecastContent(administration);
      return { items: unneeded.files, bytes: unneeded.bytes, examples: [] };
    },
  };
  const report: CleanupReport = { parts: [], isCut: false };
  for (const task of tasks) report.parts.push({ task, ...(await found[task]()) });
  return report;

  async function titlesOf(updates: readonly { updateId: string }[]): Promise<string[]> {
    const titles: string[] = [];
    for (const { updateId } of updates.slice(0, examplesShown))
      titles.push((await store.findRevisions(updateId)).at(-1)?.title ?? updateId);
    return titles;
  }

  async function countEvents(at: Date): Promise<number> {
    return (
      (await store.countOldEvents('reporting_events', at)) + (await store.countOldEvents('self_update_events', at))
    );
  }
}

/** Removes it, on record. Throws as planCleanup does. */
export async function cleanUp(parts: CleanupParts, request: CleanupRequest = {}): Promise<CleanupReport> {
  const { administration, log, signal } = parts;
  const { store, author } = administration;
  const tasks = tasksOf(request);
  requireClock(administration);
  let sum = 0;
  const step = (removed: number) => {
    sum += removed;
    parts.onProgress?.(sum);
  };
  const course = { signal, step };
  const work: Record<CleanupTask, () => Promise<Omit<CleanedPart, 'task'> & { isCut?: true }>> = {
    'declined-updates': () =>
      removeUpdates(parts, 'declined', agesOf(request, ['declined-updates'], author.at), course),
    'old-revisions': () => removeUpdates(parts, 'replaced', agesOf(request, ['old-revisions'], author.at), course),
    computers: () => removeSilent(administration, before(author.at, request.computerDays), course),
    events: async () => ({ items: await removeEvents(before(author.at, request.eventDays)), examples: [] }),
    content: async () => {
      const removed = await purgeContent(administration, log);
      step(removed.length);
      const bytes = removed.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
      return { items: removed.length, bytes, examples: [] };
    },
  };
  const report: CleanupReport = { parts: [], isCut: false };
  for (const task of tasks) {
    if (signal?.aborted) break;
    const { isCut = false, ...part } = await work[task]();
    report.parts.push({ task, ...part });
    report.isCut ||= isCut;
  }
  report.isCut ||= signal?.aborted ?? false;
  return report;

  async function removeEvents(at: Date): Promise<number> {
    let removed = 0;
    for (const remove of [store.removeOldEvents, store.removeOldSelfUpdateEvents]) {
      for (let some = eventsPerStep; some === eventsPerStep && !signal?.aborted; ) {
        some = await remove(at, eventsPerStep);
        removed += some;
        step(some);
      }
    }
    if (removed > 0) {
      const after = { events: removed, before: at.toISOString() };
      await store.recordChange(author, { action: 'remove events', subject: 'events', after });
    }
    return removed;
  }
}

const eventsPerStep = 2000;

/** Files last: removed updates free some. */
function tasksOf({ tasks, computerDays, eventDays }: CleanupRequest): CleanupTask[] {
  for (const [task, days] of [['computers', computerDays] as const, ['events', eventDays] as const])
    if (tasks?.includes(task) && days === undefined)
      throw new AdministrationError('SERVER_REFUSED', `The task "${task}" needs a number of days.`);
  const isMeant = (task: CleanupTask) => {
    if (tasks !== undefined) return tasks.includes(task);
    if (task === 'computers') return computerDays !== undefined;
    return task !== 'events' || eventDays !== undefined;
  };
  return cleanupTasks.filter(isMeant);
}

/** By a clock that is far ahead everything is old. */
function requireClock({ server, author }: Administration): void {
  const notice = clockNotice(inspectClock(server.dataDir, author.at));
  if (notice)
    throw new AdministrationError(
      'ADMINISTRATION_CLOCK',
      `${notice.headline} ${notice.cause} A cleanup removes by age. ${notice.remedy}`,
    );
}

function agesOf(request: CleanupRequest, tasks: readonly CleanupTask[], now: Date) {
  const { declinedDays = defaults.declinedDays, revisionDays = defaults.revisionDays } = request;
  return {
    declinedBefore: tasks.includes('declined-updates') ? before(now, declinedDays) : undefined,
    replacedBefore: tasks.includes('old-revisions') ? before(now, revisionDays) : undefined,
  };
}

function before(now: Date, days = 0): Date {
  return new Date(now.getTime() - days * dayMs);
}

function countRevisions(updates: readonly { revisionIds: readonly unknown[] }[]): number {
  return updates.reduce((sum, { revisionIds }) => sum + revisionIds.length, 0);
}
