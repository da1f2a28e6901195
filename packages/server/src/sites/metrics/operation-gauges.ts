// Figures of the work of the server, by the names that docs/monitoring.md lists: requests, synchronisation, content, rings, and the days
// until something ends. Labels come from short lists of the source.
import type { ExpiryState } from '@moult/releases/repository';
import type { ListedContent, Rollout, ServerStatus, SyncRun } from '@moult/store';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BackupFacts } from '../../backup-schedule/index.ts';
import { metricsBounds } from '../../bounds.ts';

/** A certificate or a key that ends. */
export interface Ending {
  /** One of a few names of the source: https, operator-ca, operator-signing. */
  name: string;
  endsAt: Date;
}

/** The parts of the store that the figures need. */
export interface FigureSource {
  loadServerStatus(): Promise<ServerStatus>;
  listSyncRuns(limit: number): Promise<SyncRun[]>;
  listContent(): Promise<ListedContent[]>;
  listRollouts(): Promise<Rollout[]>;
  loadStop(): Promise<{ until: Date } | undefined>;
  now(): Date;
}

interface OperationParts {
  store: FigureSource;
  backups(): BackupFacts;
  trustExpiries(): readonly ExpiryState[];
  certificates(): readonly Ending[];
}

interface OperationGauges {
  /** Counts one answer. */
  observe(site: string, status: number, ms: number): void;
  /** Reads the figures of the store. Throws its errors. */
  fill(): Promise<void>;
}

const dayMs = 86_400_000;
const rolloutStates = ['running', 'paused', 'halted', 'finished', 'rolledBack'] as const;
const contentStates = ['present', 'missing', 'damaged'] as const;
const noSite = 'none';

export function createOperationGauges(registry: Registry, parts: OperationParts): OperationGauges {
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `moult_${name}`, help, labelNames: [...labelNames], registers });
  const requests = new Counter({
    ...{ name: 'moult_http_requests_total', help: 'Requests that were answered, by site and class of the status.' },
    ...{ labelNames: ['site', 'status'], registers },
  });
  const seconds = new Histogram({
    ...{ name: 'moult_http_request_seconds', help: 'Time to the end of an answer.', labelNames: ['site'], registers },
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
  });
  const fillStore = storeFiller(gauge, parts.store);
  const days = gauge('expiry_days', 'Days until signed metadata or a certificate ends. Below 0: it ended.', [
    ...(['kind', 'name'] as const),
  ]);
  const backup = gauge(
    'backup_last_success_timestamp_seconds',
    'The last backup by --backup-dir that is whole; 0: none.',
  );
  const backupBad = gauge('backup_failed', 'Whether the backup by --backup-dir failed or is late: 1 or 0.');
  return {
    observe(site, status, ms) {
      const known = site === '' ? noSite : site;
      requests.inc({ site: known, status: classOf(status) });
      seconds.observe({ site: known }, ms / 1000);
    },
    async fill() {
      await fillStore();
      const { health, lastAt } = parts.backups();
      backup.set(lastAt === undefined ? 0 : Date.parse(lastAt) / 1000);
      backupBad.set(health === 'failed' || health === 'late' ? 1 : 0);
      const now = parts.store.now().getTime();
      days.reset();
      for (const { role, expires } of parts.trustExpiries())
        days.set({ kind: 'metadata', name: role }, (Date.parse(expires) - now) / dayMs);
      for (const { name, endsAt } of parts.certificates())
        days.set({ kind: 'certificate', name }, (endsAt.getTime() - now) / dayMs);
    },
  };
}

type MakeGauge = <Label extends string>(name: string, help: string, labelNames?: readonly Label[]) => Gauge<Label>;

function storeFiller(gauge: MakeGauge, store: FigureSource): () => Promise<void> {
  const needing = gauge('computers_needing_updates', 'Computers that need an update or must restart for one.');
  const failing = gauge('computers_with_errors', 'Computers on which an update failed.');
  const silent = gauge('computers_silent', 'Computers without a contact for days (home-read.silent-days).');
  const synced = gauge(
    'sync_last_success_timestamp_seconds',
    'End of the last synchronisation that was done; 0: none.',
  );
  const syncFailed = gauge('sync_failed', 'Whether the newest synchronisation failed: 1 or 0.');
  const syncRunning = gauge('sync_running', 'Whether a synchronisation is under way: 1 or 0.');
  const passedOver = gauge('sync_passed_over', 'Revisions that the newest synchronisation passed over.');
  const files = gauge('content_files', 'Files of approved updates, by state.', ['state']);
  const bytes = gauge('content_bytes', 'Bytes of files of approved updates, by state.', ['state']);
  const rollouts = gauge('rollouts', 'Updates that go through rings, by status.', ['status']);
  const stopped = gauge('stopped', 'Whether the emergency stop is in force: 1 or 0.');
  let countedAt = Number.NEGATIVE_INFINITY;

  const fillContent = async () => {
    // The list is long. Its figures may be some minutes old.
    if (performance.now() - countedAt < metricsBounds.contentMs) return;
    countedAt = performance.now();
    const approved = (await store.listContent()).filter(({ isApproved }) => isApproved);
    for (const state of contentStates) {
      const found = approved.filter((file) => file.state === state);
      files.set({ state }, found.length);
      bytes.set(
        { state },
        found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      );
    }
  };

  return async () => {
    const { computers } = await store.loadServerStatus();
    needing.set(computers.needingUpdates);
    failing.set(computers.withErrors);
    silent.set(computers.silent);
    const runs = await store.listSyncRuns(metricsBounds.syncRuns);
    const [newest] = runs;
    const done = runs.find(({ state }) => state === 'done');
    synced.set((done?.endedAt?.getTime() ?? 0) / 1000);
    syncFailed.set(newest?.state === 'failed' ? 1 : 0);
    syncRunning.set(newest?.state === 'running' && newest.leaseUntil > store.now() ? 1 : 0);
    passedOver.set(newest?.failed ?? 0);
    const all = await store.listRollouts();
    for (const status of rolloutStates)
      rollouts.set({ status }, all.filter(({ state }) => state.status === status).length);
    const stop = await store.loadStop();
    stopped.set(stop && stop.until > store.now() ? 1 : 0);
    await fillContent();
  };
}

function classOf(status: number): string {
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'other';
}
