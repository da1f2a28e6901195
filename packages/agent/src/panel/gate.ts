// Decides who may call the panel: the browser that exchanged the one-time token for a session. It must use the very
// address that the panel listens on, and not call too often. Secrets are kept as digests and compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { panelBounds } from './panel-bounds.ts';

const cookieName = 'moult_panel';

interface Gate {
  /** For the address that is printed. */
  readonly token: string;
  /** The cookie for the first who brings the token. Undefined: it is wrong, or used. */
  exchange(token: string): string | undefined;
  hasSession(request: IncomingMessage): boolean;
}

/** `random` makes secrets of so many bytes. */
export function createGate(random: (bytes: number) => Buffer): Gate {
  const token = random(32).toString('base64url');
  let unused: Buffer | undefined = digestOf(token);
  let session: Buffer | undefined;
  return {
    token,
    exchange(brought) {
      if (!unused || !timingSafeEqual(digestOf(brought), unused)) return undefined;
      unused = undefined;
      const secret = random(32).toString('base64url');
      session = digestOf(secret);
      return `${cookieName}=${secret}; Path=/; HttpOnly; SameSite=Strict`;
    },
    hasSession({ headers }) {
      if (!session) return false;
      const known = session;
      const brought = [...(headers.cookie ?? '').matchAll(/(?:^|;\s*)moult_panel=([\w-]+)/g)];
      return brought.some(([, secret = '']) => timingSafeEqual(digestOf(secret), known));
    },
  };
}

/** A form of another page must not be sent here: browsers say where it comes from. */
export function isOwnForm({ headers }: IncomingMessage, origin: string): boolean {
  if (headers.origin !== undefined) return headers.origin === origin;
  return headers['sec-fetch-site'] === 'same-origin';
}

/** Answers whether one more request is within `panel.max-requests-a-minute`. `nowMs` runs evenly. */
export function createRate(nowMs: () => number): () => boolean {
  let left = panelBounds.maxRequestsAMinute;
  let at = nowMs();
  return () => {
    const now = nowMs();
    const perMs = panelBounds.maxRequestsAMinute / 60_000;
    left = Math.min(panelBounds.maxRequestsAMinute, left + (now - at) * perMs);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
