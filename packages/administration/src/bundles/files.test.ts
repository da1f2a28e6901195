// The files that go between networks beside a whole bundle: reports, packages for a WSUS, and a folder that was not finished.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { createOperatorCa, createServerCertificate } from '@moult/formats/authenticode';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { relativePath } from '@moult/store/content';
import { approve } from '../approvals.ts';
import { addGroup } from '../groups.ts';
import { importUpdates, readDocuments } from '../imports/index.ts';
import { checkSignature } from '../signed-text/index.ts';
import { documentOf, idOf } from '../test/administration.ts';
import { bundleName, signatureName } from './format.ts';
import {
  acknowledgedBy,
  exportBundle,
  exportPackage,
  exportReports,
  importBundle,
  importReports,
  listNetworks,
} from './index.ts';
import {
  addDocuments,
  at,
  carried,
  fill,
  later,
  makeNetwork,
  newFolder,
  silent,
  startServer,
  type TestServer,
} from './test/networks.ts';

describe('reports of a closed network', () => {
  it('come back signed, and say what the next bundle need not have', async () => {
    const [outside, inside] = [await makeNetwork(), await makeNetwork()];
    try {
      await using source = await startServer(outside.dataDir);
      await using target = await startServer(inside.dataDir);
      await fill(source);
      const folder = (name: string) => join(outside.dataDir, name);
      const { authority: trust } = await exportBundle(source, folder('one'), { content: 'approved' });
      await importBundle(target, folder('one'), { trust, isDryRun: false, log: silent });
      const file = join(inside.dataDir, 'reports.json');
      writeFileSync(file, await exportReports(target));
      const whole = { isDryRun: false };
      const refused = await importReports(source, file, whole).catch((error: Error) => error);
      assert.equal((refused as { code?: string }).code, 'ADMINISTRATION_BUNDLE_SIGNER');
      const [number = ''] = /[0-9a-f]{64}/.exec((refused as Error).message) ?? [];
      await assert.rejects(acknowledgedBy(source, number), { code: 'SERVER_NOT_FOUND' });
      const dry = await importReports(source, file, { trust: number, isDryRun: true });
      assert.deepEqual(await listNetworks(source), []);
      assert.deepEqual(await importReports(source, file, { ...whole, trust: number }), dry);
      assert.deepEqual(await listNetworks(source), [dry]);
      assert.deepEqual([dry.files, dry.computers.total, dry.bundleMadeAt], [1, 0, at.toISOString()]);
      const acknowledged = await acknowledgedBy(source, number.slice(0, 8));
      assert.equal(acknowledged.since.position, 6);
      await addDocuments(source, [documentOf(idOf(15), 'Newer')]);
      const next = { content: 'approved', since: acknowledged.since, known: acknowledged.content } as const;
      const { documents, files } = await exportBundle(later(source, 1), folder('two'), next);
      assert.deepEqual([documents, files], [1, 0]);
      await importBundle(later(target, 1), folder('two'), { isDryRun: false, log: silent });
      assert.deepEqual(await carried(target), await carried(source));
      for (const [from, to, message] of [
        ['"total": 0', '"total": 1', /signature/],
        ['{', '', /JSON/],
        ['"signature"', '"other"', /not a signed file/],
        ['"computers": {', `"computers": ${'['.repeat(100_000)}${']'.repeat(100_000)}, "more": {`, /not a signed file/],
      ] as const) {
        const changed = join(inside.dataDir, 'changed.json');
        writeFileSync(changed, readFileSync(file, 'utf8').replace(from, to));
        await assert.rejects(importReports(source, changed, whole), { code: 'ADMINISTRATION_BUNDLE_DAMAGED', message });
      }
      writeFileSync(file, await exportReports(later(target, 2)));
      await importReports(later(source, 2), file, whole);
      writeFileSync(file, await exportReports(later(target, 1)));
      await assert.rejects(importReports(later(source, 2), file, whole), { code: 'ADMINISTRATION_BUNDLE_STATE' });
    } finally {
      outside.remove();
      inside.remove();
    }
  });
});

describe('a signature', () => {
  it('by the certificate of HTTPS, which is under the same authority, does not count', async () => {
    const now = at;
    const ca = await createOperatorCa({ commonName: 'Authority', now });
    const https = await createServerCertificate(ca, {
      ...{ names: ['server'], validFrom: now, validTo: new Date(now.getTime() + 86_400_000) },
    });
    const text = Buffer.from('text');
    const signature = {
      value: sign('sha256', text, https.privateKeyPem).toString('base64'),
      ...{ signer: https.certificatePem, authority: ca.certificatePem },
    };
    assert.deepEqual(
      checkSignature(text, signature, () => now),
      { problem: 'Its certificate is not one for signing' },
    );
  });

  it('by a key that signs otherwise does not count', () => {
    const value = Buffer.alloc(64).toString('base64');
    assert.deepEqual(
      checkSignature(Buffer.from('text'), { value, signer: ed25519, authority: ed25519 }, () => at),
      { problem: 'Its signature is not the one of its contents' },
    );
  });
});

