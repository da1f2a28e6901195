// The faults: each does its work on the machine of a run while that updates itself.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { badReleases, badVersion } from './bad-releases.ts';
import { type HostileNetwork, type NetworkFault, networkFaults } from './hostile-network.ts';
import { breakAfter, cutAfter, cutWhenStopped, type MountedImage } from './image.ts';
import type { Laboratory } from './laboratory.ts';
import {
  addressOf,
  type Goal,
  goThrough,
  type HostEnd,
  type HostStart,
  isUpdated,
  makeDue,
  pointAt,
  runHost,
  setWaits,
  statusOf,
} from './machine.ts';
import { killGroup, runProgram } from './processes.ts';
import { type Role, type RunSeed, randomOf, roles } from './run.ts';
import { type Injection, injectedMark, injecting, traced } from './tracer.ts';

export interface Lane {
  /** A folder that no other run uses meanwhile. */
  folder: string;
  lab: Laboratory;
  network: HostileNetwork;
}

export interface PlacedMachine {
  folder: string;
  /** Absent when the machine is a plain folder. */
  disk?: MountedImage;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Parts extends Lane {
  machine: PlacedMachine;
}

/** A fault that did its work. */
export interface Faulted {
  row: string;
  end: HostEnd;
  hit: boolean;
  /** The machine was cut off: it can give no reason. */
  cutOff?: string;
  /** A fault that counts whatever comes after it. */
  complaint?: string;
  /** The environment of the starts after it, when it is not the usual one. */
  env?: NodeJS.ProcessEnv;
  /** Starts as on later days, instead of `--once`: a version that dies must be given up by the host itself. */
  asService?: boolean;
}

/** The function for each kind of seed. */
export const faultsOf: Record<RunSeed['kind'], (seed: RunSeed, parts: Parts) => Promise<Faulted>> = {
  power: powerFails,
  kill: programIsKilled,
  service: serviceLosesProgram,
  error: callFails,
  disk: diskGivesOut,
  clock: clockIsWrong,
  network: (seed, parts) => networkMisbehaves(seed, parts, 'network'),
  proxy: (seed, parts) => networkMisbehaves(seed, parts, 'proxy'),
  release: releaseIsBad,
};

const limitMs = 90_000;
/** The time of a trial that is meant to hang. */
const shortWaits = { TrialTimeoutSeconds: 4, QualifyTimeoutSeconds: 4, HostTrialTimeoutSeconds: 6 };
/** Enough for the good release on a busy machine. A bad one may still be on trial. */
const laterWaits = { TrialTimeoutSeconds: 60, QualifyTimeoutSeconds: 60, HostTrialTimeoutSeconds: 60 };
const shortAnswers = { ReceiveTimeoutSeconds: 3, TransferTimeoutSeconds: 6 };
const usualAnswers = { ReceiveTimeoutSeconds: 30, TransferTimeoutSeconds: 600 };

export function hostStart({ lab }: Lane, more: Partial<HostStart> = {}): HostStart {
  return { command: [lab.node], env: lab.env, flags: ['--now', '--once'], limitMs, ...more };
}

const serviceMs = 12_000;

/** As a service the host goes on: it is stopped when the good version is the agent, or after `limitMs`. */
export function serviceStart(lane: Lane, folder: string, goal: Goal, more: Partial<HostStart>): HostStart {
  let watch: NodeJS.Timeout | undefined;
  let stopAt = performance.now() + serviceMs;
  const started: HostStart['started'] = ({ pid, ended }) => {
    watch = setInterval(() => {
      const status = statusOf(folder);
      // A trial is left to its end.
      if (status?.trial || status?.hostOnTrial) stopAt = performance.now() + serviceMs;
      if (!isUpdated(status, goal) && performance.now() < stopAt) return;
      clearInterval(watch);
      process.kill(pid, 'SIGTERM');
    }, 100);
    void ended.then(() => clearInterval(watch));
  };
  return hostStart(lane, { flags: [], limitMs: 120_000, started, ...more });
}

/** `FILESYSTEM/at/ROLE/CALL/N`, or `FILESYSTEM/random/N`. */
async function powerFails(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const { machine, lab, folder } = parts;
  const [name = '', how, role, call = '', when = ''] = seed.rest;
  const cutOff = 'the power went';
  if (how === 'random') {
    const ms = randomOf(seed.text).below(Math.ceil(lab.usualMs(seed.journey) * 1.5));
    let cut: Promise<boolean> = Promise.resolve(false);
    const started = ({ pid }: { pid: number }) => {
      cut = cutAfter(machine.folder, ms, pid).cut;
    };
    const end = await runHost(machine.folder, hostStart(parts, { started }));
    return { row: `power cut, ${name}, at a random time`, end, hit: await cut, cutOff };
  }
  const pipe = join(folder, 'trace');
  await runProgram(['mkfifo', pipe]);
  const cutter = cutWhenStopped(machine.folder, pipe);
  const start = traced(lab.tracer(seed.journey), roleOf(role), injecting(call, { signal: 'STOP' }, when, pipe));
  const started = ({ pid }: { pid: number }) => void cutter.cut.then(() => killGroup(pid));
  const end = await runHost(machine.folder, hostStart(parts, { ...start, started }));
  cutter.end();
  return { row: `power cut, ${name}, after a system call`, end, hit: await cutter.cut, cutOff };
}

/** `ROLE/CALL/N` */
async function programIsKilled(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const { end, hit } = await inject(seed, parts, { signal: 'KILL' });
  const [role] = seed.rest;
  return { row: `kill -9 of ${programNames[roleOf(role)]}, before a system call`, end, hit, cutOff: 'it was killed' };
}

/**
 * `ROLE/CALL/N`: a program of a host that runs as a service. Only its first start is killed. The host alone must start
 * it again.
 */
async function serviceLosesProgram(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const { machine, lab, folder } = parts;
  const [role, call = '', when = ''] = seed.rest;
  const output = join(folder, 'trace');
  const options = injecting(call, { signal: 'KILL' }, when, output);
  const start = traced(lab.tracer(seed.journey), roleOf(role), options, join(folder, 'traced'));
  const end = await runHost(
    machine.folder,
    serviceStart(parts, machine.folder, lab.journey(seed.journey).goal, { ...start, flags: ['--now'] }),
  );
  const row = `kill -9 of ${programNames[roleOf(role)]} once, while the host runs as a service`;
  return { row, end, hit: existsSync(output) && injectedMark.test(readFileSync(output, 'utf8')) };
}

/** `FILESYSTEM/full|readonly|dead/N` */
async function diskGivesOut(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const { machine, lab } = parts;
  const { disk, folder } = machine;
  const [name, what] = seed.rest;
  if (!disk) throw new Error(`${seed.text} has no disk of its own.`);
  const random = randomOf(seed.text);
  const ms = random.below(Math.ceil(lab.usualMs(seed.journey)));
  let late: Promise<unknown> = Promise.resolve();
  if (what === 'full') await disk.fill(random.below(mostBytesLeft));
  const started = () => {
    if (what === 'dead') late = breakAfter(folder, ms).cut;
    if (what === 'readonly') late = new Promise((resolve) => setTimeout(resolve, ms)).then(() => disk.makeReadOnly());
  };
  const end = await runHost(folder, hostStart(parts, { started }));
  await late;
  const words = { full: 'is full', readonly: 'becomes read-only', dead: 'dies' }[what ?? ''];
  // A dead disk keeps no log.
  return { row: `disk ${words}, ${name}`, end, hit: true, ...(what === 'dead' && { cutOff: 'its disk died' }) };
}

/** An update needs two to three times as much. */
const mostBytesLeft = 4 * 1024 * 1024;

/** `ROLE/CALL/N/ERRNO`, or `ROLE/CALL/N+/ERRNO` for that call and all after it. */
async function callFails(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const error = seed.rest[3] ?? '';
  const { end, hit } = await inject(seed, parts, { error });
  const lasts = seed.rest[2]?.endsWith('+') ? 'from one system call on' : 'in one system call';
  return { row: `${error} ${lasts}`, end, hit };
}

async function inject(seed: RunSeed, parts: Parts, what: Injection): Promise<{ end: HostEnd; hit: boolean }> {
  const [role, call = '', when = ''] = seed.rest;
  const output = join(parts.folder, 'trace');
  const start = traced(parts.lab.tracer(seed.journey), roleOf(role), injecting(call, what, when, output));
  const end = await runHost(parts.machine.folder, hostStart(parts, start));
  return { end, hit: existsSync(output) && injectedMark.test(readFileSync(output, 'utf8')) };
}

export const clockFaults = ['+10y', '-10y', 'jump +10y', 'jump -10y', 'stays +10y', 'stays -10y'] as const;

/**
 * `FAULT/N`: with N above 0, also killed at a random time. `jump`: the clock is set while the update runs. `stays`: it
 * is as wrong at the starts after it.
 */
async function clockIsWrong(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const { lab, folder, machine } = parts;
  const [fault = '', number] = seed.rest;
  const random = randomOf(seed.text);
  const usualMs = lab.usualMs(seed.journey);
  const shift = fault.split(' ').at(-1) ?? '';
  const file = join(folder, 'clock');
  writeFileSync(file, fault.startsWith('jump') ? '+0' : shift);
  const env = { ...lab.env, ...wrongClock(file) };
  const timers: NodeJS.Timeout[] = [];
  let host = 0;
  const started = ({ pid }: { pid: number }) => {
    host = pid;
    if (fault.startsWith('jump')) timers.push(setTimeout(() => writeFileSync(file, shift), random.below(usualMs)));
    if (number !== '0') timers.push(setTimeout(() => killGroup(pid), random.below(usualMs * 2)));
  };
  const end = await runHost(machine.folder, hostStart(parts, { env, started }));
  for (const timer of timers) clearTimeout(timer);
  // A killed program leaves behind what libfaketime shares between processes.
  for (const name of [`faketime_shm_${host}`, `sem.faketime_sem_${host}`])
    rmSync(join('/dev/shm', name), { force: true });
  const killed = end.exit === undefined ? { cutOff: 'it was killed' } : {};
  return { row: `clock ${fault}`, end, hit: true, ...killed, ...(fault.startsWith('stays') && { env }) };
}

/** libfaketime reads the shift from a file each time. Only the time of day is wrong, waits are as long as ever. */
export function wrongClock(file: string): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** `FAULT/N` for the N-th request alone, `FAULT/N+` for it and all after it. */
async function networkMisbehaves(seed: RunSeed, parts: Parts, way: 'network' | 'proxy'): Promise<Faulted> {
  const { machine, network, lab } = parts;
  const fault = networkFaults.find((one) => one === seed.rest[0]) as NetworkFault;
  const when = seed.rest[1] ?? '1';
  setWaits(machine.folder, shortAnswers);
  const { before, after } = lab.journey(seed.journey);
  // Only the proxy knows where that is. Agents ask for addresses of their own machine without any proxy.
  pointAt(machine.folder, way === 'network' ? network.url : 'http://wsus.faults.example');
  if (way === 'proxy') goThrough(machine.folder, network.url);
  network.leadTo({ now: after, older: before });
  network.set({ fault, from: Number.parseInt(when, 10), andAllAfter: when.endsWith('+'), random: randomOf(seed.text) });
  const end = await runHost(machine.folder, hostStart(parts));
  const hit = network.spoiled() > 0;
  network.set(undefined);
  setWaits(machine.folder, usualAnswers);
  if (way === 'network') pointAt(machine.folder, addressOf(after));
  return { row: `${way}: ${/^\d/.test(fault) ? `status ${fault}` : fault}`, end, hit };
}

/** `RELEASE/N`: tried one to four times, in some runs killed at a random time. Then the good one is published. */
async function releaseIsBad(seed: RunSeed, parts: Parts): Promise<Faulted> {
  const { machine, lab } = parts;
  const [name = '', number = '0'] = seed.rest;
  const random = randomOf(seed.text);
  const { bad, mended } = await lab.servers.withBad(name);
  pointAt(machine.folder, addressOf(bad));
  setWaits(machine.folder, shortWaits);
  const env = { ...lab.env, NODE_OPTIONS: '--max-old-space-size=64' };
  let killed = false;
  let end: HostEnd | undefined;
  for (let left = 1 + random.below(4); left > 0; left--) {
    makeDue(machine.folder);
    const ms = random.below(lab.usualMs(seed.journey) * 3);
    const isKilled = Number(number) % 2 === 1 && random.below(2) === 0;
    let timer: NodeJS.Timeout | undefined;
    const started = ({ pid }: { pid: number }) => {
      timer = setTimeout(() => killGroup(pid), isKilled ? ms : longestTrialMs);
    };
    end = await runHost(machine.folder, hostStart(parts, { env, flags: ['--once'], started, limitMs: 120_000 }));
    clearTimeout(timer);
    killed ||= isKilled && end.exit === undefined;
  }
  const isBad = isBadAgent(name, machine.folder);
  setWaits(machine.folder, laterWaits);
  pointAt(machine.folder, addressOf(mended));
  if (!end) throw new Error('A bad release was not tried at all.');
  const became = !badReleases.some((one) => one.name === name && one.qualifies) && isBad;
  return {
    ...{ row: `release: ${name}`, end, hit: true, asService: true },
    ...(killed && { cutOff: 'it was killed' }),
    ...(became && { complaint: 'the bad release became the agent' }),
  };
}

/** Whether a version or a host that must not stay has stayed. */
function isBadAgent(name: string, folder: string): boolean {
  const status = statusOf(folder);
  const version = badVersion(name);
  const isHost = badReleases.some((one) => one.name === name && one.isHost);
  if (isHost) return status?.hostVersion === version && !status.hostOnTrial;
  return status?.version === version && status.trial === undefined;
}

/** One that hangs after it qualified is ended as by an administrator who switches the machine off for the night. */
const longestTrialMs = 30_000;

const programNames: Record<Role, string> = {
  host: 'the host',
  old: 'the old version',
  new: 'the new version',
  newhost: 'the new host',
};

function roleOf(text: string | undefined): Role {
  const role = roles.find((one) => one === text);
  if (!role) throw new Error(`"${text}" is none of ${roles.join(', ')}.`);
  return role;
}
