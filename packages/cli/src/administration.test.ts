// The administrator's commands as they are typed, on a server that runs and on one that does not.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientWebService } from '@moult/protocol/client-web-service';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { readAnswer, writeCall } from '@moult/protocol/soap';
import { openStore, type Store } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { findDecidable, findUpdate } from '../../administration/src/find.ts';
import { run } from './run.ts';

const bin = fileURLToPath(new URL('../bin/moult.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-administration-'));
const dataDir = join(folder, 'data');
const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
let server: ChildProcess | undefined;
let url = '';

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** In this process: a new one for each of a hundred commands would take minutes on a busy machine. */
async function moult(...parts: string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const keep = (stream: keyof typeof written) => (text: unknown) => {
    written[stream] += `${text}\n`;
  };
  const log = mock.method(console, 'log', keep('stdout'));
  const error = mock.method(console, 'error', keep('stderr'));
  try {
    await run([...parts, '--data-dir', dataDir], { writeOut: keep('stdout'), writeErr: keep('stderr') });
    return { code: Number(process.exitCode ?? 0), ...written };
  } finally {
    log.mock.restore();
    error.mock.restore();
    process.exitCode = 0;
  }
}

async function json<T = Record<string, unknown>>(...parts: string[]): Promise<T> {
  const { code, stdout, stderr } = await moult(...parts, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

async function items<Item = Record<string, unknown>>(...parts: string[]): Promise<Item[]> {
  const { items: found, total, next } = await json<{ items: Item[]; total: number; next: string | null }>(...parts);
  assert.ok(total >= found.length && (next === null || total > found.length));
  return found;
}

async function soap<Name extends 'GetConfig' | 'GetCookie' | 'RegisterComputer' | 'SyncUpdates'>(
  name: Name,
  parameters: never,
): Promise<never> {
  const body = writeCall(clientWebService, name, parameters);
  const response = await fetch(`${url}/ClientWebService/client.asmx`, {
    ...{ method: 'POST', body, headers: { 'content-type': 'text/xml' } },
  });
  const answer = readAnswer(clientWebService, name, await response.text());
  assert.ok(answer.kind === 'answer', JSON.stringify(answer));
  return answer.value as never;
}

before(async () => {
  const flags = ['--data-dir', dataDir, '--host', '127.0.0.1', '--port', '0', '--self-update-port', 'off'];
  flags.push('--first-catalog', 'samples');
  server = spawn(process.execPath, [bin, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((resolve) => {
    server?.stdout?.on('data', (piece) => {
      const ready = /^ready (\S+)/m.exec(String(piece));
      if (ready?.[1]) resolve(ready[1]);
    });
  });
});
after(() => {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('how an update is named', () => {
  const titles = [
    ...Array.from({ length: 12 }, (_, number) => `A Tool update ${number}`),
    'Tool update',
    'Aktualisierung für ÜBERSICHT 100%',
    '2026-11 Cumulative Update (KB5070311)',
    '2026-11 Other Update (KB50703112)',
  ];
  const folderOfTitles = join(folder, 'titles');
  const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  let store: Store;
  before(async () => {
    mkdirSync(folderOfTitles);
    store = await openStore(join(folderOfTitles, 'moult.sqlite'), { now: () => new Date() });
    const documents = titles.map((title, number) => documentOf(id(number), title, number === 4 ? '890830' : ''));
    documents.push(documentOf(id(16), 'A product', '').replace('"Software"', '"Category"'));
    const supersedes = `<upd:Relationships><upd:SupersededUpdates><upd:UpdateIdentity UpdateID="${id(0)}" />
      </upd:SupersededUpdates></upd:Relationships></upd:Update>`;
    documents.push(documentOf(id(17), 'Later', '').replace('</upd:Update>', supersedes));
    await importDocuments(store, documents, new Date());
  });
  after(() => store.close());

  it('by a whole title, however many others hold it; by any part, in any script and letter case', async () => {
    assert.equal((await findUpdate(store, 'tool UPDATE')).updateId, id(12));
    assert.equal((await findUpdate(store, 'FÜR übersicht')).updateId, id(13));
    assert.equal((await findUpdate(store, '100%')).updateId, id(13));
    await assert.rejects(findUpdate(store, 'ool update'), /fits several updates: .* 3 more/);
    assert.equal((await findUpdate(store, '%')).updateId, id(13), 'a sign like any other');
    for (const text of ['', ' ', '_', '1_0']) {
      await assert.rejects(findUpdate(store, text), { code: 'SERVER_NOT_FOUND' }, text);
    }
  });

  it('by the number of its article, in the title or in the metadata', async () => {
    assert.equal((await findUpdate(store, 'kb5070311')).updateId, id(14));
    assert.equal((await findUpdate(store, 'KB890830')).updateId, id(4));
    await assert.rejects(findUpdate(store, 'KB89083'), { code: 'SERVER_NOT_FOUND' });
  });

  it('nobody decides on a category: no client could scan without it', async () => {
    await assert.rejects(findDecidable(store, id(16)), { code: 'SERVER_REFUSED', message: /is a category/ });
    assert.equal((await findDecidable(store, id(12))).updateId, id(12));
  });

  it('which later updates supersede it', async () => {
    assert.deepEqual(await store.listSupersedersOf(id(0)), [{ updateId: id(17), title: 'Later' }]);
  });
});

function documentOf(updateId: string, title: string, article: string): string {
  return `<upd:Update xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update">
<upd:UpdateIdentity UpdateID="${updateId}" RevisionNumber="1" />
<upd:Properties UpdateType="Software" ExplicitlyDeployable="true" CreationDate="2026-01-01T00:00:00Z">
${article && `<upd:KBArticleID>${article}</upd:KBArticleID>`}</upd:Properties>
<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language>
<upd:Title>${title}</upd:Title></upd:LocalizedProperties></upd:LocalizedPropertiesCollection></upd:Update>`;
}

describe('administration', () => {
  it('groups are made, nested, renamed and listed', async () => {
    await json('groups', 'add', 'Lab');
    await json('groups', 'add', 'Web', '--parent', 'lab');
    await json('groups', 'rename', 'Web', 'Web Servers');
    const groups = await items<{ name: string }>('groups', 'list');
    assert.deepEqual(
      groups.map(({ name }) => name),
      ['All Computers', 'Lab', 'Unassigned Computers', 'Web Servers'],
    );
    assert.equal((await moult('groups', 'remove', 'Lab')).code, 1, 'it still holds a group');
  });

  it('a decision for a group reaches the computers in it, and below it, while the server runs', async () => {
    const cookie = await authorize();
    await soap('RegisterComputer', { cookie, computerInfo } as never);
    const actionNow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const updates = await everyUpdate(cookie);
      return updates.find(({ xml }) => xml.text.includes('b3c1a1de-5a0f-4d3c-9c0e-6d6f756c7405'))?.deployment.action;
    };
    assert.equal(await actionNow(), 'PreDeploymentCheck', 'nobody approved it');
    await json('approve', 'sample update');
    assert.equal(await actionNow(), 'Install');
    await json('approve', 'sample update', '--action', 'Block', '--group', 'Lab');
    assert.equal(await actionNow(), 'Install', 'not in that group yet');
    await json('computers', 'add-to-group', 'client-1.example.test', 'web servers');
    assert.equal(await actionNow(), undefined, 'the nearest group decides');
    await json('approve', 'sample update', '--action', 'detect-only', '--group', 'Lab');
    assert.equal(await actionNow(), 'PreDeploymentCheck');
    assert.equal((await moult('decline', 'sample update', 'no such update')).code, 1);
    assert.equal(
      await actionNow(),
      'PreDeploymentCheck',
      'of several that are named all are there, or none is declined',
    );
    assert.equal((await items('decline', 'sample update', 'Moult sample update')).length, 1);
    assert.equal(await actionNow(), undefined);
    const { updates } = await json<{ updates: object }>('status');
    const recounted = await json<{ correctedComputers: number; titleSearchIndexed: boolean }>('status', '--recount');
    assert.deepEqual([recounted.correctedComputers, recounted.titleSearchIndexed], [0, true]);
    assert.deepEqual(updates, { total: 1, approved: 0, declined: 1 });
    await json('approve', 'sample update', '--action', 'detect-only', '--group', 'Lab', '--group', 'LAB');
    assert.equal(await actionNow(), 'PreDeploymentCheck', 'approving takes a decline back');
    await json('decline', 'sample update');
    await json('decline', 'sample update', '--undo');
    await json('approve', 'sample update', '--action', 'same-as-parent', '--group', 'Lab');
    assert.equal(await actionNow(), 'Install', 'what All Computers has');
    await json('approve', 'sample update', '--action', 'detect-only', '--group', 'Lab');
    await json('computers', 'remove-from-group', computerId, 'Web Servers');
    assert.equal(await actionNow(), 'Install');
  });

  it('every change left a record of who, what, before and after', async () => {
    const records = await items<{ actor: string; action: string; before?: unknown }>('events', '--kind', 'audit');
    const actions = records.map(({ action }) => action);
    for (const action of [
      'create group',
      'rename group',
      'approve update',
      'add computer to group',
      'decline update',
    ]) {
      assert.ok(actions.includes(action), action);
    }
    assert.ok(records.every(({ actor }) => actor !== ''));
  });

  it('lists name groups and updates, not their ids, and a decision as it was typed', async () => {
    const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
    const audit = await moult(
      'events',
      '--kind',
      'audit',
      '--columns',
      'did,to,before,after',
      '--action',
      'approve update',
    );
    assert.match(audit.stdout, /"groupId":"Lab"/);
    assert.doesNotMatch(audit.stdout, guid);
    const updates = await moult('updates', 'list', '--columns', 'title,decisions');
    assert.match(updates.stdout, /install: All Computers/);
    assert.match(updates.stdout, /not-approved: Lab/);
    assert.match((await moult('updates', 'show', 'sample update')).stdout, /^Lab +not-approved/m);
    const explained = (await moult('explain', 'client-1.example.test', 'sample update')).stdout;
    assert.match(explained, /Is it in the catalog/);
    assert.doesNotMatch(explained.replaceAll(/\(.*\)|Is it in the catalog.*/g, ''), guid, 'prerequisites have titles');
  });

  it('status counts what the limits held back', async () => {
    await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
    await store.addToCounters({ 'held-back:new-computer': 3, 'held-back:ping': 12 });
    await store.close();
    assert.match((await moult('status')).stdout, /^held back {3}3 new computers, 12 status pings \(limits/m);
  });

  it('status tells a running server from one that was killed, and everything works on that one too', async () => {
    const running = await json<{ server: { state: string }; computers: { total: number } }>('status');
    assert.deepEqual([running.server.state, running.computers.total], ['running', 1]);
    server?.kill('SIGKILL');
    await new Promise((resolve) => server?.once('exit', resolve));
    assert.equal((await json<{ server: { state: string } }>('status')).server.state, 'stopped');
    const computers = await items<{ dnsName: string; groups: string[] }>('computers', 'list');
    assert.deepEqual(
      computers.map(({ dnsName, groups }) => [dnsName, groups]),
      [['client-1.example.test', ['Unassigned Computers']]],
    );
    await json('computers', 'add-to-group', computerId, 'Lab');
    const { groups, osName, registration } = await json<{ groups: string[]; osName: string; registration: object }>(
      ...['computers', 'show', 'client-1'],
    );
    assert.deepEqual([groups, osName], [['Lab'], 'Windows 11, version 25H2, Pro']);
    assert.equal(Reflect.get(registration, 'osBuildNumber'), 26200);
    assert.match((await moult('computers', 'show', 'client-1')).stdout, /^groups +Lab$/m);
    await json('computers', 'remove', computerId);
    const [removed] = await items<{ before: { groups: string[] } }>('events', '--kind', 'audit', '--limit', '1');
    assert.deepEqual(removed?.before.groups, ['Lab']);
    assert.deepEqual(await json('computers', 'list'), { items: [], total: 0, next: null });
  });

  it('content that is copied into the folder is found and checked; what is damaged is set aside, on record', async () => {
    const content = join(dataDir, 'content');
    const [name = ''] = readdirSync(content, { recursive: true, encoding: 'utf8' }).filter((one) => /cab$/.test(one));
    const elsewhere = join(folder, 'kept.cab');
    renameSync(join(content, name), elsewhere);
    assert.equal((await moult('content', 'verify')).code, 1, 'it is gone');
    copyFileSync(elsewhere, join(content, name));
    assert.deepEqual(await json('content', 'verify'), { items: [], total: 0, next: null, checked: 1 });
    assert.equal((await json<{ present: { files: number } }>('content', 'status')).present.files, 1);
    writeFileSync(join(content, name), 'something else');
    assert.equal((await moult('content', 'verify')).code, 1);
    const [record] = await items<{ action: string; actor: string }>('events', '--kind', 'audit', '--limit', '1');
    assert.equal(record?.action, 'move damaged content');
    assert.notEqual(record?.actor, 'server');
    const useless = join(folder, 'useless.bin');
    writeFileSync(useless, 'no update has this');
    assert.equal((await moult('content', 'add', elsewhere, useless)).code, 1, 'one of two was refused');
    await json('content', 'add', elsewhere);
    assert.deepEqual(await json('content', 'verify'), { items: [], total: 0, next: null, checked: 1 });
  });

  it('what is not there, or fits several, is named and changes nothing; wrong usage is 2', async () => {
    for (const [parts, code, message] of [
      [['approve', 'no such update'], 1, /SERVER_NOT_FOUND/],
      [['approve', 'sample', '--group', 'Nowhere'], 1, /There is no group "Nowhere"/],
      [['approve', 'sample', '--group', 'Lab', '--group', 'Nowhere', '--action', 'block'], 1, /Nowhere/],
      [['approve', 'sample', '--action', 'destroy'], 2, /--action is one of/],
      [['approve', 'sample', '--deadline', 'soon'], 2, /--deadline/],
      [['approve', 'sample', '--deadline', '2027-02-31'], 2, /--deadline/],
      [['approve', 'sample', '--deadline', '2027'], 2, /--deadline/],
      [['approve', 'sample', '--action', 'uninstall'], 1, /ADMINISTRATION_CANNOT_UNINSTALL/],
      [['approve', 'sample', '--deadline', '2026-01-31'], 1, /is over.*--allow-past-deadline/s],
      [['restore', 'x', '--database', 'postgres://anna:secret@db.example.test/m'], 2, /postgres:\/\/anna:\*\*\*@db/],
      [['approve', ''], 1, /There is no update ""/],
      [['approve', 'sample%update'], 1, /There is no update "sample%update"/],
      [['approve', 'KB4052623'], 1, /There is no update "KB4052623"/],
      [['groups', 'rename', 'Lab', ''], 1, /SERVER_REFUSED/],
      [['computers', 'show', 'nobody'], 1, /SERVER_NOT_FOUND/],
      [['events', '--limit', 'x'], 2, /whole number/],
      [['status', '--database', join(folder, 'mistyped.sqlite')], 2, /There is no database .*mistyped/],
    ] as const) {
      const outcome = await moult(...parts);
      assert.equal(outcome.code, code, parts.join(' '));
      assert.match(outcome.stderr, message);
    }
    const some = await items<{ title: string }>('updates', 'list', '--approval', 'approved', '--limit', '1');
    assert.deepEqual(
      some.map(({ title }) => title),
      ['Moult sample update'],
      'a limit counts what is shown',
    );
    assert.deepEqual(await items('updates', 'list', '--superseded'), []);
    const { decisions } = await json<{ decisions: { group: string; action: string }[] }>('updates', 'show', 'sample');
    assert.equal(decisions.find(({ group }) => group === 'Lab')?.action, 'PreDeploymentCheck');
  });
});

const computerInfo = {
  ...{ dnsName: 'client-1.example.test', osMajorVersion: 10, osMinorVersion: 0, osBuildNumber: 26200 },
  ...{ osServicePackMajorNumber: 0, osServicePackMinorNumber: 0, biosReleaseDate: new Date(0), suiteMask: 0 },
  ...{ oldProductType: 1, newProductType: 48, systemMetrics: 0, clientVersionMajorNumber: 7 },
  ...{ clientVersionMinorNumber: 9, clientVersionBuildNumber: 0, clientVersionQfeNumber: 1 },
};

async function authorize() {
  const { result } = (await soap('GetConfig', {} as never)) as { result: { lastChange: Date } };
  const body = writeCall(simpleAuth, 'GetAuthorizationCookie', {
    clientId: computerId,
    dnsName: 'client-1.example.test',
  });
  const path = `${url}/SimpleAuthWebService/SimpleAuth.asmx`;
  const response = await fetch(path, { method: 'POST', body, headers: { 'content-type': 'text/xml' } });
  const authorization = readAnswer(simpleAuth, 'GetAuthorizationCookie', await response.text());
  assert.ok(authorization.kind === 'answer');
  const now = new Date();
  const request = { authCookies: [authorization.value.result], lastChange: result.lastChange, currentTime: now };
  const answer = (await soap('GetCookie', { ...request, protocolVersion: '1.8' } as never)) as { result: object };
  return answer.result;
}

interface Offered {
  id: number;
  isLeaf: boolean;
  deployment: { action: string };
  xml: { text: string };
}

/** Everything that a computer with nothing gets, when all that is no leaf is installed. */
async function everyUpdate(cookie: object): Promise<Offered[]> {
  const updates: Offered[] = [];
  for (;;) {
    const parameters = {
      installedNonLeafUpdateIds: updates.filter(({ isLeaf }) => !isLeaf).map(({ id }) => id),
      otherCachedUpdateIds: updates.filter(({ isLeaf }) => isLeaf).map(({ id }) => id),
      ...{ systemSpec: [], cachedDriverIds: [], skipSoftwareSync: false, filterCategoryIds: [] },
    };
    const { result } = (await soap('SyncUpdates', { cookie, parameters } as never)) as {
      result: { newUpdates: Offered[] };
    };
    if (result.newUpdates.length === 0) return updates;
    updates.push(...result.newUpdates);
  }
}
