// What a TLS port shows: which versions it speaks, its certificate and chain, and whether a client would accept them.
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  rootCertificates,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls';

export interface TlsAttempt {
  version: SecureVersion;
  connected: boolean;
  /** Of OpenSSL or the system. */
  code: string;
  message: string;
  cipher: string | undefined;
}

export interface SeenCertificate {
  subject: string;
  issuer: string;
  names: string[];
  validFrom: string;
  validTo: string;
  fingerprint256: string;
  selfIssued: boolean;
}

export interface TlsFacts {
  url: string;
  host: string;
  attempts: TlsAttempt[];
  chain: SeenCertificate[];
  /** OpenSSL's word on the chain, against the given CA or the roots of this computer; undefined when it is good. */
  chainProblem: { code: string; message: string } | undefined;
  nameProblem: string | undefined;
}

const versions: SecureVersion[] = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'];

/** Connects once per version. Sends nothing but the handshake. */
export async function collectTlsFacts(
  url: URL,
  options: { ca: readonly string[]; timeoutMs: number },
): Promise<TlsFacts> {
  const facts: TlsFacts = {
    url: url.origin,
    host: url.hostname,
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
    const end = (attempt: Omit<TlsAttempt, 'version'>) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ version, ...attempt });
    };
    const timer = setTimeout(
      () => end({ connected: false, code: 'CONNECT_TIMEOUT', message: 'no handshake in time', cipher: undefined }),
      timeoutMs,
    );
    socket.once('secureConnect', () => {
      if (facts.chain.length === 0) readChain(socket, host, facts);
      end({ connected: true, code: '', message: '', cipher: socket.getCipher().name });
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({
        connected: false,
        code: error.code ?? '',
        message: error.message.replace(/^[0-9A-F]+:error:/i, ''),
        cipher: undefined,
      }),
    );
  });
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
  if (!socket.authorized) {
    const code = String(socket.authorizationError ?? 'UNKNOWN');
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
  };
}
