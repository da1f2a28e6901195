// A bundle whose maker is killed: what was there before stays as it was, and the next run takes the rest away.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { createOperatorCa } from '@moult/formats/authenticode';

let folder: string;
let certificate: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-killed-bundle-'));
  certificate = (await createOperatorCa({ commonName: 'An operator', now: new Date() })).certificatePem;
});
after(() => rmSync(folder, { recursive: true }));

/** A process that makes the bundle, and stands still after this number of pieces of the runtime. -1: it goes on. */
function startMaker(target: string, format: string, stillAfter: number) {
  const module = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const maker = spawn(process.execPath, ['--input-type=module'], { stdio: ['pipe', 'pipe', 'inherit'] });
  maker.stdin.end(`
    import { moultBrand } from ${JSON.stringify(import.meta.resolve('@moult/protocol/self-update'))};
    import { writeBundle } from ${module};
    const piece = Buffer.alloc(100_000, 'x');
    const read = async function* () {
      for (let pieces = 0; ; pieces += 1) {
        if (pieces === ${stillAfter}) {
          console.log('still');
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        }
        if (pieces === 3) return;
        yield piece;
      }
    };
    const contents = { brand: moultBrand, releases: [], operatorCertificate: ${JSON.stringify(certificate)} };
    for (const name of ['program', 'trustRoot', 'license', 'notices']) contents[name] = Buffer.from('{}');
    const platform = ${JSON.stringify(format === 'zip' ? 'win-x64' : 'linux-x64')};
    const runtime = { sizeBytes: 300_000, read, license: Buffer.from('a licence') };
    await writeBundle(${JSON.stringify(target)}, contents, { platform, format: ${JSON.stringify(format)}, runtime, level: 1 });
  `);
  return maker;
}

for (const format of ['tar.gz', 'deb', 'zip'])
  it(`a .${format} whose maker is killed at its begin, in the middle or at its end is the one of before`, async () => {
    const own = mkdtempSync(join(folder, 'made-'));
    const target = join(own, `agent.${format}`);
    writeFileSync(target, 'the one of before');
    for (const stillAfter of [0, 2, 3]) {
      using maker = startMaker(target, format, stillAfter);
      await once(maker.stdout, 'data');
      maker.kill('SIGKILL');
      await once(maker, 'close');
      assert.equal(readFileSync(target, 'utf8'), 'the one of before', `after ${stillAfter} pieces`);
    }
    const [code] = await once(startMaker(target, format, -1), 'close');
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(own), [`agent.${format}`]);
    assert.ok(readFileSync(target).length > 500);
  });
