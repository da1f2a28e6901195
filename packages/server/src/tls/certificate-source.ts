// The source of the certificate for HTTPS: files of the administrator, or the server's own authority. The server looks
// at both again now and then, so that a renewed certificate is in use without a restart. One that cannot be used
// changes nothing.
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ServerConfig } from '@moult/administration/config';
import { readOutside } from '@moult/disk';
import type { SigningIdentity } from '@moult/formats/authenticode';
import type { Notice } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import { loadOrMakeServerCertificate } from '@moult/store/keys';

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
}

interface SourceParts {
  ca: SigningIdentity;
  /** The names and addresses of this server, for a certificate of its own. */
  names(): readonly string[];
  now(): Date;
  isClockBelieved(): boolean;
}

/** Throws ServerError SERVER_BAD_CONFIG that names the file, SERVER_KEYS. */
export async function openCertificate(config: ServerConfig, parts: SourceParts): Promise<CertificateSource> {
  const load = () => (hasFiles(config) ? fromFiles(config) : fromAuthority(config, parts));
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
    notices: () => noticesOf(loaded.validTo, trouble, { now: parts.now(), isOwn: !hasFiles(config) }),
  };
}

function hasFiles({ tlsCert, tlsPfx }: ServerConfig): boolean {
  return tlsCert !== undefined || tlsPfx !== undefined;
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
    return { options: { cert, key, ...about }, mark: markOf(cert, key), validTo: endOf(cert) };
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

function endOf(pem: string): Date | undefined {
  const { validTo } = new X509Certificate(pem);
  return new Date(validTo);
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
