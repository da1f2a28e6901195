// Commands with --server: the same words and results as on the server itself.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { loadConfig } from '@moult/administration/config';
import { type RunningServer, startServer } from '@moult/server';
import type { Command } from 'commander';
import pino from 'pino';
import { routes } from '../../../server/src/sites/api/table.ts';
import { createProgram, run } from '../run.ts';
import { createApiClient, originOf } from './api-client.ts';
import { credentialsFile } from './credentials.ts';
import { commandOperations, notOverApi } from './operations.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-remote-'));
const dataDir = join(folder, 'data');
let server: RunningServer;
const announced: string[] = [];

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function moult(...typed: string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const keep = (stream: keyof typeof written) => (text: unknown) => {
    written[stream] += `${text}\n`;
  };
  const log = mock.method(console, 'log', keep('stdout'));
  const error = mock.method(console, 'error', keep('stderr'));
  try {
    await run(typed, { writeOut: keep('stdout'), writeErr: keep('stderr') });
    return { code: Number(process.exitCode ?? 0), ...written };
  } finally {
    log.mock.restore();
    error.mock.restore();
    process.exitCode = 0;
  }
}

const here = (...typed: string[]) => moult(...typed, '--data-dir', dataDir);
const there = (...typed: string[]) => moult(...typed, '--server', server.urls.main);
const json = async (outcome: Promise<Outcome>) => JSON.parse((await outcome).stdout);
const passwordFile = join(folder, 'password');
const environment = { config: process.env.XDG_CONFIG_HOME };

before(async () => {
  process.env.XDG_CONFIG_HOME = join(folder, 'config');
  writeFileSync(passwordFile, 'correct horse battery\n');
  const flags = { dataDir, host: '127.0.0.1', port: 0, selfUpdatePort: 'off', firstCatalog: 'samples', stopSeconds: 0 };
  const cheap = { passwordMemoryKib: 1024, passwordPasses: 1 };
  server = await startServer(loadConfig({ flags: { ...flags, ...cheap }, environment: {} }).config, {
    now: () => new Date(),
    log: pino({ level: 'silent' }),
    announce: (line) => announced.push(line),
  });
});
after(async () => {
  await server.stop();
  if (environment.config === undefined) delete process.env.XDG_CONFIG_HOME;
  else process.env.XDG_CONFIG_HOME = environment.config;
  rmSync(folder, { recursive: true, force: true });
});

