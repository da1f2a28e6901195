// moult tls: the certificate of HTTPS.
import { join } from 'node:path';
import type { ShownCertificate } from '@moult/server';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { findServer, requireServer, serverFlags } from '../server-options.ts';
import { fileNameOf, installAuthority, readAuthority, storeOf } from '../tls/install-ca.ts';

export function register(program: Command): void {
  const tls = program.command('tls').description('the certificate of HTTPS');
  withServerOptions(tls.command('status'))
    .description('show the port of HTTPS and its certificate, by the settings')
    .action(status);
  withServerOptions(tls.command('issue'))
    .description('make a new certificate of the own authority. The server uses it within a minute')
    .action(issue);
  withServerOptions(
    tls.command('install-ca').argument('[file]', 'its certificate (PEM). Default: that of the server here'),
  )
    .description('make this machine trust the authority of a server. Without --yes it only shows what it does')
    .option('--yes', 'confirm: trust this authority')
    .action(installCa);
}

interface InstallFlags extends AdministrationFlags {
  yes?: true;
}

async function installCa(given: string | undefined, flags: InstallFlags): Promise<void> {
  const file = given ?? join(findServer(serverFlags(flags)).dataDir, 'keys', 'operator-ca.cer.pem');
  const authority = readAuthority(readNamedFile(file), new Date());
  const store = storeOf(process.platform);
  const { subject, fingerprint, validTo } = authority;
  const added = store.folder === undefined ? file : join(store.folder, fileNameOf(authority));
  const steps = [`${added}`, [store.program, ...store.args].join(' ')];
  const about = [`authority   ${subject}`, `SHA-256     ${fingerprint}`, `ends        ${validTo.slice(0, 10)}`];
  const said = flags.yes ? installAuthority(authority, store) : undefined;
  present({ file, subject, fingerprint, validTo, steps, installed: flags.yes === true, said }, flags, () =>
    flags.yes
      ? [...about, `This machine trusts it now: ${added}`]
      : [
          ...about,
          `Nothing changed. With --yes: ${steps.join(', then ')}`,
          'This machine trusts everything then that this authority signs. Compare the SHA-256 with "moult tls install-ca" on the server first.',
        ],
  );
}

async function status(flags: AdministrationFlags): Promise<void> {
  const { shownCertificate } = await import('@moult/server');
  show(shownCertificate(requireServer(flags)), flags);
}

async function issue(flags: AdministrationFlags): Promise<void> {
  const { issueCertificate } = await import('@moult/server');
  show(await issueCertificate(requireServer(flags), new Date()), flags);
}

function show(shown: ShownCertificate, flags: AdministrationFlags): void {
  present(shown, flags, ({ port, source, file, names, issuer, validTo }) => [
    `port        ${port}`,
    `source      ${source}`,
    ...(file === undefined ? [] : [`file        ${file}`]),
    ...(names === undefined ? [] : [`names       ${names}`]),
    ...(issuer === undefined ? [] : [`issuer      ${issuer}`]),
    ...(validTo === undefined ? [] : [`ends        ${validTo.toISOString().slice(0, 10)}`]),
  ]);
}
