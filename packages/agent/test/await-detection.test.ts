// What `moult agent detect --wait` waits for: the end of the detection that it asked a running agent for.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { awaitDetection } from '../src/await-detection.ts';
import { startHost } from '../src/host/host.ts';
import { installAgent } from '../src/install-agent.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let lab: WsusLab;
let root: MachineRoot;

before(async () => {
  folder = scratchFolder('moult-await-');
  const releases = join(folder, 'releases');
  await Promise.all([buildAgent(releases, 'wsus', '7.9.0.1'), buildHost(releases)]);
  lab = await openWsusLab(folder, releases);
  root = machineRoot(join(folder, 'machine'));
  const { operatorCertificate } = lab;
  await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate });
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a detection that was asked for is followed to its end, and its failure is told', { timeout: 300_000 }, async () => {
  assert.equal(await awaitDetection(root, { waitMs: 1000 }), undefined);
  const host = startHost(root);
  try {
    const good = await awaitDetection(root, { waitMs: 120_000 });
    assert.deepEqual([good?.how, good?.result.lastError, good?.failures], ['ended', '0x00000000', []]);
    assert.ok(new Date(good?.next ?? 0) > new Date());
    const refused = { status: 500, type: 'text/plain', body: 'no' };
    lab.intercept = () => refused;
    const bad = await awaitDetection(root, { waitMs: 120_000 });
    assert.equal(bad?.how, 'ended');
    assert.match(bad?.result.lastError ?? '', /^0x8/);
    assert.ok(
      bad?.failures.some(({ title }) => title === 'Check for updates'),
      JSON.stringify(bad?.failures),
    );
    // It cannot end before the server answers.
    const held = Promise.withResolvers<typeof refused>();
    lab.intercept = () => held.promise;
    const late = await awaitDetection(root, { waitMs: 0 });
    held.resolve(refused);
    assert.equal(late?.how, 'late');
  } finally {
    await host.stop();
  }
});