describe('accounts and tokens', () => {
  it('the first start prints a set-up link, which makes the first account', async () => {
    const link = announced.find((line) => /\/(?:api|console)\/set-up#/.test(line)) ?? assert.fail('no link');
    const [, secret = ''] = /set-up#([\w-]{43})/.exec(link) ?? [];
    assert.equal((await fetch(`${server.urls.main}/api/set-up`)).status, 200);
    const body = JSON.stringify({ secret, name: 'root', password: 'correct horse battery' });
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    assert.equal((await fetch(`${server.urls.main}/api/v1/set-up`, asked)).status, 201);
    assert.equal((await fetch(`${server.urls.main}/api/v1/set-up`, asked)).status, 409);
    assert.deepEqual(
      (await json(here('users', 'list', '--json'))).items.map(({ name }: { name: string }) => name),
      ['root'],
    );
  });

  it('are made, listed, changed and removed', async () => {
    assert.match(
      (await here('users', 'add', 'anna', '--role', 'administrator', '--password-file', passwordFile)).stdout,
      /"anna" is added/,
    );
    assert.match((await here('users', 'add', 'ci', '--role', 'reporter', '--no-password')).stdout, /"ci" is added/);
    const refused = await here('users', 'add', 'Anna', '--role', 'reporter', '--no-password');
    assert.deepEqual([refused.code, /SERVER_REFUSED/.test(refused.stderr)], [1, true]);
    writeFileSync(join(folder, 'short'), 'short\n');
    const short = await here('users', 'password', 'anna', '--password-file', join(folder, 'short'));
    assert.match(short.stderr, /ADMINISTRATION_BAD_ACCOUNT: .*5 characters/);
    assert.match(
      (await here('users', 'disable', 'ci', 'anna')).stdout,
      /"ci" is disabled\.\nAccount "anna" is disabled/,
    );
    await here('users', 'enable', 'ci', 'anna');
    assert.match((await here('users', 'change', 'ci', '--role', 'auditor')).stdout, /has the role auditor/);
    assert.match((await here('users')).stdout, /^ci +auditor/m);
    const token = await here('tokens', 'add', 'nightly', '--user', 'ci', '--days', '3');
    assert.match(token.stdout, /^moult_[\w-]{43}\n$/);
    assert.ok(!token.stderr.includes(token.stdout.trim()));
    assert.match((await here('tokens')).stdout, /^nightly +ci +auditor/m);
    assert.match((await here('tokens', 'revoke', 'nightly')).stdout, /"nightly" of ci is revoked/);
    assert.match(
      (await here('tokens', 'revoke', 'nothing')).stderr,
      /SERVER_NOT_FOUND: .*"moult tokens list" lists them/,
    );
    assert.match((await here('users', 'remove', 'ci')).stdout, /"ci" is removed/);
  });
});

it('moult tls shows the certificate by the settings, and makes a new one', async () => {
  // A server on free ports opens none for HTTPS, so it made no certificate yet.
  assert.equal((await here('tls', 'status')).stdout, 'port        8531\nsource      own\n');
  assert.equal((await json(here('tls', 'issue', '--json'))).source, 'own');
  const file = join(dataDir, 'keys/server-tls.pem');
  const before = readFileSync(file, 'utf8');
  assert.match(
    (await here('tls', 'status')).stdout,
    /^port +8531\nsource +own\nfile .*server-tls\.pem\nnames .*localhost/m,
  );
  await here('tls', 'issue');
  assert.notEqual(readFileSync(file, 'utf8'), before);
});

describe('moult login', () => {
  it('keeps a token that the server takes, for this user alone; logout forgets it', async () => {
    const url = server.urls.main;
    assert.match((await there('status')).stderr, /CLI_USAGE: There is no token for http.*moult login/);
    const file = join(folder, 'token');
    writeFileSync(file, `moult_${'x'.repeat(43)}\n`);
    assert.match((await moult('login', url, '--token-file', file)).stderr, /does not take the token/);
    writeFileSync(file, (await here('tokens', 'add', 'mine', '--user', 'anna')).stdout);
    assert.match((await moult('login', url, '--token-file', file)).stdout, /as anna, role administrator\./);
    assert.equal(statSync(credentialsFile()).mode & 0o777, 0o600);
    chmodSync(credentialsFile(), 0o644);
    assert.match((await there('status')).stderr, /other users can read it/);
    chmodSync(credentialsFile(), 0o600);
    await moult('logout', url);
    assert.ok(!readFileSync(credentialsFile(), 'utf8').includes('moult_'));
    await moult('login', url, '--token-file', file);
  });

  it('to a program that lies: the token goes nowhere else, nothing is kept, and the answer is bounded in time and size', async () => {
    const asked: string[] = [];
    let answer: (response: ServerResponse) => void = () => undefined;
    const liar = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      answer(response);
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    liar.unref();
    const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
    const file = join(folder, 'token');
    writeFileSync(file, 'moult_secret\n');
    const tell = (body: string, status = 200, headers = {}) => {
      answer = (response) => void response.writeHead(status, headers).end(body);
    };
    const refused = async (why: RegExp, ...typed: string[]) => {
      const { code, stderr } = await moult(...typed);
      assert.deepEqual([code, why.test(stderr)], [1, true], stderr);
    };
    const login = ['login', url, '--token-file', file];
    for (const status of [301, 302, 307, 308]) {
      tell('', status, { location: `${url}/elsewhere` });
      await refused(/CLI_SERVER_UNREACHABLE: .* the HTTP status 30\d/, ...login);
    }
    for (const body of ['', 'null', '[]', '1', '{}', '{"account":"anna"}', '<html>', '['.repeat(100_000)]) {
      tell(body);
      await refused(/CLI_SERVER_UNREACHABLE: .* does not answer as a Moult server does/, ...login);
    }
    tell('{"code":"SERVER_NOT_FOUND","detail":"x","subject":"; rm -rf / #"}', 404);
    await refused(/SERVER_NOT_FOUND: x\n$/, ...login);
    tell('{"code":"x\\ny","detail":"x"}', 404);
    await refused(/CLI_SERVER_UNREACHABLE: .* the HTTP status 404/, ...login);
    assert.ok(!readFileSync(credentialsFile(), 'utf8').includes('moult_secret'));
    assert.deepEqual(new Set(asked), new Set(['/api/v1/session Bearer moult_secret']));

    const client = createApiClient(url, { token: 'moult_secret' });
    const unreachable = { code: 'CLI_SERVER_UNREACHABLE' };
    for (const page of [{}, { items: {} }, { items: [1] }, { items: [], next: 'x' }]) {
      tell(JSON.stringify(page));
      await assert.rejects(client.list('/groups', { limit: 0 }), unreachable, JSON.stringify(page));
    }
    const limits = { answerMs: 300, maxAnswerBytes: 1000, maxItems: 5 };
    const small = createApiClient(url, { token: 'moult_secret' }, limits);
    tell(JSON.stringify({ items: [{}, {}], next: 'x' }));
    await assert.rejects(small.list('/groups', { limit: 0 }), unreachable);
    tell(' '.repeat(1001));
    await assert.rejects(small.get('/status'), { ...unreachable, message: /too large/ });
    answer = (response) => {
      const drop = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drop));
    };
    await assert.rejects(small.get('/status'), { ...unreachable, message: /in time/ });
    liar.close();
    for (const token of ['', 'two words', 'a\u0001b', 'x'.repeat(300)])
      assert.throws(() => createApiClient(url, { token }), { code: 'CLI_USAGE', message: /cannot be used/ });
  });

  it('sends no token over HTTP to another machine, and takes no address that is none', () => {
    assert.throws(() => originOf('http://server:8530'), { code: 'CLI_USAGE', message: /https:\/\/server:8530/ });
    for (const wrong of ['server', 'ftp://server', 'https://anna:pw@server', 'https://server/?x', ''])
      assert.throws(() => originOf(wrong), { code: 'CLI_USAGE' }, wrong);
    assert.equal(originOf('https://Server:8531/x'), 'https://server:8531');
    assert.equal(originOf('http://127.0.0.1:8530'), 'http://127.0.0.1:8530');
  });
});

