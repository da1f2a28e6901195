// The common part of the handlers of the three services: the store, the catalog, the cookies, and the calling client.
import { createHash } from 'node:crypto';
import type { ServerConfig } from '@moult/administration/config';
import type { OpenFileKeys } from '@moult/administration/file-keys';
import type { Offer } from '@moult/catalog';
import { type ServerIdentity, type Store, unassignedComputers, wholeSecond } from '@moult/store';
import type { Fragments, LiveCatalog } from '@moult/store/catalog';
import { LRUCache } from 'lru-cache';
import { SoapFault } from '../errors.ts';
import type { Contacts } from '../housekeeping/contacts.ts';
import type { Admission } from '../http/limits/admission.ts';
import type { ComputerEvents } from '../http/limits/computer-events.ts';
import type { Exchange } from '../http/site.ts';
import type { Logger } from '../log/log.ts';
import type { ClientClaims, CookieJar } from './cookie.ts';
import type { ReadyUpdates } from './ready-updates.ts';
import type { ServerCookieJar } from './server-cookie.ts';

export interface UpdateService {
  store: Store;
  /** Of files that their publisher encrypted. */
  fileKeys: OpenFileKeys;
  catalog: LiveCatalog;
  fragments: Fragments;
  readyUpdates: ReadyUpdates;
  cookies: CookieJar;
  serverCookies: ServerCookieJar;
  identity: ServerIdentity;
  contacts: Contacts;
  log: Logger;
  admission: Admission;
  computerEvents: Pick<ComputerEvents, 'note'>;
  config: Pick<
    ServerConfig,
    | 'targeting'
    | 'cookieMinutes'
    | 'maxAnswerMib'
    | 'maxUpdatesPerSync'
    | 'contentFetch'
    | 'maxInstalledIds'
    | 'maxExtendedUpdates'
    | 'maxEventsPerBatch'
    | 'rollUpDetails'
  >;
  /** Fetches an update file that is not here, later. */
  requestFile(sha1: string): void;
  /** `http://host:port` of the main site for a client that called this way. */
  contentRoot(exchange: Exchange): string;
  now(): Date;
  /** The clock for the end of holds and of the emergency stop. If the system's clock jumps ahead, none of them ends. */
  endingNow(): Date;
}

/** Begins each call with a look at what others changed: a restore changes what every cookie means. */
export function refreshedFirst<H extends Record<string, (...given: never[]) => Promise<unknown>>>(
  { catalog }: UpdateService,
  handlers: H,
): H {
  const refreshed = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (...given: never[]) => {
      await catalog.refresh();
      return handler(...given);
    },
  ]);
  return Object.fromEntries(refreshed) as H;
}

interface WireCookie {
  expiration: Date;
  encryptedData?: Uint8Array | undefined;
}

/** The claims of a cookie that counts. Throws the fault that leads its client back (MS-WUSP 3.1.5). */
export function openCookie({ cookies, now }: UpdateService, cookie: WireCookie | undefined): ClientClaims {
  const opened = cookie?.encryptedData && cookies.openClient(cookie.encryptedData, now());
  if (opened?.kind === 'claims') return opened.claims;
  if (opened?.kind === 'foreign') throw new SoapFault('ServerChanged', '');
  if (opened?.kind === 'expired') throw new SoapFault('CookieExpired', '');
  throw new SoapFault('InvalidCookie', '');
}

export interface Client {
  claims: ClientClaims;
  offer: Offer;
}

/**
 * The calling computer and its offer. Throws the faults of openCookie, ConfigChanged, and with `registered`
 * RegistrationRequired for a computer that is not registered.
 */
export async function openClient(
  service: UpdateService,
  cookie: WireCookie | undefined,
  { registered }: { registered: boolean },
): Promise<Client> {
  const claims = openCookie(service, cookie);
  // A cookie of an older version of this server holds milliseconds.
  if (wholeSecond(claims.configChange) !== service.identity.lastChange.getTime())
    throw new SoapFault('ConfigChanged', '');
  const targeting = await service.store.loadTargeting(claims.computerId);
  if (registered && !targeting?.isRegistered) throw new SoapFault('RegistrationRequired', '');
  const groupIds = targeting?.groupIds ?? [unassignedComputers];
  const offer = service.catalog.decide({ groupIds, facts: targeting?.facts ?? {} }, service.endingNow());
  return { claims: inGroups(claims, groupIds, offer.withholding.fingerprint), offer };
}

/**
 * A computer that moved to other groups gets every deployment again. The decisions there may be older than its anchor.
 * Decisions of its old groups leave no trace in the new ones. The same holds if Moult now withholds other updates from
 * it.
 */
function inGroups(claims: ClientClaims, groupIds: readonly string[], withheld: string): ClientClaims {
  const names = [...groupIds].sort().join();
  const groups = fingerprintOf(withheld === '' ? names : `${names} ${withheld}`);
  if (claims.groups === groups) return claims;
  const isFirst = claims.groups === undefined;
  const again = (anchor: number | undefined) => (isFirst || anchor === undefined ? anchor : 0);
  return { ...claims, groups, anchor: again(claims.anchor), driverAnchor: again(claims.driverAnchor) };
}

/** Of groups there are few beside the computers in them. */
const fingerprints = new LRUCache<string, string>({ max: 1000 });

function fingerprintOf(names: string): string {
  const known = fingerprints.get(names);
  if (known) return known;
  const fresh = createHash('sha256').update(names).digest('base64url').slice(0, 16);
  fingerprints.set(names, fresh);
  return fresh;
}

export function wireCookie(
  { cookies }: UpdateService,
  claims: ClientClaims,
): { expiration: Date; encryptedData: Uint8Array } {
  return { expiration: new Date(claims.expiresAt), encryptedData: cookies.sealClient(claims) };
}

/** The lower-case GUID in `text`, with or without braces. Throws InvalidParameters about `parameter` otherwise. */
export function requireGuid(text: string | undefined, parameter: string): string {
  const bare = (text ?? '')
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .toLowerCase();
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(bare)) return bare;
  throw new SoapFault('InvalidParameters', parameter);
}
