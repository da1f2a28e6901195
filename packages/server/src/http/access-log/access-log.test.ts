import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { httpBounds } from '../../bounds.ts';
import { escapeField, stemOf } from './fields.ts';
import { accessLogFields, createAccessLog, noteOutcome, outcomeOf } from './index.ts';

let folder = '';
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'moult-access-log-')), 'W3SVC1');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

type Exchange = Parameters<ReturnType<typeof createAccessLog>['record']>[0];

function exchange(url: string, headers: Record<string, string> = {}, method = 'GET'): Exchange {
  const socket = { localAddress: '::ffff:10.0.0.1', localPort: 8530, remoteAddress: '::ffff:10.0.0.5' };
  const [, query = ''] = /\?(.*)$/s.exec(url) ?? [];
  return { request: { url, headers, method, socket }, query } as unknown as Exchange;
}

const sent = { status: 200, substatus: 0, win32: 0, bytes: 10, timeTakenMs: 3.4 };

async function logged(url: string, headers: Record<string, string> = {}): Promise<string[]> {
  const log = createAccessLog({ folder, now: () => new Date('2026-11-22T17:05:06.789Z') });
  log.record(exchange(url, headers), sent);
  await log.close();
  const lines = readFileSync(join(folder, 'u_ex261122.log'), 'utf8').split('\r\n');
  assert.equal(lines.pop(), '');
  return lines;
}

test('a line is what IIS writes by default', async () => {
  const url = '/selfupdate/AU/x86/XP/EN/wuaucomp.cab?0504301510';
  const lines = await logged(url, { 'user-agent': 'Industry Update Control' });
  assert.deepEqual(lines.slice(1), [
    '#Version: 1.0',
    '#Date: 2026-11-22 17:05:06',
    `#Fields: ${accessLogFields}`,
    '2026-11-22 17:05:06 10.0.0.1 GET /selfupdate/AU/x86/XP/EN/wuaucomp.cab 0504301510 8530 - 10.0.0.5 ' +
      'Industry+Update+Control - 200 0 0 3',
  ]);
  assert.match(lines[0] ?? '', /^#Software: /);
});

test('the query stays as sent, the stem is decoded once', async () => {
  const [, , , , line = ''] = await logged('/Sel%66update/a%20b%2541?x=%41%20&y');
  assert.equal(line.split(' ')[4], '/Selfupdate/a+b%41');
  assert.equal(line.split(' ')[5], 'x=%41%20&y');
});

test('what comes through a proxy with its whole address is noted by its path, as IIS does', async () => {
  const [, , , , line = ''] = await logged('HTTP://wsus:8530/iuident.cab?0307011208');
  assert.deepEqual(line.split(' ').slice(4, 6), ['/iuident.cab', '0307011208']);
  assert.equal(stemOf('http://wsus'), '/');
});

test('nothing that a client sends makes a second line or another field', async () => {
  const nasty = '/a%0d%0a2026-11-22%2000:00:00%20forged%00%09%c2%85%e2%80%a8/%1b[31m%e2%80%ae%e2%80%8b%e2%81%a6';
  const lines = await logged(nasty, {
    'user-agent': 'x\u0085y\tz\u2028\u00a0q "',
    referer: 'http://a b/\r\n#Fields: x',
  });
  assert.equal(lines.length, 5);
  assert.equal(lines[4]?.split(' ').length, accessLogFields.split(' ').length);
  assert.match(lines[4] ?? '', /^[\x20-\x7e]+$/);
});

test('any text stays one field of at most 4096 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', size: 'medium' }), (text) => {
      const field = escapeField(stemOf(text));
      assert.doesNotMatch(field, /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u);
      assert.notEqual(field, '');
      assert.ok(Buffer.byteLength(field) <= httpBounds.maxAccessFieldBytes);
    }),
  );
  const cut = escapeField(`/${'é'.repeat(5000)}`);
  assert.ok(cut.endsWith('é...') && Buffer.byteLength(cut) <= 4096);
  assert.equal(escapeField('a'.repeat(4096)), 'a'.repeat(4096));
});

