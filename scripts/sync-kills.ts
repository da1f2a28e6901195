// Kills `moult sync now` with SIGKILL at random points, and starts it again until it is done. Then it compares the
// catalog with that of an undisturbed run. Of the undisturbed run, and of a second one with nothing new, it prints calls,
// processor time and memory.
//   node scripts/sync-kills.ts [--kills 1000] [--updates 25000] [--huge-mib 47] [--minutes 60] [--seed 1]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createUpstreamServer,
  listen,
  simulatedCatalog,
  simulatedClassifications,
  simulatedProduct,
} from '../packages/simulator/src/index.ts';
import { openStore } from '../packages/store/src/index.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    updates: { type: 'string', default: '25000' },
    'huge-mib': { type: 'string', default: '0' },
    minutes: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
});
const [kills, updates, seed] = [values.kills, values.updates, values.seed].map(Number) as [number, number, number];
const until = performance.now() + Number(values.minutes) * 60_000;
const now = () => new Date();
const products = 5;
/** A kill each few seconds: a slow undisturbed run must not make them rare. */
const longestWaitMs = 5000;
let state = seed;
let spent: ReturnType<typeof usageOf>;
const program = join(fileURLToPath(new URL('..', import.meta.url)), 'packages', 'cli', 'bin', 'moult.js');
const catalog = simulatedCatalog({
  ...{ products, updates, from: new Date(Date.now() - (updates + 1000) * 1000) },
  hugeCharacters: Number(values['huge-mib']) * 1_000_000,
});
const upstream = createUpstreamServer({ kind: 'microsoft', now, updates: catalog });
const listening = await listen(upstream);
const folder = mkdtempSync(join(tmpdir(), 'moult-sync-kills-'));

try {
  const undisturbed = await prepare('undisturbed');
  const began = performance.now();
  const code = await sync(undisturbed, undefined);
  if (code !== 0) throw new Error(`the undisturbed run ended with ${code}`);
  const wholeMs = performance.now() - began;
  const expected = await hashOf(undisturbed);
  console.log(`undisturbed: ${(wholeMs / 1000).toFixed(1)} s, ${told()}`);
  if ((await sync(undisturbed, undefined)) !== 0) throw new Error('the run with nothing new failed');
  console.log(`nothing new: ${upstream.calls.map(({ operation }) => operation).join(', ')}: ${told()}`);
  let done = 0;
  for (let round = 1; done < kills && performance.now() < until; round++) {
    const disturbed = await prepare(`round-${round}`);
    let ended = false;
    while (!ended) {
      const waitMs = done < kills ? 300 + random() * Math.min(wholeMs * 0.4, longestWaitMs) : undefined;
      const result = await sync(disturbed, waitMs);
      ended = result === 0;
      if (result === null) done++;
      else if (!ended) throw new Error(`a run ended with ${result} after ${done} kills`);
    }
    const found = await hashOf(disturbed);
    if (found !== expected) throw new Error(`another catalog after ${done} kills (seed ${seed}, round ${round})`);
    console.log(`round ${round}: the same catalog after ${done} kills`);
    upstream.calls.length = 0;
    rmSync(disturbed, { recursive: true, force: true });
  }
} finally {
  await listening.close();
  rmSync(folder, { recursive: true, force: true });
}

async function prepare(name: string): Promise<string> {
  const directory = join(folder, name);
  mkdirSync(directory);
  const store = await openStore(join(directory, 'moult.sqlite'), { now });
  const add = [
    ...Array.from({ length: products }, (_, at) => ({ kind: 'product' as const, id: simulatedProduct(at) })),
    ...Object.values(simulatedClassifications).map((id) => ({ kind: 'classification' as const, id })),
  ];
  await store.changeSyncChoices({ add, remove: [] }, { name: 'test', at: now() });
  await store.close();
  return directory;
}

function sync(directory: string, killAfterMs: number | undefined): Promise<number | null> {
  const args = ['sync', 'now', '--data-dir', directory, '--upstream', listening.url];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const usage = setInterval(() => {
    spent = usageOf(child.pid) ?? spent;
  }, 50);
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) =>
    child.once('exit', (code) => {
      clearTimeout(timer);
      clearInterval(usage);
      resolve(code);
    }),
  );
}

/** Processor seconds and the largest memory in MB so far, where the system tells them (Linux). */
function usageOf(pid: number | undefined): { seconds: number; megabytes: number } | undefined {
  try {
    // Behind the name, fields 12 and 13 are user and system time, in hundredths of a second.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const [, peak] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    if (peak === undefined) return undefined;
    return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, megabytes: Number(peak) / 1024 };
  } catch {
    return undefined;
  }
}

/** The calls since the last time, and what the last run took. */
function told(): string {
  const calls = upstream.calls.splice(0);
  const data = calls.filter(({ operation }) => operation === 'GetUpdateData').length;
  const took = spent && `, ${spent.seconds.toFixed(1)} s of processor time, ${Math.round(spent.megabytes)} MB at most`;
  return `${calls.length} calls, ${data} of them for data${took ?? ''}`;
}

async function hashOf(directory: string): Promise<string> {
  const store = await openStore(join(directory, 'moult.sqlite'), { now });
  const lines: string[] = [];
  for (let after = 0; ; ) {
    const page = await store.loadDocumentsAfter(after, 500);
    lines.push(...page.map(({ document }) => createHash('sha256').update(document).digest('hex')));
    if (page.length < 500) break;
    after = page.at(-1)?.revisionId ?? after;
  }
  await store.close();
  if (lines.length !== catalog.length) throw new Error(`${lines.length} revisions of ${catalog.length}`);
  return createHash('sha256').update(lines.sort().join()).digest('hex');
}

/** The same numbers for the same seed. */
function random(): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return state / 0x7fffffff;
}
