// One order at an ACME authority (RFC 8555): account, proof of the names, certificate. The protocol is `acme-client`'s.
import { X509Certificate } from 'node:crypto';
import { Agent, get } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { Authorization } from 'acme-client';
import type { Challenges } from './challenges.ts';

export interface OrderWish {
  directoryUrl: string;
  names: readonly string[];
  challenge: 'http-01' | 'tls-alpn-01';
  mail: string | undefined;
  /** PEM. Undefined: a new account. */
  accountKey: string | undefined;
  /** Certificates (PEM) that certify the authority itself. Undefined: those of Node. */
  authorities: string | undefined;
  binding: { kid: string; hmacKey: string } | undefined;
  challenges: Challenges;
  bounds: { answerMs: number; maxAnswerBytes: number; attempts: number; pauseMs: number };
  now(): Date;
  signal: AbortSignal;
}

interface Ordered {
  /** Certificate, chain and key. */
  pem: string;
}

/**
 * Orders a certificate with a new key. Before the authority knows a new account, `saveAccountKey` gets its key. Rejects with
 * the words of the authority or of the network. It also rejects a certificate that is not for this key, these names and
 * this time.
 */
export async function orderCertificate(wish: OrderWish, saveAccountKey: (pem: string) => void): Promise<Ordered> {
  // Only servers that order load it.
  const { default: acme } = await import('acme-client');
  const { directoryUrl, names, mail, binding, bounds, signal } = wish;
  const httpsAgent = new Agent(wish.authorities === undefined ? {} : { ca: [...rootCertificates, wish.authorities] });
  await requireAnswer(directoryUrl, { agent: httpsAgent, timeout: bounds.answerMs, signal });
  Object.assign(acme.axios.defaults, {
    timeout: bounds.answerMs,
    maxContentLength: bounds.maxAnswerBytes,
    maxRedirects: 3,
    signal,
    // A failed order is tried again by its keeper, who remembers pauses over restarts.
    acmeSettings: { ...Object(Reflect.get(acme.axios.defaults, 'acmeSettings')), retryMaxAttempts: 1 },
    httpsAgent,
  });
  let { accountKey } = wish;
  if (accountKey === undefined) {
    accountKey = (await acme.crypto.createPrivateEcdsaKey()).toString();
    saveAccountKey(accountKey);
  }
  const client = new acme.Client({
    ...{ directoryUrl, accountKey },
    ...(binding && { externalAccountBinding: binding }),
    ...{ backoffAttempts: bounds.attempts, backoffMin: bounds.pauseMs, backoffMax: bounds.pauseMs * 6 },
  });
  const [commonName = ''] = names;
  const key = await acme.crypto.createPrivateEcdsaKey();
  const [, csr] = await acme.crypto.createCsr({ commonName, altNames: [...names] }, key);
  const proof = createProof(wish, (authorization, text) => acme.crypto.createAlpnCertificate(authorization, text));
  const chain = await client.auto({
    ...{ csr, termsOfServiceAgreed: true, skipChallengeVerification: true, challengePriority: [wish.challenge] },
    ...(mail !== undefined && { email: mail }),
    ...proof,
  });
  signal.throwIfAborted();
  const pem = `${chain.trimEnd()}\n${key.toString()}`;
  requireFit(pem, wish);
  return { pem };
}

/** The library does not tell why an authority cannot be reached. */
function requireAnswer(
  directoryUrl: string,
  { timeout, ...options }: { agent: Agent; timeout: number; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(directoryUrl, { timeout, ...options }, (answer) => {
      // Its status is enough. The rest may have no end.
      answer.on('error', () => undefined).destroy();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`the directory answers with status ${answer.statusCode}`));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeout / 1000} seconds`)));
    request.on('error', reject);
  });
}

type MakeAlpnCertificate = (authorization: Authorization, text: string) => Promise<[Buffer | string, Buffer | string]>;

function createProof({ challenge: wanted, challenges }: OrderWish, makeCertificate: MakeAlpnCertificate) {
  return {
    async challengeCreateFn(authorization: Authorization, challenge: { type: string; token: string }, text: string) {
      const name = authorization.identifier.value;
      // The library takes the first challenge when the wanted kind is not offered.
      if (challenge.type !== wanted) throw new Error(`the authority does not offer ${wanted} for ${name}`);
      if (wanted === 'http-01') return challenges.showText(challenge.token, text);
      const [key, cert] = await makeCertificate(authorization, text);
      challenges.showCertificate(name, { key, cert });
    },
    async challengeRemoveFn(authorization: Authorization, challenge: { token: string }) {
      challenges.hideText(challenge.token);
      challenges.hideCertificate(authorization.identifier.value);
    },
  };
}

/** A certificate that clients refuse must not replace one that works. */
function requireFit(pem: string, { names, now }: OrderWish): void {
  createSecureContext({ cert: pem, key: pem });
  const certificate = new X509Certificate(pem);
  const missing = names.filter((name) => certificate.checkHost(name) === undefined);
  if (missing.length > 0) throw new Error(`the authority sent a certificate that is not for ${missing.join(', ')}`);
  if (new Date(certificate.validFrom).getTime() - now().getTime() > toleratedMs)
    throw new Error('the authority sent a certificate that begins later');
  if (new Date(certificate.validTo) <= now()) throw new Error('the authority sent a certificate that has ended');
}

/** The clock here may be a little behind that of the authority. */
const toleratedMs = 3_600_000;
