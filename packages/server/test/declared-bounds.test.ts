// Each declared bound that a stranger can press on the server: with another value in its table, the same input is cut or
// refused elsewhere. So the setting reaches the code. scripts/limits-page.test.ts holds that all others are read, too.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { type BoundTable, boundsOf, overrideBounds } from '@moult/bounds';
import { pingBounds } from '@moult/protocol/bounds';
import { parseStatusPing } from '@moult/protocol/self-update';
import { keptBounds, textBytes } from '@moult/store/bounds';
import { openDatabase } from '../../store/src/database.ts';
import { storeOf } from '../../store/src/index.ts';
import { migrate } from '../../store/src/migrate.ts';
import { callBounds, homeBounds, httpBounds, rateBounds } from '../src/bounds.ts';
import { escapeField } from '../src/http/access-log/fields.ts';
import { toExchange } from '../src/http/exchange.ts';
import { createCallGate } from '../src/http/gates/call-gate.ts';
import { retryAfterSeconds } from '../src/http/gates/retry-after.ts';
import { createRate } from '../src/http/limits/rate.ts';
import { parseByteRanges } from '../src/http/static-file/byte-ranges.ts';
import { describeEvent } from '../src/sites/console/describe-event.ts';
import { createCookieJar } from '../src/update-service/cookie.ts';
import { answersOf } from './pressed-server.ts';
import { startTestServer } from './test-server.ts';

const at = new Date('2026-12-01T12:00:00Z');
const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
const long = 'x'.repeat(3000);

/** What `run` answers with the default of a bound, and with `tight` in its place. */
interface Probe {
  bound: string;
  tight: number;
  run(): unknown;
  byDefault: unknown;
  beyond: unknown;
}

const tables: readonly BoundTable[] = [
  httpBounds,
  callBounds,
  rateBounds,
  homeBounds,
  pingBounds,
  textBytes,
  keptBounds,
];

const jar = createCookieJar({ key: new Uint8Array(32), identity: { serverId: 'server' } });
const sealed = jar.sealAuthorization({ computerId }, at);
const afterMinutes = (minutes: number) => new Date(at.getTime() + minutes * 60_000);
const event = (computerName: string, detail: string) =>
  describeEvent({
    ...{ kind: 'report', id: 1, at, receivedAt: at, computerId, computerName, address: '', what: '147' },
    ...{ resultCode: '0', agentVersion: '', agentGeneration: 'unknown', detail },
  } as unknown as Parameters<typeof describeEvent>[0]);
const taken = (addresses: number, amount = 1, largeAmount?: number) => {
  const rate = createRate({ perSecond: 1, now: () => 0, largeAmount });
  let count = 0;
  for (let number = 0; number < 2000; number++) if (rate.take(`10.0.0.${number % addresses}`, amount)) count++;
  return count;
};

