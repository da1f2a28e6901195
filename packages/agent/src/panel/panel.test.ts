// The Automatic Updates panel without a browser: what it reads and changes, who may ask it, and what a stranger gets.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { overrideBounds } from '@moult/bounds';
import { encodePolicyFile } from '@moult/formats/registry';
import { readAuState } from '../machine/au-state.ts';
import { keys } from '../machine/keys.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { dword, string } from '../machine/policy.ts';
import { number, openRegistry, text } from '../machine/registry.ts';
import { openReadyStore } from '../wsus/ready/ready-state.ts';
import { requireChoice } from './choice.ts';
import { type OpenPanel, openPanel } from './open-panel.ts';
import { panelBounds } from './panel-bounds.ts';
import { readPanel, requireCheckAllowed, saveChoice } from './state.ts';
import { hostile, liveALittle, liveAsSusClient, openPanelMachines } from './test/panel-machine.ts';
import { panelFacts, policyNotes } from './words.ts';

const machines = openPanelMachines();
after(() => machines.close());
const now = new Date('2026-12-01T23:00:00Z');
const chosenIn = (root: MachineRoot, name: string) => dword(openRegistry(root).read(), keys.autoUpdate, name);
const setPolicy = (root: MachineRoot, name: string, data: number, key: string = keys.policyAu) =>
  openRegistry(root).change([{ key, name, value: number(data) }]);
const choose = (root: MachineRoot, mode: string, day = 0, hour = 3) => saveChoice(root, requireChoice(mode, day, hour));

describe('the choice', () => {
  it('is read, and written where Windows has it, for the agent to obey', async () => {
    const root = machines.machine('wsus');
    assert.deepEqual((await readPanel(root, now)).choice, { mode: 'automatic', day: 0, hour: 3 });
    choose(root, 'automatic', 5, 22);
    assert.deepEqual([chosenIn(root, 'AUOptions'), chosenIn(root, 'ScheduledInstallDay')], [4, 5]);
    assert.equal(chosenIn(root, 'ScheduledInstallTime'), 22);
    choose(root, 'download');
    assert.deepEqual((await readPanel(root, now)).choice, { mode: 'download', day: 5, hour: 22 });
    choose(root, 'notify');
    assert.equal(chosenIn(root, 'AUOptions'), 2);
  });

  it('off is AUState 7; on again is 2, and the times of the next check are made anew', () => {
    const root = machines.machine('wsus');
    choose(root, 'off');
    assert.deepEqual([chosenIn(root, 'AUOptions'), readAuState(openRegistry(root).read())], [1, 7]);
    choose(root, 'download');
    const view = openRegistry(root).read();
    assert.deepEqual([chosenIn(root, 'AUOptions'), readAuState(view)], [3, 2]);
    assert.equal(string(view, keys.autoUpdate, 'LastWaitTimeout'), undefined);
    assert.equal(string(view, keys.autoUpdate, 'DetectionStartTime'), undefined);
  });

  it('that a policy decides cannot be changed, whatever layer the policy is in, and says which one it is', async () => {
    const layers: [string, (root: MachineRoot) => void][] = [
      ['registry', (root) => setPolicy(root, 'AUOptions', 3)],
      ['device management', (root) => setPolicy(root, 'AllowAutoUpdate', 1, keys.management)],
      ['config file', (root) => writeTo(root.policyConfig, '{"AUOptions": 3}')],
      [
        'group policy',
        (root) => {
          const value = { type: 'REG_DWORD', data: 3 } as const;
          writeTo(root.groupPolicyFile, encodePolicyFile([{ key: keys.policyAu.slice(5), name: 'AUOptions', value }]));
        },
      ],
    ];
    for (const [origin, set] of layers) {
      const root = machines.machine('wsus');
      set(root);
      const state = await readPanel(root, now);
      assert.deepEqual([state.choice.mode, state.decided.mode?.origin], ['download', origin]);
      assert.match(policyNotes(state).join(), new RegExp(`“Configure Automatic Updates” \\(AUOptions 3, ${origin}\\)`));
      assert.throws(() => choose(root, 'off'), { code: 'AGENT_PANEL_DECIDED', message: /Configure Automatic Updates/ });
      assert.equal(chosenIn(root, 'AUOptions'), 4, 'nothing is written');
    }
  });

  it('is value by value: a policy for the day alone leaves the rest', async () => {
    const root = machines.machine('wsus');
    setPolicy(root, 'ScheduledInstallDay', 2);
    const { decided, choice } = await readPanel(root, now);
    assert.deepEqual([decided.mode, decided.day?.value, decided.hour], [undefined, 'ScheduledInstallDay 2', undefined]);
    choose(root, 'automatic', 6, 5);
    assert.deepEqual(
      [choice.day, chosenIn(root, 'ScheduledInstallDay'), chosenIn(root, 'ScheduledInstallTime')],
      [2, 0, 5],
    );
  });

  it('under AUOptions 5 is free, but not off', async () => {
    const root = machines.machine('wsus');
    setPolicy(root, 'AUOptions', 5);
    const state = await readPanel(root, now);
    assert.deepEqual([state.decided.mode, state.keptOn?.value], [undefined, 'AUOptions 5']);
    choose(root, 'notify');
    assert.equal((await readPanel(root, now)).choice.mode, 'notify');
    assert.throws(() => choose(root, 'off'), { code: 'AGENT_PANEL_DECIDED' });
    // A weaker layer that leaves it to the administrator has no say.
    const other = machines.machine('wsus');
    setPolicy(other, 'AUOptions', 3);
    writeTo(other.policyConfig, '{"AUOptions": 5}');
    assert.equal((await readPanel(other, now)).decided.mode?.value, 'AUOptions 3');
  });

  it('and Check now are gone where the policy takes the panel away', async () => {
    for (const name of ['DisableWindowsUpdateAccess', 'SetDisableUXWUAccess']) {
      const root = machines.machine('wsus');
      setPolicy(root, name, 1, keys.policy);
      assert.match(policyNotes(await readPanel(root, now)).join(), /access to (use )?all Windows Update features/);
      assert.throws(() => choose(root, 'notify'), { code: 'AGENT_PANEL_DECIDED' });
      assert.throws(() => requireCheckAllowed(root), { code: 'AGENT_PANEL_DECIDED' });
    }
  });

  it('that does not exist is refused', () => {
    for (const [mode, day, hour] of [
      ['sometimes', 0, 3],
      ['automatic', 8, 3],
      ['automatic', 0, 24],
      ['automatic', 0.5, 3],
      ['', 0, Number.NaN],
    ] as const)
      assert.throws(() => requireChoice(mode, day, hour), { code: 'AGENT_PANEL_BAD_CHOICE' });
  });
});