test('the file changes at 00:00 UTC and each new file has its directives', async () => {
  let now = new Date('2026-12-31T23:59:59.999Z');
  const log = createAccessLog({ folder, now: () => now });
  log.record(exchange('/old'), sent);
  now = new Date('2027-01-01T00:00:00.000Z');
  log.record(exchange('/new'), sent);
  await log.close();
  assert.deepEqual(readdirSync(folder).sort(), ['u_ex261231.log', 'u_ex270101.log']);
  const fresh = readFileSync(join(folder, 'u_ex270101.log'), 'utf8');
  assert.match(fresh, /^#Software: [^\r\n]*\r\n#Version: 1\.0\r\n#Date: 2027-01-01 00:00:00\r\n#Fields: /);
  assert.match(fresh, /\/new/);
  assert.doesNotMatch(fresh, /\/old/);
});

test('a restart appends with directives, and mends half a line of a killed process', async () => {
  await logged('/first');
  appendFileSync(join(folder, 'u_ex261122.log'), '2026-11-22 17:05:07 10.0.');
  const lines = await logged('/second');
  assert.equal(lines.filter((line) => line.startsWith('#Fields')).length, 2);
  assert.equal(lines[5], '2026-11-22 17:05:07 10.0.');
  assert.match(lines[6] ?? '', /^#Software/);
});

test('lines are on disk within about a second without being asked for', async () => {
  const log = createAccessLog({ folder, now: () => new Date('2026-11-22T17:05:06Z') });
  log.record(exchange('/soon'), sent);
  const deadline = Date.now() + 3000;
  while (!existsSync(join(folder, 'u_ex261122.log')) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.match(readFileSync(join(folder, 'u_ex261122.log'), 'utf8'), /\/soon/);
  await log.close();
});

test('a log that cannot be written is said once, and its return too', async () => {
  const messages: string[] = [];
  const log = createAccessLog({
    folder,
    now: () => new Date('2026-11-22T17:05:06Z'),
    onTrouble: (message) => messages.push(message),
  });
  mkdirSync(join(folder, '..'), { recursive: true });
  writeFileSync(folder, 'a file where the folder should be');
  for (const path of ['/1', '/2', '/3']) {
    log.record(exchange(path), sent);
    await log.close();
  }
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? '', /cannot be written/);
  rmSync(folder);
  log.record(exchange('/4'), sent);
  await log.close();
  assert.equal(messages.length, 2);
  assert.match(messages[1] ?? '', /written again; 3 lines were lost/);
  assert.match(readFileSync(join(folder, 'u_ex261122.log'), 'utf8'), /^#Software.*\/4/s);
});

test('a client that went away is still named', async () => {
  const log = createAccessLog({ folder, now: () => new Date('2026-11-22T17:05:06Z') });
  const { request, query } = exchange('/cut');
  log.meet(request.socket);
  Object.assign(request.socket, { remoteAddress: undefined, localAddress: undefined, localPort: undefined });
  log.record({ request, query }, { ...sent, win32: 64 });
  await log.close();
  assert.match(
    readFileSync(join(folder, 'u_ex261122.log'), 'utf8'),
    / 10\.0\.0\.1 GET \/cut - 8530 - 10\.0\.0\.5 .* 200 0 64 3\r\n/,
  );
});

test('a response tells its sub-status, or has the one that goes with its status', async () => {
  const outcomes: unknown[] = [];
  const server = createServer((request, response) => {
    response.on('close', () => outcomes.push(outcomeOf(response)));
    if (request.url === '/folder') noteOutcome(response, { substatus: 14, win32: 0 });
    if (request.url === '/cut') response.write('x');
    else response.writeHead(Number(request.headers['x-status'] ?? 200)).end();
  }).listen(0, '127.0.0.1');
  after(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const [url, status] of [
    ['/folder', 403],
    ['/missing', 404],
    ['/method', 405],
    ['/fine', 200],
  ] as const) {
    await (await fetch(`http://127.0.0.1:${port}${url}`, { headers: { 'x-status': String(status) } })).text();
  }
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /cut HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  const deadline = Date.now() + 3000;
  while (outcomes.length < 5 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(outcomes, [
    { substatus: 14, win32: 0 },
    { substatus: 0, win32: 2 },
    { substatus: 0, win32: 1 },
    { substatus: 0, win32: 0 },
    { substatus: 0, win32: 64 },
  ]);
  server.closeAllConnections();
  server.close();
});

test('a day that is too large for one file goes on in the next, and the files of all ports stay within the budget', async () => {
  const root = join(folder, '..');
  const folders = ['W3SVC1', 'W3SVC2'].map((name) => join(root, name));
  const budgetBytes = 160_000;
  let now = Date.parse('2026-11-22T17:05:06Z');
  const retention = () => ({ budgetBytes, days: 30, now: new Date(now), ageingNow: undefined });
  const logs = folders.map((each) =>
    createAccessLog({ folder: each, now: () => new Date(now), bounds: { retention, folders } }),
  );
  for (let turn = 0; turn < 60; turn++) {
    for (const log of logs) {
      for (let line = 0; line < 40; line++) log.record(exchange(`/${'x'.repeat(100)}`), sent);
      await log.close();
    }
    if (turn % 20 === 19) now += 86_400_000;
  }
  const files = folders.flatMap((each) => readdirSync(each).map((name) => join(each, name)));
  const sizes = files.map((file) => statSync(file).size);
  assert.ok(sizes.reduce((sum, size) => sum + size) <= budgetBytes, `${sizes}`);
  assert.ok(Math.max(...sizes) <= budgetBytes / 16 + 1000, `${sizes}`);
  const names = readdirSync(folder).sort();
  assert.deepEqual([names.at(-1), names.length > 2], ['u_ex261124_0020.log', true]);
  for (const file of files) assert.match(readFileSync(file, 'utf8'), /^#Software: /, 'each is a log of its own');
  // Another start goes on in the last one.
  const again = createAccessLog({ folder, now: () => new Date(now - 86_400_000), bounds: { retention, folders } });
  again.record(exchange('/again'), sent);
  await again.close();
  assert.match(readFileSync(join(folder, 'u_ex261124_0020.log'), 'utf8') + lastOf(folder), /\/again/);
});

function lastOf(of: string): string {
  const last = readdirSync(of).sort().at(-1) ?? '';
  return readFileSync(join(of, last), 'utf8');
}

test('files older than the days go, but for the newest, and not by a clock that is not believed', async () => {
  const old = Array.from({ length: 9 }, (_, at) => `u_ex26010${at + 1}.log`);
  mkdirSync(folder, { recursive: true });
  for (const name of old) writeFileSync(join(folder, name), 'x'.repeat(5000));
  writeFileSync(join(folder, 'notes.txt'), 'not a log of ours');
  const now = new Date('2026-11-22T17:05:06Z');
  const record = async (ageingNow: Date | undefined) => {
    const retention = () => ({ budgetBytes: 80_000, days: 30, now, ageingNow });
    const log = createAccessLog({ folder, now: () => now, bounds: { retention, folders: [folder] } });
    for (let line = 0; line < 10; line++) log.record(exchange(`/${'x'.repeat(100)}`), sent);
    await log.close();
    return readdirSync(folder).filter((name) => name.startsWith('u_ex2601'));
  };
  assert.deepEqual(await record(undefined), old, 'a clock that is not believed deletes nothing');
  rmSync(join(folder, 'u_ex261122.log'));
  assert.deepEqual(await record(now), old.slice(-2), 'an eighth of the budget stays, however old');
  assert.ok(existsSync(join(folder, 'notes.txt')));
});

test('while it is held, lines are counted, and afterwards their number is told', async () => {
  const messages: string[] = [];
  const log = createAccessLog({
    folder,
    now: () => new Date('2026-11-22T17:05:06Z'),
    onTrouble: (message) => messages.push(message),
  });
  log.hold(true);
  log.record(exchange('/held'), sent);
  log.hold(false);
  log.record(exchange('/written'), sent);
  await log.close();
  assert.doesNotMatch(readFileSync(join(folder, 'u_ex261122.log'), 'utf8'), /\/held/);
  assert.match(messages.join(), /written again; 1 line was lost/);
});
