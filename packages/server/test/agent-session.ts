// An agent as the specification describes it, for tests: keeps its cookie and its two lists of ids as MS-WUSP 3.2.5
// says, and trusts that whatever it has seen is installed.
import { type Cookie, clientWebService, type SyncInfo, type UpdateInfo } from '@moult/protocol/client-web-service';
import { simpleAuth } from '@moult/protocol/simple-auth';
import type { RequestOf } from '@moult/protocol/soap';
import { ask, type CallOptions } from './soap-client.ts';

type ComputerInfo = NonNullable<RequestOf<(typeof clientWebService)['operations']['RegisterComputer']>['computerInfo']>;

export const computerInfo: ComputerInfo = {
  dnsName: 'client-1.example.test',
  osMajorVersion: 10,
  osMinorVersion: 0,
  osBuildNumber: 26200,
  osServicePackMajorNumber: 0,
  osServicePackMinorNumber: 0,
  osLocale: 'en-US',
  computerManufacturer: 'Example',
  computerModel: 'Model <&> 1',
  biosReleaseDate: new Date('2022-02-02T00:00:00Z'),
  processorArchitecture: 'AMD64',
  suiteMask: 256,
  oldProductType: 1,
  newProductType: 48,
  systemMetrics: 0,
  clientVersionMajorNumber: 7,
  clientVersionMinorNumber: 9,
  clientVersionBuildNumber: 0,
  clientVersionQfeNumber: 1,
  osDescription: 'Windows 11 Pro',
};

export interface AgentSession {
  computerId: string;
  cookie: Cookie;
  updates: Map<number, UpdateInfo>;
  sync(parameters?: Partial<Parameters<typeof syncOnce>[2]>): Promise<SyncInfo>;
  /** Syncs until there is nothing new; answers the number of calls. */
  syncToTheEnd(): Promise<number>;
}

export interface SessionOptions extends CallOptions {
  computerId?: string;
  dnsName?: string;
  targetGroupName?: string;
  protocolVersion?: string;
  register?: boolean;
}

export const firstComputerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';

export async function getCookie(url: string, options: SessionOptions = {}): Promise<Cookie> {
  const { computerId = firstComputerId, dnsName = 'client-1.example.test', protocolVersion = '1.8' } = options;
  const { targetGroupName, ...rest } = options;
  const config = await ask(url, clientWebService, 'GetConfig', { protocolVersion }, rest);
  const request = { clientId: computerId, dnsName, targetGroupName };
  const authorization = await ask(url, simpleAuth, 'GetAuthorizationCookie', request, rest);
  const now = new Date();
  const { result } = await ask(
    url,
    clientWebService,
    'GetCookie',
    {
      authCookies: [authorization.result ?? {}],
      oldCookie: { expiration: now },
      lastChange: config.result?.lastChange ?? now,
      currentTime: now,
      protocolVersion,
    },
    rest,
  );
  if (!result) throw new Error('GetCookie answered without a cookie');
  return result;
}

export async function openSession(url: string, options: SessionOptions = {}): Promise<AgentSession> {
  const cookie = await getCookie(url, options);
  if (options.register !== false) {
    await ask(url, clientWebService, 'RegisterComputer', { cookie, computerInfo }, options);
  }
  const session: AgentSession = {
    computerId: options.computerId ?? firstComputerId,
    cookie,
    updates: new Map(),
    async sync(parameters = {}) {
      const known = [...session.updates.values()];
      const info = await syncOnce(url, session.cookie, {
        installedNonLeafUpdateIds: known.filter(({ isLeaf }) => !isLeaf).map(({ id }) => id),
        otherCachedUpdateIds: known.filter(({ isLeaf }) => isLeaf).map(({ id }) => id),
        systemSpec: [],
        cachedDriverIds: [],
        skipSoftwareSync: false,
        filterCategoryIds: [],
        ...parameters,
      });
      session.cookie = info.newCookie ?? session.cookie;
      for (const update of info.newUpdates) session.updates.set(update.id, update);
      for (const change of info.changedUpdates)
        session.updates.set(change.id, { ...session.updates.get(change.id), ...change });
      for (const id of [...info.outOfScopeRevisionIds, ...info.deployedOutOfScopeRevisionIds])
        session.updates.delete(id);
      return info;
    },
    async syncToTheEnd() {
      for (let calls = 1; ; calls++) {
        const info = await session.sync();
        if (!info.truncated && !info.newUpdates.some(({ isLeaf }) => !isLeaf)) return calls;
        if (calls > 200) throw new Error('200 calls and no end: an agent gives up here (0x80244010)');
      }
    },
  };
  return session;
}

async function syncOnce(
  url: string,
  cookie: Cookie,
  parameters: NonNullable<RequestOf<(typeof clientWebService)['operations']['SyncUpdates']>['parameters']>,
): Promise<SyncInfo> {
  const { result } = await ask(url, clientWebService, 'SyncUpdates', { cookie, parameters });
  if (!result) throw new Error('SyncUpdates answered without a result');
  return result;
}
