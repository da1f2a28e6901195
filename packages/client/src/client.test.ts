// What ships as moult/client, against the API.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildClient } from '../../../scripts/build-client.ts';
import { type OpenApiDocument, typesOf } from '../../../scripts/client-types.ts';
import { routes } from '../../server/src/sites/api/table.ts';
import { startApi } from '../../server/src/sites/api/test/api-server.ts';
import type { Client, ConnectOptions, MoultError as Refusal } from './client.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const token = 'a-token';

/** Some of the operations. The compiler holds all of their types below: the folder dist is not there when these sources are compiled. */
interface Operations {
  addGroup: { given: { body: { name: string } }; answer: unknown; later: undefined };
  declineUpdates: { given: { body: { updates: string[] } }; answer: unknown; later: unknown };
  followChanges: { given: object; answer: ReadableStream<Uint8Array>; later: undefined };
  listGroups: {
    given: { query?: { limit?: number; cursor?: string } };
    answer: { items: { name: string; groupId: string }[] };
    later: undefined;
  };
  listRings: { given: object; answer: unknown; later: undefined };
  renameGroup: {
    given: { path: { group: string }; ifMatch: string; body: { name: string } };
    answer: { name: string };
    later: undefined;
  };
  showGroup: { given: { path: { group: string } }; answer: unknown; later: undefined };
}

interface Shipped {
  connect(options: ConnectOptions): Client<Operations>;
  MoultError: typeof Refusal;
}