describe('--server', () => {
  it('gives what the command gives on the server: lists, filters, pages, CSV, JSON, decisions and refusals', async () => {
    await here('groups', 'add', 'Pilot', 'Lab', 'Office');
    const [update] = (await json(here('updates', 'list', '--json'))).items as { updateId: string }[];
    const id = update?.updateId ?? assert.fail('no sample');
    await here('rings', 'add', 'Standard', '--ring', 'first=Pilot', '--ring', 'all=All Computers');
    assert.match((await there('rings', 'enter', 'Standard', id)).stdout, /is running in ring 1 of 2 \(first\)/);
    const rules = join(folder, 'rules.yaml');
    writeFileSync(rules, 'name: Old\nwhen: { title: "Old*" }\naction: install\ngroups: Lab\n');
    assert.match((await there('rules', 'add', rules)).stdout, /Rule "Old" is saved/);
    for (const typed of [
      ...[
        ['groups'],
        ['groups', '--search', 'a'],
        ['groups', '--limit', '2'],
        ['groups', '--csv'],
        ['groups', '--json'],
      ],
      ...[
        ['computers', '--json'],
        ['computers', '--needed', '--sort', 'last-contact', '--descending'],
        ['computers', '--group', 'Nowhere'],
      ],
      ...[
        ['updates'],
        ['updates', '--json'],
        ['updates', '--severity', 'critical,low', '--no-superseded'],
        ['updates', '--cursor', 'x'],
      ],
      ...[
        ['approve', id, '--group', 'Pilot', '--group', 'Lab'],
        ['approve', id, '--action', 'block', '--json'],
        ['approve', 'nothing'],
      ],
      ...[
        ['approve', id, '--deadline', '2020-01-01'],
        ['decline', id],
        ['decline', id, '--undo', '--json'],
        ['decline', 'nothing'],
      ],
      ...[
        ['approve', id, '--group', 'Pilot', '--deadline', '2099-01-01', '--json'],
        ['updates', '--json', '--approval', 'approved'],
      ],
      ...[
        ['rings', 'enter', 'Standard', 'Nowhere'],
        ['rings'],
        ['rings', 'show', id],
        ['rings', 'pause', id, '--until', '2099-01-01'],
      ],
      ...[
        ['rings', 'show', id, '--json'],
        ['rings', 'skip', 'Nowhere'],
        ['rings', 'remove', 'Standard'],
        ['rings', '--csv'],
      ],
      ...[['rules'], ['rules', '--json'], ['rules', 'test'], ['rules', 'test', '--at', '2099-01-01', '--json']],
      ...[
        ['rules', 'move', 'Old', '1'],
        ['rules', 'run'],
        ['rules', 'add', rules],
        ['rules', 'move', 'Nowhere', '1'],
      ],
    ]) {
      const [local, remote] = [await here(...typed), await there(...typed)];
      const same = ({ code, stdout, stderr }: Outcome) => ({ code, stdout: timeless(stdout), stderr });
      assert.deepEqual(same(remote), same(local), typed.join(' '));
    }
    assert.match((await there('groups', 'add', 'New')).stdout, /Group "New" \(.*\) is added/);
    assert.match((await there('groups', 'add', 'New')).stderr, /SERVER_REFUSED/);
    assert.match((await there('rings', 'resume', id)).stdout, /is running/);
    assert.match((await there('rings', 'skip', id)).stdout, /ring 2 of 2/);
    assert.match((await there('rings', 'rollback', id)).stdout, /rolledBack/);
    assert.match((await there('rings', 'remove', 'Standard')).stdout, /"Standard" are removed/);
    assert.match((await there('rings', 'remove', 'Standard')).stderr, /SERVER_NOT_FOUND/);
    assert.match((await there('rules', 'remove', 'Old')).stdout, /"Old" is removed/);
    const added = ['rings', 'add', 'Again', '--ring', 'all=All Computers', '--hours', '8', '--json'];
    assert.equal((await json(there(...added))).rings[0].policy.hours, 8);
    const [local, remote] = [await json(here('status', '--json')), await json(there('status', '--json'))];
    assert.deepEqual(Object.keys(remote), Object.keys(local));
    assert.deepEqual([remote.updates, remote.server.url], [local.updates, local.server.url]);
    assert.match((await there('status', '--data-dir', dataDir)).stderr, /--server goes without --data-dir/);
  });

  /** The record of a decision holds who and when: these differ, and so they must. */
  const timeless = (text: string) =>
    text.replace(/"(?:changedAt|administrator)": "[^"]+"/g, '').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '');

  it('a server that is not there, and one that is no Moult, are named', async () => {
    process.env.MOULT_TOKEN = 'moult_x';
    const gone = await moult('status', '--server', 'http://127.0.0.1:1');
    delete process.env.MOULT_TOKEN;
    assert.deepEqual(
      [gone.code, /CLI_SERVER_UNREACHABLE: http:\/\/127\.0\.0\.1:1 cannot be asked/.test(gone.stderr)],
      [1, true],
    );
  });
});

