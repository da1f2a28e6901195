// One scan with the npm package soap, from the contracts that the server shows. Arguments: address of the server, 1.1 or
// 1.2. Prints one JSON line (scan.ts reads it) and ends with 0 when the scan came to its end.
import { randomUUID } from 'node:crypto';
import { type Client, createClientAsync } from 'soap';

const [url = '', version = ''] = process.argv.slice(2);
const isSoap12 = version === '1.2';

// biome-ignore lint/suspicious/noExplicitAny: what a foreign stack makes of a contract has no type here.
type Answer = any;

type Call = (request: unknown, done: (error: unknown, answer: Answer) => void) => void;

/** Calls the operations of one port. */
async function service(path: string, name: string, port: string) {
  const client: Client = await createClientAsync(`${url}${path}?wsdl`, { forceSoap12Headers: isSoap12 });
  const operations = client[name][isSoap12 ? `${port}12` : port] as Record<string, Call>;
  return (operation: string, request: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      operations[operation]?.(request, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
}

const client = await service('/ClientWebService/client.asmx', 'Client', 'ClientSoap');
const auth = await service('/SimpleAuthWebService/SimpleAuth.asmx', 'SimpleAuth', 'SimpleAuthSoap');
const reporting = await service('/ReportingWebService/ReportingWebService.asmx', 'WebService', 'WebServiceSoap');

const computerId = randomUUID();
const dnsName = `node-soap-${version}`;
const now = new Date().toISOString();

const config = (await client('GetConfig', { protocolVersion: '1.8' })).GetConfigResult;
const authorization = await auth('GetAuthorizationCookie', { clientId: computerId, dnsName });
// A typed client: LastChange came as a Date, and a Date without milliseconds goes back.
const lastChange = new Date(config.LastChange);
lastChange.setMilliseconds(0);
const given = await client('GetCookie', {
  authCookies: { AuthorizationCookie: [authorization.GetAuthorizationCookieResult] },
  lastChange: lastChange.toISOString(),
  currentTime: now,
  protocolVersion: '1.8',
});
let cookie = given.GetCookieResult;
await client('RegisterComputer', {
  cookie: plain(cookie),
  computerInfo: {
    ...{ DnsName: dnsName, OSMajorVersion: 10, OSMinorVersion: 0, OSBuildNumber: 26100 },
    ...{ OSServicePackMajorNumber: 0, OSServicePackMinorNumber: 0, OSLocale: 'en-US', BiosReleaseDate: now },
    ...{ ProcessorArchitecture: 'AMD64', SuiteMask: 256, OldProductType: 1, NewProductType: 48, SystemMetrics: 0 },
    ...{ ClientVersionMajorNumber: 10, ClientVersionMinorNumber: 0, ClientVersionBuildNumber: 26100 },
    ClientVersionQfeNumber: 0,
  },
});

const updates = new Map<number, boolean>();
let pages = 0;
while (pages < 200) {
  const numbers = (isLeaf: boolean) => [...updates].filter(([, leaf]) => leaf === isLeaf).map(([number]) => number);
  const parameters = {
    ExpressQuery: false,
    InstalledNonLeafUpdateIDs: { int: numbers(false) },
    OtherCachedUpdateIDs: { int: numbers(true) },
    SkipSoftwareSync: false,
    NeedTwoGroupOutOfScopeUpdates: true,
  };
  const { SyncUpdatesResult: answer } = await client('SyncUpdates', { cookie: plain(cookie), parameters });
  pages++;
  cookie = answer.NewCookie;
  const fresh: Answer[] = [answer.NewUpdates?.UpdateInfo ?? []].flat();
  for (const { ID, IsLeaf } of fresh) updates.set(Number(ID), IsLeaf === true || IsLeaf === 'true');
  if (fresh.length === 0) break;
}

const leaves = [...updates].filter(([, isLeaf]) => isLeaf).map(([number]) => number);
const extended = await client('GetExtendedUpdateInfo', {
  cookie: plain(cookie),
  revisionIDs: { int: leaves.slice(0, 50) },
  infoTypes: { XmlUpdateFragmentType: ['Extended'] },
  locales: { string: ['en'] },
});
const osVersion = { Major: 10, Minor: 0, Build: 26100, Revision: 0, ServicePackMajor: 0, ServicePackMinor: 0 };
const { ReportEventBatchResult: reported } = await reporting('ReportEventBatch', {
  cookie: plain(cookie),
  clientTime: now,
  eventBatch: {
    ReportingEvent: [
      {
        BasicData: {
          ...{ TargetID: { Sid: computerId }, SequenceNumber: 0, TimeAtTarget: now, EventInstanceID: randomUUID() },
          ...{ NamespaceID: 1, EventID: 147, SourceID: 101 },
          UpdateID: { UpdateID: '00000000-0000-0000-0000-000000000000', RevisionNumber: 0 },
          ...{ Win32HResult: 0, AppName: 'node-soap' },
        },
        ExtendedData: {
          ReplacementStrings: { string: ['0'] },
          ProcessorArchitecture: 'Amd64Compatible',
          OSVersion: osVersion,
          OSLocaleID: 1033,
        },
        PrivateData: { ComputerDnsName: '', UserAccountName: '' },
      },
    ],
  },
});
console.log(
  JSON.stringify({
    updates: updates.size,
    pages,
    extended: [extended.GetExtendedUpdateInfoResult.Updates?.Update ?? []].flat().length,
    reported: reported === true || reported === 'true',
  }),
);

/** Dates as text: the package writes a Date in its own way. */
function plain({ Expiration, EncryptedData }: Answer) {
  return { Expiration: new Date(Expiration).toISOString(), EncryptedData };
}
