// A computer that has no agent and no Node: the pasted line, the Debian package, a self-update, and servers that lie. The server
// is the real one, in this process; the computer is an empty Debian.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installLine, rootFingerprint, writeBundle } from '@moult/releases/bundle';
import { type KeptBundles, makeKeptBundles, offerRelease } from '@moult/server';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { readContents, runtimeOf } from '../src/bundle/contents.ts';
import { type DemoServer, startDemoServer } from '../src/demo/server.ts';
import { canEnterDebian, inEmptyDebian } from './empty-debian.ts';

const [bundled, next] = ['7.9.0.1', '7.9.0.3'];

let folder: string;
let dataDir: string;
let server: DemoServer;
let kept: KeptBundles;
let root: string;
let debian: string;

describe('an empty Debian', { skip: process.arch !== 'x64' && 'it needs the runtime of this machine' }, () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moult-install-line-'));
    dataDir = join(folder, 'server');
    const releaseFolder = join(folder, 'releases');
    await Promise.all([buildAgent(releaseFolder, 'wsus', bundled), buildHost(releaseFolder, bundled)]);
    const first = await startDemoServer({ port: 0, releaseFolder }, dataDir);
    await first.stop();
    const contents = await readContents(dataDir);
    root = rootFingerprint(contents);
    const runtime = await runtimeOf('linux-x64', []);
    kept = await makeKeptBundles(dataDir, { contents, runtimes: new Map([['linux-x64', runtime]]), level: 0 });
    debian = join(folder, 'agent.deb');
    await buildAgent(releaseFolder, 'wsus', next);
    server = await startDemoServer({ port: 0, releaseFolder }, dataDir);
    const order = { platform: 'linux-x64', format: 'deb', runtime, level: 0 } as const;
    await writeBundle(debian, { ...contents, server: server.url, group: 'Büro 2' }, order);
    await offerRelease(dataDir, next, new Date());
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const line = (url = server.url) =>
    installLine({
      ...{ server: url, group: "it's; one" },
      ...{ script: kept.scripts['install.sh'].sha256, windowsScript: kept.scripts['install.ps1'].sha256 },
    });
  const pinned = `sha256sum <'/var/lib/moult-agent/Program Files/Moult/Agent/trust-root.json'`;

  it('becomes a client by the pasted line, updates itself, and is repaired by the same line', async () => {
    if (!canEnterDebian(folder)) return;
    const script = `
      ${line()}
      ${pinned}
      moult-agent status
      ls -A /etc/systemd/system/multi-user.target.wants/moult-agent.service
      moult-agent run --once --now
      moult-agent status
      rm /opt/moult-agent/runtime/node
      echo broken >'/var/lib/moult-agent/Program Files/Moult/Agent/host.mjs'
      ${line()}
      moult-agent status
      ls -A /opt /tmp`;
    const { code, out, err } = await inEmptyDebian(folder, script);
    assert.equal(code, 0, out + err);
    assert.ok(out.includes(`${root}  -`), out);
    const clients = [...out.matchAll(/^WSUS client ([\d.]+)\n {2}service +(\w+)/gm)].map(([, ...known]) => known);
    assert.deepEqual(
      clients,
      [
        [bundled, 'stopped'],
        [next, 'stopped'],
        [next, 'stopped'],
      ],
      out + err,
    );
    assert.match(out, /group +it's; one\n/);
    assert.ok(!/trusted from now on/.test(err), err);
    // The empty Debian has no first process of its own. boot.test.ts has one.
    assert.match(err, /^note: the agent does not run yet: systemd does not run here\.$/m);
    assert.match(out, /\n\/opt:\nmoult-agent\n\n\/tmp:\n$/, 'nothing is left behind');
  });

  it('becomes a client by the Debian package, which goes without a trace when it is purged', async () => {
    if (!canEnterDebian(folder)) return;
    const script = `
      dpkg -i /srv/agent.deb
      ${pinned}
      moult-agent status
      dpkg -i /srv/agent.deb
      dpkg -r moult-agent
      ls -d /opt/moult-agent /usr/bin/moult-agent /var/lib/moult-agent || true
      dpkg -P moult-agent
      ls -d /var/lib/moult-agent || true`;
    const { code, out, err } = await inEmptyDebian(folder, script, [debian]);
    assert.equal(code, 0, out + err);
    assert.ok(out.includes(`${root}  -`), out);
    assert.match(out, new RegExp(`^WSUS client ${bundled}\\n {2}service +stopped`, 'm'));
    assert.match(out, /group +Büro 2\n/);
    assert.match(out, /Removing moult-agent .*\n\/var\/lib\/moult-agent\n/);
    const gone = [...err.matchAll(/cannot access '(.*)'/g)].map(([, path]) => path);
    assert.deepEqual(gone, ['/opt/moult-agent', '/usr/bin/moult-agent', '/var/lib/moult-agent'], err);
  });

  it('takes nothing from a server that lies: one line, and nothing is installed', async () => {
    if (!canEnterDebian(folder)) return;
    const lies: [string, (path: string, bytes: Buffer) => Buffer, RegExp][] = [
      [
        'an altered script',
        (path, bytes) => (path.endsWith('.sh') ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes),
        /^The script that came is not the one of this line\. Nothing was installed\.\n$/,
      ],
      [
        'an altered bundle',
        (path, bytes) => (path.endsWith('.sh') ? bytes : flipped(bytes)),
        /^moult-agent: The bundle that came is not the one that this script names\. Nothing was installed\.\n$/,
      ],
      [
        'half a bundle',
        (path, bytes) => (path.endsWith('.sh') ? bytes : bytes.subarray(0, 5000)),
        /^moult-agent: The bundle that came is not the one that this script names\. Nothing was installed\.\n$/,
      ],
    ];
    const liars = await Promise.all(lies.map(([, lie]) => startLiar(lie)));
    try {
      const attempts = liars.map(({ url }) => `{ ${line(url)}; } && echo installed >&2; echo "code $?" >&2`);
      const script = `set +e\n${attempts.join('\n')}\nls -A /opt /usr/local/bin/moult-agent`;
      const { out, err } = await inEmptyDebian(folder, script);
      assert.equal(out, '/opt:\n');
      const said = err.split(/code 1\n/);
      for (const [at, [what, , expected]] of lies.entries()) assert.match(said[at] ?? '', expected, `${what}: ${err}`);
    } finally {
      for (const liar of liars) liar.close();
    }
  });
});

function flipped(bytes: Buffer): Buffer {
  const altered = Buffer.from(bytes);
  altered[bytes.length >> 1] = (altered[bytes.length >> 1] ?? 0) ^ 1;
  return altered;
}

/** A server in the middle: what is kept, altered. */
async function startLiar(lie: (path: string, bytes: Buffer) => Buffer): Promise<{ url: string; close(): void }> {
  const folderOf = join(dataDir, 'agent-bundles');
  const liar: Server = createServer((request, response) => {
    const name = (request.url ?? '').replace('/agent/', '');
    const file = name === 'install.sh' ? kept.scripts['install.sh'] : kept.bundles['linux-x64'];
    response.end(lie(request.url ?? '', readFileSync(join(folderOf, file?.file ?? ''))));
  });
  liar.listen(0, '127.0.0.1');
  await once(liar, 'listening');
  return {
    url: `http://127.0.0.1:${(liar.address() as AddressInfo).port}`,
    close: () => {
      liar.close();
      liar.closeAllConnections();
    },
  };
}
