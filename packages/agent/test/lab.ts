// A laboratory: an operator, a simulated server on a real port, built agents, and machines in scratch folders.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOperatorCa, createOperatorSigner, type SigningIdentity } from '@moult/formats/authenticode';
import { createSusServer, type Listening, listen, type SimulatedRelease, type SusServer } from '@moult/simulator';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { startHost } from '../src/host/host.ts';
import type { Outcome, ProgressEvent } from '../src/host/messages.ts';
import { type InstallOptions, installAgent } from '../src/install-agent.ts';
import { detectionAt } from '../src/machine/au-state.ts';
import { keys } from '../src/machine/keys.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry, text } from '../src/machine/registry.ts';

export const oldVersion = '5.4.0.1';
export const newVersion = '7.9.0.1';

export interface Lab {
  folder: string;
  releases: string;
  operator: { ca: SigningIdentity; signer: SigningIdentity };
  server: SusServer;
  port: Listening;
  /** A release as it was built, to be published. */
  release(generation: 'sus' | 'wsus', version: string): SimulatedRelease;
  /** A machine with an agent that is pointed at the simulated server. */
  machine(options?: Partial<InstallOptions>): Promise<MachineRoot>;
  close(): Promise<void>;
}

/** Builds the agents (5.4.0.1, 7.9.0.1 and 7.9.0.2) and starts a server that leads SUS clients to 7.9.0.1. */
export async function openLab(options: { wuident?: boolean; installedHost?: string } = {}): Promise<Lab> {
  const folder = scratchFolder('moult-lab-');
  const releases = join(folder, 'releases');
  const now = new Date();
  const ca = await createOperatorCa({ commonName: 'Lab operator', now });
  const [signer] = await Promise.all([
    createOperatorSigner(ca, { commonName: 'Lab operator, code signing', now }),
    buildAgent(releases, 'sus', oldVersion),
    buildAgent(releases, 'wsus', newVersion),
    buildAgent(releases, 'wsus', '7.9.0.2'),
    buildHost(releases, options.installedHost),
  ]);
  const release = (generation: 'sus' | 'wsus', version: string): SimulatedRelease => ({
    generation,
    version,
    entry: 'agent.mjs',
    files: [{ name: 'agent.mjs', bytes: readFileSync(join(releases, generation, version, 'agent.mjs')) }],
  });
  const server = await createSusServer({
    signer,
    now,
    release: release('wsus', newVersion),
    ...(options.wuident === undefined ? {} : { wuident: options.wuident }),
  });
  const port = await listen(server);
  let machines = 0;
  return {
    folder,
    releases,
    operator: { ca, signer },
    server,
    port,
    release,
    async machine(asked = {}) {
      machines += 1;
      const root = machineRoot(join(folder, `machine-${machines}`));
      await installAgent(root, {
        server: port.url,
        generation: 'sus',
        releaseFolder: releases,
        operatorCertificate: Buffer.from(ca.certificatePem),
        os: 'XP',
        architecture: 'x86',
        language: 'en',
        ...asked,
      });
      return root;
    },
    async close() {
      await port.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A host release as it was built, to be published. */
export async function buildHostRelease(folder: string, version: string): Promise<SimulatedRelease> {
  await buildHost(folder, version);
  const files = [{ name: 'host.mjs', bytes: readFileSync(join(folder, 'host', version, 'host.mjs')) }];
  return { product: 'moult-host', generation: 'wsus', version, entry: 'host.mjs', files };
}

/**
 * A folder of its own for a test file, in memory where there is room: agents wait for the disk at each step, and a busy
 * disk takes longer for that than all else. Programs that are started again and again are compiled once.
 */
export function scratchFolder(prefix: string): string {
  const folder = mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), prefix));
  process.env.NODE_COMPILE_CACHE = join(folder, 'compile-cache');
  return folder;
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > 1024 ** 3;
  } catch {
    return false;
  }
}

/**
 * A shorter wait than an agent has by itself, for what this test makes too slow on purpose. Everything else keeps the
 * agent's own: on a busy machine any step may take seconds.
 */
export function impatient(
  root: MachineRoot,
  name: 'ReceiveTimeoutSeconds' | 'TransferTimeoutSeconds' | 'TrialTimeoutSeconds',
  seconds: number | undefined,
): void {
  const value = seconds === undefined ? {} : { value: number(seconds) };
  openRegistry(root).change([{ key: keys.agent, name, ...value }]);
}

/** One detection, without waiting for its time. */
export async function runOnce(
  root: MachineRoot,
  options: { now?: boolean; onEvent?: (event: ProgressEvent) => void } = {},
): Promise<Outcome | undefined> {
  return startHost(root, { now: true, once: true, ...options }).finished;
}

/** The fields of a ping's query. */
export function pingFields(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

/** As runOnce, with the built host in a process of its own: `env` reaches it and its programs. Answers the exit code. */
export function runBuilt(root: MachineRoot, env: NodeJS.ProcessEnv = {}, flags = ['--now', '--once']): Promise<number> {
  const child = spawn(process.execPath, [root.hostProgram, ...root.programArguments, ...flags], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)));
}

/** A program that is a release of ours by form and does `source` when it is started. */
export function programDoing(source: string): SimulatedRelease['files'] {
  return [{ name: 'agent.mjs', bytes: Buffer.from(source) }];
}

/** What an administrator does in the policy: another server, or none. */
export function pointAt(root: MachineRoot, server: string | undefined): void {
  const value = server === undefined ? {} : { value: text(server) };
  openRegistry(root).change([
    { key: keys.policy, name: 'WUServer', ...value },
    { key: keys.policy, name: 'WUStatusServer', ...value },
  ]);
}

/** One detection because its time has come, without anybody asking. */
export async function runDue(root: MachineRoot): Promise<Outcome | undefined> {
  const due = new Date(Date.now() - 1000);
  openRegistry(root).change(detectionAt(due, 'sus'));
  return startHost(root, { once: true }).finished;
}
