// A minute of fault injection in each run of the tests, and that it would find what is wrong.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runFaults } from './faults/command.ts';
import { tableOf, writeDocument } from './faults/document.ts';
import { openHostileNetwork } from './faults/hostile-network.ts';
import { cutAfter, makeImage, mountImage } from './faults/image.ts';
import { goodVersion, type Laboratory, openLaboratory } from './faults/laboratory.ts';
import { type Performed, perform } from './faults/perform.ts';
import { planRuns } from './faults/plan.ts';
import { startGroup } from './faults/processes.ts';
import { kinds, parseSeed, type RunResult } from './faults/run.ts';
import { findAbilities } from './faults/tools.ts';

const scratch = mkdtempSync(join(tmpdir(), 'moult-faults-test-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const abilities = await findAbilities(scratch);
let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

it('a sample of a minute strands no machine', async (test) => {
  for (const sentence of abilities.missing) test.diagnostic(`NOT DONE HERE: ${sentence}`);
  const said: string[] = [];
  assert.equal(await runFaults(['--sample', '60'], (line) => said.push(line), lab), 0, said.join('\n'));
  const [, runs = '0'] = /(\d+) runs, 0 stranded/.exec(said.join('\n')) ?? [];
  assert.ok(Number(runs) >= 5, said.join('\n'));
  test.diagnostic(`${runs} runs`);
});

describe('the faults find', () => {
  let careless: Laboratory;
  before(async () => {
    careless = await openLaboratory({
      beside: lab,
      alterHost: (program) => {
        const place = 'function isAlive(holder){';
        assert.ok(program.includes(place), 'the host no longer decides there whether a lock is held');
        return program.replace(place, `${place}return true;`);
      },
    });
  });
  after(() => careless.close());

  it('nothing wrong with the host as it is, when it is killed while it holds its lock', async () => {
    const result = await performIn(lab, await killOfTheHost(lab));
    assert.deepEqual([result.hit, result.stranded, result.complaint], [true, undefined, undefined], result.logs);
  });

  it('a host that takes the lock of a dead one for held: it strands the machine', async () => {
    const result = await performIn(careless, await killOfTheHost(careless));
    assert.ok(result.hit);
    assert.match(result.stranded ?? '', /after 3 starts: exit 2/);
  });

  it('the same with the same seed', async () => {
    const points = await lab.points('next');
    const rename = points.find(({ role, call }) => role === 'new' && call === 'rename');
    const seed = `error/next/new/rename/${rename?.number}/EIO`;
    const [one, other] = [await performIn(lab, seed), await performIn(lab, seed)];
    const story = ({ hit, left, row, starts }: Performed) => ({ hit, left, row, starts });
    assert.deepEqual(story(one), story(other));
    assert.ok(one.hit);
  });

  it('each file call of each program, and each kind of fault, in the plan', async () => {
    const { fileSystems } = abilities;
    const plan = await planRuns(lab, { kinds, fileSystems }, 'any');
    assert.ok(plan.length > 10_000, String(plan.length));
    assert.equal(new Set(plan).size, plan.length, 'no run is planned twice');
    const points = await lab.points('next');
    for (const { role, call, number } of points) assert.ok(plan.includes(`kill/next/${role}/${call}/${number}`));
    const sample = plan.slice(0, 200).map((seed) => parseSeed(seed).kind);
    for (const kind of abilities.kinds) assert.ok(sample.includes(kind), `${kind} is in any beginning of the plan`);
  });

  async function killOfTheHost(at: Laboratory): Promise<string> {
    const points = await at.points('next');
    const locked = points.findIndex(({ role, call }) => role === 'host' && call === 'link');
    const next = points.slice(locked).find(({ call }) => call === 'write');
    assert.ok(next, 'the host writes after it has taken its lock');
    return `kill/next/host/write/${next.number}`;
  }

  async function performIn(at: Laboratory, seed: string): Promise<Performed> {
    const { good, older } = at.servers;
    const network = await openHostileNetwork({ now: good, older });
    try {
      return await perform(seed, { folder: join(at.folder, 'lanes', 'test'), lab: at, network });
    } finally {
      await network.close();
    }
  }
});

describe('a program of a run', () => {
  it('is heard to its last word, also when its end is known before', async () => {
    const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    // Ends and is handled while this process is busy: whoever handles it learns of all ends, and has read no pipe since.
    using other = spawn('echo', ['x']);
    other.stdout.once('data', () => block(600));
    const group = startGroup(['sh', '-c', 'sleep 0.3; echo last words >&2'], process.env);
    setTimeout(() => block(150), 0);
    assert.deepEqual([await group.ended, await group.stderr()], [0, 'last words']);
  });
});

describe('a power cut', () => {
  for (const name of abilities.fileSystems) {
    it(`on ${name} takes what was not synced, and leaves what was`, async () => {
      const content = join(scratch, `content-${name}`);
      mkdirSync(content);
      writeFileSync(join(content, 'before'), 'before');
      const folder = join(scratch, name);
      mkdirSync(folder);
      const image = await makeImage(name, folder, content);
      const mounted = await mountImage(name, image, join(folder, 'mounted'));
      const write = (file: string, sync: string) =>
        `fs.writeFileSync('${join(mounted.folder, file)}', '${file}'); ${sync}`;
      const sync = `for (const at of ['${join(mounted.folder, 'synced')}', '${mounted.folder}']) { const h = fs.openSync(at); fs.fsyncSync(h); }`;
      const program = `const fs = require('fs'); ${write('synced', sync)} ${write('unsynced', '')} setInterval(() => 0, 1000);`;
      const group = startGroup([process.execPath, '-e', program], process.env);
      for (; !existsSync(join(mounted.folder, 'unsynced')); ) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await cutAfter(mounted.folder, 10, group.pid).cut, true);
      await group.ended;
      await mounted.restart();
      const read = (file: string) => readFileSync(join(mounted.folder, file), 'utf8');
      assert.deepEqual([read('before'), read('synced')], ['before', 'synced']);
      assert.ok(!existsSync(join(mounted.folder, 'unsynced')) || read('unsynced') === '');
      await mounted.close();
    });
  }
});

describe('the page', () => {
  const one: RunResult = {
    seed: 'kill/next/new/fsync/12',
    row: 'kill -9 of the new version',
    hit: true,
    left: 'old',
    reason: 'it was killed',
    hung: false,
    starts: 1,
    ms: 700,
  };
  const results = [
    one,
    { ...one, seed: 'kill/next/new/fsync/13', left: 'new' as const, reason: '' },
    { ...one, seed: 'kill/next/new/fsync/14', starts: 3, stranded: 'after 3 starts: exit 2' },
    { ...one, seed: 'kill/next/new/fsync/99', hit: false },
  ];

  it('counts each fault, and leaves out a run whose fault never came', () => {
    assert.deepEqual(tableOf(results), [
      {
        row: 'kill -9 of the new version',
        kind: 'kill',
        ...{ runs: 3, updated: 1, unchanged: 2, hung: 0, later: 0, stranded: 1, medianMs: 700 },
      },
    ]);
  });

  it('names each stranded machine with its seed, and how to replay one', () => {
    const facts = { order: 'moult', planned: 4, seconds: 60, digest: 'abc', fileSystems: ['ext4'], day: '2026-12-01' };
    const page = writeDocument({ results, ...facts });
    assert.match(page, /\| Runs \| \*\*3\*\* of 4 in the plan \|\n\| Stranded \| \*\*1\*\* \|/);
    assert.match(page, /- `kill\/next\/new\/fsync\/14`: after 3 starts: exit 2/);
    assert.match(page, /npm run faults -- --replay "kill\/next\/new\/fsync\/12"/);
  });
});

it('a seed that is none is refused with an example', () => {
  assert.throws(() => parseSeed('kill'), /is no seed.*for example kill\/next/);
  assert.deepEqual(parseSeed('release/first/is no program/3').rest, ['is no program', '3']);
  assert.match(goodVersion, /^\d+(\.\d+){3}$/);
});
