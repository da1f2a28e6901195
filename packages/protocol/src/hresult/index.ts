// The result codes of Windows Update that Moult uses. Numbers and names are the public ones of Microsoft.
// Administrators and scripts search for them, so ours mean the same.

export { publishedCodes } from './published-codes.ts';

/** An HRESULT as an unsigned 32-bit number. */
export type HResult = number;

export const hresult = {
  rebootRequired: 0x00240005,
  /** HTTP 404 as the transport sees it. */
  rawNotFound: 0x80190194,
  legacyServer: 0x8024002b,
  nonLegacyServer: 0x8024a002,
  auDisabled: 0x8024a000,
  serverNotSet: 0x80244011,
  invalidUrl: 0x80072ee5,
  unknownScheme: 0x80072ee6,
  timeout: 0x80072ee2,
  cannotConnect: 0x80072efd,
  connectionCut: 0x80072efe,
  badServerResponse: 0x80072f78,
  tlsUnknownCa: 0x80072f0d,
  tlsDateInvalid: 0x80072f05,
  tlsWrongHost: 0x80072f06,
  tlsChannel: 0x80072f7d,
  invalidHeader: 0x80072f79,
  nameNotResolved: 0x80072ee7,
  nameNotResolvedMapped: 0x8024402c,
  soapParse: 0x8024400a,
  soapClientFault: 0x8024400d,
  soapServerFault: 0x8024400e,
  tooManyTrips: 0x80244010,
  serviceUnavailable: 0x80244022,
  noAuthPlugIn: 0x80244027,
  noAuthCookie: 0x80244028,
  downloadBadHash: 0x80246002,
  downloadNoUrl: 0x80246001,
  unknownHandler: 0x80242002,
  invalidMetadata: 0x80242006,
  installerHung: 0x80242007,
  installerCancelled: 0x80242008,
  installerFailure: 0x8024200b,
  inconsistentFileNames: 0x8024200f,
  noSignature: 0x800b0100,
  notTrusted: 0x800b0004,
  expired: 0x800b0101,
  untrustedRoot: 0x800b0109,
  badDigest: 0x80096010,
  diskFull: 0x80070070,
  accessDenied: 0x80070005,
  setupInvalidPackage: 0x8024d001,
  setupInvalidIdent: 0x8024d002,
  setupVersionMismatch: 0x8024d005,
  setupTargetNewer: 0x8024d006,
  setupNotRegistered: 0x8024d007,
  setupFailedBefore: 0x8024d008,
  setupUnsupported: 0x8024d00a,
  setupHandlerFailed: 0x8024d00f,
  setupUnexpected: 0x8024dfff,
} as const;

/** `0x8024d008`, eight lower-case digits: the spelling of WindowsUpdate.log. */
export function formatHResult(value: HResult): string {
  return `0x${hexDigits(value)}`;
}

/** Eight lower-case hexadecimal digits without a prefix. */
export function hexDigits(value: HResult): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** The number as SOAP carries it: a signed 32-bit integer. */
export function toSigned(value: HResult): number {
  return value | 0;
}

/** Raw code of an HTTP status as the transport lines of the log show it: 404 is 0x80190194. */
export function hresultOfStatus(status: number): HResult {
  return 0x80190000 + status;
}

/** The protocol talker's code of an HTTP status (WU_E_PT_HTTP_STATUS_*), as Setup and Agent lines show it. */
export function mappedHResultOfStatus(status: number): HResult {
  return statusCodes[status] ?? 0x8024402b;
}

const statusCodes: Readonly<Record<number, HResult>> = {
  400: 0x80244016,
  401: 0x80244017,
  403: 0x80244018,
  404: 0x80244019,
  405: 0x8024401a,
  407: 0x8024401b,
  408: 0x8024401c,
  409: 0x8024401d,
  410: 0x8024401e,
  500: 0x8024401f,
  501: 0x80244020,
  502: 0x80244021,
  503: 0x80244022,
  504: 0x80244023,
  505: 0x80244024,
};
