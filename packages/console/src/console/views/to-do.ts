// The tasks of an administrator, made of the state of the server. The worst comes first. Each has the view that fixes
// it, and says how long it waits.
import type { HomeDocument } from '@moult/server/home-document';
import type { Page, Status, Update } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import type { Words } from '../kit/words.tsx';
import type { SyncDocument } from './sync-state.tsx';

export interface Task {
  key: string;
  kind: keyof Words['home']['tasks'];
  tone: 'bad' | 'pending' | 'quiet';
  amount?: number;
  /** Instead of the sentence of the kind: in the words of the server. */
  headline?: string;
  detail?: string;
  since?: string;
  href: string;
}

interface Others {
  status: Status | undefined;
  /** Updates that computers need and that have no decision. The oldest one first. */
  waiting: Page<Update> | undefined;
  /** Computers in no group. */
  unassigned: number | undefined;
  /** Of approved updates. */
  files: Record<'missing' | 'damaged', { files: number }> | undefined;
  sync?: SyncDocument | undefined;
  /** Steps of the set-up that are open. Undefined for who cannot do them. */
  setUpSteps?: number | undefined;
  /** Agent releases that wait to be offered. */
  releases?: number | undefined;
}

export function tasksOf(
  home: HomeDocument,
  { status, waiting, unassigned = 0, files, sync, releases = 0, setUpSteps = 0 }: Others,
): Task[] {
  const { needing, failing, silent, silentDays } = home.computers.attention;
  const older = home.computers.generations
    .flatMap(({ versions }) => versions)
    .filter(({ standing }) => standing === 'older')
    .reduce((sum, { computers }) => sum + computers, 0);
  const [oldest] = waiting?.items ?? [];
  const lost = (files?.missing.files ?? 0) + (files?.damaged.files ?? 0);
  const tasks: (Task | undefined)[] = [
    ...home.selfUpdate.ports
      .filter(({ state }) => state === 'not-available')
      .map(
        ({ port, fault, checkedAt }): Task => ({
          ...{ key: `port ${port}`, kind: 'port', tone: 'bad', amount: port },
          ...(fault && { detail: `${fault.cause} ${fault.remedy}` }),
          ...(checkedAt && { since: checkedAt }),
          href: fault ? `/docs/findings/${fault.code}` : '/docs/self-update-not-available',
        }),
      ),
    ...(status?.notices ?? home.notices).map(
      ({ headline, cause, remedy }): Task => ({
        ...{ key: `notice ${headline}`, kind: 'notice', tone: 'bad', headline, detail: `${cause} ${remedy}` },
        href: '/docs/server',
      }),
    ),
    some(failing.computers, {
      ...{ key: 'failing', kind: 'failing', tone: 'bad' },
      href: hrefOf('computers', { failed: 'true', sort: 'failed', order: 'desc' }),
    }),
    sync?.run?.state === 'failed'
      ? {
          ...{ key: 'sync', kind: 'sync', tone: 'bad', href: hrefOf('sync') },
          ...(sync.run.error && { detail: sync.run.error.message }),
          ...(sync.run.endedAt && { since: sync.run.endedAt }),
        }
      : undefined,
    some(setUpSteps, { key: 'setUp', kind: 'setUp', tone: 'pending', href: hrefOf('set-up') }),
    some(releases, { key: 'releases', kind: 'releases', tone: 'pending', href: hrefOf('releases') }),
    some(lost, { key: 'files', kind: 'files', tone: 'bad', href: hrefOf('content', { state: 'missing' }) }),
    some(waiting?.total ?? 0, {
      ...{ key: 'waiting', kind: 'waiting', tone: 'pending' },
      ...(oldest && { since: oldest.importedAt }),
      href: hrefOf('updates', {
        approval: 'unapproved',
        needed: 'true',
        superseded: 'false',
        sort: 'needed',
        order: 'desc',
      }),
    }),
    some(needing.computers, {
      ...{ key: 'needing', kind: 'needing', tone: 'pending' },
      href: hrefOf('computers', { needed: 'true', sort: 'needed', order: 'desc' }),
    }),
    some(unassigned, {
      ...{ key: 'unassigned', kind: 'unassigned', tone: 'pending' },
      href: hrefOf('computers', { group: 'Unassigned Computers' }),
    }),
    some(silent.computers, {
      ...{ key: 'silent', kind: 'silent', tone: 'quiet' },
      ...(silent.first[0] && { since: silent.first[0].lastContactAt }),
      href: hrefOf('computers', { silentDays: String(silentDays), sort: 'last-contact', order: 'asc' }),
    }),
    some(older, {
      key: 'older',
      kind: 'older',
      tone: 'quiet',
      href: hrefOf('computers', { sort: 'agent', order: 'asc' }),
    }),
    some(home.computers.identities.shared, {
      ...{ key: 'clones', kind: 'clones', tone: 'bad' },
      href: hrefOf('computers', { sort: 'address' }),
    }),
  ];
  const order = { bad: 0, pending: 1, quiet: 2 };
  return tasks.filter((task) => task !== undefined).sort((one, other) => order[one.tone] - order[other.tone]);
}

function some(amount: number, task: Omit<Task, 'amount'>): Task | undefined {
  return amount > 0 ? { ...task, amount } : undefined;
}
