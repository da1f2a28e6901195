// The figures of /metrics, by the names that docs/monitoring.md lists. All are read again for each scrape.
import type { ExpiryState } from '@moult/releases/repository';
import type { HomeFacts } from '@moult/store';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { BackupFacts } from '../../backup-schedule/index.ts';
import type { SelfUpdateHealth } from '../../home-facts.ts';
import { createOperationGauges, type Ending, type FigureSource } from './operation-gauges.ts';

export interface MetricsParts {
  store: FigureSource;
  backups(): BackupFacts;
  certificates(): readonly Ending[];
  startedAt: Date;
  loadHomeFacts(eventLimit: number): Promise<HomeFacts>;
  selfUpdateHealth(): SelfUpdateHealth;
  /** Notices for the administrator: each is one sentence on the home page. */
  countNotices(): number;
  trustExpiries(): readonly ExpiryState[];
}

interface Gauges {
  contentType: string;
  /** The text of one scrape. Throws what the store throws. */
  read(): Promise<string>;
  /** Counts one answer of a site. */
  observe(site: string, status: number, ms: number): void;
}

/** Figures of this server alone: nothing is shared between two servers of one process. */
export function createGauges(parts: MetricsParts): Gauges {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'moult_' });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `moult_${name}`, help, labelNames: [...labelNames], registers: [registry] });

  gauge('start_time_seconds', 'When the server started, in seconds since 1970.').set(parts.startedAt.getTime() / 1000);
  const computers = gauge('computers', 'Computers that the server knows, by generation of their agent.', [
    'generation',
  ]);
  const identities = gauge('identities', 'Ids of the last 30 days that several computers share, or that changed.', [
    'kind',
  ]);
  const updates = gauge('updates', 'Updates in the catalog.');
  const deployments = gauge('deployments', 'Approvals, counted per update and group.');
  const contact = gauge('last_contact_timestamp_seconds', 'The last contact of any computer; 0: none so far.');
  const malformed = new Counter({
    name: 'moult_malformed_pings_total',
    help: 'Status pings that could not be read.',
    registers: [registry],
  });
  const ports = gauge('self_update_available', 'Whether a port hands out the self-update tree: 1 or 0.', [
    'site',
    'port',
  ]);
  const notices = gauge('notices', 'What the administrator should know: as many as the home page shows.');
  const expiry = gauge('trust_expiry_timestamp_seconds', 'When a role of the signed metadata ends.', ['role']);

  const operations = createOperationGauges(registry, parts);

  return {
    contentType: registry.contentType,
    observe: operations.observe,
    async read() {
      const facts = await parts.loadHomeFacts(0);
      fillComputers(computers, facts);
      identities.set({ kind: 'shared' }, facts.identities.shared);
      identities.set({ kind: 'changed' }, facts.identities.changed);
      updates.set(facts.updates);
      deployments.set(facts.deployments);
      contact.set((facts.lastContactAt?.getTime() ?? 0) / 1000);
      malformed.reset();
      malformed.inc(facts.counters.get('malformed-pings') ?? 0);
      fillPorts(ports, parts.selfUpdateHealth());
      notices.set(parts.countNotices());
      expiry.reset();
      for (const { role, expires } of parts.trustExpiries()) expiry.set({ role }, Date.parse(expires) / 1000);
      await operations.fill();
      return registry.metrics();
    },
  };
}

function fillComputers(gauge: Gauge<'generation'>, { agents, otherAgents }: HomeFacts): void {
  for (const generation of ['sus', 'wsus', 'unknown'] as const) {
    const counted = [...agents, ...otherAgents].filter((one) => one.generation === generation);
    gauge.set(
      { generation },
      counted.reduce((sum, one) => sum + one.computers, 0),
    );
  }
}

function fillPorts(gauge: Gauge<'site' | 'port'>, { ports }: SelfUpdateHealth): void {
  gauge.reset();
  for (const { site, port, listening, files } of ports) {
    if (listening.kind === 'off') continue;
    const isAvailable = files.every(({ fine }) => fine) && (listening.kind === 'listening' || files.length > 0);
    gauge.set({ site, port: String(port) }, isAvailable ? 1 : 0);
  }
}
