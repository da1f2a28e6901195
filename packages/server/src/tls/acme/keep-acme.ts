// Keeps a certificate of an ACME authority: orders the first one, and the next one when a third of its life is left. The server
// runs with a certificate of its own authority until then.
import { acmeNamesOf, type ServerConfig } from '@moult/administration/config';
import { readOutside } from '@moult/disk';
import type { Notice } from '@moult/store';
import { type AcmeFiles, openAcmeFiles } from '@moult/store/keys';
import { acmeBounds } from '../../bounds.ts';
import type { Logger } from '../../log/log.ts';
import { certificateFacts } from '../certificate-facts.ts';
import { type Challenges, createChallenges } from './challenges.ts';
import { isOrderDue, type Tries } from './next-order.ts';
import { type OrderWish, orderCertificate } from './order.ts';

export interface AcmeKeeper {
  challenges: Challenges;
  /** Looks at once and then each minute. `renewed` is told of each new certificate. */
  begin(renewed: () => void): void;
  notices(): Notice[];
  close(): Promise<void>;
}

interface KeeperParts {
  now(): Date;
  isClockBelieved(): boolean;
  log: Logger;
  /** Told when `notices` are others now. */
  changed(): void;
  order?: typeof orderCertificate;
}

const lookMs = 60_000;
const calm: Tries = { failures: 0 };

/** Undefined without --acme-url. */
export function openAcme(config: ServerConfig, parts: KeeperParts): AcmeKeeper | undefined {
  const { acmeUrl: directoryUrl } = config;
  if (directoryUrl === undefined) return undefined;
  const { now, isClockBelieved, log, changed, order = orderCertificate } = parts;
  const files = openAcmeFiles(config.dataDir);
  const challenges = createChallenges();
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  let tries = triesOf(files);
  const keep = (next: Tries) => files.saveTries(JSON.stringify(next));

  /** A stop does not count as a failure of the authority. */
  const keepOfStop = () => {
    try {
      keep(tries);
    } catch (error) {
      log.warn({ err: error }, 'the stop of an order of a certificate for HTTPS cannot be noted');
    }
  };
  const isCalm = (names: readonly string[]) =>
    isClockBelieved() &&
    !isOrderDue({ certificate: certificateFacts(files.certificate()), names, tries: calm, now: now() });

  const look = async (renewed: () => void): Promise<void> => {
    const names = acmeNamesOf(config);
    if (tries.failures > 0 && isCalm(names)) {
      // It died between the certificate and the word that all is well.
      tries = calm;
      keep(calm);
      changed();
    }
    const facts = { certificate: certificateFacts(files.certificate()), names, tries, now: now() };
    // By a wrong clock each certificate has ended, and a new one too.
    if (!isClockBelieved() || !isOrderDue(facts)) return;
    const failures = tries.failures + 1;
    const failed = (why: string): Tries => ({ failures, failedAt: now().toISOString(), why });
    try {
      // Before the order: a server that dies in it, or whose disk is full, does not order again and again.
      keep(failed('the server ended in the middle of the order'));
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(acmeBounds.orderMs)]);
      const wish = { ...wishOf(config, files), ...{ directoryUrl, names, challenges, now, signal } };
      const { pem } = await inTime(order(wish, files.saveAccountKey), acmeBounds.orderMs);
      if (isOrderDue({ certificate: certificateFacts(pem), names, tries: calm, now: now() }))
        throw new Error('the authority sent a certificate that must be renewed at once');
      files.saveCertificate(pem);
      tries = calm;
      log.info({ names }, 'a certificate for HTTPS came from the ACME authority');
      renewed();
    } catch (error) {
      if (ending.signal.aborted) return;
      tries = failed(wordsOf(error));
      log.warn({ names, why: tries.why, failures }, 'the order of a certificate for HTTPS failed');
    }
    changed();
    keep(tries);
  };
  const begin = (renewed: () => void) => {
    working ??= look(renewed)
      .catch((error) => log.error({ err: error }, 'the certificate of the ACME authority cannot be looked after'))
      .finally(() => {
        working = undefined;
      });
  };
  return {
    challenges,
    begin(renewed) {
      begin(renewed);
      timer = setInterval(() => begin(renewed), lookMs).unref();
    },
    notices: () => noticesOf(tries, directoryUrl),
    async close() {
      clearInterval(timer);
      ending.abort();
      if (working) keepOfStop();
      // The library ends its pauses by itself. The server does not wait for these.
      await Promise.race([working, new Promise((resolve) => setTimeout(resolve, 100))]);
    },
  };
}

function wishOf(
  config: ServerConfig,
  files: AcmeFiles,
): Omit<OrderWish, 'directoryUrl' | 'names' | 'challenges' | 'now' | 'signal'> {
  const { acmeChallenge: challenge, acmeMail: mail, acmeCa, acmeEabKid: kid, acmeEabKeyFile } = config;
  const firstLine = (file: string) => readOutside(file).toString('utf8').split(/\r?\n/, 1)[0]?.trim() ?? '';
  return {
    ...{ challenge, mail, accountKey: files.accountKey() },
    authorities: acmeCa === undefined ? undefined : readOutside(acmeCa).toString('utf8'),
    binding:
      kid === undefined || acmeEabKeyFile === undefined ? undefined : { kid, hmacKey: firstLine(acmeEabKeyFile) },
    bounds: acmeBounds,
  };
}

function triesOf(files: AcmeFiles): Tries {
  try {
    const read: unknown = JSON.parse(files.tries() ?? '{}');
    const { failures, failedAt, why } = Object(read);
    const isCount = Number.isSafeInteger(failures) && failures > 0 && typeof failedAt === 'string';
    return isCount ? { failures, failedAt, why: String(why) } : calm;
  } catch {
    return calm;
  }
}

function noticesOf({ failures, failedAt, why }: Tries, directoryUrl: string): Notice[] {
  if (failures === 0) return [];
  return [
    {
      headline: `The ACME authority did not give a certificate (${failures} ${failures === 1 ? 'try' : 'tries'}).`,
      cause: `${new URL(directoryUrl).host}: ${why}. The certificate of before stays in use.`,
      remedy: `See that the authority reaches this server under each name. The last try was at ${failedAt}. Moult tries again by itself.`,
    },
  ];
}

/** The words of the network and of the authority, short enough for a notice. */
function wordsOf(error: unknown): string {
  const { message, code } = Object(error) as { message?: string; code?: string };
  // The library trips over an answer that did not come.
  const said = error instanceof TypeError ? 'the authority stopped answering' : message || code || String(error);
  return said.replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, acmeBounds.maxReasonCharacters);
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the order did not end within ${ms / 1000} seconds`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
