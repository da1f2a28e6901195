import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openStore } from '../../../../store/src/index.ts';
import { composeHome } from './compose-home.ts';

const computerId = '6f1d4f6e-0000-4000-8000-000000000001';

const ping = {
  computerId,
  address: '192.0.2.7',
  userAgent: 'Industry Update Control',
  component: 'au',
  activity: 's',
  item: 'moult-agent.7.9.0.1',
  device: '',
  platform: '',
  language: 'en',
  resultCode: '00000000',
  message: '',
};

const noAgent = { agentGeneration: undefined, agentVersion: undefined };

const registration = {
  computerId,
  dnsName: 'reception',
  address: '192.0.2.7',
  agentVersion: '7.9.0.1',
  osVersion: '6.1',
  osDescription: 'Linux',
  architecture: 'x64',
  manufacturer: '',
  model: '',
  registration: {},
};

it('what the store has heard of a computer becomes its story, in the order in which the server heard it', async () => {
  const start = Date.parse('2026-11-22T16:00:00Z');
  const at = (second: number) => new Date(start + second * 1000);
  const store = await openStore(':memory:', { now: () => at(0) });
  try {
    const sus = { agentGeneration: 'sus' as const, agentVersion: '5.4.0.1' };
    const wsus = { agentGeneration: 'wsus' as const, agentVersion: '7.9.0.1' };
    await store.recordSelfUpdateEvents([{ ...ping, ...sus, status: 'p', receivedAt: at(1), occurredAt: at(-3600) }]);
    await store.recordSelfUpdateEvents([{ ...ping, ...wsus, status: 's', receivedAt: at(2), occurredAt: at(2) }]);
    await store.registerComputer({ ...registration, at: at(3) });
    // One that waited in urllog.dat, from before the self-update: an event, but not who the computer is now.
    await store.recordSelfUpdateEvents([{ ...ping, ...sus, status: 'p', receivedAt: at(3), occurredAt: at(-60) }]);
    const health = { ports: [], releases: [{ generation: 'wsus' as const, version: '7.9.0.1', signer: 'Operator' }] };
    const server = { version: '0.1.0', startedAt: at(0), addresses: [] };
    const home = composeHome(await store.loadHomeFacts(50), health, server, at(10));
    assert.deepEqual(
      home.events.map(({ computer, headline, detail }) => [computer, headline, detail]),
      [
        ['reception', 'Client is updating itself', 'SUS client 5.4.0.1, to version 7.9.0.1'],
        ['reception', 'Registered', 'WSUS client 7.9.0.1, Linux'],
        ['reception', 'Client updated itself', 'WSUS client 7.9.0.1'],
        ['reception', 'Client is updating itself', 'SUS client 5.4.0.1, to version 7.9.0.1'],
      ],
    );
    assert.equal(home.events.at(-1)?.happenedAt, at(-3600).toISOString());
    assert.equal(new Set(home.events.map(({ id }) => id)).size, 4);
    assert.equal(home.computers.total, 1);
    assert.equal(home.computers.lastContactAt, at(3).toISOString());
    assert.deepEqual(home.computers.generations, [
      { generation: 'wsus', computers: 1, versions: [{ version: '7.9.0.1', computers: 1, standing: 'newest' }] },
    ]);
  } finally {
    await store.close();
  }
});

it('many registrations do not drive the last self-update events off the page', async () => {
  const at = (second: number) => new Date(Date.parse('2026-11-22T16:00:00Z') + second * 1000);
  const store = await openStore(':memory:', { now: () => at(0) });
  try {
    await store.recordSelfUpdateEvents([{ ...ping, receivedAt: at(1), occurredAt: at(1), status: 'f', ...noAgent }]);
    for (let index = 0; index < 5; index++) {
      await store.registerComputer({
        ...registration,
        computerId: `${computerId.slice(0, -1)}${index + 2}`,
        at: at(10),
      });
    }
    const { events } = await store.loadHomeFacts(3);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['registration', 'registration', 'registration', 'self-update'],
    );
  } finally {
    await store.close();
  }
});
