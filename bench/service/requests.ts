// Requests in the shape of the captures (fixtures/captures/wsus-m0-native): their very bodies, with names, cookies and id
// lists of the machines of this bench.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IdLists, neededUpdates } from './machines.ts';

export interface Request {
  path: string;
  action: string;
  body: string;
}

const captured = Array.from({ length: 10 }, (_, at) => {
  const folder = new URL(
    `../../fixtures/captures/wsus-m0-native/scan/${String(at + 1).padStart(6, '0')}/`,
    import.meta.url,
  );
  const headers = readFileSync(new URL('request.headers', folder), 'utf8');
  return {
    path: /^POST (\S+)/.exec(headers)?.[1] ?? '',
    action: /SOAPAction: (\S+)/.exec(headers)?.[1] ?? '',
    body: readFileSync(new URL('request.body', folder), 'utf8')
      .replace(/<FilterCategoryIds>.*<\/FilterCategoryIds>/, '<FilterCategoryIds/>')
      .replace(/<InstalledNonLeafUpdateIDs>.*<\/InstalledNonLeafUpdateIDs>/, '')
      .replace('<SkipSoftwareSync>', '$LISTS<SkipSoftwareSync>'),
  };
});

/** The requests of one machine. `cookie` is that of the last answer. */
export const requests = {
  config: () => fill(0, {}),
  authorization: (id: string, name: string) =>
    fill(1, { clientId: `<clientId>${id}</clientId>`, dnsName: `<dnsName>${name}</dnsName>` }),
  cookie: (authorization: string, lastChange: string, old: string | undefined) =>
    fill(2, {
      CookieData: `<CookieData>${authorization}</CookieData>`,
      lastChange: `<lastChange>${lastChange}</lastChange>`,
      oldCookie: `<oldCookie><Expiration>2026-10-04T15:03:36Z</Expiration>${old ? `<EncryptedData>${old}</EncryptedData>` : ''}</oldCookie>`,
    }),
  register: (cookie: string, name: string) => withCookie(3, cookie, { DnsName: `<DnsName>${name}</DnsName>` }),
  sync: (cookie: string, { installed, other }: IdLists) =>
    withCookie(6, cookie, {}, list('InstalledNonLeafUpdateIDs', installed) + list('OtherCachedUpdateIDs', other)),
  drivers: (cookie: string, { installed }: IdLists) =>
    withCookie(8, cookie, {}, list('InstalledNonLeafUpdateIDs', installed)),
  extended: (cookie: string, revisionIds: readonly number[]) =>
    withCookie(9, cookie, { revisionIDs: list('revisionIDs', revisionIds) }),
  report: (cookie: string, id: string, events: string): Request => ({
    path: '/ReportingWebService/ReportingWebService.asmx',
    action: '"http://www.microsoft.com/SoftwareDistribution/ReportEventBatch"',
    body:
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
      `<ReportEventBatch xmlns="http://www.microsoft.com/SoftwareDistribution"><cookie>` +
      `<Expiration>2026-10-04T16:03:35.9967236Z</Expiration><EncryptedData>${cookie}</EncryptedData></cookie>` +
      `<clientTime>2026-10-04T16:03:35Z</clientTime><eventBatch>${events.replaceAll('$ID', id)}</eventBatch>` +
      `</ReportEventBatch></s:Body></s:Envelope>`,
  }),
};

/** The events after each scan: 147, and 156 with `needed` and `installed` update ids. */
export function scanEvents(updateIds: readonly string[]): string {
  const lists = [
    `U=${updateIds.slice(0, neededUpdates).join(';').toUpperCase()}`,
    `V=${updateIds.slice(neededUpdates).join(';').toUpperCase()}`,
  ];
  return event(147, [String(neededUpdates)], []) + event(156, [], lists);
}

/** The events of an installation: 167, 162, 181, 183, over and over. */
export function installEvents(count: number): string {
  const numbers = [167, 162, 181, 183];
  return Array.from({ length: count }, (_, at) =>
    event(numbers[at % 4] ?? 0, ['Update 4711 for product 42'], ['B=6662560', 'G=1507.2601.30012.0', 'Q=1']),
  ).join('');
}

function event(number: number, replacements: string[], data: string[]): string {
  const strings = (values: string[]) => values.map((value) => `<string>${value}</string>`).join('');
  const update =
    number < 160
      ? '00000000-0000-0000-0000-000000000000'
      : `00000000-0000-4000-8000-00000000${randomUUID().slice(0, 4)}`;
  return (
    `<ReportingEvent><BasicData><TargetID><Sid>$ID</Sid></TargetID><SequenceNumber>0</SequenceNumber>` +
    `<TimeAtTarget>${new Date().toISOString()}</TimeAtTarget><EventInstanceID>${randomUUID()}</EventInstanceID>` +
    `<NamespaceID>1</NamespaceID><EventID>${number}</EventID><SourceID>101</SourceID><UpdateID><UpdateID>${update}</UpdateID>` +
    `<RevisionNumber>0</RevisionNumber></UpdateID><Win32HResult>0</Win32HResult><AppName>AutomaticUpdatesWuApp</AppName>` +
    `</BasicData><ExtendedData><ReplacementStrings>${strings(replacements)}</ReplacementStrings><MiscData>${strings(data)}</MiscData>` +
    `<ComputerBrand>QEMU</ComputerBrand><ComputerModel>Standard PC (Q35 + ICH9, 2009)</ComputerModel><BiosRevision>unknown</BiosRevision>` +
    `<ProcessorArchitecture>Amd64Compatible</ProcessorArchitecture><OSVersion><Major>10</Major><Minor>0</Minor><Build>26200</Build>` +
    `<Revision>0</Revision><ServicePackMajor>0</ServicePackMajor><ServicePackMinor>0</ServicePackMinor></OSVersion>` +
    `<OSLocaleID>1033</OSLocaleID></ExtendedData><PrivateData><ComputerDnsName></ComputerDnsName><UserAccountName></UserAccountName>` +
    `</PrivateData></ReportingEvent>`
  );
}

function withCookie(at: number, cookie: string, elements: Record<string, string>, lists = ''): Request {
  return fill(at, { ...elements, EncryptedData: `<EncryptedData>${cookie}</EncryptedData>` }, lists);
}

function fill(at: number, elements: Record<string, string>, lists = ''): Request {
  const template = captured[at];
  if (!template) throw new Error(`There is no captured request ${at}.`);
  let { body } = template;
  for (const [name, text] of Object.entries(elements)) {
    const begin = body.indexOf(`<${name}>`);
    const end = body.indexOf(`</${name}>`) + name.length + 3;
    if (begin < 0) throw new Error(`The captured ${template.action} has no ${name}.`);
    body = body.slice(0, begin) + text + body.slice(end);
  }
  return { ...template, body: body.replace('$LISTS', () => lists) };
}

function list(name: string, ids: readonly number[]): string {
  const known = written.get(ids);
  if (known) return known;
  const text = `<${name}>${ids.map((id) => `<int>${id}</int>`).join('')}</${name}>`;
  written.set(ids, text);
  return text;
}

/** The load must cost less than the server: each list is written once. */
const written = new WeakMap<readonly number[], string>();
