// /metrics for Prometheus, and /healthz and /readyz for programs that start, stop and balance servers. Counts and
// states only: no name, address or id of a computer. Labels come from short lists, so that no client can make their
// number grow.
import type { NamesFor } from '../../home-document.ts';
import type { Exchange, Site } from '../../http/site.ts';
import { isLocalViewer } from '../../http/viewer.ts';
import { createGauges, type MetricsParts } from './gauges.ts';

interface MetricsSiteParts extends MetricsParts {
  /** The readers of /metrics. The two others say no more than a status does, and are for everybody. */
  metricsFor: NamesFor;
  /** Settles when the database answers, throws when it does not. */
  askDatabase(): Promise<unknown>;
  /** Told when the figures could not be read. */
  failed(error: unknown): void;
}

interface MetricsSite extends Site {
  /** Counts one answer of a site. '' is for a request that fits none. */
  observe(site: string, status: number, ms: number): void;
}

const keptMs = 1000;

/** The site on the main and TLS listeners at `/metrics`, `/healthz` and `/readyz`. */
export function createMetricsSite(parts: MetricsSiteParts): MetricsSite {
  const gauges = createGauges(parts);
  let text: Promise<string> | undefined;
  let ready: Promise<boolean> | undefined;

  /** However many ask: the figures are read once a second at most. */
  function current(): Promise<string> {
    text ??= gauges.read().finally(() => void setTimeout(() => (text = undefined), keptMs).unref());
    return text;
  }

  function isReady(): Promise<boolean> {
    ready ??= parts
      .askDatabase()
      .then(() => parts.selfUpdateHealth().ports.every(({ files }) => files.every(({ fine }) => fine)))
      .catch(() => false)
      .finally(() => void setTimeout(() => (ready = undefined), keptMs).unref());
    return ready;
  }

  return {
    name: 'metrics',
    observe: gauges.observe,
    listeners: ['main', 'tls'],
    matches: ({ route }) => route === '/metrics' || route === '/healthz' || route === '/readyz',
    async serve(exchange) {
      const { request, route } = exchange;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        exchange.response.setHeader('allow', 'GET, HEAD');
        return say(exchange, 405, 'GET and HEAD only.\n');
      }
      if (route === '/healthz') return say(exchange, 200, 'ok\n');
      if (route === '/readyz')
        return (await isReady()) ? say(exchange, 200, 'ready\n') : say(exchange, 503, 'not ready\n');
      const isAllowed = parts.metricsFor === 'everybody' || (parts.metricsFor === 'local' && isLocalViewer(request));
      if (!isAllowed) return say(exchange, 403, refusal(parts.metricsFor));
      try {
        say(exchange, 200, await current(), gauges.contentType);
      } catch (error) {
        parts.failed(error);
        say(exchange, 503, 'The figures cannot be read now. The log of the server says why.\n');
      }
    },
  };
}

function refusal(metricsFor: NamesFor): string {
  return metricsFor === 'nobody'
    ? 'This server shows no metrics (--metrics nobody).\n'
    : 'This server shows its metrics to its own machine. Start it with --metrics everybody to show them to others.\n';
}

function say({ request, response }: Exchange, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
