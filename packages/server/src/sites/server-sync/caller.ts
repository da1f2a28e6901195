// The downstream server that calls: its authorization, its cookie, and what a cookie tells.
import { dssTargeting, type serverSyncWebService } from '@moult/protocol/server-sync';
import type { RequestOf } from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import type { ServerClaims } from '../../update-service/server-cookie.ts';
import type { UpdateService } from '../../update-service/update-service.ts';

interface WireCookie {
  expiration: Date;
  encryptedData?: Uint8Array | undefined;
}

/** A host name, as real WSUS wants it. Throws InvalidParameters. */
export function requireAccount(name: string | undefined, guid: string | undefined): { name: string; serverId: string } {
  const [host, id] = [
    (name ?? '').trim(),
    (guid ?? '')
      .trim()
      .replace(/^\{(.*)\}$/, '$1')
      .toLowerCase(),
  ];
  const isHost = host.length <= maxHostCharacters && /^[\w-]+(?:\.[\w-]+)*\.?$/.test(host);
  // Windows names this parameter, whichever of the two is wrong.
  if (!isHost || !/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id))
    throw new SoapFault('InvalidParameters', 'machineName');
  return { name: host, serverId: id };
}

const maxHostCharacters = 255;

type GetCookie = RequestOf<(typeof serverSyncWebService)['operations']['GetCookie']>;

export function getCookie(
  { serverCookies, now }: UpdateService,
  { authCookies, protocolVersion }: GetCookie,
): { expiration: Date; encryptedData: Uint8Array } {
  const [authorization] = authCookies;
  if (!authorization || authCookies.length !== 1) throw new SoapFault('InvalidParameters', 'authCookies');
  const version = requireVersion(protocolVersion);
  const opened =
    authorization.plugInId === dssTargeting && authorization.cookieData
      ? serverCookies.openAuthorization(authorization.cookieData, now())
      : undefined;
  // After a restore, too: the downstream server authorizes again and learns that anchors are worth nothing.
  if (opened?.kind !== 'claims') throw new SoapFault('InvalidAuthorizationCookie', '');
  const { expiresAt, sealed } = serverCookies.sealServer({ ...opened.claims, protocolVersion: version }, now());
  return { expiration: expiresAt, encryptedData: sealed };
}

/** Versions from 1.0 on. Throws InvalidParameters, or IncompatibleProtocolVersion for another major version. */
function requireVersion(text: string | undefined): string {
  const [version, major] = /^(\d{1,5})\.\d{1,5}$/.exec((text ?? '').trim()) ?? [];
  if (version === undefined) throw new SoapFault('InvalidParameters', 'protocolVersion');
  if (Number(major) !== 1) throw new SoapFault('IncompatibleProtocolVersion', '');
  return version;
}

/** The claims of a cookie that counts. Throws InvalidCookie, or ServerChanged for one of before a restore. */
export function requireServer({ serverCookies, now }: UpdateService, cookie: WireCookie | undefined): ServerClaims {
  const opened = cookie?.encryptedData && serverCookies.openServer(cookie.encryptedData, now());
  if (opened?.kind === 'claims') return opened.claims;
  // MS-WSUSSS knows no CookieExpired: the caller authorizes again.
  throw new SoapFault('InvalidCookie', '');
}
