// The pages of the console at /console/: one document for every address of it, and assets that carry their hash. Nothing of
// this server is in them: what they show comes from the API.
import { join } from 'node:path';
import { readAssets, sendAsset } from '../../http/assets.ts';
import { askedHost, type KnownHosts } from '../../http/known-hosts.ts';
import { refuseText } from '../../http/refuse-text.ts';
import type { ListenerName, Site } from '../../http/site.ts';

interface AdminPagesParts {
  /** The folder that packages/console/build.ts makes. */
  consoleDir: string;
  listeners: readonly ListenerName[];
  /** The names under which browsers may call. */
  hosts: KnownHosts;
}

/** Nothing inline, nothing from elsewhere, no HTML made by scripts, never in a frame. */
const policy = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"],
  "trusted-types 'none'",
].join('; ');

const securityHeaders = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

export function createAdminPagesSite({ consoleDir, listeners, hosts }: AdminPagesParts): Site {
  const assets = readAssets(join(consoleDir, 'console'));
  return {
    name: 'admin-pages',
    listeners,
    matches: ({ route }) => route === '/console' || route.startsWith('/console/'),
    serve(exchange) {
      const { request, response, path, passedOn } = exchange;
      for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
      if ((request.headersDistinct.host?.length ?? 0) > 1) return refuseText(exchange, 400, 'Send one Host header.');
      if (!hosts.knows(passedOn?.host ?? askedHost(request)))
        return refuseText(exchange, 421, 'This server does not show its console under this name. See --allowed-hosts.');
      if (request.method !== 'GET' && request.method !== 'HEAD') return refuseText(exchange, 405, 'GET and HEAD only.');
      if (/^\/console$/i.test(path)) {
        response.writeHead(301, { location: '/console/', 'content-length': 0 }).end();
        return;
      }
      const below = path.slice('/console'.length);
      if (below.startsWith('/assets/')) {
        const asset = assets.get(below);
        return asset ? sendAsset(exchange, asset) : refuseText(exchange, 404, 'There is no such file.');
      }
      // Each view has an address of its own. All are the same document.
      const page = assets.get('/');
      if (page) return sendAsset(exchange, page);
      refuseText(exchange, 503, 'The console is not built: run "npm run build" and start again.');
    },
  };
}
