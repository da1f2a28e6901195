// The answers of an upstream, in both shapes that are known: ASMX as real WSUS, WCF as Microsoft's public service (see
// fixtures/captures). Written by hand and not by @moult/protocol: the two must not share a mistake.
import { createCabinet } from '@moult/formats/cab';
import { escapeText } from '@moult/formats/xml';
import type { SimulatedUpdate } from './upstream-catalog.ts';

export type UpstreamKind = 'wsus' | 'microsoft';

const namespace = 'http://www.microsoft.com/SoftwareDistribution';
const authNamespace = `${namespace}/Server/DssAuthWebService`;
const envelope = 'http://schemas.xmlsoap.org/soap/envelope/';
const instance = 'http://www.w3.org/2001/XMLSchema-instance';

/** The whole answer to an operation: `result` is the content of its result element. */
export function answerText(kind: UpstreamKind, operation: string, result: string): string {
  const uri = operation === 'GetAuthorizationCookie' ? authNamespace : namespace;
  // It answers before the files are there, without a result.
  const content = operation === 'DownloadFiles' ? '' : `<${operation}Result>${result}</${operation}Result>`;
  if (kind === 'microsoft') {
    return `<s:Envelope xmlns:s="${envelope}"><s:Body><${operation}Response xmlns="${uri}" xmlns:i="${instance}">${content}</${operation}Response></s:Body></s:Envelope>`;
  }
  return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="${envelope}" xmlns:xsi="${instance}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body><${operation}Response xmlns="${uri}">${content}</${operation}Response></soap:Body></soap:Envelope>`;
}

export function faultText(kind: UpstreamKind, operation: string, code: string, message: string): string {
  const prefix = kind === 'microsoft' ? 's' : 'soap';
  const side = code === 'InternalServerError' || code === 'ServerBusy' ? 'Server' : 'Client';
  const detail = `<ErrorCode>${code}</ErrorCode><Message>${escapeText(message)}</Message><ID>6ea693bc-a66e-4334-a797-043728561c7d</ID><Method>"${namespace}/${operation}"</Method>`;
  return `<${prefix}:Envelope xmlns:${prefix}="${envelope}"><${prefix}:Body><${prefix}:Fault><faultcode>${prefix}:${side}</faultcode><faultstring>Fault occurred</faultstring><detail>${detail}</detail></${prefix}:Fault></${prefix}:Body></${prefix}:Envelope>`;
}

export function authConfig(now: Date): string {
  return `<LastChange>${now.toISOString()}</LastChange><AuthInfo><AuthPlugInInfo><PlugInID>DssTargeting</PlugInID><ServiceUrl>DssAuthWebService/DssAuthWebService.asmx</ServiceUrl><Parameter /></AuthPlugInInfo></AuthInfo>`;
}

interface ConfigParts {
  anchor: string;
  maxUpdates: number;
  /** With an anchor only languages that changed are named: none here. */
  withLanguages: boolean;
}

export function configData(kind: UpstreamKind, { anchor, maxUpdates, withLanguages }: ConfigParts): string {
  const isMicrosoft = kind === 'microsoft';
  const limit = (name: string, value: number) => `<MaxNumberOf${name}>${value}</MaxNumberOf${name}>`;
  const updates = limit('UpdatesPerRequest', maxUpdates);
  const sets = limit('DriverSetsPerRequest', isMicrosoft ? 100 : 0);
  const computers = limit('ComputerIdsInRequest', isMicrosoft ? 200 : 0);
  const devices = limit('PnpHardwareIdsInRequest', isMicrosoft ? 450 : 0);
  return (
    `<CatalogOnlySync>${isMicrosoft}</CatalogOnlySync><LazySync>true</LazySync><ServerHostsPsfFiles>${isMicrosoft}</ServerHostsPsfFiles>` +
    (isMicrosoft ? updates + sets + computers + devices : computers + sets + devices + updates) +
    `<NewConfigAnchor>${anchor}</NewConfigAnchor><ProtocolVersion>${isMicrosoft ? '1.21' : '1.20'}</ProtocolVersion>` +
    (withLanguages ? `<LanguageUpdateList>${languages}</LanguageUpdateList>` : '<LanguageUpdateList />') +
    `<MaxUpdatesPerRequestInGetUpdateDecryptionData>${isMicrosoft ? 500 : 100}</MaxUpdatesPerRequestInGetUpdateDecryptionData>`
  );
}

