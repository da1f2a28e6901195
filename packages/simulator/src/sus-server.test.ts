import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, verifyFile } from '@moult/formats/authenticode';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { decideSelfUpdate, parseIdent, parseRelease } from '@moult/protocol/self-update';
import { createSusServer, type Fault, listen, type SusServer } from './index.ts';

let ca: SigningIdentity;
let server: SusServer;
before(async () => {
  const now = new Date();
  ca = await createOperatorCa({ commonName: 'Simulated CA', now });
  const signer = await createOperatorSigner(ca, { commonName: 'Simulated signer', now });
  const files = [{ name: 'agent.mjs', bytes: Buffer.from('// an agent') }];
  const release = { generation: 'wsus' as const, version: '7.9.0.1', entry: 'agent.mjs', files };
  server = await createSusServer({ signer, now, release, approvedItems: ['q1', 'q2'] });
});

const trusted = () => ({ trustedCertificatesPem: [ca.certificatePem] });
const get = (url: string) => server.handle({ method: 'GET', url, headers: { 'user-agent': 'test' } });

describe('a simulated SUS server', () => {
  it('leads an old agent to a release, all signed, in any letter case and with any query', async () => {
    const ident = await get('/IUIDENT.cab?2611221200');
    assert.equal((await verifyFile(ident.body, trusted())).trusted, true);
    const read = parseIdent(extractMember(readCabinet(ident.body), 'iuident.txt'));
    const decision = decideSelfUpdate(read, { version: '5.4.0.1', os: 'XP', architecture: 'x86', language: 'EN' });
    assert.ok(decision.kind === 'update');
    const cabinet = await get(`/${decision.path}`);
    assert.equal((await verifyFile(cabinet.body, trusted())).trusted, true);
    const release = parseRelease(Buffer.from(extractMember(readCabinet(cabinet.body), 'release.json')).toString());
    assert.deepEqual([release.product, release.version], ['moult-agent', '7.9.0.1']);
  });

  it('has a catalog and a status file, and no web services nor wuident', async () => {
    assert.equal(Buffer.from((await get('/ApprovedItems.txt')).body).toString(), 'q1,1\r\nq2,1\r\n');
    assert.deepEqual([(await get('/wutrack.bin?V=1')).status, (await get('/wutrack.bin')).body.length], [200, 0]);
    assert.equal((await get('/selfupdate/wuident.cab')).status, 404);
    assert.equal((await get('/ClientWebService/client.asmx')).status, 404);
  });

  it('misbehaves only where and while it is told to, and writes it down', async () => {
    server.setFault(/^\/iuident/, { kind: 'status', status: 403 });
    assert.equal((await get('/iuident.cab')).status, 403);
    assert.equal((await get('/wutrack.bin')).status, 200);
    const noted = server.journal.find(({ fault }) => fault === 'status');
    assert.deepEqual([noted?.path, noted?.status, noted?.userAgent], ['/iuident.cab', 403, 'test']);
    server.clearFaults();
    assert.equal((await get('/iuident.cab')).status, 200);
  });

  const spoiled: [Fault, (body: Uint8Array) => Promise<unknown>][] = [
    [{ kind: 'altered' }, async (body) => (await verifyFile(body, trusted())).trusted],
    [{ kind: 'wrong-signature' }, async (body) => (await verifyFile(body, trusted())).trusted],
  ];
  for (const [fault, trust] of spoiled) {
    it(`${fault.kind}: a cabinet that nobody should trust`, async () => {
      server.setFault(/iuident/, fault);
      const { body } = await get('/iuident.cab');
      server.clearFaults();
      assert.equal(await trust(body), false);
    });
  }

  it('wrong-signature leaves alone what cannot be signed, on a real port too', async () => {
    server.setFault(/./, { kind: 'wrong-signature' });
    const port = await listen(server);
    try {
      const texts = ['/ApprovedItems.txt', '/wutrack.bin?V=1', '/nothing/there'];
      const answers = await Promise.all(
        texts.map((path) => fetch(`${port.url}${path}`, { signal: AbortSignal.timeout(60_000) })),
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 404],
      );
      assert.equal(await answers[0]?.text(), 'q1,1\r\nq2,1\r\n');
    } finally {
      server.clearFaults();
      await port.close();
    }
  });

  it('is the same on a real port, where connections are really cut and really slow', async () => {
    const port = await listen(server);
    try {
      const whole = new Uint8Array(await (await fetch(`${port.url}/iuident.cab`)).arrayBuffer());
      assert.deepEqual(whole, new Uint8Array((await get('/iuident.cab')).body));
      server.setFault(/iuident/, { kind: 'cut', afterBytes: 10 });
      await assert.rejects(fetch(`${port.url}/iuident.cab`).then((answer) => answer.arrayBuffer()));
      server.setFault(/iuident/, { kind: 'slow', bytesPerSecond: whole.length * 4 });
      const started = performance.now();
      const slow = new Uint8Array(await (await fetch(`${port.url}/iuident.cab`)).arrayBuffer());
      assert.deepEqual(slow, whole);
      assert.ok(performance.now() - started > 150);
    } finally {
      server.clearFaults();
      await port.close();
    }
  });
});
