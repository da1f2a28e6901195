// The source of the certificate for HTTPS: files of the administrator, an ACME authority, or the server's own one. The server looks
// at both again now and then, so that a renewed certificate is in use without a restart. One that cannot be used
// changes nothing.
import { createHash } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ServerConfig } from '@moult/administration/config';
import { readOutside } from '@moult/disk';
import type { SigningIdentity } from '@moult/formats/authenticode';
import type { Notice } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import { loadOrMakeServerCertificate, openAcmeFiles } from '@moult/store/keys';
import type { AcmeKeeper } from './acme/keep-acme.ts';
import { certificateFacts } from './certificate-facts.ts';

export type TlsOptions = Pick<SecureContextOptions, 'cert' | 'key' | 'pfx' | 'passphrase' | 'minVersion'>;

interface Loaded {
  options: TlsOptions;
  /** Tells this certificate from another one. */
  mark: string;
  /** Undefined when the file does not tell: a PFX is read by OpenSSL alone. */
  validTo: Date | undefined;
}

export interface CertificateSource {
  options(): TlsOptions;
  /** Undefined when the file does not tell. */
  validTo(): Date | undefined;
  /** Looks again. True: `options` are other ones now. Never rejects. */
  look(): Promise<boolean>;
  /** A certificate that ends soon, or a renewed one that cannot be used. */
  notices(): Notice[];
  /** Gets certificates of an ACME authority. Undefined without --acme-url. */
  acme: AcmeKeeper | undefined;
}

interface SourceParts {
  ca: SigningIdentity;
  /** The names and addresses of this server, for a certificate of its own. */
  names(): readonly string[];
  now(): Date;
  isClockBelieved(): boolean;
  acme?: AcmeKeeper | undefined;
}

/** Throws ServerError SERVER_BAD_CONFIG that names the file, SERVER_KEYS. */
export async function openCertificate(config: ServerConfig, parts: SourceParts): Promise<CertificateSource> {
  const load = async () =>
    hasFiles(config) ? fromFiles(config) : (fromAcme(config, parts) ?? (await fromAuthority(config, parts)));
  let loaded = await load();
  let trouble: string | undefined;
  return {
    options: () => loaded.options,
    validTo: () => loaded.validTo,
    async look() {
      try {
        const next = await load();
        trouble = undefined;
        if (next.mark === loaded.mark) return false;
        loaded = next;
        return true;
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
        return false;
      }
    },
    notices: () => [
      ...noticesOf(loaded.validTo, trouble, { now: parts.now(), isOwn: !hasFiles(config) }),
      ...(parts.acme?.notices() ?? []),
    ],
    acme: parts.acme,
  };
}

function hasFiles({ tlsCert, tlsPfx }: ServerConfig): boolean {
  return tlsCert !== undefined || tlsPfx !== undefined;
}

/** Undefined before the first certificate came, and for one that ended: the own authority can do more then. */
function fromAcme(
  { dataDir, tlsMinVersion }: ServerConfig,
  { acme, now, isClockBelieved }: SourceParts,
): Loaded | undefined {
  if (!acme) return undefined;
  const pem = openAcmeFiles(dataDir).certificate();
  const facts = certificateFacts(pem);
  if (pem === undefined || !facts || (isClockBelieved() && facts.validTo <= now())) return undefined;
  createSecureContext({ cert: pem, key: pem });
  const options = { cert: pem, key: pem, minVersion: `TLSv${tlsMinVersion}` as const };
  return { options, mark: markOf(pem), validTo: facts.validTo };
}

async function fromFiles(config: ServerConfig): Promise<Loaded> {
  const { tlsCert, tlsKey, tlsPfx, tlsPassphraseFile, tlsMinVersion } = config;
  const given = tlsPfx === undefined ? '--tls-cert and --tls-key' : '--tls-pfx';
  try {
    const passphrase = tlsPassphraseFile === undefined ? undefined : firstLineOf(tlsPassphraseFile);
    const secret = passphrase === undefined ? {} : { passphrase };
    const about = { ...secret, minVersion: `TLSv${tlsMinVersion}` as const };
    if (tlsPfx !== undefined) {
      const pfx = readWhole(tlsPfx);
      createSecureContext({ pfx, ...about });
      return { options: { pfx, ...about }, mark: markOf(pfx), validTo: undefined };
    }
    const [cert, key] = [readWhole(tlsCert ?? '').toString('utf8'), readWhole(tlsKey ?? '').toString('utf8')];
    createSecureContext({ cert, key, ...about });
    return { options: { cert, key, ...about }, mark: markOf(cert, key), validTo: certificateFacts(cert)?.validTo };
  } catch (error) {
    throw new ServerError('SERVER_BAD_CONFIG', `${given} cannot be used: ${reasonOf(error)}.`, { cause: error });
  }
}

/** OpenSSL names neither the file nor the remedy. */
function reasonOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  if (/key values mismatch/i.test(said)) return 'the key does not belong to the certificate';
  if (/bad decrypt|mac verify failure|interrupted or cancelled|bad password|empty password/i.test(said))
    return `the passphrase is missing or wrong: give it with --tls-passphrase-file (${said})`;
  if (/no start line|not enough data|wrong tag/i.test(said)) return `a file is not of the expected kind (${said})`;
  return said.replace(/\.$/, '');
}

async function fromAuthority(config: ServerConfig, { ca, names, now, isClockBelieved }: SourceParts): Promise<Loaded> {
  const wish = { ca, names: names(), now: now(), isClockBelieved: isClockBelieved() };
  const { pem, validTo } = await loadOrMakeServerCertificate(config.dataDir, wish);
  const minVersion = `TLSv${config.tlsMinVersion}` as const;
  return { options: { cert: pem, key: pem, minVersion }, mark: markOf(pem), validTo };
}

const dayMs = 86_400_000;
const alarmMs = 21 * dayMs;

function noticesOf(
  validTo: Date | undefined,
  trouble: string | undefined,
  { now, isOwn }: { now: Date; isOwn: boolean },
): Notice[] {
  const found: Notice[] = [];
  if (trouble !== undefined)
    found.push({
      headline: 'The renewed certificate for HTTPS cannot be used.',
      cause: `${trouble} The certificate of before stays in use.`,
      remedy: 'Correct the file. The server looks again each minute.',
    });
  if (validTo !== undefined && validTo.getTime() - now.getTime() < alarmMs)
    found.push({
      headline: `The certificate for HTTPS ${now > validTo ? 'ended' : 'ends'} on ${validTo.toISOString().slice(0, 10)}.`,
      cause: 'Clients refuse a certificate that ended.',
      remedy: isOwn ? 'Run "moult tls issue".' : 'Renew the file. The server uses it within a minute.',
    });
  return found;
}

function markOf(...contents: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content).update('\0');
  return hash.digest('hex');
}

/** OpenSSL treats an empty file as a missing one. */
function readWhole(file: string): Buffer {
  const bytes = readOutside(file);
  if (bytes.length === 0) throw new Error(`${file} is empty`);
  return bytes;
}

function firstLineOf(file: string): string {
  return readOutside(file).toString('utf8').split(/\r?\n/, 1)[0] ?? '';
}
