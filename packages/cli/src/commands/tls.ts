// moult tls: the certificate of HTTPS.
import type { ShownCertificate } from '@moult/server';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';

export function register(program: Command): void {
  const tls = program.command('tls').description('the certificate of HTTPS');
  withServerOptions(tls.command('status'))
    .description('show the port of HTTPS and its certificate, by the settings')
    .action(status);
  withServerOptions(tls.command('issue'))
    .description('make a new certificate of the own authority. The server uses it within a minute')
    .action(issue);
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
