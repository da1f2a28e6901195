// Performs one run: the fault of its seed on a copy of a machine. Then it starts the machine without the fault. The run
// ends when the machine has come to the good version or has shown that it cannot.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FileSystemName, fileSystems, mountImage } from './image.ts';
import {
  type Faulted,
  faultsOf,
  hostStart,
  type Lane,
  type PlacedMachine,
  serviceStart,
  wrongClock,
} from './inflict.ts';
import {
  type Goal,
  type HostEnd,
  isUpdated,
  logsOf,
  makeDue,
  reasonGiven,
  runHost,
  statusOf,
  strayVersions,
} from './machine.ts';
import { parseSeed, type RunResult, type RunSeed } from './run.ts';

export interface Performed extends RunResult {
  /** The logs of the machine, for a replay. */
  logs: string;
}

/** Runs the seed `text` in `lane`. Throws only when the laboratory itself does not work. */
export async function perform(text: string, lane: Lane): Promise<Performed> {
  const seed = parseSeed(text);
  const started = performance.now();
  const { goal } = lane.lab.journey(seed.journey);
  rmSync(lane.folder, { recursive: true, force: true });
  lane.lab.makeRoom(lane.folder);
  const machine = await placeMachine(seed, lane);
  try {
    const faulted = await faultsOf[seed.kind](seed, { ...lane, machine });
    await machine.restart();
    const left = isUpdated(statusOf(machine.folder), goal) ? 'new' : 'old';
    const said = left === 'new' ? '' : (faulted.cutOff ?? reasonOf(machine.folder, faulted.end));
    const recovery = faulted.hit ? await recover(machine.folder, lane, goal, faulted) : { starts: 0 };
    return {
      ...{ seed: text, row: faulted.row, hit: faulted.hit, left, reason: said, hung: faulted.end.hung },
      ...recovery,
      ...complaintOf(faulted, left, said, machine.folder, recovery),
      ms: Math.round(performance.now() - started),
      logs: `${logsOf(machine.folder)}\n${faulted.end.stderr}`,
    };
  } finally {
    await machine.close();
    rmSync(lane.folder, { recursive: true, force: true });
  }
}

async function placeMachine({ kind, journey, rest }: RunSeed, { folder, lab }: Lane): Promise<PlacedMachine> {
  if (kind === 'power' || kind === 'disk') {
    const name = fileSystemOf(rest[0]);
    const disk = await mountImage(name, await lab.image(journey, name), join(folder, 'image'));
    return { folder: disk.folder, disk, restart: () => disk.restart(), close: () => disk.close() };
  }
  const machine = join(folder, 'machine');
  cpSync(await lab.template(journey), machine, { recursive: true });
  return {
    folder: machine,
    restart: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const mostStarts = 3;
/** A version that qualified and then never finishes a detection gives way at the sixth start. */
const mostServiceStarts = 8;

/** Starts without the fault, each as if it were the next day, until the good version is the agent. */
async function recover(
  folder: string,
  lane: Lane,
  goal: Goal,
  { asService = false, env = lane.lab.env }: Faulted,
): Promise<{ starts: number; stranded?: string }> {
  let why = '';
  const most = asService ? mostServiceStarts : mostStarts;
  for (let starts = 1; starts <= most; starts++) {
    try {
      makeDue(folder);
    } catch (error) {
      return { starts: starts - 1, stranded: `the registry cannot be used: ${String(error)}` };
    }
    const day = { env: { ...env, ...laterBy(starts - 1, lane.folder) } };
    const end = await runHost(
      folder,
      asService
        ? serviceStart(lane, folder, goal, day)
        : hostStart(lane, { ...day, flags: ['--once'], limitMs: 120_000 }),
    );
    const status = statusOf(folder);
    if (isUpdated(status, goal) && status?.running === undefined && (asService || end.exit === 0)) {
      return { starts };
    }
    why = `exit ${end.exit}${end.hung ? ' (hung)' : ''}, version ${status?.version ?? 'unknown'}, host ${status?.hostVersion ?? 'unknown'}, ${reasonOf(folder, end)}`;
  }
  return { starts: most, stranded: `after ${most} starts: ${why}` };
}

/** The clock of a later day: what failed again and again is tried once a day. Linux alone has libfaketime. */
function laterBy(days: number, folder: string): NodeJS.ProcessEnv {
  if (days === 0 || process.platform !== 'linux') return {};
  const file = join(folder, 'later-clock');
  writeFileSync(file, `+${days * 25}h`);
  return wrongClock(file);
}

/** The last resort of a machine that can write nothing is the exit code: the system's log of services has it. */
function reasonOf(folder: string, { stderr, hung, exit }: HostEnd): string {
  const line = stderr.split('\n').find((one) => /error|cannot|fail|^AGENT_/i.test(one));
  const said =
    reasonGiven(folder) ||
    line ||
    (exit === 0 ? '' : `the host ended with ${exit === undefined ? 'a signal' : `exit code ${exit}`}`);
  return hung ? `it hung until the restart; ${said}` : said;
}

function complaintOf(
  { end, hit, complaint }: Faulted,
  left: RunResult['left'],
  reason: string,
  folder: string,
  recovery: { stranded?: string },
): { complaint?: string } {
  if (!hit) return {};
  if (complaint !== undefined) return { complaint };
  if (end.leftRunning) return { complaint: 'a program outlived its host' };
  if (left === 'old' && reason === '') return { complaint: 'no reason was given' };
  const status = statusOf(folder);
  const stray = status && recovery.stranded === undefined ? strayVersions(folder, status) : [];
  return stray.length === 0 ? {} : { complaint: `folders left over: ${stray.join(', ')}` };
}

function fileSystemOf(text: string | undefined): FileSystemName {
  if (text !== undefined && text in fileSystems) return text as FileSystemName;
  throw new Error(`"${text}" is none of ${Object.keys(fileSystems).join(', ')}.`);
}
