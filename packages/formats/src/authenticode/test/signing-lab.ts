// What the signing tests share: an operator, a scratch folder and osslsigncode.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOperatorCa, createOperatorSigner, type SigningIdentity } from '../index.ts';

export async function operator(now: Date): Promise<{ ca: SigningIdentity; signer: SigningIdentity }> {
  const ca = await createOperatorCa({ commonName: 'Lab CA', now });
  return { ca, signer: await createOperatorSigner(ca, { commonName: 'Lab signer', now }) };
}

export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-sign-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function osslsigncode(folder: string, args: readonly string[]): void {
  execFileSync('osslsigncode', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Whether osslsigncode accepts the file under that CA. */
export function osslVerifies(folder: string, bytes: Uint8Array, ca: SigningIdentity): boolean {
  writeFileSync(join(folder, 'file'), bytes);
  writeFileSync(join(folder, 'ca.pem'), ca.certificatePem);
  const { status } = spawnSync('osslsigncode', ['verify', '-CAfile', 'ca.pem', '-in', 'file'], { cwd: folder });
  return status === 0;
}

/** Writes certificate and key, and answers with osslsigncode's arguments for them. */
export function writeIdentity(folder: string, { certificatePem, privateKeyPem }: SigningIdentity): string[] {
  writeFileSync(join(folder, 'signer.pem'), certificatePem);
  writeFileSync(join(folder, 'signer.key'), privateKeyPem);
  return ['-certs', 'signer.pem', '-key', 'signer.key'];
}
