// The two cookies of MS-WSUSSS, sealed as those of clients: for the authorization of a downstream server, and for its
// later calls. The kind of cookie is a part of the seal. So none of the four kinds passes for another.
import { createSecretKey } from 'node:crypto';
import { downstreamBounds } from '../downstream-bounds.ts';
import { isOver, type Opened, sealLines, unsealLines } from './cookie.ts';

interface ServerAuthorization {
  /** The GUID of the downstream server, lower case. */
  serverId: string;
  name: string;
}

export interface ServerClaims extends ServerAuthorization {
  protocolVersion: string;
  /** Until when it counts, milliseconds. */
  expiresAt: number;
}

export interface ServerCookieJar {
  sealAuthorization(claims: ServerAuthorization, now: Date): Uint8Array;
  openAuthorization(sealed: Uint8Array, now: Date): Opened<ServerAuthorization>;
  sealServer(claims: Omit<ServerClaims, 'expiresAt'>, now: Date): { expiresAt: Date; sealed: Uint8Array };
  openServer(sealed: Uint8Array, now: Date): Opened<ServerClaims>;
}

/** As createCookieJar, with the same key. */
export function createServerCookieJar(parts: { key: Uint8Array; identity: { serverId: string } }): ServerCookieJar {
  const { identity } = parts;
  const key = createSecretKey(parts.key);
  const lifeMs = downstreamBounds.cookieMinutes * 60_000;
  return {
    sealAuthorization: ({ serverId, name }, now) =>
      sealLines(key, 'server authorization', [identity.serverId, serverId, now.getTime() + lifeMs, name]),

    openAuthorization(sealed, now) {
      const [server, serverId, expiresAt, name] = unsealLines(key, 'server authorization', sealed) ?? [];
      if (serverId === undefined || name === undefined) return { kind: 'unreadable' };
      if (server !== identity.serverId) return { kind: 'foreign' };
      return { kind: isOver(Number(expiresAt), now) ? 'expired' : 'claims', claims: { serverId, name } };
    },

    sealServer({ serverId, name, protocolVersion }, now) {
      const expiresAt = now.getTime() + lifeMs;
      const lines = [identity.serverId, serverId, protocolVersion, expiresAt, name];
      return { expiresAt: new Date(expiresAt), sealed: sealLines(key, 'server', lines) };
    },

    openServer(sealed, now) {
      const [server, serverId, protocolVersion, expiresAt, name] = unsealLines(key, 'server', sealed) ?? [];
      if (serverId === undefined || protocolVersion === undefined || name === undefined) return { kind: 'unreadable' };
      if (server !== identity.serverId) return { kind: 'foreign' };
      const claims = { serverId, protocolVersion, expiresAt: Number(expiresAt), name };
      return { kind: isOver(claims.expiresAt, now) ? 'expired' : 'claims', claims };
    },
  };
}
