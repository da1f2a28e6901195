// GetCookie (MS-WUSP 3.1.5.4): an authorisation in, the cookie of all later calls out.
import type { clientWebService } from '@moult/protocol/client-web-service';
import { simpleTargeting } from '@moult/protocol/simple-auth';
import type { RequestOf } from '@moult/protocol/soap';
import { wholeSecond } from '@moult/store';
import { SoapFault } from '../../errors.ts';
import type { ClientClaims } from '../../update-service/cookie.ts';
import type { UpdateService } from '../../update-service/update-service.ts';
import { wireCookie } from '../../update-service/update-service.ts';
import { requireProtocolVersion } from './get-config.ts';

type GetCookie = RequestOf<(typeof clientWebService)['operations']['GetCookie']>;

export function getCookie(service: UpdateService, request: GetCookie): ReturnType<typeof wireCookie> {
  const protocolVersion = requireProtocolVersion(request.protocolVersion);
  const { computerId } = openAuthorization(service, request.authCookies);
  const old = openOldCookie(service, request.oldCookie?.encryptedData);
  const configChange = service.identity.lastChange.getTime();
  // A client of an older version of this server gives milliseconds back, another one none.
  if (wholeSecond(request.lastChange.getTime()) !== configChange) throw new SoapFault('ConfigChanged', '');
  const claims: ClientClaims = {
    computerId,
    protocolVersion,
    configChange,
    expiresAt: service.now().getTime() + service.config.cookieMinutes * 60_000,
    // A computer that changed its identity shares nothing with the one that it was.
    ...anchorsOf(old?.computerId === computerId ? old : undefined),
  };
  service.contacts.note(computerId);
  return wireCookie(service, claims);
}

function anchorsOf(old: ClientClaims | undefined) {
  return { anchor: old?.anchor, driverAnchor: old?.driverAnchor, groups: old?.groups };
}

function openAuthorization(
  { cookies, now }: UpdateService,
  authCookies: GetCookie['authCookies'],
): { computerId: string } {
  const [authorization] = authCookies;
  const sealed = authorization?.plugInId === simpleTargeting ? authorization.cookieData : undefined;
  const opened = authCookies.length === 1 && sealed ? cookies.openAuthorization(sealed, now()) : undefined;
  if (opened?.kind === 'claims') return opened.claims;
  throw new SoapFault('InvalidAuthorizationCookie', '');
}

/** An expired one counts: that is how a cookie is renewed. Absent, empty and nil do not count. */
function openOldCookie({ cookies, now }: UpdateService, sealed: Uint8Array | undefined): ClientClaims | undefined {
  if (!sealed || sealed.length === 0) return undefined;
  const opened = cookies.openClient(sealed, now());
  if (opened.kind === 'foreign') throw new SoapFault('ServerChanged', '');
  if (opened.kind === 'unreadable') throw new SoapFault('InvalidCookie', '');
  return opened.claims;
}
