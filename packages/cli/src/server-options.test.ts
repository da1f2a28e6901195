// Every command that works on a server finds it by the same flags, variables and file, and makes none.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { createCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import type { Command } from 'commander';
import { commandExamples } from './command-examples.ts';
import { createProgram, run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-server-options-'));
const dataDir = join(folder, 'server');
const database = join(folder, 'elsewhere.sqlite');
const config = join(folder, 'moult.toml');
const cabinet = join(folder, 'a.cab');
const publication = join(folder, 'app.yaml');
const now = new Date();

before(async () => {
  writeFileSync(config, `data-dir = ${JSON.stringify(dataDir)}\ndatabase = ${JSON.stringify(database)}\n`);
  writeFileSync(cabinet, createCabinet([{ name: 'a', bytes: Buffer.from('a'), modified: now }]));
  writeFileSync(join(folder, 'a.cmd'), '');
  writeFileSync(
    publication,
    'publisher: Contoso\nproduct: App\ntitle: App 1\nfiles: [a.cab, a.cmd]\ninstall: { program: a.cmd }\ninstalled-when: { file-exists: { path: /opt/app } }\n',
  );
  await loadOrCreateOperatorKeys(dataDir, { now, isClockBelieved: true });
  mkdirSync(join(dataDir, 'content'));
  await (await openStore(database, { now: () => now })).close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What is typed, and what is printed when the server was found. */
const commands: readonly (readonly [parts: readonly string[], found: RegExp])[] = [
  [['status'], /computers +0/],
  [['computers', 'list'], /0 computers\./],
  [['computers', 'show', 'nobody'], /There is no computer "nobody"\. "moult computers list"/],
  [['computers', 'remove', 'nobody'], /There is no computer "nobody"/],
  [['computers', 'clones'], /0 shared identities/],
  [['groups', 'list'], /All Computers/],
  [['groups', 'rename', 'nowhere', 'x'], /There is no group "nowhere"\. "moult groups list"/],
  [['updates', 'list'], /0 updates/],
  [['approve', 'nothing'], /There is no update "nothing"\. "moult updates list"/],
  [['decline', 'nothing'], /There is no update "nothing"/],
  [['events'], /0 events/],
  [['events', 'verify'], /intact/],
  [['content', 'status'], /0 files here/],
  [['content', 'verify'], /0 files checked/],
  [['content', 'add', cabinet], /no update has it/],
  [['clock'], /nothing in .*server contradicts it/],
  [['database', 'check'], /elsewhere\.sqlite .*everything is in order/],
  [['catalog', 'list'], /0 revisions/],
  [['catalog', 'show', '00000000-0000-0000-0000-00000000abcd'], /CATALOG_NOT_FOUND/],
  [['catalog', 'import', cabinet], /0 new, .*1 refused/],
  [['tree', 'list'], /Agent releases/],
  [['tree', 'verify'], /2 files checked, 2 problems/],
  [['tree', 'clear'], /Removed 0 imported files/],
  [['explain', 'nobody'], /CLI_DOCTOR_COMPUTER_UNKNOWN/],
  [['doctor', 'self', '--self-update-port', 'off', '--json'], /DOCTOR_SERVER_NOT_RUNNING/],
  [['doctor', 'content', '--json'], /The content folder/],
  [['doctor', 'fix', '--dry-run'], /nothing that the doctor can fix safely/],
  [['sign', cabinet, '--out', join(folder, 'signed.cab')], /signed\.cab: signed by/],
  [['publish', publication, '--out', join(folder, 'out')], /published .*App 1/],
  [['restore', join(folder, 'no-backup')], /will be replaced/],
];

const servers: readonly (readonly [what: string, flags: readonly string[], environment: Record<string, string>])[] = [
  ['flags', ['--data-dir', dataDir, '--database', database], {}],
  ['--config', ['--config', config], {}],
  ['MOULT_DATA_DIR and MOULT_DATABASE', [], { MOULT_DATA_DIR: dataDir, MOULT_DATABASE: database }],
  ['MOULT_CONFIG', [], { MOULT_CONFIG: config }],
];

/** In this process, as administration.test.ts does it. */
async function moult(parts: readonly string[], environment: Record<string, string>): Promise<[number, string]> {
  let written = '';
  const keep = (text: unknown) => {
    written += `${text}\n`;
  };
  const before = { ...process.env };
  const mocks = [mock.method(console, 'log', keep), mock.method(console, 'error', keep)];
  try {
    Object.assign(process.env, environment);
    await run(parts, { writeOut: keep, writeErr: keep });
    return [Number(process.exitCode ?? 0), written];
  } finally {
    for (const one of mocks) one.mock.restore();
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, before);
    process.exitCode = 0;
  }
}

describe('a server is found by', () => {
  for (const [what, flags, environment] of servers) {
    it(`${what}, whatever the command`, async () => {
      for (const [parts, found] of commands) {
        const [, written] = await moult([...parts, ...flags], environment);
        assert.match(written, found, `moult ${parts.join(' ')}`);
        assert.doesNotMatch(written, /CLI_INTERNAL|ADMINISTRATION_NO_SERVER/, `moult ${parts.join(' ')}`);
      }
    });
  }
});

it('a mistyped server is wrong usage for every command, and is not made', async () => {
  const mistyped = join(folder, 'mistyped');
  for (const [parts] of commands.filter(([[name]]) => name !== 'restore')) {
    const [code, written] = await moult([...parts, '--data-dir', mistyped], {});
    assert.equal(code, 2, `moult ${parts.join(' ')}: ${written}`);
    assert.match(written, /ADMINISTRATION_NO_SERVER.*There is no server in .*mistyped\. Name its data directory/);
  }
  assert.equal(existsSync(mistyped), false);
});

/** These two make a server. */
const makers = ['serve', 'demo'];

const mistypedPlaces = [
  { flag: '--data-dir', variable: 'MOULT_DATA_DIR', mistyped: 'nowhere' },
  { flag: '--database', variable: 'MOULT_DATABASE', mistyped: 'nothing.sqlite' },
  { flag: '--config', variable: 'MOULT_CONFIG', mistyped: 'no.toml' },
];

for (const { flag, variable, mistyped } of mistypedPlaces) {
  for (const source of [flag, variable]) {
    it(`the example of every command fails with a mistyped ${source}, and makes nothing`, async () => {
      const empty = mkdtempSync(join(folder, 'empty-'));
      const place = join(empty, mistyped);
      const before = process.cwd();
      process.chdir(empty);
      let count = 0;
      try {
        for (const [name, example] of Object.entries(commandExamples)) {
          if (makers.includes(name) || !(await has(name, flag))) continue;
          const typed = argumentsOf(example);
          const [code, written] =
            source === flag ? await moult([...typed, flag, place], {}) : await moult(typed, { [variable]: place });
          assert.ok(code === 1 || code === 2, `moult ${name} with ${source}: ${written}`);
          assert.deepEqual(readdirSync(empty), [], `moult ${name} with ${source}`);
          count++;
        }
      } finally {
        process.chdir(before);
      }
      assert.ok(count > 90, `${count} commands`);
    });
  }
}

async function has(name: string, flag: string): Promise<boolean> {
  const words = name.split(' ');
  let command: Command | undefined = await createProgram(words[0]);
  for (const word of words) command = command?.commands.find((one) => one.name() === word);
  return command?.options.some(({ long }) => long === flag) ?? false;
}

/** Without a server, or a file of a report, of its own. Nobody is there to type a password. */
function argumentsOf(example: string): string[] {
  const typed = example.replace(/ [<>] .*$/, '').replace(/ --(?:server|data-dir|report) \S+/g, '');
  const words = [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);
  return /^users (?:add|password)/.test(words.join(' ')) ? [...words, '--no-password'] : words;
}

it('an update is not signed by an authority that publishing itself made', async () => {
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh);
  const [code, written] = await moult(['publish', publication, '--out', join(folder, 'o2'), '--data-dir', fresh], {});
  assert.equal(code, 2);
  assert.match(written, /ADMINISTRATION_NO_KEYS/);
  assert.equal(existsSync(join(fresh, 'keys')), false);
});
