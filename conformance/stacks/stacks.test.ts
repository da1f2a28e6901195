// suds, PHP and node-soap against a server of ours: they load its contracts and complete a scan, in both SOAP versions.
// (Mono's proxies, a large package, are tried by npm run conformance -- --all.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestServer, type TestServer } from '../../packages/server/test/test-server.ts';
import { openStore } from '../../packages/store/src/index.ts';
import { type ScanResult, smallStacks } from './scan.ts';

const moult = fileURLToPath(new URL('../../packages/cli/bin/moult.js', import.meta.url));

const soap11 = 'text/xml http://schemas.xmlsoap.org/soap/envelope/';
const soap12 = 'application/soap+xml http://www.w3.org/2003/05/soap-envelope';

/** Passes everything on, and notes in which SOAP version each call is. */
function listenBetween(target: () => string, spoken: Set<string>): Server {
  return createServer((incoming, answer) => {
    const { method, headers, url } = incoming;
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const body = Buffer.concat(pieces);
      const type = String(headers['content-type']).split(';')[0];
      const envelope = /"(http:[^"]*\/(?:soap-envelope|envelope\/))"/.exec(body.toString())?.[1];
      if (method === 'POST') spoken.add(`${type} ${envelope}`);
      const outgoing = request(`${target()}${url}`, { method, headers }, (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      outgoing.on('error', () => answer.destroy());
      outgoing.end(body);
    });
  });
}

describe('foreign SOAP stacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-stacks-'));
  const dataDir = join(folder, 'data');
  const results = new Map<string, ScanResult>();
  /** Content types and envelopes of the calls that went by. */
  const spoken = new Set<string>();
  let server: TestServer;
  let between: Server;
  const url = () => `http://127.0.0.1:${(between.address() as AddressInfo).port}`;

  before(async () => {
    // Once started and stopped, so that there is something to publish into.
    await (await startTestServer({ dataDir })).stop();
    for (const title of ['First & best', 'Second <update>']) publish(title);
    server = await startTestServer({ dataDir });
    between = listenBetween(() => server.url, spoken);
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    between.closeAllConnections();
    await new Promise((resolve) => between.close(resolve));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const stack of smallStacks) {
    for (const version of ['1.1', '1.2'] as const) {
      it(`${stack.name} loads the contracts and completes a scan in SOAP ${version}`, async () => {
        spoken.clear();
        const result = await stack.scan(url(), version);
        // suds loads the binding of SOAP 1.2 and calls through its port, but writes envelopes of 1.1 only.
        const wanted = version === '1.2' && stack.name !== 'suds' ? soap12 : soap11;
        assert.deepEqual([...spoken], [wanted]);
        results.set(`${stack.name} ${version}`, result);
        assert.equal(result.reported, true);
        // Both updates, and what classifies them.
        assert.ok(result.updates >= 6 && result.extended >= 2, JSON.stringify(result));
      });
    }
  }

  it('they all found the same, and left a computer and an event each', async () => {
    assert.equal(results.size, 2 * smallStacks.length);
    const found = new Set([...results.values()].map(({ updates, extended }) => `${updates} ${extended}`));
    assert.equal(found.size, 1, [...found].join(', '));
    await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
    const events = await store.listReportingEvents({ limit: 1000 });
    await store.close();
    const names = new Set(events.map(({ dnsName }) => dnsName));
    const wanted = ['suds', 'php', 'node-soap'].flatMap((name) => [`${name}-1.1`, `${name}-1.2`]);
    assert.deepEqual([...names].sort(), wanted.sort());
  });

  function publish(title: string): void {
    writeFileSync(join(folder, 'setup.mjs'), '');
    const lines = ['publisher: Stacks', 'product: Stacks <&>', `title: ${title}`, 'files: setup.mjs'];
    const rules = ['install: { program: setup.mjs }', 'installed-when: { FileExists: { path: x.txt, csidl: 38 } }'];
    const file = join(folder, 'update.yaml');
    writeFileSync(file, [...lines, ...rules].join('\n'));
    for (const args of [
      ['publish', file],
      ['approve', title],
    ]) {
      const done = spawnSync(process.execPath, [moult, ...args, '--data-dir', dataDir], { encoding: 'utf8' });
      assert.equal(done.status, 0, done.stderr);
    }
  }
});
