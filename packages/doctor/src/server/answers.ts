// Finer points of answers that came: HEAD and ranges, copies that differ, caches, signers that do not agree, slowness,
// the server's clock. Pure.
import { type Observation, observe } from '../finding.ts';
import type { Probe, ProbeAnswer } from '../net/probe.ts';
import { type FileFacts, type OriginFacts, probedRange, type ServerFacts } from './collect.ts';
import { judgeFile } from './judge.ts';
import { evidenceOf, hostOf, valuesOf } from './judged-site.ts';

const slowMs = 4_000;
const slowBodyMs = 600;
const slowBytesPerSecond = 8_192;

export function observeAnswers(facts: ServerFacts): Observation[] {
  const origins = facts.port80 ? [facts.main, facts.port80] : [facts.main];
  return [
    ...origins.flatMap((origin) => observeFiles(origin, facts)),
    ...observeStale(facts, origins),
    ...observeDifferent(facts),
    ...observeSigners(facts, origins),
    ...observePing(facts),
    ...observeClock(facts),
  ];
}

/** Facts of every good file of a site are said once, of the site. */
function observeFiles(origin: OriginFacts, facts: ServerFacts): Observation[] {
  const good = origin.files.filter((file) => judgeFile(file) === undefined);
  const found = origin.files.flatMap((file) => observeFile(origin, file, facts));
  return found.map((observation) => {
    const same = found.filter(({ code }) => code === observation.code).length;
    return same > 1 && same >= good.length ? { ...observation, subject: observation.subject.slice(0, 2) } : observation;
  });
}

function observeFile(origin: OriginFacts, file: FileFacts, facts: ServerFacts): Observation[] {
  const get = file.get.outcome;
  if (get.kind !== 'answer' || get.status !== 200 || judgeFile(file)) return [];
  const subject = ['server', origin.origin, file.path];
  const say = (code: Parameters<typeof observe>[0], values: Record<string, string>, probe: typeof file.get) =>
    observe(code, 'fail', subject, valuesOf(origin, file, { code, values }, facts), [
      evidenceOf(file.get),
      evidenceOf(probe),
    ]);
  const found: Observation[] = [];
  const head = file.head?.outcome;
  if (file.head && (head?.kind === 'failure' || (head?.kind === 'answer' && head.status >= 400))) {
    const status = head.kind === 'answer' ? String(head.status) : head.code;
    found.push(say('DOCTOR_HEAD_REFUSED', { status }, file.head));
  } else if (file.head && head?.kind === 'answer') {
    const difference = differenceOf(get, head);
    if (difference) found.push(say('DOCTOR_HEAD_WRONG', { found: difference }, file.head));
  }
  if (file.range && !isWanted(file.range, get)) found.push(say('DOCTOR_RANGES_REFUSED', {}, file.range));
  if (isSlow(get)) {
    found.push(say('DOCTOR_SLOW', { found: `${file.path} took ${(get.totalMs / 1000).toFixed(1)} seconds` }, file.get));
  }
  return found;
}

/** Exactly the bytes that were asked for: a cache that hands out others ruins the file that is put together of them. */
function isWanted({ outcome }: Probe, whole: ProbeAnswer): boolean {
  if (outcome.kind !== 'answer' || outcome.status !== 206) return false;
  return outcome.body.equals(whole.body.subarray(probedRange.from, probedRange.to + 1));
}

/** Agents wait half a minute for a file of some kilobytes. A server that needs seconds for it is in trouble. */
function isSlow({ firstByteMs, totalMs, body }: ProbeAnswer): boolean {
  const bodyMs = totalMs - firstByteMs;
  return firstByteMs > slowMs || (bodyMs > slowBodyMs && body.length / (bodyMs / 1000) < slowBytesPerSecond);
}

function differenceOf(get: ProbeAnswer, head: ProbeAnswer): string | undefined {
  if (head.status !== get.status) return `HEAD is answered with ${head.status}, GET with ${get.status}`;
  const length = head.headers['content-length'];
  if (length !== undefined && Number(length) !== get.body.length)
    return `HEAD says ${length} bytes, GET gives ${get.body.length}`;
  const [headDate, getDate] = [head.headers['last-modified'], get.headers['last-modified']];
  if (headDate && getDate && headDate !== getDate) return `HEAD says ${headDate}, GET ${getDate}`;
  return undefined;
}

/** A cache shows itself by giving something else to those who ask without a fresh query. */
function observeStale(facts: ServerFacts, origins: readonly OriginFacts[]): Observation[] {
  const found: Observation[] = [];
  for (const origin of origins) {
    for (const file of origin.files) {
      const plain = file.plain?.outcome;
      const get = file.get.outcome;
      if (!file.plain || plain?.kind !== 'answer' || get.kind !== 'answer' || plain.status !== 200) continue;
      if (plain.body.equals(get.body) || !plain.complete || !get.complete) continue;
      const values = valuesOf(
        origin,
        file,
        { code: 'DOCTOR_CACHE_STALE', values: { found: cacheTrace(plain) || 'no header tells which' } },
        facts,
      );
      found.push(
        observe('DOCTOR_CACHE_STALE', 'fail', ['server', origin.origin, file.path], values, [
          evidenceOf(file.plain),
          evidenceOf(file.get),
        ]),
      );
    }
  }
  return found;
}

