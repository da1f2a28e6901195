import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HomeFacts, HomeEvent as StoredEvent } from '../../../../store/src/index.ts';
import type { SelfUpdateHealth, SelfUpdatePort } from '../../home-facts.ts';
import { composeHome } from './compose-home.ts';
import { noFacts } from './test/console-server.ts';

const now = new Date('2026-11-22T16:00:00Z');

const fine = [
  { path: '/iuident.cab', answer: '200, 5 KB', fine: true },
  { path: '/selfupdate/wuident.cab', answer: '200, 5 KB', fine: true },
];

function port(change: Partial<SelfUpdatePort>): SelfUpdatePort {
  return { port: 8530, site: 'main', listening: { kind: 'listening' }, checkedAt: now, files: fine, ...change };
}

function compose(facts: Partial<HomeFacts>, ports: SelfUpdatePort[] = [port({})]) {
  const health: SelfUpdateHealth = {
    ports,
    releases: [
      { generation: 'wsus', version: '7.9.0.10', signer: 'Operator' },
      { generation: 'wsus', version: '7.9.0.9', signer: 'Operator' },
    ],
  };
  const server = { version: '0.1.0', startedAt: now, addresses: [] };
  return composeHome({ ...noFacts(), ...facts }, health, server, now);
}

const ping: StoredEvent = {
  kind: 'self-update',
  id: '7',
  at: now,
  receivedAt: now,
  computerId: '6f1d4f6e-0000-4000-8000-000000000001',
  computerName: 'reception',
  address: '192.0.2.7',
  agentGeneration: 'sus',
  agentVersion: '5.4.0.1',
  what: 'au s',
  status: 's',
  resultCode: '00000000',
  detail: '',
  updateId: undefined,
};

function described(change: Partial<StoredEvent>) {
  const [event] = compose({ events: [{ ...ping, ...change }] }).events;
  assert.ok(event);
  return event;
}

