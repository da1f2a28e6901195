// The parts that all runs share: built programs, the real server in several states of its life, and machines from
// before the update. Built once. A run copies the parts that it changes.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installAgent, machineRoot } from '@moult/agent';
import { buildAgent, buildHost, hostRelease } from '../build.ts';
import { alterRelease } from './bad-releases.ts';
import { type FileSystemName, makeImage } from './image.ts';
import { addressOf, type Goal, isUpdated, pointAt, runHost, statusOf } from './machine.ts';
import { type JourneyName, rolesOf } from './run.ts';
import { openServers, type ServerLives } from './servers.ts';
import { type Point, pointsIn, recorded, type TracerParts, writeTracer } from './tracer.ts';

export interface Journey {
  name: JourneyName;
  from: string;
  generation: 'sus' | 'wsus';
  goal: Goal;
  /** The server that the machine was installed from, and the same one with what is new. */
  before: URL;
  after: URL;
}

/** The version that every machine must come to. Between it and `from` lie the bad ones. */
export const goodVersion = '7.9.9.0';
const oldVersions = { first: '5.4.0.1', next: '7.9.0.1', host: goodVersion } as const;

export interface LaboratoryOptions {
  /** Changes the built host before it is installed: to see that the faults find what is wrong with it. */
  alterHost?(program: string): string;
  /** Whose servers and builds are used too. It must stay open as long. */
  beside?: Laboratory;
}

export interface Laboratory {
  folder: string;
  node: string;
  env: NodeJS.ProcessEnv;
  /** SHA-256 of the programs under test. */
  digest: string;
  journey(name: JourneyName): Journey;
  /** A machine of the journey before its update: a folder to be copied. */
  template(name: JourneyName): Promise<string>;
  /** The same as an image of a file system. */
  image(name: JourneyName, fileSystem: FileSystemName): Promise<string>;
  /** A folder for a machine at `<folder>/machine`, whose programs need not be compiled again. */
  makeRoom(folder: string): void;
  tracer(name: JourneyName): TracerParts;
  /** How long the update takes when nothing happens. Known once there is a template. */
  usualMs(name: JourneyName): number;
  /** Every file call of the update, program by program. */
  points(name: JourneyName): Promise<Point[]>;
  servers: ServerLives;
  /** The builds: `installed/`, `good/` and `whole/`. */
  releases: string;
  close(): Promise<void>;
}

/** Builds everything below a scratch folder of its own. */
export async function openLaboratory({ alterHost, beside }: LaboratoryOptions = {}): Promise<Laboratory> {
  const folder = mkdtempSync(join(roomyFolder(), 'moult-faults-'));
  mkdirSync(join(folder, compileCache));
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // Beside each machine, so that the same program has the same name in it on all machines.
    ...{ NODE_COMPILE_CACHE: compileCache, NODE_COMPILE_CACHE_PORTABLE: '1' },
  };
  // This machine's own way to the network is not the machine's under test.
  for (const name of Object.keys(env)) if (/^(node_options|.*_proxy)$/i.test(name)) delete env[name];
  const releases = beside?.releases ?? (await buildReleases(join(folder, 'releases')));
  const installed = join(folder, 'installed');
  cpSync(join(releases, 'installed'), installed, { recursive: true });
  const hostFolder = join(installed, 'host', hostRelease);
  if (alterHost) alterRelease(hostFolder, alterHost);
  writeTracer(folder);
  const servers =
    beside?.servers ??
    (await openServers(join(folder, 'servers'), releases, { old: oldVersions.next, good: goodVersion }));
  const lab: Shared = { folder, node: process.execPath, env, servers };
  const usual = new Map<JourneyName, number>();
  const templates = new Map<JourneyName, Promise<string>>();
  const template = (name: JourneyName) =>
    once(templates, name, async () => {
      usual.set(name, await prepare(lab, name, installed));
      return templateOf(folder, name);
    });
  const points = new Map<JourneyName, Promise<Point[]>>();
  const images = new Map<string, Promise<string>>();
  return {
    ...lab,
    releases,
    digest: digestOf([
      join(hostFolder, 'host.mjs'),
      join(releases, 'good', 'wsus', goodVersion, 'agent.mjs'),
      join(releases, 'whole', 'host', goodVersion, 'host.mjs'),
    ]),
    journey: (name) => journey(servers, name),
    template,
    makeRoom: (at) => makeRoom(folder, at),
    image: (name, fileSystem) =>
      once(images, `${name}-${fileSystem}`, async () => {
        const at = join(folder, 'images', name);
        mkdirSync(at, { recursive: true });
        return makeImage(fileSystem, at, await template(name), (disk) => linkCompileCache(folder, disk));
      }),
    tracer: (name) => tracerOf(lab, name),
    usualMs: (name) => usual.get(name) ?? 1000,
    points: (name) => once(points, name, async () => recordPoints(lab, name, await template(name))),
    async close() {
      await Promise.allSettled([...templates.values(), ...points.values(), ...images.values()]);
      if (!beside) await servers.close();
      try {
        rmSync(folder, { recursive: true, force: true });
      } catch (error) {
        console.error(`${folder} cannot be removed: ${String(error)}`);
      }
    },
  };
}

