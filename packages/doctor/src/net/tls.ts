// The facts of a TLS port: the versions that it speaks, its certificate and chain, and whether a client accepts them.
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  rootCertificates,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls';

interface TlsAttempt {
  version: SecureVersion;
  connected: boolean;
  /** Of OpenSSL or the system. */
  code: string;
  message: string;
  cipher: string | undefined;
  /** The server showed its own certificate and then refused us, who have none to show. */
  certificateWanted: boolean;
}

interface SeenCertificate {
  subject: string;
  issuer: string;
  names: string[];
  validFrom: string;
  validTo: string;
  fingerprint256: string;
  selfIssued: boolean;
  /** Holds proofs of certificate transparency, as those of public authorities do. */
  isLogged: boolean;
}

export interface TlsFacts {
  url: string;
  host: string;
  /** The trusted certificates of the clients were given, not guessed. */
  caGiven: boolean;
  attempts: TlsAttempt[];
  chain: SeenCertificate[];
  /** OpenSSL's word on the chain, against the given CA or the roots of this computer. Undefined when it is good. */
  chainProblem: { code: string; message: string } | undefined;
  nameProblem: string | undefined;
}

/** RFC 6962, 3.3: the object identifier 1.3.6.1.4.1.11129.2.4.2 as a certificate has it. */
const signedTimestamps = Buffer.from('2b06010401d679020402', 'hex');
/** With TLS 1.3 a refusal comes after the handshake. A server that says nothing at all has taken us. */
const refusalMs = 1_000;
const versions: SecureVersion[] = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'];

/** Connects once per version. Sends nothing but the handshake. */
export async function collectTlsFacts(
  url: URL,
  options: { ca: readonly string[]; timeoutMs: number },
): Promise<TlsFacts> {
  const facts: TlsFacts = {
    url: url.origin,
    host: url.hostname,
    caGiven: options.ca.length > 0,
    attempts: [],
    chain: [],
    chainProblem: undefined,
    nameProblem: undefined,
  };
  for (const version of versions) {
    const attempt = await attemptVersion(url, version, options, facts);
    facts.attempts.push(attempt);
    if (/^(ENOTFOUND|ECONNREFUSED|EAI_|ETIMEDOUT|EHOSTUNREACH|CONNECT_TIMEOUT)/.test(attempt.code)) break;
  }
  return facts;
}

function attemptVersion(
  url: URL,
  version: SecureVersion,
  { ca, timeoutMs }: { ca: readonly string[]; timeoutMs: number },
  facts: TlsFacts,
): Promise<TlsAttempt> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isName = !/^[\d.]+$|:/.test(host);
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(isName ? { servername: host } : {}),
      minVersion: version,
      maxVersion: version,
      // Old versions need old ciphers to be offered at all.
      ...(version === 'TLSv1.1' || version === 'TLSv1' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
      rejectUnauthorized: false,
      ca: ca.length > 0 ? [...ca] : [...rootCertificates],
    });
    const end = (attempt: Partial<TlsAttempt>) => {
      clearTimeout(timer);
      socket.destroy();
      const none = { connected: false, code: '', message: '', cipher: undefined, certificateWanted: false };
      resolve({ version, ...none, ...attempt });
    };
    let timer = setTimeout(() => end({ code: 'CONNECT_TIMEOUT', message: 'no handshake in time' }), timeoutMs);
    socket.once('secureConnect', () => {
      if (facts.chain.length === 0) readChain(socket, host, facts);
      const taken = () => end({ connected: true, cipher: socket.getCipher()?.name });
      if (version !== 'TLSv1.3') return taken();
      clearTimeout(timer);
      timer = setTimeout(taken, refusalMs);
      // The server's session ticket follows only on a client that it accepts.
      socket.once('session', taken);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      const shown = Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
      if (shown && facts.chain.length === 0) readChain(socket, host, facts);
      const certificateWanted = shown && /ALERT_(HANDSHAKE_FAILURE|\w*CERTIFICATE\w*)$/.test(code);
      end({ code, message: cleanTlsMessage(error.message), certificateWanted });
    });
  });
}

/** True when a TLS handshake is understood at `url`, whatever its scheme says. */
export async function speaksTls(url: URL, timeoutMs: number): Promise<boolean> {
  const secure = new URL(`https://${url.hostname}:${url.port || 80}`);
  const { attempts, chain } = await collectTlsFacts(secure, { ca: [], timeoutMs });
  return chain.length > 0 || attempts.some(({ connected }) => connected);
}

/** OpenSSL's words without its addresses and source files. */
export function cleanTlsMessage(message: string): string {
  return message
    .replace(/[0-9A-F]+:error:/i, '')
    .replace(/:\.\.\/[^\n]*\n?/, '')
    .trim();
}

function readChain(socket: TLSSocket, host: string, facts: TlsFacts): void {
  let certificate: (PeerCertificate & { issuerCertificate?: PeerCertificate }) | undefined =
    socket.getPeerCertificate(true);
  const seen = new Set<string>();
  while (certificate?.fingerprint256 && !seen.has(certificate.fingerprint256) && seen.size < 12) {
    seen.add(certificate.fingerprint256);
    facts.chain.push(describe(certificate));
    certificate = certificate.issuerCertificate;
  }
  // A handshake that was broken off has shown the chain, but not judged it.
  if (!socket.authorized && socket.authorizationError) {
    const code = String(socket.authorizationError);
    if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') facts.chainProblem = { code, message: code };
  }
  const wrongName = checkServerIdentity(host, socket.getPeerCertificate(true));
  facts.nameProblem = wrongName?.message;
}

function describe(certificate: PeerCertificate): SeenCertificate {
  const show = (name: object) =>
    Object.entries(name)
      .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('+') : value}`)
      .join(', ');
  const subject = show(certificate.subject ?? {});
  const issuer = show(certificate.issuer ?? {});
  return {
    subject,
    issuer,
    names: (certificate.subjectaltname ?? '').split(', ').filter((name) => name !== ''),
    validFrom: certificate.valid_from,
    validTo: certificate.valid_to,
    fingerprint256: certificate.fingerprint256,
    selfIssued: subject === issuer,
    isLogged: certificate.raw.includes(signedTimestamps),
  };
}