describe('health of the self-update service', () => {
  it('is available when every port in use hands out what clients ask for', () => {
    const { selfUpdate } = compose({}, [
      port({}),
      port({ port: 80, site: 'self-update', listening: { kind: 'off' }, files: [] }),
    ]);
    assert.equal(selfUpdate.state, 'available');
    assert.deepEqual(
      selfUpdate.ports.map(({ state }) => state),
      ['available', 'off'],
    );
  });

  it('names cause, remedy and the event ids of WSUS for a port that cannot be had', () => {
    for (const [reason, cause, remedy] of [
      ['EACCES', /privilege.*does not have it \(EACCES\)/, /CAP_NET_BIND_SERVICE/],
      ['EADDRINUSE', /Another program listens on port 80/, /"moult tree port80 --check"/],
      ['ENOBUFS', /refused port 80 to this server \(ENOBUFS\)/, /--self-update-port/],
    ] as const) {
      const { selfUpdate } = compose({}, [
        port({}),
        port({ port: 80, site: 'self-update', listening: { kind: 'not-listening', reason }, files: [] }),
      ]);
      assert.equal(selfUpdate.state, 'partly');
      const fault = selfUpdate.ports[1]?.fault;
      assert.match(fault?.headline ?? '', /^The SelfUpdate service is not available on port 80: .*\.$/);
      assert.doesNotMatch(`${fault?.cause}${fault?.remedy}`, /[`{}]/);
      assert.match(fault?.cause ?? '', cause);
      assert.match(fault?.remedy ?? '', remedy);
      assert.deepEqual(
        fault?.wsusEvents.map(({ id }) => id),
        [13042, 506],
      );
    }
  });

  it('is available on a port of another program that passes the files on', () => {
    const listening = { kind: 'not-listening', reason: 'EADDRINUSE' } as const;
    const passedOn = compose({}, [port({}), port({ port: 80, site: 'self-update', listening })]);
    assert.equal(passedOn.selfUpdate.state, 'available');
    const files = [{ path: '/iuident.cab', answer: '404', fine: false }];
    const taken = compose({}, [port({}), port({ port: 80, site: 'self-update', listening, files })]);
    assert.match(taken.selfUpdate.ports[1]?.fault?.cause ?? '', /Another program listens on port 80/);
  });

  it('names the very file that a port does not hand out', () => {
    const broken = { path: '/selfupdate/wuident.cab', answer: '404', fine: false };
    const { selfUpdate } = compose({}, [port({ files: [...fine.slice(0, 1), broken] })]);
    assert.equal(selfUpdate.state, 'not-available');
    assert.match(selfUpdate.ports[0]?.fault?.cause ?? '', /\/selfupdate\/wuident\.cab \(404\)/);
  });
});

describe('computers', () => {
  it('are grouped by generation, newest version first, each with its standing against the newest release', () => {
    const { computers } = compose({
      computers: 10,
      agents: [
        { generation: 'sus', version: '5.4.0.1', computers: 2 },
        { generation: 'wsus', version: '7.9.0.9', computers: 1 },
        { generation: 'wsus', version: 'garbage <b>', computers: 1 },
        { generation: 'wsus', version: '10.0.22621.1', computers: 2 },
        { generation: 'wsus', version: '7.9.0.10', computers: 3 },
        { generation: 'wsus', version: '7.9.0.11', computers: 1 },
        { generation: 'wsus', version: '7.6.7600.256', computers: 1 },
        { generation: 'wsus', version: '5.8.0.2469', computers: 1 },
        { generation: 'sus', version: '5.4.3790.2182', computers: 1 },
        { generation: 'sus', version: '', computers: 1 },
        { generation: 'unknown', version: '', computers: 1 },
      ],
    });
    assert.deepEqual(computers.generations, [
      {
        generation: 'wsus',
        computers: 10,
        versions: [
          { version: '10.0.22621.1', computers: 2, standing: 'windows' },
          { version: '7.9.0.11', computers: 1, standing: 'newer' },
          { version: '7.9.0.10', computers: 3, standing: 'newest' },
          { version: '7.9.0.9', computers: 1, standing: 'older' },
          { version: '7.6.7600.256', computers: 1, standing: 'windows' },
          { version: '5.8.0.2469', computers: 1, standing: 'windows' },
          { version: 'garbage <b>', computers: 1, standing: 'unknown' },
        ],
      },
      {
        generation: 'sus',
        computers: 4,
        versions: [
          { version: '5.4.3790.2182', computers: 1, standing: 'windows' },
          { version: '5.4.0.1', computers: 2, standing: 'older' },
          { version: '', computers: 1, standing: 'windows' },
        ],
      },
      { generation: 'unknown', computers: 1, versions: [{ version: '', computers: 1, standing: 'unknown' }] },
    ]);
  });
});

describe('events', () => {
  it('say in words what a status ping meant; the result code decides about success', () => {
    assert.equal(described({}).headline, 'Client updated itself');
    assert.equal(described({ status: 'p' }).outcome, 'pending');
    const failed = described({ status: 's', resultCode: '80244019' });
    assert.equal(failed.outcome, 'failed');
    assert.equal(failed.headline, 'Client could not update itself');
    assert.equal(failed.detail, 'SUS client 5.4.0.1, error 0x80244019');
    assert.equal(described({ what: 'iu z' }).kind, 'other');
  });

  it('say in words what a report meant', () => {
    const report = { kind: 'report' as const, agentVersion: '', detail: 'Sample 1' };
    assert.equal(described({ ...report, what: '183' }).headline, 'Installed');
    assert.equal(described({ ...report, what: '182', resultCode: '80070643' }).outcome, 'failed');
    assert.equal(described({ ...report, what: '147', detail: '3' }).detail, '3 updates found');
    assert.equal(described({ ...report, what: '999' }).headline, 'Reported event 999');
  });

  it('of a ping that waited in urllog.dat show both times', () => {
    const at = new Date('2026-11-21T10:00:00Z');
    assert.equal(described({ at }).happenedAt, at.toISOString());
    assert.equal(described({ at }).at, now.toISOString());
    assert.equal(described({}).happenedAt, undefined);
  });

  it('name a computer by its name, else its address', () => {
    assert.equal(described({}).computer, 'reception');
    assert.equal(described({ computerName: '' }).computer, '192.0.2.7');
  });
});
