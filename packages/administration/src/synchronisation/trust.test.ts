import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { createUpstreamServer, type Listening, listen, simulatedCatalog } from '@moult/simulator';
import { openStore } from '@moult/store';
import { SubjectAlternativeNameExtension } from '@peculiar/x509';
import { issue, type LabIdentity } from '../../../formats/src/authenticode/test/certificate-lab.ts';
import { runSync } from './run-sync.ts';
import { partsOf, steadyClock } from './test/upstream.ts';
import { authoritiesFor, microsoftUpstream } from './trust.ts';

const now = steadyClock();
const folder = mkdtempSync(join(tmpdir(), 'moult-sync-trust-'));
let root: LabIdentity;
let stranger: LabIdentity;
let listening: Listening;
let upstream: string;
before(async () => {
  const from = new Date('2026-10-01T00:00:00Z');
  root = await issue({ commonName: 'Root of an upstream', isAuthority: true });
  stranger = await issue({ commonName: 'Stranger', isAuthority: true });
  const extra = [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])];
  const leaf = await issue({ commonName: 'localhost', extra }, root);
  const tls = { cert: `${leaf.certificatePem}\n${root.certificatePem}`, key: leaf.privateKeyPem };
  const updates = simulatedCatalog({ products: 1, updates: 1, from });
  listening = await listen(createUpstreamServer({ kind: 'microsoft', now, updates }), 0, tls);
  upstream = listening.url.replace('127.0.0.1', 'localhost');
});
after(async () => {
  await listening.close();
  rmSync(folder, { recursive: true, force: true });
});

const thumbprint = (one: LabIdentity) =>
  new X509Certificate(one.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
async function sync(upstreamCa: string | undefined, pinnedRoot?: string): Promise<number> {
  await using store = await openStore(':memory:', { now });
  const parts = partsOf(store, upstream, now);
  const settings = { ...parts.settings, upstreamCa };
  return (await runSync({ ...parts, settings, ...(pinnedRoot !== undefined && { pinnedRoot }) })).added;
}

it('an upstream whose root nobody has is refused, and trusted by a file that has it', async () => {
  await assert.rejects(sync(undefined), { code: 'ADMINISTRATION_UPSTREAM_TRUST' });
  assert.equal(await sync(file('root.pem', root.certificatePem)), 5);
  await assert.rejects(sync(file('stranger.pem', stranger.certificatePem)), { code: 'ADMINISTRATION_UPSTREAM_TRUST' });
});

it('a root that is known by its thumbprint is taken from the chain that the server sends, and no other is', async () => {
  assert.equal(await sync(undefined, thumbprint(root)), 5);
  await assert.rejects(sync(undefined, thumbprint(stranger)), { code: 'ADMINISTRATION_UPSTREAM_TRUST' });
  await assert.rejects(sync(file('wrong.pem', stranger.certificatePem), thumbprint(root)), {
    code: 'ADMINISTRATION_UPSTREAM_TRUST',
  });
});

it("Microsoft's public service counts by Microsoft's root alone", async () => {
  const options = { timeoutMs: 100, hasProxy: true };
  const caFile = file('other.pem', root.certificatePem);
  await assert.rejects(authoritiesFor(new URL(microsoftUpstream), { ...options, caFile }), /847df6a78497943f/);
});

it('a file without certificates is told', async () => {
  await assert.rejects(sync(file('empty.pem', 'no certificate')), { code: 'ADMINISTRATION_UNREADABLE' });
  await assert.rejects(sync(join(folder, 'none.pem')), { code: 'ADMINISTRATION_UNREADABLE' });
});
