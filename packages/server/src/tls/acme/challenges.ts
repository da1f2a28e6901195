// Proofs for the authority: a text over HTTP (RFC 8555, 8.3), or a certificate over TLS (RFC 8737).
import type { Exchange, Site } from '../../http/site.ts';

interface ChallengeCertificate {
  key: string | Buffer;
  cert: string | Buffer;
}

export interface Challenges {
  /** Serves the texts, on each port. */
  site: Site;
  showText(token: string, text: string): void;
  hideText(token: string): void;
  showCertificate(name: string, certificate: ChallengeCertificate): void;
  hideCertificate(name: string): void;
  /** The certificate for connections that ask for `acme-tls/1` and this name. */
  certificateFor(name: string): ChallengeCertificate | undefined;
  /** Some certificate is shown now. */
  hasCertificates(): boolean;
}

const prefix = '/.well-known/acme-challenge/';

/** Nothing is shown but what an order under way has put here. */
export function createChallenges(): Challenges {
  const texts = new Map<string, string>();
  const certificates = new Map<string, ChallengeCertificate>();
  return {
    site: {
      name: 'acme-challenge',
      listeners: ['main', 'self-update', 'tls'],
      matches: ({ path }) => texts.size > 0 && path.startsWith(prefix),
      serve: (exchange) => answer(exchange, texts.get(exchange.path.slice(prefix.length))),
    },
    showText: (token, text) => void texts.set(token, text),
    hideText: (token) => void texts.delete(token),
    showCertificate: (name, certificate) => void certificates.set(name.toLowerCase(), certificate),
    hideCertificate: (name) => void certificates.delete(name.toLowerCase()),
    certificateFor: (name) => certificates.get(name.toLowerCase()),
    hasCertificates: () => certificates.size > 0,
  };
}

function answer({ request, response }: Exchange, text: string | undefined): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const [status, body] = text === undefined || !isRead ? [404, 'Not found'] : [200, text];
  const headers = {
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  };
  response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
}
