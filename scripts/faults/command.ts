// The work of `npm run faults`, as a function: the tests call it with a laboratory of theirs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tableOf, writeDocument } from './document.ts';
import { openHostileNetwork } from './hostile-network.ts';
import { type Laboratory, openLaboratory } from './laboratory.ts';
import { openResults, performAll } from './lanes.ts';
import { type Performed, perform } from './perform.ts';
import { planRuns } from './plan.ts';
import { processorSeconds } from './processes.ts';
import { type Kind, kinds, type RunResult } from './run.ts';
import { type Abilities, findAbilities } from './tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const enoughForThePage = 10_000;
/** Of these walks `npm test` takes a sample. */
const walks = [
  'packages/agent/test/kill.test.ts',
  'packages/agent/test/recovery.test.ts',
  'packages/agent/test/wine-update.test.ts',
];

/** `lab`: a laboratory that is open already and stays open. Answers the exit code. */
export async function runFaults(args: string[], say: (line: string) => void, lab?: Laboratory): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true },
      runs: { type: 'string' },
      sample: { type: 'string' },
      replay: { type: 'string' },
      seed: { type: 'string', default: 'moult' },
      lanes: { type: 'string', default: String(availableParallelism() + 1) },
      fresh: { type: 'boolean', default: false },
      document: { type: 'boolean', default: false },
      walks: { type: 'boolean', default: false },
    },
  });
  const unknown = (values.only ?? []).filter((name) => !kinds.some((kind) => kind === name));
  if (unknown.length > 0) {
    say(`faults: no such kind: ${unknown.join(', ')}. There are ${kinds.join(', ')}.`);
    return 2;
  }
  if (values.walks) return walkAll();
  const abilities = await triedAbilities();
  for (const sentence of abilities.missing) say(`NOT DONE HERE: ${sentence}`);
  const own = lab ? undefined : await openLaboratory();
  const at = lab ?? (own as Laboratory);
  try {
    if (values.replay !== undefined) return await replay(at, values.replay, say);
    return await runPlan(at, abilities, { ...values, lanes: Number(values.lanes) }, say);
  } finally {
    await own?.close();
  }
}

/** Every step of the walks that tests take. */
function walkAll(): number {
  const env = { ...process.env, TEST_WALK: 'all', TEST_FILE_MINUTES: '120' };
  const { status } = spawnSync(process.execPath, ['--test', ...walks], { cwd: root, stdio: 'inherit', env });
  return status ?? 1;
}

