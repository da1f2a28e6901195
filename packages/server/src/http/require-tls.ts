// `--require-tls`: over plain HTTP the main port serves only what clients fetch there from WSUS too: content, the self-update
// tree and signed metadata, which prove themselves. Everything else is answered with the way to HTTPS.
import { isSecureExchange } from './exchange.ts';
import { answerPlainly } from './front.ts';
import { askedHost } from './known-hosts.ts';
import type { Exchange, Site } from './site.ts';
import { isLocalViewer } from './viewer.ts';

const staysOpen = /^\/(?:content\/|selfupdate\/|iuident\.cab$|wutrack\.bin$|tuf(?:\/|$)|healthz$|readyz$|metrics$)/;

/** A site that goes before all others. `port`: of HTTPS, once it is bound. */
export function createRequireTls(port: () => number | undefined): Site {
  return {
    name: 'require-tls',
    listeners: ['main'],
    matches: (exchange) =>
      !staysOpen.test(exchange.route) && !isSecureExchange(exchange) && !isLocalViewer(exchange.request),
    serve(exchange) {
      const { request, response } = exchange;
      const isPage =
        (request.method === 'GET' || request.method === 'HEAD') && /\btext\/html\b/.test(request.headers.accept ?? '');
      const target = isPage ? httpsAddress(exchange, port()) : undefined;
      if (target === undefined)
        return answerPlainly(response, 403, 'This server answers over HTTPS only (--require-tls).');
      response.writeHead(307, { location: target, 'content-length': 0, 'cache-control': 'no-store' }).end();
    },
  };
}

/**
 * Undefined for a Host that cannot be a name of this server. A redirect leads only to the name that the client called.
 */
function httpsAddress({ request, path }: Exchange, port: number | undefined): string | undefined {
  const [, name] = /^([\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.exec(askedHost(request) ?? '') ?? [];
  if (name === undefined || port === undefined) return undefined;
  return `https://${name}:${port}${encodeURI(path)}`;
}
