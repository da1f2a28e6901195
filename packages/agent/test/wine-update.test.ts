// The agent on Windows (Wine) updates itself to the next release: while others have its files open, and killed in the middle.
// A kill takes a minute: `npm test` takes one of the moments, `npm run faults -- --walks` takes all.
// A file of its own, beside wine.test.ts: both together come near the time limit of a file.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { agentReleases, buildAgent } from '../../../scripts/build.ts';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { canRunWine } from '../../../scripts/windows-node.ts';
import { type Current, readCurrent } from '../src/host/current.ts';
import { readIntactRelease } from '../src/host/release-folder.ts';
import { scratchFolder } from './lab.ts';
import { sampleNote, sampleOf } from './sample.ts';
import { onWindows, openWineMachine, type Ran, type WineMachine } from './wine-lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

/** What is installed, and the release after it. */
const newVersion = agentReleases.find(({ generation }) => generation === 'wsus')?.version ?? '';
const nextVersion = '7.9.9.0';
const patience = { patienceMs: 120_000, everyMs: 50 };
const preload = `file:///${onWindows(new URL('kill-at-step.mjs', import.meta.url).pathname).replaceAll('\\', '/')}`;

const turningPoints: readonly [string, { program: string; match: string; step: number }][] = [
  ['the new version is about to get its folder', { program: newVersion, match: '^renameSync .*staging', step: 1 }],
  ['the trial is about to be written down', { program: 'host', match: '^renameSync .*current', step: 1 }],
  ['the new version is about to say that it qualified', { program: nextVersion, match: '^send qualified', step: 1 }],
  ['the new version is about to be the agent', { program: 'host', match: '^renameSync .*current', step: 2 }],
];

let folder: string;
let machine: WineMachine;
let server: WsusLab;

describe('the agent on Windows (Wine) updates itself to the next release', {
  skip: !canRunWine && 'Wine and node.exe need Linux on x64',
}, () => {
  before(async () => {
    folder = scratchFolder('moult-wine-update-');
    const releases = join(folder, 'releases');
    await buildAgent(releases, 'wsus', newVersion);
    server = await openWsusLab(folder, releases);
    // The server takes the next release in when it starts again.
    await server.close();
    await buildAgent(releases, 'wsus', nextVersion);
    server = await openWsusLab(folder, releases);
    machine = openWineMachine(folder);
    const certificate = join(folder, 'operator.cer');
    writeFileSync(certificate, server.operatorCertificate);
    await install(newVersion, '--operator-cert', onWindows(certificate));
  });
  after(async () => {
    machine?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('while others have its files open', async () => {
    // A scanner that shares with nobody, on the file that every switch of versions replaces, and on the locks' folder.
    const held = 'C:\\\\Program Files\\\\Moult\\\\Agent\\\\current.json';
    const hold = `const fs = require('node:fs'); let file;
      setInterval(() => { if (file === undefined) try { file = fs.openSync('${held}', 0x10000000) } catch {}
        else { fs.closeSync(file); file = undefined } }, 150);`;
    const scanner = await machine.background(hold);
    const ran = await machine.host();
    await machine.run('taskkill', ['/F', '/PID', String(scanner)]);
    assertNext(ran);
  });

  const taken = sampleOf(turningPoints, { count: 1, nameOf: ([name]) => name });
  for (const [what, plan] of taken) {
    it(`killed when ${what}, it ends as one working version, and a later run completes the update`, async (t) => {
      t.diagnostic(`${taken.length} of ${turningPoints.length} moments; ${sampleNote}`);
      await install(newVersion);
      const mark = join(folder, `killed when ${what}`);
      const kill = JSON.stringify({ ...plan, mark: onWindows(mark) });
      await machine.host({ NODE_OPTIONS: `--import=${preload}`, MOULT_TEST_KILL: kill });
      assert.ok(existsSync(mark), 'it never came to that');
      await waitUntil('every program of Node is gone', () => machine.nodes() === 0, patience);
      assertWorks();
      assertNext(await machine.host());
    });
  }

  it('after everything died at once in the middle of its trial', async () => {
    await install(newVersion);
    // What was written before is on the disk. What the trial writes to the registry is lost.
    machine.cutPowerWhenSaved(`"WUServer"="${server.url}"`);
    const ran = machine.host();
    await waitUntil('the trial begins', () => current()?.state === 'trial', patience);
    machine.cutPower();
    await ran;
    assertWorks();
    assertNext(await machine.host());
  });
});

function current(): Current | undefined {
  return readCurrent(machine.root);
}

/** Whatever was killed, the version that is named, or the one behind it, is whole. */
function assertWorks(): void {
  const now = current();
  assert.ok(now);
  const whole = [now.version, now.previous?.version ?? ''].filter(
    (version) => version !== '' && readIntactRelease(join(machine.root.versionsFolder, version)),
  );
  assert.ok(whole.length > 0, JSON.stringify(now));
}

function assertNext({ code, out, err }: Ran): void {
  const now = current();
  const log = readFileSync(join(machine.drive, 'windows', 'WindowsUpdate.log'), 'utf8')
    .split('\n')
    .slice(-30);
  const said = [out, err, ...log].join('\n');
  assert.deepEqual(
    [code, now?.version, now?.state, now?.previous?.version],
    [0, nextVersion, 'committed', newVersion],
    said,
  );
  assert.ok(readIntactRelease(join(machine.root.versionsFolder, nextVersion)));
}

async function install(version: string, ...more: string[]): Promise<void> {
  const asked = ['--server', server.url, '--agent-version', version, ...more];
  const ran = await machine.moult('agent', 'install', ...asked);
  assert.equal(ran.code, 0, ran.err);
  assert.equal(current()?.version, version);
}