const pure: Probe[] = [
  {
    bound: 'http.max-path-characters',
    tight: 1024,
    run: () =>
      toExchange({ url: `/${long}`, socket: {} } as IncomingMessage, {} as ServerResponse, 'main', at) !== undefined,
    ...{ byDefault: true, beyond: false },
  },
  {
    bound: 'http.max-ranges',
    tight: 1,
    run: () => parseByteRanges('bytes=0-0,2-2', 9)?.length,
    byDefault: 2,
    beyond: undefined,
  },
  { bound: 'http.max-access-field-bytes', tight: 64, run: () => escapeField(long).length, byDefault: 3000, beyond: 64 },
  {
    bound: 'call.max-retry-after-seconds',
    tight: 20,
    run: () => retryAfterSeconds(() => 0.9999),
    byDefault: 60,
    beyond: 20,
  },
  {
    bound: 'call.max-cookie-bytes',
    tight: 20,
    run: () => jar.openAuthorization(sealed, at).kind,
    byDefault: 'claims',
    beyond: 'unreadable',
  },
  {
    bound: 'call.max-cookie-life-ms',
    tight: 60_000,
    run: () => jar.openAuthorization(sealed, at).kind,
    byDefault: 'claims',
    beyond: 'expired',
  },
  {
    bound: 'call.authorization-minutes',
    tight: 1,
    run: () => jar.openAuthorization(jar.sealAuthorization({ computerId }, at), afterMinutes(30)).kind,
    ...{ byDefault: 'claims', beyond: 'expired' },
  },
  { bound: 'rate.burst-seconds', tight: 1, run: () => taken(1), byDefault: 60, beyond: 1 },
  { bound: 'rate.total-factor', tight: 4, run: () => taken(200) > 130, byDefault: false, beyond: true },
  {
    bound: 'rate.max-addresses',
    tight: 1,
    run: () => {
      using _ = overrideBounds(rateBounds, { totalFactor: 100 });
      return taken(10) > 300;
    },
    ...{ byDefault: true, beyond: false },
  },
  {
    bound: 'call.small-bytes',
    tight: 1024,
    // Small calls enter at once; large ones wait for the next turn of the event loop.
    run: () => {
      const gate = createCallGate({ maxInFlight: 2, maxWaiting: 2, maxWaitMs: 1000 });
      void gate.enter(
        async () => undefined,
        () => undefined,
        { lane: 'a', bytes: 2000 },
      );
      return gate.inFlight;
    },
    ...{ byDefault: 1, beyond: 0 },
  },
  {
    bound: 'call.max-rest-ms',
    tight: 0,
    run: async () => {
      const gate = createCallGate({ maxInFlight: 1, maxWaiting: 2, maxWaitMs: 1000, rests: true });
      await gate.enter(
        () => new Promise((resolve) => setTimeout(resolve, 300)),
        () => undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      return gate.inFlight;
    },
    ...{ byDefault: 1, beyond: 0 },
  },
  {
    bound: 'home.max-name-bytes',
    tight: 16,
    run: () => event(long, '').computer.length <= 16,
    byDefault: false,
    beyond: true,
  },
  {
    bound: 'home.max-subject-bytes',
    tight: 16,
    run: () => (event('a', long).detail ?? '').length <= 16,
    ...{ byDefault: false, beyond: true },
  },
  {
    bound: 'ping.max-characters',
    tight: 256,
    run: () => 'malformed' in parseStatusPing(ping(400)),
    ...{ byDefault: false, beyond: true },
  },
  {
    bound: 'ping.max-value-length',
    tight: 64,
    run: () => 'malformed' in parseStatusPing(ping(100)),
    byDefault: false,
    beyond: true,
  },
];

function ping(length: number): string {
  return `V=1&U=${'0'.repeat(32)}&C=au&A=s&I=${'i'.repeat(length)}&D=&P=5.1.2600&L=en&S=s&E=00000000&M=`;
}

/** What the store keeps of texts that are too long. */
async function kept(): Promise<Record<string, number>> {
  const database = await openDatabase(':memory:');
  try {
    await migrate(database, at);
    const store = storeOf(database, () => at);
    const named = { computerId, dnsName: long, address: long, at };
    await store.noteAuthorization(
      { ...named, requestedGroups: Array.from({ length: 50 }, () => long) },
      { assign: false },
    );
    const facts = { agentVersion: long, osVersion: long, osDescription: long, architecture: long };
    const registration = Object.fromEntries(Array.from({ length: 20 }, (_, number) => [`fact ${number}`, long]));
    await store.registerComputer({ ...named, ...facts, manufacturer: long, model: long, registration });
    for (let number = 0; number < 20; number++) {
      await store.noteAuthorization(
        {
          computerId,
          dnsName: `${number}${long}`,
          address: '192.0.2.7',
          requestedGroups: [long],
          at: afterMinutes(number),
        },
        { assign: false },
      );
    }
    await store.recordReportingEvents(
      [
        {
          ...{ instanceId: computerId, computerId, timeAtTarget: at, namespaceId: 1, eventNumber: 147, sourceId: 1 },
          ...{ updateId: undefined, revisionNumber: 0, win32HResult: 0, appName: long, miscData: [] },
          replacementStrings: Array.from({ length: 400 }, () => 'x'),
        },
      ],
      at,
    );
    await store.recordSelfUpdateEvents([
      {
        ...{
          receivedAt: at,
          occurredAt: at,
          computerId,
          address: long,
          userAgent: long,
          component: long,
          activity: 's',
        },
        ...{ item: long, device: '', platform: '', language: '', status: 's', resultCode: '00000000', message: long },
        ...{ agentGeneration: 'sus' as const, agentVersion: undefined },
      },
    ]);
    const one = async (table: 'computers' | 'reporting_events' | 'self_update_events') =>
      (await database.tables.selectFrom(table).selectAll().executeTakeFirst()) as Record<string, unknown>;
    const length = (value: unknown) => Buffer.byteLength(String(value ?? ''));
    const [computer, report, told] = [
      await one('computers'),
      await one('reporting_events'),
      await one('self_update_events'),
    ];
    const changes = await database.tables.selectFrom('identity_changes').selectAll().execute();
    return {
      'text-bytes.name': Math.max(...changes.map(({ before }) => length(before))),
      'text-bytes.address': length(told.address),
      'text-bytes.requested-groups': length(computer.requested_groups),
      'text-bytes.fact': length(computer.os_description),
      'text-bytes.registration': length(computer.registration),
      'text-bytes.app-name': length(report.app_name),
      'text-bytes.ping-field': length(told.item),
      'kept.strings-per-event': (JSON.parse(String(report.replacement_strings)) as string[]).length - 1,
      'kept.changes-per-computer': changes.length,
    };
  } finally {
    await database.close();
  }
}

/** Tight values for one server, small enough for the requests below and large enough for a log-on. */
const tightServer = {
  'call.max-name-characters': 21,
  'call.max-groups': 1,
  'call.max-locales': 1,
  'call.max-digests': 1,
  'call.max-categories': 2,
  'call.max-depth': 16,
  'call.max-elements': 1000,
  'http.max-head-bytes': 4096,
  'http.max-pipelined': 1,
};

const tightStore = {
  'text-bytes.name': 64,
  'text-bytes.address': 46,
  'text-bytes.requested-groups': 256,
  'text-bytes.fact': 64,
  'text-bytes.registration': 1024,
  'text-bytes.app-name': 64,
  'text-bytes.ping-field': 64,
  'kept.strings-per-event': 10,
  'kept.changes-per-computer': 3,
};

/** Times, memory and what is seen by administrators alone. That the code reads them is held by scripts/limits-page.test.ts. */
const heldElsewhere = [
  ...[
    'http.head-timeout-ms',
    'http.crowded-idle-ms',
    'http.max-idle-files',
    'http.idle-file-ms',
    'http.max-file-age-ms',
  ],
  ...['http.max-access-waiting', 'call.max-passed-over-bytes', 'call.large-bytes', 'call.max-large-waiting'],
  ...['call.max-answers-written', 'call.answer-patience-ms', 'call.answer-grace-ms', 'call.packed-answer-bytes'],
  ...['call.least-answer-bytes-per-second', 'rate.small-report-bytes', 'rate.max-event-bytes-per-computer'],
  ...['home.max-events', 'kept.readable-json-bytes', 'kept.targeting-records-per-hour'],
  ...['kept.max-found', 'kept.max-problems', 'kept.reserve-bytes', 'kept.content-patience-ms'],
];

/** Overrides bounds by their names, until the end of the block. */
function override(values: Readonly<Record<string, number>>): Disposable {
  const stack = new DisposableStack();
  for (const table of tables) {
    const named = boundsOf([table]).map(({ name }, place) => [Object.keys(table)[place] ?? '', values[name]] as const);
    const own = Object.fromEntries(named.filter(([, value]) => value !== undefined));
    stack.use(overrideBounds(table, own));
  }
  return stack;
}

describe('a declared bound', () => {
  for (const { bound, tight, run, byDefault, beyond } of pure) {
    it(`${bound} is in force where it is said to be`, async () => {
      assert.deepEqual(await run(), byDefault, 'by default');
      using _ = override({ [bound]: tight });
      assert.deepEqual(await run(), beyond, `with ${tight}`);
    });
  }

  it('of the store cuts what is kept', async () => {
    const byDefault = await kept();
    using _ = override(tightStore);
    const cut = await kept();
    for (const [bound, tight] of Object.entries(tightStore)) {
      assert.ok((byDefault[bound] ?? 0) > tight, `${bound}: ${byDefault[bound]} by default`);
      assert.ok((cut[bound] ?? Number.NaN) <= tight, `${bound}: ${cut[bound]} with ${tight}`);
    }
  });

  it('of the web services refuses what the default allows', async () => {
    const roomy = await startTestServer();
    const byDefault = await answersOf(roomy.url).finally(() => roomy.stop());
    using _ = override(tightServer);
    const tight = await startTestServer();
    const refused = await answersOf(tight.url).finally(() => tight.stop());
    for (const bound of Object.keys(tightServer)) {
      assert.notEqual(byDefault[bound], undefined, bound);
      assert.notEqual(refused[bound], byDefault[bound], bound);
    }
  });

  it('that a stranger can press has such a probe', () => {
    const probed = [...pure.map(({ bound }) => bound), ...Object.keys(tightStore), ...Object.keys(tightServer)];
    const names = boundsOf(tables).map(({ name }) => name);
    assert.deepEqual([...probed, ...heldElsewhere].toSorted(), names.toSorted());
  });
});
