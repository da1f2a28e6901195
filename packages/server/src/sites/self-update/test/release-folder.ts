// Made for tests: an agent release as the build leaves it, and a Microsoft-like tree signed by another key.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { encodeRelease, type Generation } from '@moult/protocol/self-update';

export const testNow = new Date('2026-11-22T12:00:00Z');

export interface TestKeys {
  ca: SigningIdentity;
  signer: SigningIdentity;
}

export async function makeKeys(name: string): Promise<TestKeys> {
  const ca = await createOperatorCa({ commonName: `${name} CA`, now: testNow });
  return { ca, signer: await createOperatorSigner(ca, { commonName: `${name} signing`, now: testNow }) };
}

export function writeRelease(releaseDir: string, generation: Generation, version: string, epoch = 0, more = ''): void {
  const folder = join(releaseDir, generation, version);
  mkdirSync(join(folder, 'texts'), { recursive: true });
  const files = Object.entries({
    'agent.mjs': `console.log('${generation} ${version}');\n`.repeat(50) + more,
    'texts/en.json': '{}',
  }).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return { name, sizeBytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
  });
  const release = { product: 'moult-agent', generation, epoch, version, entry: 'agent.mjs', files };
  writeFileSync(join(folder, 'release.json'), encodeRelease(release));
}

export function cabinetOf(name: string, text: string): Uint8Array {
  return createCabinet([{ name, bytes: Buffer.from(text), modified: testNow }]);
}

/** A tree as a WSUS server has it on disk (SelfUpdate folder), signed by `keys`. Answers path → bytes. */
export async function writeForeignTree(folder: string, keys: TestKeys): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const sign = (name: string, text: string) => signFile(cabinetOf(name, text), keys.signer, { now: testNow });
  files.set('wuident.cab', await sign('wuident.txt', '[SelfClientUpdate]\r\nof=Microsoft\r\n'));
  files.set('iuident.cab', await sign('iuident.txt', '[IUIdent]\r\n'));
  files.set('AU/x86/XP/en/wuaucomp.cab', await sign('wuaueng.dll', 'English'));
  files.set('AU/x86/XP/pt/wuaucomp.cab', await sign('wuaueng.dll', 'Portuguese'));
  files.set('WSUS3/x86/Other/wsus3setup.cab', await sign('wusetup.inf', 'setup'));
  files.set('WSUS3/readme.txt', Buffer.from('not a cabinet'));
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return files;
}
