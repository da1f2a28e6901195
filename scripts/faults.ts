// npm run faults: the built agent updates itself while power, disk, clock, network or release fail. After each fault the
// machine is started again and must come to the good version by itself. Exits 1 when one does not.
//   (nothing)         every run of the plan; goes on where it was broken off; writes docs/fault-injection.md
//   --only KIND       power, kill, service, error, disk, clock, network, proxy or release; may be given again
//   --runs N          only the first N of the plan, which is a fair sample of it
//   --sample SECONDS  as many as the time allows, for npm test
//   --replay SEED     one run, and all that the machine said in it
//   --seed TEXT       another order of the plan
//   --lanes N         runs at once (default: processors + 1)
//   --fresh           forget earlier results
//   --document        write the page also after fewer than 10,000 runs
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tableOf, writeDocument } from './faults/document.ts';
import { openHostileNetwork } from './faults/hostile-network.ts';
import { type Laboratory, openLaboratory } from './faults/laboratory.ts';
import { openResults, performAll } from './faults/lanes.ts';
import { type Performed, perform } from './faults/perform.ts';
import { planRuns } from './faults/plan.ts';
import { processorSeconds } from './faults/processes.ts';
import { type Kind, kinds, type RunResult } from './faults/run.ts';
import { type Abilities, findAbilities } from './faults/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const enoughForThePage = 10_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string' },
    sample: { type: 'string' },
    replay: { type: 'string' },
    seed: { type: 'string', default: 'moult' },
    lanes: { type: 'string', default: String(availableParallelism() + 1) },
    fresh: { type: 'boolean', default: false },
    document: { type: 'boolean', default: false },
  },
});

const unknown = (values.only ?? []).filter((name) => !kinds.some((kind) => kind === name));
if (unknown.length > 0) {
  console.error(`faults: no such kind: ${unknown.join(', ')}. There are ${kinds.join(', ')}.`);
  process.exit(2);
}

const abilities = await triedAbilities();
for (const sentence of abilities.missing) console.log(`NOT DONE HERE: ${sentence}`);
const lab = await openLaboratory();
try {
  process.exitCode = await (values.replay === undefined ? runPlan(lab, wanted(abilities)) : replay(lab, values.replay));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
await lab.close();
// Servers that were asked by programs that no longer live may keep connections.
process.exit();

async function triedAbilities(): Promise<Abilities> {
  const scratch = mkdtempSync(join(tmpdir(), 'moult-faults-try-'));
  try {
    return await findAbilities(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function wanted(abilities: Abilities): Kind[] {
  return abilities.kinds.filter((kind) => values.only === undefined || values.only.includes(kind));
}

async function replay(lab: Laboratory, seed: string): Promise<number> {
  const { good, older } = lab.servers;
  const network = await openHostileNetwork({ now: good, older });
  const { logs, ...result } = await perform(seed, { folder: join(lab.folder, 'replay'), lab, network });
  await network.close();
  console.log(`${logs}\n\n${JSON.stringify(result, undefined, 2)}`);
  return isFine(result) ? 0 : 1;
}

async function runPlan(lab: Laboratory, asked: readonly Kind[]): Promise<number> {
  const begun = performance.now();
  const { fileSystems } = abilities;
  const plan = await planRuns(lab, { kinds: asked, fileSystems }, values.seed);
  const isSample = values.sample !== undefined;
  const file = join(root, '.cache', 'faults', isSample ? `sample-${process.pid}` : 'results');
  if (values.fresh || isSample) rmSync(file, { force: true });
  mkdirSync(join(root, '.cache', 'faults'), { recursive: true });
  const results = openResults(file, lab.digest);
  const chosen = plan.slice(0, Number(values.runs ?? plan.length));
  const open = chosen.filter((seed) => !results.known.has(seed));
  console.log(`faults: ${plan.length} runs in the plan, ${open.length} to do, programs ${lab.digest}`);
  const report = progressOf(open.length);
  const processorBefore = processorSeconds();
  await performAll(open, lab, {
    busy: Number(values.lanes),
    waiting: 4,
    stop: stopped(),
    untilMs: isSample ? Number(values.sample) * 1000 : Number.POSITIVE_INFINITY,
    done: (result) => {
      results.add(result);
      report(result);
    },
  });
  const done = chosen.filter((seed) => results.known.has(seed)).length - (chosen.length - open.length);
  const each = (processorSeconds() - processorBefore) / Math.max(1, done);
  console.log(`faults: ${each.toFixed(2)} s of processor time a run`);
  const all = chosen.flatMap((seed) => results.known.get(seed) ?? []);
  summarize(all);
  if (isSample) rmSync(file, { force: true });
  const seconds = all.reduce((sum, { ms }) => sum + ms, 0) / 1000 / Number(values.lanes);
  const runs = all.filter(({ hit }) => hit).length;
  if (values.document || (runs >= enoughForThePage && values.only === undefined)) {
    const day = new Date().toISOString().slice(0, 10);
    const page = writeDocument({
      results: all,
      order: values.seed,
      planned: plan.length,
      seconds,
      digest: lab.digest,
      fileSystems,
      day,
    });
    writeFileSync(join(root, 'docs', 'fault-injection.md'), page);
    console.log('faults: docs/fault-injection.md is written');
  }
  console.log(`faults: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  return all.every(isFine) ? 0 : 1;
}

/** Broken off, the runs under way come to their end, and nothing stays mounted. */
function stopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log('faults: the runs under way come to their end');
      stop.abort();
    });
  }
  return stop.signal;
}

function isFine({ stranded, complaint }: RunResult): boolean {
  return stranded === undefined && complaint === undefined;
}

/** A line now and then, and one for each run that is not as it must be. */
function progressOf(total: number): (result: Performed) => void {
  const begun = performance.now();
  let done = 0;
  let told = begun;
  return (result) => {
    done += 1;
    if (!isFine(result))
      console.log(`${result.seed}: ${result.stranded ? `STRANDED ${result.stranded}` : result.complaint}`);
    const now = performance.now();
    if (now - told < 15_000) return;
    told = now;
    const perSecond = done / ((now - begun) / 1000);
    const leftMinutes = Math.ceil((total - done) / perSecond / 60);
    console.log(`faults: ${done} of ${total}, ${perSecond.toFixed(1)} a second, about ${leftMinutes} min left`);
  };
}

function summarize(results: readonly RunResult[]): void {
  const head = ['runs', 'new', 'old', 'hung', 'later', 'stranded', 'median s'];
  console.log(`\n${'fault'.padEnd(58)}${head.map((word) => word.padStart(9)).join('')}`);
  for (const { row, runs, updated, unchanged, hung, later, stranded, medianMs } of tableOf(results)) {
    const figures = [runs, updated, unchanged, hung, later, stranded, (medianMs / 1000).toFixed(1)];
    console.log(`${row.padEnd(58)}${figures.map((figure) => String(figure).padStart(9)).join('')}`);
  }
  const hits = results.filter(({ hit }) => hit);
  const stranded = hits.filter((result) => result.stranded !== undefined).length;
  const complaints = hits.filter(({ complaint }) => complaint !== undefined).length;
  const missed = results.length - hits.length;
  console.log(
    `\nfaults: ${hits.length} runs, ${stranded} stranded, ${complaints} with something else wrong; ` +
      `${missed} more were done before their fault came`,
  );
}
