// The two cookies of MS-WUSP: what SimpleAuth gives out and GetCookie takes, and what every later call carries. Opaque
// to clients: AES-256-GCM, with the kind of cookie as additional data. So neither passes for the other. A returned
// cookie is authenticated first and then read as lines of plain text. Nothing is ever deserialised.

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { callBounds } from '../bounds.ts';

interface AuthorizationClaims {
  /** SusClientId, lower case. */
  computerId: string;
}

export interface ClientClaims extends AuthorizationClaims {
  protocolVersion: string;
  /** Config.LastChange when the cookie was made, milliseconds. */
  configChange: number;
  /** Until when it counts, milliseconds. NewCookie keeps it. */
  expiresAt: number;
  /** The end of the last software pass. Undefined before the first. */
  anchor: number | undefined;
  /** The same of the driver pass. */
  driverAnchor: number | undefined;
  /** Fingerprint of the groups that those passes were answered for. */
  groups: string | undefined;
}

/** Why a cookie does not count. `foreign`: sealed by us, for a server state that is gone. */
type CookieRefusal = 'unreadable' | 'foreign' | 'expired';

export type Opened<Claims> = { kind: 'claims'; claims: Claims } | { kind: CookieRefusal; claims?: Claims };

export interface CookieJar {
  sealAuthorization(claims: AuthorizationClaims, now: Date): Uint8Array;
  openAuthorization(sealed: Uint8Array, now: Date): Opened<AuthorizationClaims>;
  sealClient(claims: ClientClaims): Uint8Array;
  /** An expired cookie still tells its claims: GetCookie carries the anchor over. */
  openClient(sealed: Uint8Array, now: Date): Opened<ClientClaims>;
}

const formatVersion = 1;
const ivBytes = 12;
const tagBytes = 16;

/** A cookie that was sealed by a clock years ahead counts for years: one that outlives the longest life is over. */
export function isOver(expiresAt: number, now: Date): boolean {
  return !(expiresAt > now.getTime() && expiresAt <= now.getTime() + callBounds.maxCookieLifeMs);
}

/** `key` has 32 octets. `identity.serverId` names the server state that clients know. A restore changes it. */
export function createCookieJar(parts: { key: Uint8Array; identity: { serverId: string } }): CookieJar {
  const { identity } = parts;
  const key = createSecretKey(parts.key);
  const open = (kind: Kind, sealed: Uint8Array) => unsealLines(key, kind, sealed);
  return {
    sealAuthorization: ({ computerId }, now) =>
      sealLines(key, 'authorization', [
        identity.serverId,
        computerId,
        now.getTime() + callBounds.authorizationMinutes * 60_000,
      ]),

    openAuthorization(sealed, now) {
      const [server, computerId, expiresAt] = open('authorization', sealed) ?? [];
      if (computerId === undefined) return { kind: 'unreadable' };
      if (server !== identity.serverId) return { kind: 'foreign' };
      return { kind: isOver(Number(expiresAt), now) ? 'expired' : 'claims', claims: { computerId } };
    },

    sealClient: (claims) =>
      sealLines(key, 'client', [
        identity.serverId,
        claims.computerId,
        claims.protocolVersion,
        claims.configChange,
        claims.expiresAt,
        claims.anchor ?? '',
        claims.driverAnchor ?? '',
        claims.groups ?? '',
      ]),

    openClient(sealed, now) {
      const lines = open('client', sealed) ?? [];
      // Cookies of before the last two lines were there are opened too.
      const [server, computerId, protocolVersion, configChange, expiresAt, anchor, driverAnchor, groups] = lines;
      if (computerId === undefined || protocolVersion === undefined) return { kind: 'unreadable' };
      if (server !== identity.serverId) return { kind: 'foreign' };
      const claims: ClientClaims = {
        computerId,
        protocolVersion,
        configChange: Number(configChange),
        expiresAt: Number(expiresAt),
        anchor: numberIn(anchor),
        driverAnchor: numberIn(driverAnchor),
        groups: groups || undefined,
      };
      return { kind: isOver(claims.expiresAt, now) ? 'expired' : 'claims', claims };
    },
  };
}

function numberIn(line: string | undefined): number | undefined {
  return line === '' || line === undefined ? undefined : Number(line);
}

/** Of clients, and of downstream servers. */
type Kind = 'authorization' | 'client' | 'server authorization' | 'server';

const additionalData: Readonly<Record<Kind, Buffer>> = {
  authorization: Buffer.from(`moult authorization ${formatVersion}`),
  client: Buffer.from(`moult client ${formatVersion}`),
  'server authorization': Buffer.from(`moult server authorization ${formatVersion}`),
  server: Buffer.from(`moult server ${formatVersion}`),
};

/** Random octets are fetched for many cookies at once: that costs what they cost for one. */
const ivs = { octets: Buffer.alloc(0), used: 0 };
const ivsAtOnce = 256;

function nextIv(): Buffer {
  if (ivs.used === ivs.octets.length) Object.assign(ivs, { octets: randomBytes(ivsAtOnce * ivBytes), used: 0 });
  ivs.used += ivBytes;
  return ivs.octets.subarray(ivs.used - ivBytes, ivs.used);
}

/** A cookie of this kind. No line may hold a line break. */
export function sealLines(key: KeyObject, kind: Kind, lines: (string | number)[]): Uint8Array {
  const iv = nextIv();
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(additionalData[kind]);
  const body = Buffer.concat([cipher.update(lines.join('\n'), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(formatVersion), iv, body, cipher.getAuthTag()]);
}

/** The lines of a cookie of this kind. Undefined for one that was not sealed so. */
export function unsealLines(key: KeyObject, kind: Kind, sealed: Uint8Array): string[] | undefined {
  if (
    sealed.length <= 1 + ivBytes + tagBytes ||
    sealed.length > callBounds.maxCookieBytes ||
    sealed[0] !== formatVersion
  ) {
    return undefined;
  }
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + ivBytes));
    decipher.setAAD(additionalData[kind]);
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const text = decipher.update(sealed.subarray(1 + ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
    return text.split('\n');
  } catch {
    return undefined;
  }
}