describe('a package for a WSUS', () => {
  it('has the whole catalog, is imported as what it was, and takes the place of no file', async () => {
    const network = await makeNetwork();
    try {
      await using source = await startServer(network.dataDir);
      await using target = await startServer(network.dataDir);
      const file = join(network.dataDir, 'updates.cab');
      await assert.rejects(exportPackage(source, file), { code: 'ADMINISTRATION_BUNDLE_UNFIT' });
      await fill(source);
      assert.equal((await exportPackage(source, file)).documents, 6);
      await importUpdates(target, readDocuments([file], Readable.from([])), () => undefined);
      const documents = async (server: TestServer) => ((await carried(server)) as { documents: string[] }).documents;
      assert.deepEqual(await documents(target), await documents(source));
      await assert.rejects(exportPackage(source, file), { code: 'ADMINISTRATION_BUNDLE_FOLDER' });
      assert.deepEqual(
        readdirSync(network.dataDir).filter((name) => name.includes('partial')),
        [],
      );
    } finally {
      network.remove();
    }
  });
});

describe('the folder of a bundle', () => {
  it('has no decision for a group that was made during the export, and no name for a file that is damaged', async () => {
    const network = await makeNetwork();
    try {
      await using server = await startServer(network.dataDir);
      await fill(server);
      const sha1 = (await server.store.listContent())[0]?.sha1 ?? '';
      const file = join(server.server.contentDir, relativePath(sha1, '.cab'));
      writeFileSync(
        file,
        readFileSync(file).map((byte) => byte ^ 1),
      );
      const loadDeployments = async () => {
        await addGroup(server, 'Late');
        await approve(server, { update: idOf(12), action: 'Install', groups: ['Late'] });
        return server.store.loadDeployments();
      };
      const folder = join(network.dataDir, 'bundle');
      const busy = { ...server, store: { ...server.store, loadDeployments } };
      const { missing, groups, decisions } = await exportBundle(busy, folder, { content: 'all' });
      assert.deepEqual([groups, decisions, missing.map(({ because }) => because)], [2, 2, ['damaged']]);
      const shard = join(folder, 'content', sha1.slice(-2).toUpperCase());
      assert.deepEqual(readdirSync(shard), []);
      await using target = await startServer(network.dataDir);
      // The copies of an import that was killed. No process has such a number.
      const copies = join(tmpdir(), 'moult-bundle-4194305-abcdef');
      mkdirSync(copies, { recursive: true });
      assert.equal((await importBundle(target, folder, { isDryRun: false, log: silent })).documents.new, 6);
      assert.equal(existsSync(copies), false);
    } finally {
      network.remove();
    }
  });

  it('must be new, is continued after an interruption, and holds a package in the order that WSUS needs', async () => {
    const network = await makeNetwork();
    try {
      await using server = await startServer(network.dataDir);
      await fill(server);
      const taken = newFolder(network.dataDir, 'taken');
      await assert.rejects(exportBundle(server, taken, { content: 'all' }), { code: 'ADMINISTRATION_BUNDLE_FOLDER' });
      assert.deepEqual(readdirSync(taken), ['note.txt']);
      const folder = join(network.dataDir, 'bundle');
      const loadTimeZones = () => Promise.reject(new Error('killed'));
      await assert.rejects(
        exportBundle({ ...server, store: { ...server.store, loadTimeZones } }, folder, { content: 'all' }),
      );
      assert.equal(existsSync(join(folder, bundleName)), false);
      const { missing, files } = await exportBundle(server, folder, { content: 'all' });
      assert.deepEqual(
        [missing, files, readdirSync(folder).sort()],
        [[], 1, [bundleName, signatureName, 'content', 'updates-0001.cab'].sort()],
      );
      const cabinet = readCabinet(readFileSync(join(folder, 'updates-0001.cab')));
      const text = (name: string) => {
        const member = cabinet.members.find((one) => one.name === name);
        return member ? Buffer.from(extractMember(cabinet, member.name)).toString('utf8') : '';
      };
      const ids = [...text('metadata.txt').matchAll(/(?:^|\r\n)([0-9a-f-]{36}),[0-9a-f]{8},[0-9a-f]{8},/g)].map(
        ([, id]) => id,
      );
      assert.deepEqual(ids, [20, 11, 10, 12, 13, 13].map(idOf));
      const xml = text('package.xml');
      assert.match(
        xml,
        /^<\?xml [^>]*>\r\n<ExportPackage ServerID="[0-9a-f-]{36}" CreationTime="2026-12-01T12:00:00Z" FormatVersion="1.0" ProtocolVersion="1.20"><Languages>/,
      );
      assert.equal(xml.match(/<Update /g)?.length, 6);
    } finally {
      network.remove();
    }
  });
});

/** Self-signed, made for this test. Its key was thrown away. */
const ed25519 = `-----BEGIN CERTIFICATE-----
MIIBLDCB36ADAgECAhRpth4gh/3SKNbrEMm2QIyOJnHcBDAFBgMrZXAwDDEKMAgG
A1UEAwwBeDAeFw0yNjEyMDIxNDIyMzhaFw0zNjExMjkxNDIyMzhaMAwxCjAIBgNV
BAMMAXgwKjAFBgMrZXADIQAOA4iJfX7PXFJtp8NEwssC9EFb0B4p4b4oCAR7LJ8K
YKNTMFEwHQYDVR0OBBYEFKVZjwJNlF/XhE7iNG+shUXbre0VMB8GA1UdIwQYMBaA
FKVZjwJNlF/XhE7iNG+shUXbre0VMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA
txOd2/UkcOG9e8cWfQpN/IBShCQvMdBMr9+8TgpKhjmpbzIp2xdVQ3wCBMCeEd8/
3Cr7ibhhMvdRwNpBZJb4AQ==
-----END CERTIFICATE-----`;