type Shared = Pick<Laboratory, 'folder' | 'node' | 'env' | 'servers'>;

const compileCache = 'compile-cache';

/** Answers its folder. */
async function buildReleases(releases: string): Promise<string> {
  const installed = join(releases, 'installed');
  await Promise.all([
    buildAgent(installed, 'sus', oldVersions.first),
    buildAgent(installed, 'wsus', oldVersions.next),
    buildHost(installed),
    buildAgent(installed, 'wsus', goodVersion),
    buildAgent(join(releases, 'good'), 'wsus', goodVersion),
    buildHost(join(releases, 'whole'), goodVersion),
  ]);
  cpSync(join(releases, 'good'), join(releases, 'whole'), { recursive: true });
  return releases;
}

function makeRoom(labFolder: string, at: string): void {
  mkdirSync(at, { recursive: true });
  linkCompileCache(labFolder, at);
}

function linkCompileCache(labFolder: string, at: string): void {
  symlinkSync(join(labFolder, compileCache), join(at, compileCache));
}

function journey({ older, good, whole }: ServerLives, name: JourneyName): Journey {
  const isHost = name === 'host';
  return {
    ...{ name, from: oldVersions[name], generation: name === 'first' ? 'sus' : 'wsus' },
    goal: { version: goodVersion, hostVersion: isHost ? goodVersion : hostRelease },
    ...(isHost ? { before: good, after: whole } : { before: older, after: good }),
  };
}

function templateOf(folder: string, name: JourneyName): string {
  return join(folder, 'templates', name, 'machine');
}

function tracerOf({ folder, node, env }: Shared, name: JourneyName): TracerParts {
  return { folder, node, env, versions: { old: oldVersions[name], new: goodVersion } };
}

/** Answers how long an undisturbed update takes. */
async function prepare(lab: Shared, name: JourneyName, releaseFolder: string): Promise<number> {
  const { folder, node, env, servers } = lab;
  const template = templateOf(folder, name);
  makeRoom(folder, dirname(template));
  const { from, generation, before, after } = journey(servers, name);
  await installAgent(machineRoot(template), {
    server: addressOf(before),
    generation,
    version: from,
    releaseFolder,
    operatorCertificate: servers.operatorCertificate,
    os: 'XP',
    architecture: 'x86',
    language: 'en',
  });
  // A machine that has worked for a while. The SUS client becomes another at once.
  if (name !== 'first') await runHost(template, { command: [node], env, flags: ['--now', '--once'], limitMs: 60_000 });
  pointAt(template, addressOf(after));
  // Twice: the first one fills the compile cache.
  let tookMs = 0;
  for (const _ of [1, 2]) tookMs = await rehearse(lab, name);
  return tookMs;
}

async function rehearse({ folder, node, env, servers }: Shared, name: JourneyName): Promise<number> {
  const at = join(folder, 'rehearsals', name);
  const machine = join(at, 'machine');
  makeRoom(folder, at);
  cpSync(templateOf(folder, name), machine, { recursive: true });
  const started = performance.now();
  const end = await runHost(machine, { command: [node], env, flags: ['--now', '--once'], limitMs: 120_000 });
  const tookMs = performance.now() - started;
  const status = statusOf(machine);
  rmSync(at, { recursive: true, force: true });
  if (!isUpdated(status, journey(servers, name).goal)) {
    throw new Error(
      `The update does not work without any fault: exit ${end.exit}, ${JSON.stringify(status)} ${end.stderr}`,
    );
  }
  return tookMs;
}

async function recordPoints(lab: Shared, name: JourneyName, template: string): Promise<Point[]> {
  const at = join(lab.folder, 'recorded', name);
  const [machine, records] = [join(at, 'machine'), join(at, 'records')];
  makeRoom(lab.folder, at);
  mkdirSync(records);
  cpSync(template, machine, { recursive: true });
  const start = recorded(tracerOf(lab, name), join(records, 'thread'));
  await runHost(machine, { ...start, flags: ['--now', '--once'], limitMs: 120_000 });
  const { goal } = journey(lab.servers, name);
  if (!isUpdated(statusOf(machine), goal)) throw new Error(`The update "${name}" does not work under strace.`);
  const points = pointsIn(records, machine, tracerOf(lab, name).versions);
  rmSync(at, { recursive: true, force: true });
  const silent = rolesOf[name].filter((role) => !points.some((point) => point.role === role));
  if (silent.length > 0) throw new Error(`Nothing of ${silent.join(', ')} is in the record of the update "${name}".`);
  return points;
}

/** In memory where there is room: a run writes for the fault, not for the disk. */
function roomyFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > 2 * 1024 ** 3) return '/dev/shm';
  } catch {
    // No such folder here.
  }
  return tmpdir();
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(existsSync(file) ? readFileSync(file) : '');
  return hash.digest('hex').slice(0, 16);
}

function once<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