async function triedAbilities(): Promise<Abilities> {
  const scratch = mkdtempSync(join(tmpdir(), 'moult-faults-try-'));
  try {
    return await findAbilities(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function replay(lab: Laboratory, seed: string, say: (line: string) => void): Promise<number> {
  const { good, older } = lab.servers;
  const network = await openHostileNetwork({ now: good, older });
  try {
    const { logs, ...result } = await perform(seed, { folder: join(lab.folder, 'lanes', 'replay'), lab, network });
    say(`${logs}\n\n${JSON.stringify(result, undefined, 2)}`);
    return isFine(result) ? 0 : 1;
  } finally {
    await network.close();
  }
}

interface Asked {
  only?: string[] | undefined;
  runs?: string | undefined;
  sample?: string | undefined;
  seed: string;
  lanes: number;
  fresh: boolean;
  document: boolean;
}

async function runPlan(
  lab: Laboratory,
  { kinds: possible, fileSystems }: Abilities,
  asked: Asked,
  say: (line: string) => void,
): Promise<number> {
  const begun = performance.now();
  const wanted = possible.filter((kind: Kind) => asked.only === undefined || asked.only.includes(kind));
  const plan = await planRuns(lab, { kinds: wanted, fileSystems }, asked.seed);
  const isSample = asked.sample !== undefined;
  const file = join(root, '.cache', 'faults', isSample ? `sample-${process.pid}` : 'results');
  if (asked.fresh || isSample) rmSync(file, { force: true });
  mkdirSync(join(root, '.cache', 'faults'), { recursive: true });
  const results = openResults(file, lab.digest);
  const chosen = plan.slice(0, Number(asked.runs ?? plan.length));
  const open = chosen.filter((seed) => !results.known.has(seed));
  say(`faults: ${plan.length} runs in the plan, ${open.length} to do, programs ${lab.digest}`);
  const report = progressOf(open.length, say);
  const processorBefore = processorSeconds();
  const stop = stopped(say);
  await performAll(open, lab, {
    busy: asked.lanes,
    waiting: 4,
    stop: stop.signal,
    untilMs: isSample ? Number(asked.sample) * 1000 : Number.POSITIVE_INFINITY,
    say,
    done: (result) => {
      results.add(result);
      report(result);
    },
  });
  stop.forget();
  const done = chosen.filter((seed) => results.known.has(seed)).length - (chosen.length - open.length);
  const each = (processorSeconds() - processorBefore) / Math.max(1, done);
  say(`faults: ${each.toFixed(2)} s of processor time a run`);
  const all = chosen.flatMap((seed) => results.known.get(seed) ?? []);
  for (const line of summaryOf(all)) say(line);
  if (isSample) rmSync(file, { force: true });
  const seconds = all.reduce((sum, { ms }) => sum + ms, 0) / 1000 / asked.lanes;
  const runs = all.filter(({ hit }) => hit).length;
  if (asked.document || (runs >= enoughForThePage && asked.only === undefined)) {
    const day = new Date().toISOString().slice(0, 10);
    const planned = plan.length;
    const page = writeDocument({
      ...{ results: all, order: asked.seed, planned, seconds, digest: lab.digest, fileSystems, day },
    });
    writeFileSync(join(root, 'docs', 'fault-injection.md'), page);
    say('faults: docs/fault-injection.md is written');
  }
  say(`faults: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  return all.every(isFine) ? 0 : 1;
}

/** Broken off, the runs under way come to their end, and nothing stays mounted. */
function stopped(say: (line: string) => void): { signal: AbortSignal; forget(): void } {
  const stop = new AbortController();
  const heard = () => {
    say('faults: the runs under way come to their end');
    stop.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, heard);
  return {
    signal: stop.signal,
    forget() {
      for (const signal of signals) process.off(signal, heard);
    },
  };
}

function isFine({ stranded, complaint }: RunResult): boolean {
  return stranded === undefined && complaint === undefined;
}

/** A line now and then, and one for each run that is not as it must be. */
function progressOf(total: number, say: (line: string) => void): (result: Performed) => void {
  const begun = performance.now();
  let done = 0;
  let told = begun;
  return (result) => {
    done += 1;
    if (!isFine(result)) say(`${result.seed}: ${result.stranded ? `STRANDED ${result.stranded}` : result.complaint}`);
    const now = performance.now();
    if (now - told < 15_000) return;
    told = now;
    const perSecond = done / ((now - begun) / 1000);
    const leftMinutes = Math.ceil((total - done) / perSecond / 60);
    say(`faults: ${done} of ${total}, ${perSecond.toFixed(1)} a second, about ${leftMinutes} min left`);
  };
}

function summaryOf(results: readonly RunResult[]): string[] {
  const head = ['runs', 'new', 'old', 'hung', 'later', 'stranded', 'median s'];
  const rows = tableOf(results).map(({ row, runs, updated, unchanged, hung, later, stranded, medianMs }) => {
    const figures = [runs, updated, unchanged, hung, later, stranded, (medianMs / 1000).toFixed(1)];
    return `${row.padEnd(58)}${figures.map((figure) => String(figure).padStart(9)).join('')}`;
  });
  const hits = results.filter(({ hit }) => hit);
  const stranded = hits.filter((result) => result.stranded !== undefined).length;
  const complaints = hits.filter(({ complaint }) => complaint !== undefined).length;
  const missed = results.length - hits.length;
  return [
    `\n${'fault'.padEnd(58)}${head.map((word) => word.padStart(9)).join('')}`,
    ...rows,
    `\nfaults: ${hits.length} runs, ${stranded} stranded, ${complaints} with something else wrong; ` +
      `${missed} more were done before their fault came`,
  ];
}