function cacheTrace({ headers }: ProbeAnswer): string {
  return ['age', 'x-cache', 'x-cache-hits', 'via', 'warning', 'cf-cache-status', 'x-varnish']
    .filter((name) => headers[name] !== undefined && headers[name] !== '0')
    .map((name) => `${name}: ${headers[name]?.slice(0, 80)}`)
    .join(', ');
}

/** The same path on both ports must be the same file. */
function observeDifferent(facts: ServerFacts): Observation[] {
  const { main, port80 } = facts;
  if (!port80) return [];
  const found: Observation[] = [];
  for (const file of main.files) {
    const other = port80.files.find(({ path }) => path === file.path);
    if (!other || !file.sha256 || !other.sha256 || file.sha256 === other.sha256) continue;
    if (judgeFile(file) || judgeFile(other)) continue;
    const [older, origin] = isOlder(file, other) ? [file, main] : [other, port80];
    const answer = older.get.outcome;
    const trace = answer.kind === 'answer' ? cacheTrace(answer) : '';
    const code = trace ? 'DOCTOR_CACHE_STALE' : 'DOCTOR_TREES_DIFFER';
    const values = valuesOf(main, file, { code, values: { found: trace } }, facts);
    const subject = trace ? ['server', origin.origin, file.path] : ['server'];
    found.push(observe(code, 'fail', subject, values, [evidenceOf(file.get), evidenceOf(other.get)]));
  }
  return found;
}

function isOlder(a: FileFacts, b: FileFacts): boolean {
  const dateOf = ({ get }: FileFacts) =>
    get.outcome.kind === 'answer' ? Date.parse(get.outcome.headers['last-modified'] ?? '') : Number.NaN;
  return dateOf(a) < dateOf(b);
}

/** Without a CA, cabinets of one tree should at least be signed by one party. */
function observeSigners(facts: ServerFacts, origins: readonly OriginFacts[]): Observation[] {
  const signed = origins.flatMap((origin) =>
    origin.files.flatMap((file) => (file.cabinet?.kind === 'good' ? [{ origin, file, cabinet: file.cabinet }] : [])),
  );
  const [first] = signed;
  if (!first || first.cabinet.trusted) return [];
  const counts = new Map<string, number>();
  for (const { cabinet } of signed)
    counts.set(partyOf(cabinet.authority), (counts.get(partyOf(cabinet.authority)) ?? 0) + 1);
  const [usual = ''] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  const odd = signed.filter(({ cabinet }) => partyOf(cabinet.authority) !== usual);
  if (odd.length > 0 && counts.size === 2 && odd.length * 2 < signed.length) {
    return odd.map(({ origin, file, cabinet }) => {
      const values = valuesOf(
        origin,
        file,
        {
          code: 'DOCTOR_CABINET_WRONG_SIGNER',
          values: { signer: `${cabinet.signer}, where the others are signed under ${usual}` },
        },
        facts,
      );
      return observe('DOCTOR_CABINET_WRONG_SIGNER', 'fail', ['server', origin.origin, file.path], values, [
        evidenceOf(file.get),
      ]);
    });
  }
  const values = {
    signer: [...new Set(signed.map(({ cabinet }) => cabinet.signer))].join('; '),
    server: hostOf(facts.main.origin),
  };
  return [observe('DOCTOR_CABINET_SIGNER_UNKNOWN', 'unknown', ['server'], values, [evidenceOf(first.file.get)])];
}

/** Microsoft signed its trees under several roots over the years: the party is what counts. */
function partyOf(authority: string): string {
  return /O\s*=\s*"?Microsoft/i.test(authority) || /Microsoft Root/i.test(authority) ? 'Microsoft' : authority;
}

/** Missing is harmless. Anything else that refuses pings loses them. */
function observePing(facts: ServerFacts): Observation[] {
  const probe = (facts.port80 ?? facts.main).wutrack ?? facts.main.wutrack;
  if (probe?.outcome.kind !== 'answer' || probe.outcome.status !== 404) return [];
  const server = new URL(probe.request.url).host;
  return [observe('DOCTOR_WUTRACK_MISSING', 'pass', ['server'], { server }, [evidenceOf(probe)])];
}

/** The Date header against our own clock. */
function observeClock(facts: ServerFacts): Observation[] {
  const get = facts.main.files[0]?.get.outcome;
  if (get?.kind !== 'answer' || get.headers.age !== undefined) return [];
  const theirs = Date.parse(get.headers.date ?? '');
  const ms = theirs - facts.askedAt.getTime();
  if (Number.isNaN(ms) || Math.abs(ms) < 10 * 60_000) return [];
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const skew = `${minutes >= 2880 ? `${Math.round(minutes / 1440)} days` : `${minutes} minutes`} ${ms > 0 ? 'ahead of' : 'behind'} this computer's`;
  const values = { client: hostOf(facts.main.origin), skew };
  return [
    observe('DOCTOR_CLOCK', 'unknown', ['server'], values, [
      { source: facts.main.origin, text: `Date: ${get.headers.date}` },
    ]),
  ];
}
