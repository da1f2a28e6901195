// moult sign: one Authenticode signature on a cabinet, a PE file or a security catalog.

import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { AdministrationError } from '@moult/administration';
import { type SigningIdentity, signFile, verifyFile } from '@moult/formats/authenticode';
import { jsonText } from '@moult/formats/text';
import { signingTimeOf } from '@moult/store/keys';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { type ServerOptions, withServer } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';
import { operatorFiles, readIdentityFiles } from '../signing/certificate-files.ts';
import { timestampAuthority } from '../signing/timestamp-authority.ts';
import { UsageError } from '../terminal.ts';

interface Flags extends ServerOptions {
  key?: string;
  cert?: string;
  chain: string[];
  passwordFile?: string;
  tsa?: string;
  out?: string;
  description?: string;
  url?: string;
  json?: true;
}

export function register(program: Command): void {
  withServer(program.command('sign'))
    .description(
      'sign a cabinet, a program (.exe, .dll) or a security catalog (.cat) as Authenticode does: with --key and --cert, or with the keys of the server',
    )
    .argument('<file>', 'the file. The command replaces a signature that it has')
    .option('--key <file>', 'private key of the certificate (PEM or DER)')
    .option('--cert <file>', 'code-signing certificate (PEM or DER). Issuers may follow in the same PEM file')
    .option(
      '--chain <file>',
      'an issuer to add. May be repeated',
      (file: string, before: string[]) => [...before, file],
      [],
    )
    .option('--password-file <file>', 'file with the password of the key')
    .option('--tsa <url>', 'time-stamp authority (RFC 3161). The signature then outlives its certificate')
    .option('--out <file>', 'file for the signed copy. Without it, the command replaces FILE')
    .option('--description <text>', 'name of the file for people')
    .option('--url <url>', 'address that tells more about the file')
    .option('--json', 'print one JSON document')
    .action(run);
}

async function run(file: string, flags: Flags): Promise<void> {
  const identity = identityOf(flags);
  if (flags.url !== undefined && !URL.canParse(flags.url))
    throw new UsageError(`--url ${flags.url} is not an address.`);
  const signed = await signFile(readNamedFile(file), identity, {
    // A server's own keys sign whatever its clock shows. Anybody else's certificate is judged by the clock.
    now: isOfServer(flags) ? signingTimeOf(identity, new Date()) : new Date(),
    ...(flags.description === undefined ? {} : { description: flags.description }),
    ...(flags.url === undefined ? {} : { url: flags.url }),
    ...(flags.tsa === undefined ? {} : { requestTimestamp: timestampAuthority(flags.tsa) }),
  });
  const out = flags.out ?? file;
  replaceFile(out, signed, statSync(file).mode);
  await tell(out, signed, identity, flags);
}

function identityOf(flags: Flags): SigningIdentity {
  const { key, cert, chain, passwordFile } = flags;
  if (isOfServer(flags)) {
    const files = operatorFiles(dataDirOf(flags));
    return readIdentityFiles({ ...files, chain: [files.ca, ...chain] });
  }
  if (flags.dataDir !== undefined) throw new UsageError('Give --data-dir or --key and --cert, not both.');
  if (key === undefined || cert === undefined) throw new UsageError('Give --key and --cert, or --data-dir.');
  return readIdentityFiles({ cert, key, chain, passwordFile });
}

function dataDirOf(flags: Flags): string {
  try {
    return requireServer(flags).dataDir;
  } catch (error) {
    const isNamed = flags.dataDir !== undefined || flags.config !== undefined;
    if (isNamed || !(error instanceof AdministrationError)) throw error;
    throw new UsageError(`Give --key and --cert, or --data-dir. ${error.message}`);
  }
}

function isOfServer({ key, cert }: Flags): boolean {
  return key === undefined && cert === undefined;
}

/** All or nothing: the name changes hands when every byte is written. */
function replaceFile(file: string, bytes: Uint8Array, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, bytes, { mode, flush: true });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The work that was done, and the objections of a verifier. */
async function tell(file: string, signed: Uint8Array, identity: SigningIdentity, flags: Flags): Promise<void> {
  const trustedCertificatesPem = [identity.certificatePem, ...identity.chainPem];
  const { kind, signers } = await verifyFile(signed, { trustedCertificatesPem });
  const [signer] = signers;
  const [timestamp] = signer?.timestamps ?? [];
  const warnings = (signer?.problems ?? []).map(({ code, message }) => ({ code, message }));
  for (const { code, message } of warnings) console.error(`warning: ${code}: ${message}`);
  if (flags.json) {
    const { subject, issuer, thumbprint } = signer ?? {};
    console.log(
      jsonText({
        file,
        kind,
        sizeBytes: signed.length,
        signer: { subject, issuer, thumbprint },
        timestamp,
        warnings,
      }),
    );
    return;
  }
  const stamped = timestamp ? `, time stamp ${timestamp.time.toISOString()} by ${timestamp.authority}` : '';
  console.log(`${file}: signed by ${signer?.subject}${stamped}`);
}