const languages = [
  [0, 'all', 'all'],
  [1033, 'en', 'English'],
  [1031, 'de', 'German'],
  [3076, 'zh-hk', 'Chinese - Hong Kong SAR'],
]
  .map(
    ([id, short, long]) =>
      `<ServerSyncLanguageData><LanguageID>${id}</LanguageID><ShortLanguage>${short}</ShortLanguage><LongLanguage>${long}</LongLanguage><Enabled>false</Enabled></ServerSyncLanguageData>`,
  )
  .join('');

export function revisionList(
  anchor: string,
  found: readonly Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>[],
): string {
  const list = identityItems(found);
  return `<Anchor>${anchor}</Anchor>${list === '' ? '<NewRevisions />' : `<NewRevisions>${list}</NewRevisions>`}`;
}

export function identityItems(found: readonly Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>[]): string {
  return found.map(identityText).join('');
}

function identityText({ updateId, revisionNumber }: Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>): string {
  return `<UpdateIdentity><UpdateID>${updateId}</UpdateID><RevisionNumber>${revisionNumber}</RevisionNumber></UpdateIdentity>`;
}

/** One item of a GetUpdateData answer. Windows writes up to 5,120 bytes of UTF-16 as text, and all else as a cabinet. */
export function updateItem(update: SimulatedUpdate): string {
  const { updateId, revisionNumber, xml, files } = update;
  const id = `<Id><UpdateID>${updateId}</UpdateID><RevisionNumber>${revisionNumber}</RevisionNumber></Id>`;
  const digests =
    files.length === 0
      ? ''
      : `<FileDigestList>${files.map(({ sha1 }) => `<base64Binary>${sha1}</base64Binary>`).join('')}</FileDigestList>`;
  const isText = xml.length * 2 <= 5120;
  const blob = isText
    ? `<XmlUpdateBlob>${escapeText(xml)}</XmlUpdateBlob>${digests}`
    : `${digests}<XmlUpdateBlobCompressed>${packed(xml)}</XmlUpdateBlobCompressed>`;
  return `<ServerSyncUpdateData>${id}${blob}</ServerSyncUpdateData>`;
}

/** One item of a GetUpdateDecryptionData answer: every file of the update, with its key if there is one. */
export function decryptionItem({ updateId, revisionNumber, files }: SimulatedUpdate): string {
  const id = `<UpdateId><UpdateID>${updateId}</UpdateID><RevisionNumber>${revisionNumber}</RevisionNumber></UpdateId>`;
  const items = files.map(({ sha1, key }) => {
    const decryptionKey = key ? `<DecryptionKey>${key.toString('base64')}</DecryptionKey>` : '';
    return `<ServerSyncFileDecryption><FileDigest>${sha1}</FileDigest>${decryptionKey}</ServerSyncFileDecryption>`;
  });
  const data =
    items.length === 0 ? '<FileDecryptionData />' : `<FileDecryptionData>${items.join('')}</FileDecryptionData>`;
  return `<ServerSyncUpdateFileDecryption>${id}${data}</ServerSyncUpdateFileDecryption>`;
}

export function urlItems(files: SimulatedUpdate['files']): string {
  return files
    .map(
      ({ sha1, url }) =>
        `<ServerSyncUrlData><FileDigest>${sha1}</FileDigest><MUUrl>${escapeText(url)}</MUUrl><UssUrl /></ServerSyncUrlData>`,
    )
    .join('');
}

function packed(xml: string): string {
  const bytes = Buffer.from(xml, 'utf16le');
  const member = { name: 'blob', bytes, modified: new Date('2026-10-01T00:00:00Z') };
  // To pack a large document as LZX takes ten seconds, and who reads it does not care.
  const compression = xml.length > 1_000_000 ? 'mszip' : 'lzx';
  return Buffer.from(
    createCabinet([member], { compression, ...(compression === 'lzx' && { windowBits: 21 }) }),
  ).toString('base64');
}
