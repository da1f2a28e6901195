import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentStatus } from '@moult/agent';
import type { HomeDocument, HomeEvent } from '@moult/server/home-document';
import { type Stage, sampleTitle, stages, type View } from './stages.ts';

const clientId = '6f1d4f6e-0000-4000-8000-000000000001';
const at = '2026-11-22T16:00:00.000Z';

describe('the stages of the demo', () => {
  it('are all proven by a view in which both sides agree', () => {
    for (const stage of stages) assert.equal(typeof stage.evidence(goodView()), 'string', stage.name);
  });

  it('are not proven by the agent alone: what the server has not heard did not happen', () => {
    for (const name of ['self-update', 'registration', 'scan', 'report'] as const) {
      const view = goodView();
      view.home.events = [];
      assert.equal(stageOf(name).evidence(view), undefined, name);
    }
  });

  it('are not proven by the server alone', () => {
    const without: [Stage['name'], (view: View) => void][] = [
      ['old agent', ({ agent }) => (agent.running = undefined)],
      ['self-update', ({ agent }) => (agent.generation = 'sus')],
      ['self-update', ({ agent }) => (agent.version = '5.4.0.1')],
      ['self-update', ({ agent }) => (agent.intact = false)],
      ['self-update', ({ agent }) => (agent.trial = { version: '7.9.0.1', previous: '5.4.0.1' })],
      ['scan', ({ agent }) => (agent.results.detect.lastSuccess = undefined)],
      ['installation', ({ agent }) => (agent.results.install.lastSuccess = undefined)],
      ['installation', (view) => (view.sampleFile = undefined)],
    ];
    for (const [name, spoil] of without) {
      const view = goodView();
      spoil(view);
      assert.equal(stageOf(name).evidence(view), undefined, name);
    }
  });

  it('are not proven by what another computer did, or by another update', () => {
    const other = goodView();
    for (const event of other.home.events) event.computerId = '6f1d4f6e-0000-4000-8000-000000000002';
    assert.equal(stageOf('registration').evidence(other), undefined);
    const itself = goodView();
    itself.home.events = [event('install', 'succeeded', 'Moult agent 7.9.0.1')];
    assert.equal(stageOf('report').evidence(itself), undefined);
  });

  it('do not take a self-update service for available that does not hand out its files', () => {
    const view = goodView();
    view.home.selfUpdate.ports = [{ port: 8530, site: 'main', state: 'available', files: [] }];
    assert.equal(stageOf('server').evidence(view), undefined);
  });
});

function stageOf(name: Stage['name']): Stage {
  const stage = stages.find((candidate) => candidate.name === name);
  assert.ok(stage);
  return stage;
}

function event(kind: HomeEvent['kind'], outcome: HomeEvent['outcome'], detail = ''): HomeEvent {
  return {
    id: `${kind} ${detail}`,
    at,
    kind,
    outcome,
    computer: 'old-computer',
    computerId: clientId,
    headline: kind,
    detail,
  };
}

const none = { computers: 0, first: [] };

function goodView(): View {
  const files = [{ path: '/iuident.cab', answer: '200', fine: true }];
  const home: HomeDocument = {
    generatedAt: at,
    names: { shown: true, for: 'local' },
    server: { version: '0.1.0', startedAt: at, addresses: [] },
    notices: [],
    selfUpdate: {
      state: 'available',
      ports: [{ port: 8530, site: 'main', state: 'available', files }],
      releases: [{ generation: 'wsus', version: '7.9.0.1', signer: 'Operator' }],
      malformedPings: 0,
    },
    computers: {
      total: 1,
      generations: [
        { generation: 'wsus', computers: 1, versions: [{ version: '7.9.0.1', computers: 1, standing: 'newest' }] },
      ],
      identities: { shared: 0, changed: 0 },
      attention: { needing: none, failing: none, silent: none, silentDays: 30, neverReported: 0 },
    },
    updates: { total: 1, approved: 1, declined: 0, deployments: 1 },
    events: [
      event('install', 'succeeded', sampleTitle),
      event('scan', 'succeeded', '1 update found'),
      event('registration', 'succeeded'),
      event('self-update', 'succeeded'),
    ],
    eventCounts: [],
    faults: [],
  };
  const done = { lastSuccess: at, lastError: '0x00000000' };
  const agent: AgentStatus = {
    root: 'root',
    installed: true,
    hostVersion: '7.9.0.1',
    hostOnTrial: false,
    failedHosts: [],
    running: { pid: 7 },
    generation: 'wsus',
    client: 'WSUS client',
    legacyMode: false,
    version: '7.9.0.1',
    intact: true,
    trial: undefined,
    previous: undefined,
    failedTrials: [],
    server: 'http://127.0.0.1:8530',
    statusServer: 'http://127.0.0.1:8530',
    useServer: true,
    targetGroup: undefined,
    proxy: undefined,
    bandwidth: 0,
    tlsTrust: 'any',
    trust: { pinned: true, state: 'current', at, alarm: undefined, refreshed: at, overdue: [] },
    clientId: clientId.toUpperCase(),
    machine: { os: 'Linux', architecture: 'x64', language: 'en' },
    auState: undefined,
    detectionStartTime: undefined,
    lastWaitTimeout: undefined,
    nextDetection: undefined,
    results: { detect: { ...done }, download: { ...done }, install: { ...done } },
    keptPings: 0,
    log: undefined,
  };
  return { home, agent, sampleFile: 'installed.txt' };
}