describe('the client of the API', async () => {
  // Of these sources, whatever was built before.
  await buildClient(root);
  const { connect, MoultError } = (await import(
    pathToFileURL(join(root, 'packages/client/dist/index.js')).href
  )) as Shipped;

  it('has a function for each operation, and no operation hides one of its own', () => {
    const names = Object.keys(connect({ url: 'https://moult.example', token }));
    assert.deepEqual(names.sort(), [...routes.map(({ id }) => id), 'ask', 'all'].sort());
  });

  it('asks, follows pages, changes what it saw, and says refusals and what waits', async () => {
    await using api = await startApi({ twoPersons: 'decline' });
    const moult = connect({ url: `http://127.0.0.1:${api.port}`, token: api.tokens.administrator });
    for (const name of ['Pilot', 'Wide', 'é ..%?#']) await moult.addGroup({ body: { name } });
    const names: string[] = [];
    for await (const group of moult.all('listGroups', { query: { limit: 1 } })) names.push(group.name);
    assert.ok(names.length >= 4 && names.includes('é ..%?#'), names.join());

    const seen = await moult.ask('showGroup', { path: { group: 'é ..%?#' } });
    const changed = { path: { group: 'é ..%?#' }, ifMatch: seen.etag ?? '', body: { name: 'Late' } };
    assert.equal((await moult.renameGroup(changed)).name, 'Late');
    await assert.rejects(moult.renameGroup({ ...changed, path: { group: 'Late' } }), { status: 412 });
    await assert.rejects(
      moult.showGroup({ path: { group: 'None' } }),
      (error) => error instanceof MoultError && error.status === 404 && error.code !== '',
    );

    const decline = { body: { updates: ['Other tool'] } };
    const waits = await moult.ask('declineUpdates', decline);
    assert.equal(waits.status, 202);
    assert.match(waits.location ?? '', /requests/);
    await assert.rejects(moult.declineUpdates(decline), { status: 202, code: '' });

    const stream = await moult.followChanges();
    const decoder = new TextDecoder();
    let told = '';
    // The end of the loop closes the stream.
    for await (const piece of stream) {
      told += decoder.decode(piece, { stream: true });
      if (told.includes('event: hello')) break;
    }
    assert.match(told, /event: hello/);
  });

  it('sends its token nowhere else, and waits for no answer without an end', async () => {
    for (const url of ['http://moult.example', 'http://127.0.0.1.example', 'https://a@moult.example', 'ftp://x', 'x'])
      assert.throws(() => connect({ url, token }), TypeError, url);
    assert.throws(() => connect({ url: 'https://moult.example', token: 'a\r\nb: c' }), TypeError);

    const asked: string[] = [];
    let answer = (_: IncomingMessage, response: ServerResponse): unknown => response.end();
    const liar = createServer((request, response) => {
      asked.push(String(request.url));
      answer(request, response);
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
    const moult = connect({ url, token, timeoutMs: 500, maxBytes: 1000 });
    try {
      answer = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end();
      await assert.rejects(moult.listRings(), TypeError);
      assert.deepEqual(asked, ['/api/v1/rings']);
      answer = (_, response) => response.write('{');
      await assert.rejects(moult.listRings(), { name: 'TimeoutError' });
      answer = (_, response) => response.end(`"${'x'.repeat(2000)}"`);
      await assert.rejects(moult.listRings(), /more than 1000 bytes/);
      answer = (_, response) => response.end('<html>');
      await assert.rejects(moult.listRings(), /as a Moult server does/);
      answer = (_, response) => response.writeHead(502).end('<html>');
      await assert.rejects(moult.listRings(), { name: 'MoultError', status: 502, code: '' });
      answer = (_, response) => response.end('{"items":[],"next":"again"}');
      for await (const one of moult.all('listGroups')) assert.fail(JSON.stringify(one));
      asked.length = 0;
      for (const group of ['', '.', '..'])
        await assert.rejects(moult.showGroup({ path: { group } }), /names one thing/);
      assert.deepEqual(asked, []);
    } finally {
      liar.closeAllConnections();
      liar.close();
    }
  });

  it('has types: the example is compiled and runs, and a wrong field is an error', async () => {
    const file = join(root, 'examples/approve-matching.ts');
    const example = readFileSync(file, 'utf8');
    const mistakes: readonly [string, string, RegExp][] = [
      ['filter, expected, groups', 'filter, expectd: expected, groups', /expectd/],
      ["approval: 'unapproved'", "approval: 'undecided'", /'\{ readonly approval: 'undecided'/],
      ['moult.approveMatchingUpdates', 'moult.approveAll', /approveAll/],
      ['needed = 0', 'neded = 0', /neded/],
    ];
    // As a program of somebody else, who has the package.
    const folder = mkdtempSync(join(tmpdir(), 'moult-client-'));
    try {
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(root, join(folder, 'node_modules/moult'));
      symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      writeFileSync(join(folder, 'right.ts'), example);
      for (const [at, [here, wrong]] of mistakes.entries())
        writeFileSync(join(folder, `wrong${at}.ts`), example.replace(here, wrong));
      const how = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
      const files = ['right.ts', ...mistakes.map((_, at) => `wrong${at}.ts`)];
      const compiler = join(root, 'node_modules/.bin/tsc');
      const { stdout } = spawnSync(compiler, [...how, ...files], { cwd: folder, encoding: 'utf8' });
      const found = (name: string) => stdout.split('\n').filter((line) => line.startsWith(`${name}.ts(`));
      assert.deepEqual(found('right'), [], stdout);
      for (const [at, [, , why]] of mistakes.entries()) assert.match(found(`wrong${at}`).join(), why, stdout);
    } finally {
      rmSync(folder, { recursive: true });
    }

    await using api = await startApi();
    const url = `http://127.0.0.1:${api.port}`;
    const { administrator, reporter } = api.tokens;
    const moult = connect({ url, token: administrator });
    await moult.addGroup({ body: { name: 'Pilot' } });
    const run = (secret: string) =>
      promisify(execFile)(process.execPath, [file, url, 'other', 'Pilot'], {
        env: { ...process.env, MOULT_TOKEN: secret },
      }).catch((error: { stdout: string; stderr: string }) => error);
    assert.match((await run(reporter)).stderr, /^API_FORBIDDEN: /);
    assert.match(
      (await run(administrator)).stdout,
      /^"Other tool" is needed by 0 computers\n1 updates are approved for Pilot\n$/,
    );
    assert.match((await run(administrator)).stdout, /^0 updates are approved for Pilot\n$/);
  });

  it('refuses to make types of what it does not know', () => {
    const operation = { operationId: 'x', summary: 'X', responses: { 200: {} } };
    const document = (schema: object): OpenApiDocument => ({
      paths: { '/x': { get: { ...operation, parameters: [{ name: 'y', in: 'query', schema }] } } },
      components: { schemas: {} },
    });
    assert.throws(() => typesOf(document({ type: 'tuple' })), /no type/);
    assert.match(
      typesOf(document({ type: ['string', 'null'], description: 'a */ b' })),
      /\/\*\* a \* \/ b\. \*\/\s+y\?: string \| null;/,
    );
  });
});
