// 400 days without anybody who signs: metadata that is frozen, or a server that is away. Agents go on, say it, and none ends.
// The clock is an argument, so that the days take seconds.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { readIntactRelease } from '../src/host/release-folder.ts';
import { installAgent } from '../src/install-agent.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { openRegistry } from '../src/machine/registry.ts';
import type { AgentClient } from '../src/program/shell.ts';
import { readStatus } from '../src/read-status.ts';
import { WsusClient } from '../src/wsus/client.ts';
import { pointAt, scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let releases: string;
let lab: WsusLab;
before(async () => {
  folder = scratchFolder('moult-outage-');
  releases = join(folder, 'releases');
  await Promise.all([buildAgent(releases, 'wsus', '7.9.0.1'), buildHost(releases)]);
  lab = await openWsusLab(folder, releases);
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const dayMs = 86_400_000;
const start = Date.now();

/** An agent in this process whose clock is `day` days ahead. What would end its program ends this test. */
async function agent(name: string): Promise<{ root: MachineRoot; client: AgentClient; at: { day: number } }> {
  const root = machineRoot(join(folder, name));
  const { operatorCertificate } = lab;
  await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate });
  const release = readIntactRelease(join(releases, 'wsus', '7.9.0.1'));
  assert.ok(release);
  const at = { day: 0 };
  const client = new WsusClient({
    ...{
      root,
      registry: openRegistry(root),
      release,
      random: Math.random,
      awakeSince: () => new Date(0),
      progress: () => undefined,
    },
    now: () => new Date(start + at.day * dayMs),
  });
  return { root, client, at };
}

/** The events that this machine has written for the server, of one id. */
function events(root: MachineRoot, id: number): string[] {
  const lines = readFileSync(root.reportingEventsLog, 'utf16le').split('\r\n');
  return lines.filter((line) => line.split('\t')[3]?.startsWith(`${id} `));
}

/** What is published now, answered for ever. */
function freeze(): void {
  const metadata = join(lab.dataDir, 'trust', 'public', 'metadata');
  const files = new Map(readdirSync(metadata).map((name) => [name, readFileSync(join(metadata, name))]));
  lab.intercept = (what) => {
    const [, name] = /^GET \/tuf\/metadata\/(.+)$/.exec(what) ?? [];
    const body = name === undefined ? undefined : files.get(name);
    return body && { status: 200, type: 'application/json', body };
  };
}

describe('an outage of 400 days', () => {
  it('frozen metadata: each detection goes on, the log, the events and the status say for how long', async () => {
    const { root, client, at } = await agent('frozen');
    freeze();
    for (at.day = 0; at.day <= 400; at.day += 20) {
      const result = await client.detect(false, false);
      assert.ok(result.kind === 'finished' && result.outcome.ok, JSON.stringify(result));
    }
    at.day = 400;
    assert.match(readFileSync(root.wsusLog, 'utf8'), /timestamp metadata expired at \S+, 38[5-6] days ago/);
    const { trust } = readStatus(root, new Date(start + 400 * dayMs));
    assert.equal(trust.state, 'expired');
    assert.deepEqual(trust.overdue.map(({ role }) => role).sort(), [
      'agent',
      'snapshot',
      'targets',
      'timestamp',
      'updates',
    ]);
    assert.equal(trust.overdue[0]?.role, 'timestamp');
    assert.ok((trust.overdue[0]?.days ?? 0) >= 385);
    const told = events(root, 148).filter((line) => /0x800b0101/.test(line));
    assert.equal(told.length, 20, 'one for each of the days after the end');
    await client.detect(false, false);
    assert.equal(events(root, 148).filter((line) => /0x800b0101/.test(line)).length, 20, 'once a day is enough');
    lab.intercept = undefined;
    at.day = 0;
  });

  it('a server that is away: each of 400 detections is told as failed, the next one is planned, and the agent is there after it', async () => {
    const { root, client, at } = await agent('away');
    assert.equal((await client.detect(false, false)).kind, 'finished');
    pointAt(root, 'http://127.0.0.1:1');
    for (at.day = 1; at.day <= 400; at.day += 1) {
      const result = await client.detect(false, false);
      assert.ok(result.kind === 'finished' && !result.outcome.ok);
      assert.equal(result.outcome.code, 'AGENT_TRANSPORT_CONNECT');
    }
    const { trust, nextDetection } = readStatus(root, new Date(start + 400 * dayMs));
    assert.ok(Date.parse(nextDetection ?? '') > start + 400 * dayMs);
    assert.ok((trust.overdue[0]?.days ?? 0) >= 385);
    pointAt(root, lab.url);
    at.day = 0;
    const back = await client.detect(false, false);
    assert.ok(back.kind === 'finished' && back.outcome.ok, JSON.stringify(back));
  });
});