describe('the state', () => {
  it('has the old face for a SUS client and for a WSUS client in legacy mode', async () => {
    const [sus, wsus] = [machines.machine('sus'), machines.machine('wsus')];
    assert.deepEqual([(await readPanel(sus, now)).face, (await readPanel(wsus, now)).face], ['sus', 'wsus']);
    openRegistry(wsus).change([{ key: keys.agent, name: 'LegacyMode', value: number(1) }]);
    const legacy = await readPanel(wsus, now);
    assert.deepEqual([legacy.face, legacy.client], ['sus', 'WSUS client in legacy (SUS) mode']);
  });

  it('tells the history newest first, by both logs, damaged lines left out', async () => {
    const root = machines.machine('wsus');
    liveAsSusClient(root);
    liveALittle(root, `A\u202eB`);
    writeTo(`${root.reportingEventsLog}.old`, Buffer.from('\ufeffnot a line\r\n\tx\r\n', 'utf16le'));
    const { history } = await readPanel(root, now);
    assert.deepEqual(
      history.map(({ title, what, result, code }) => [title, what, result, code]),
      [
        ['Check for updates', 'Failed', 'bad', '0x8024402c'],
        ['Automatic Updates', 'Updated itself', 'good', ''],
        ['A<U+202E>B', 'Installation failed', 'bad', '0x8024200b'],
        ['A<U+202E>B', 'Installed', 'good', ''],
        ['Automatic Updates', 'Updated itself', 'good', ''],
        ['Automatic Updates', 'Self-update failed', 'bad', '0x80244019'],
      ],
    );
    assert.equal(history[0]?.at.toISOString(), '2026-12-01T04:00:00.000Z');
  });

  it('reads the end of a log alone, and no more lines than its bound', async () => {
    const root = machines.machine('wsus');
    for (let round = 0; round < 60; round++) liveALittle(root);
    using _ = overrideBounds(panelBounds, { maxHistory: 7, maxHistoryBytes: 4096 });
    assert.equal((await readPanel(root, now)).history.length, 7);
  });

  it('tells checks, updates that wait, and a restart with the rule that it goes by', async () => {
    const root = machines.machine('wsus');
    const facts = async () => new Map(panelFacts(await readPanel(root, now)).map(({ id, text: said }) => [id, said]));
    const quiet = await facts();
    assert.deepEqual([quiet.get('waiting'), quiet.get('restart')], ['none', 'not needed']);
    assert.match(quiet.get('last') ?? '', /^2026-12-0[12] \d\d:\d\d$/);
    assert.match(quiet.get('service') ?? '', /moult agent start/);
    const entry = {
      updateId: 'a',
      revision: 1,
      title: hostile,
      kind: 'quality',
      isMinor: false,
      deadline: undefined,
    } as const;
    openReadyStore(root, 'http://updates.example.com:8530').write({
      entries: [{ ...entry, foundAt: now, parts: [] }],
      planned: now,
      restart: { since: now, kind: 'quality', byDeadline: true, graceEnds: undefined, boot: '', askedAt: undefined },
    });
    const busy = await facts();
    assert.match(busy.get('waiting') ?? '', /^1 \(.*<U\+202E>gpj\), installed at /);
    assert.match(busy.get('restart') ?? '', /^needed since .* Comes at .*: the deadline of an approval$/);
  });

  it('of a folder without an agent is an error that says what to do', async () => {
    const root = machines.machine('wsus');
    const other = { ...root, versionsFolder: `${root.versionsFolder}-none` };
    await assert.rejects(readPanel(other, now), { code: 'AGENT_CONFIG_NOT_INSTALLED' });
  });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

describe('the page', () => {
  let panel: OpenPanel | undefined;
  let checks = 0;
  afterEach(() => panel?.close());

  async function open(root: MachineRoot, more: { idleMs?: number; check?: () => string } = {}) {
    checks = 0;
    const check = () => `Asked ${++checks} times.`;
    panel = await openPanel({ root, now: () => now, random: randomBytes, check, ...more });
    return panel;
  }

  /** With the address of the panel itself, but for what `headers` say. */
  function ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
    const { origin, hostname, port } = new URL(panel?.url ?? '');
    const all = {
      ...(method === 'POST' ? { origin, 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, path, method, headers: all, agent: false }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('end', () => {
          const { statusCode: status = 0, headers: said } = response;
          resolve({ status, headers: said, body: Buffer.concat(pieces).toString() });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async function session(): Promise<{ cookie: string }> {
    const { pathname, search } = new URL(panel?.url ?? '');
    const opened = await ask(pathname + search);
    assert.deepEqual([opened.status, opened.headers.location], [303, '/']);
    return { cookie: opened.headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
  }

  it('has an address of 127.0.0.0/8 of its own, and nothing else of this computer answers there', async () => {
    const { url } = await open(machines.machine('wsus'));
    const { hostname, port } = new URL(url);
    assert.match(hostname, /^127\./);
    if (process.platform === 'linux')
      assert.notEqual(hostname, '127.0.0.1', 'cookies of 127.0.0.1 go to every program');
    const others = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
    for (const { address, family } of others.filter(({ address: one }) => one !== hostname)) {
      if (family !== 'IPv4') continue;
      const answers = fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(5000) }).then(
        () => true,
        () => false,
      );
      assert.equal(await answers, false, address);
    }
  });

  it('opens for the first who brings the token, once, and for nobody else', async () => {
    const { url } = await open(machines.machine('wsus'));
    const { pathname, search } = new URL(url);
    for (const path of ['/', '/state', '/panel.css', '/open', '/open?token=', `/open?token=${'x'.repeat(43)}`])
      assert.equal((await ask(path)).status, 401, path);
    assert.equal((await ask('/choice', { method: 'POST', body: 'mode=off' })).status, 401);
    assert.equal((await ask(pathname + search, { method: 'HEAD' })).status, 401, 'a look does not use it up');
    const opened = await ask(pathname + search);
    assert.match(
      opened.headers['set-cookie']?.[0] ?? '',
      /^moult_panel=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = opened.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    assert.equal((await ask(pathname + search)).status, 401, 'the second one');
    assert.equal((await ask(pathname + search, { headers: { cookie } })).status, 303, 'the same browser');
    const page = await ask('/', { headers: { cookie: `other=1; ${cookie}` } });
    assert.equal(page.status, 200);
    assert.ok(!page.body.includes(search.slice(7)) && !page.body.includes(cookie.slice(12)), 'no secret in the page');
    assert.equal((await ask('/', { headers: { cookie: `${cookie.slice(0, -1)}_` } })).status, 401);
  });

  it('answers under its very address alone', async () => {
    await open(machines.machine('wsus'));
    const { cookie } = await session();
    const port = new URL(panel?.url ?? '').port;
    for (const host of ['localhost', `localhost:${port}`, 'evil.example', `127.0.0.1:${port}`]) {
      assert.equal((await ask('/', { headers: { cookie, host } })).status, 421, host);
    }
  });

  it('takes forms of its own alone, small ones, and says in plain words what it refuses', async () => {
    const root = machines.machine('wsus');
    await open(root);
    const { cookie } = await session();
    const post = (body: string, headers: Record<string, string> = {}) =>
      ask('/choice', { method: 'POST', body, headers: { cookie, ...headers } });
    const { origin } = new URL(panel?.url ?? '');
    for (const from of ['null', 'http://evil.example', origin.replace(/:\d+$/, ':1'), origin.replace('http', 'https')])
      assert.equal((await post('mode=off', { origin: from })).status, 403, from);
    assert.equal((await post('{"mode":"off"}', { 'content-type': 'application/json' })).status, 415);
    assert.equal((await post(`mode=off&x=${'x'.repeat(5000)}`)).status, 413);
    for (const method of ['PUT', 'DELETE', 'OPTIONS'])
      assert.equal((await ask('/choice', { method, headers: { cookie } })).status, 404);
    assert.equal((await ask('//', { headers: { cookie } })).status, 404);
    assert.equal((await ask('/../../etc/passwd', { headers: { cookie } })).status, 404);
    assert.equal(chosenIn(root, 'AUOptions'), 4, 'nothing was changed');
    assert.equal((await post('mode=notify')).status, 303);
    assert.equal(chosenIn(root, 'AUOptions'), 2);
    assert.equal((await post('mode=automatic&day=9&hour=x')).status, 303);
    assert.match(
      (await ask('/', { headers: { cookie } })).body,
      /role="alert"[^>]*>There is no such choice, day or hour/,
    );
    assert.equal(chosenIn(root, 'AUOptions'), 2);
    setPolicy(root, 'NoAutoUpdate', 1);
    await post('mode=automatic');
    assert.match((await ask('/', { headers: { cookie } })).body, /mode|role="status"/);
    assert.equal(chosenIn(root, 'AUOptions'), 2, 'the policy decides');
  });

  it('asks for a check, tells once what came of it, and tells an error as an error', async () => {
    const root = machines.machine('wsus');
    await open(root);
    const headers = await session();
    await ask('/check', { method: 'POST', headers, body: '' });
    assert.match((await ask('/', { headers })).body, />Asked 1 times\.</);
    assert.doesNotMatch((await ask('/', { headers })).body, /Asked/);
    setPolicy(root, 'SetDisableUXWUAccess', 1, keys.policy);
    await ask('/check', { method: 'POST', headers, body: '' });
    assert.equal(checks, 1);
    assert.match((await ask('/', { headers })).body, /role="alert"/);
  });

  it('shows hostile titles and servers as text, under a policy that runs nothing inline', async () => {
    const root = machines.machine('wsus');
    liveALittle(root, hostile);
    openRegistry(root).change([{ key: keys.policy, name: 'WUServer', value: text(`http://x/${hostile}`) }]);
    await open(root);
    const { headers, body } = await ask('/', { headers: await session() });
    assert.match(
      String(headers['content-security-policy']),
      /^default-src 'none'; .*require-trusted-types-for 'script'$/,
    );
    assert.doesNotMatch(body, /<img|alert\(2\)<\/script>|\u202e/);
    assert.doesNotMatch(body, /<[^>]* (?:style|on\w+)=/);
    assert.match(body, /&#60;script&#62;/);
  });

  it('is held to its rate, and ends when nobody uses it; the looks of its script are no use', async () => {
    await open(machines.machine('wsus'), { idleMs: 3000 });
    const headers = await session();
    const looking = setInterval(() => void ask('/state', { headers }).catch(() => undefined), 200);
    await panel?.ended;
    clearInterval(looking);
    await assert.rejects(ask('/', { headers }), { code: 'ECONNREFUSED' });

    using _ = overrideBounds(panelBounds, { maxRequestsAMinute: 30 });
    await open(machines.machine('wsus'));
    const again = await session();
    const statuses = [];
    for (let number = 0; number < 40; number++) statuses.push((await ask('/panel.css', { headers: again })).status);
    assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429]);
  });

  it('says what is wrong while the registry cannot be read, and is there again afterwards', async () => {
    const root = machines.machine('wsus');
    await open(root);
    const headers = await session();
    const { registryFile = '' } = root;
    const good = openRegistry(root).read();
    assert.ok(good.hasKey(keys.policy));
    writeFileSync(registryFile, 'rubbish');
    const broken = await ask('/', { headers });
    assert.equal(broken.status, 503);
    assert.match(broken.body, /The registry file cannot be read: .*line 1/);
    assert.doesNotMatch(broken.body, /\n\s+at /);
    writeFileSync(registryFile, 'Windows Registry Editor Version 5.00\r\n');
    assert.equal((await ask('/', { headers })).status, 200);
  });
});

function writeTo(file: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
