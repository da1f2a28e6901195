// What the signing tests share: an operator, a scratch folder and osslsigncode.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

/** Runs osslsigncode beside this process, which may have to answer it as a time-stamp authority. */
export async function osslsigncode(folder: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('osslsigncode', args, { cwd: folder, timeout: 30_000 });
}

/** Whether osslsigncode accepts the file under that CA, its time stamp included when `timeCa` is given. */
export function osslVerifies(
  folder: string,
  bytes: Uint8Array,
  ca: SigningIdentity,
  timeCa?: SigningIdentity,
): boolean {
  writeFileSync(join(folder, 'file'), bytes);
  writeFileSync(join(folder, 'ca.pem'), ca.certificatePem);
  writeFileSync(join(folder, 'time-ca.pem'), timeCa?.certificatePem ?? '');
  const timeArgs = timeCa ? ['-TSA-CAfile', 'time-ca.pem'] : [];
  const { status } = spawnSync('osslsigncode', ['verify', '-CAfile', 'ca.pem', ...timeArgs, '-in', 'file'], {
    cwd: folder,
  });
  return status === 0;
}

/** Writes certificate and key, and answers with osslsigncode's arguments for them. */
export function writeIdentity(folder: string, { certificatePem, privateKeyPem }: SigningIdentity): string[] {
  writeFileSync(join(folder, 'signer.pem'), certificatePem);
  writeFileSync(join(folder, 'signer.key'), privateKeyPem);
  return ['-certs', 'signer.pem', '-key', 'signer.key'];
}
