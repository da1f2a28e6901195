// A server and a machine of their own for one test, with the builds that all tests of a file share.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createSusServer, listen, type SimulatedRelease, type SusServer } from '@moult/simulator';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import { type Lab, newVersion, oldVersion, pingFields } from './lab.ts';

export interface Bench extends AsyncDisposable {
  root: MachineRoot;
  server: SusServer;
}

export interface BenchOptions {
  announce?: string;
  generation?: 'sus' | 'wsus';
  /** When everything was signed; default: now. */
  now?: Date;
  /** The host release that the server carries. */
  host?: SimulatedRelease;
}

/** A server and a machine of their own; the server offers `release`. */
export async function openBench(lab: Lab, release: SimulatedRelease, options: BenchOptions = {}): Promise<Bench> {
  const server = await createSusServer({
    signer: lab.operator.signer,
    now: options.now ?? new Date(),
    release,
    wuident: options.generation === 'wsus',
    ...(options.host && { host: options.host }),
    ...(options.announce === undefined ? {} : { announce: options.announce }),
  });
  const port = await listen(server);
  const generation = options.generation ?? 'sus';
  const version = generation === 'sus' ? oldVersion : newVersion;
  const root = await lab.machine({ server: port.url, generation, version });
  return { root, server, [Symbol.asyncDispose]: () => port.close() };
}

/** Activity and result of the pings that told of a failure. */
export function failuresIn(server: SusServer): string[] {
  return server
    .pings()
    .map(pingFields)
    .filter(({ S }) => S === 'f')
    .map(({ A, E }) => `${A} ${E}`);
}

export function assertStillOld(root: MachineRoot): void {
  const status = readStatus(root);
  assert.deepEqual([status.version, status.intact, status.trial], [oldVersion, true, undefined]);
  assert.deepEqual(readdirSync(root.versionsFolder), [oldVersion], 'nothing is left of what was not taken');
}
