import { cookie } from '../soap/cookie.ts';
import { base64, dateTime, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record, required } from '../soap/shape.ts';

export const getCookie = operation(
  record({
    authCookies: list(
      'authCookies',
      'AuthorizationCookie',
      record({ plugInId: optional('PlugInId', text), cookieData: optional('CookieData', base64) }),
    ),
    /** A first call sends one with an Expiration and no EncryptedData: that does not count. */
    oldCookie: optional('oldCookie', cookie),
    lastChange: required('lastChange', dateTime),
    currentTime: required('currentTime', dateTime),
    protocolVersion: optional('protocolVersion', text),
  }),
  record({ result: optional('GetCookieResult', cookie) }),
);