it('each command with an operation names one that exists, and --server is on those that use it', async () => {
  const leaves = leavesOf(await createProgram());
  const known = new Set(routes.map(({ id }) => id));
  for (const [name, { operation, isHere }] of Object.entries(commandOperations)) {
    const command = leaves.get(name) ?? assert.fail(`there is no command ${name}`);
    assert.ok(known.has(operation), `${name}: there is no operation ${operation}`);
    assert.equal(
      command.options.some(({ long, description }) => long === '--server' && /API/.test(description)),
      isHere ?? false,
      name,
    );
  }
  // What no command does yet is said in docs/administration.md.
  const mapped = new Set(Object.values(commandOperations).map(({ operation }) => operation));
  const onlyApi = [...known].filter((id) => !mapped.has(id)).sort();
  assert.deepEqual(onlyApi, [
    ...['acceptClock', 'approveMatchingUpdates', 'beginLogOn', 'cancelJob', 'changeOwnPassword'],
    ...['changeSyncChoices', 'countUpdateByGroup', 'declineMatchingUpdates', 'endOwnSession'],
    ...['endSession', 'explainComputer', 'explainGroup', 'finishLogOn', 'followChanges', 'listAudit'],
    ...['listIdentityChanges', 'listJobs', 'listPings', 'listRings', 'listSessions', 'listSettings'],
    ...['listUpdateFiles', 'logOff', 'logOn', 'noteSetUpStep', 'planCleanup', 'previewApproval', 'publishWinget'],
    ...['readHome', 'readInstallLine', 'readSetUp', 'revokeOwnToken', 'setUp', 'showAccount', 'showBackups'],
    ...['showGroup', 'showJob', 'showLogOnWays', 'showOwnAccount', 'showRings', 'showRule', 'showUpdateRelations'],
    'whoAmI',
  ]);
});

it('each command has an operation, or a reason for having none', async () => {
  const leaves = [...leavesOf(await createProgram())].filter(([, { commands }]) => commands.length === 0);
  const reasonOf = (name: string) =>
    Object.keys(notOverApi).find((begin) => name === begin || name.startsWith(`${begin} `));
  const unsaid = leaves.filter(([name]) => name in commandOperations === (reasonOf(name) !== undefined));
  assert.deepEqual(
    unsaid.map(([name]) => name),
    [],
  );
  const idle = Object.keys(notOverApi).filter((begin) => !leaves.some(([name]) => reasonOf(name) === begin));
  assert.deepEqual(idle, []);
});

function leavesOf(program: Command): Map<string, Command> {
  const found = new Map<string, Command>();
  const visit = (command: Command, path: readonly string[]) => {
    if (path.length > 0) found.set(path.join(' '), command);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(program, []);
  return found;
}
