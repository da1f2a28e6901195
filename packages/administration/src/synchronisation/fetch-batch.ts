// Fetches a batch of updates even if some of them are wrong. An upstream refuses the whole call for one revision that
// it does not have. It may also answer with fewer than it was asked for.
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type { StagedBatch } from '@moult/store';
import { isPublicFileUrl } from '../web-files/public-address.ts';
import { halves, missingIn } from './plan.ts';
import { readUpdate } from './read-update.ts';
import { refused, UpstreamFault, type UpstreamSession } from './session.ts';

export type Fetched = Pick<StagedBatch, 'revisions' | 'failures' | 'sources' | 'keys'>;

interface FetchOptions {
  upstream: URL;
  session: UpstreamSession;
  limits: { documentBytes: number; addressCharacters: number };
  /** Counts what the upstream refuses without an answer in between. Throws when that is too much. */
  refusals: Refusals;
}

interface Refusals {
  note(fault: UpstreamFault): void;
  forget(): void;
}

/** Of all batches of a run: more than `most` in a row are an upstream that refuses everything. */
export function countRefusals(upstream: URL, most: number): Refusals {
  let inARow = 0;
  return {
    note(fault) {
      if (++inARow > most) throw refused(upstream, fault);
    },
    forget() {
      inARow = 0;
    },
  };
}

/** Yields what each answer brought. Together they tell of every update that was asked for. */
export async function* fetchBatch(options: FetchOptions, batch: readonly ListedIdentity[]): AsyncGenerator<Fetched> {
  const waiting: (readonly ListedIdentity[])[] = [batch];
  for (let asked = waiting.pop(); asked; asked = waiting.pop()) {
    const answer = await ask(options, asked);
    if (answer instanceof UpstreamFault) {
      const missing = missingIn(answer.message, asked);
      if (missing.length > 0) {
        yield failed(missing, notThere);
        const others = asked.filter((one) => !missing.includes(one));
        if (others.length > 0) waiting.push(others);
      } else if (asked.length > 1) waiting.push(...halves(asked).reverse());
      else {
        options.refusals.note(answer);
        yield failed(asked, `The upstream server refuses this revision: ${answer.code} ${answer.message}`.trim());
      }
      continue;
    }
    options.refusals.forget();
    const { fetched, left } = await read(options, asked, answer);
    yield fetched;
    if (left.length === 0) continue;
    if (left.length < asked.length) waiting.push(left);
    else if (asked.length > 1) waiting.push(...halves(asked).reverse());
    else yield failed(asked, notThere);
  }
}

const notThere = 'The upstream server lists this revision and does not have it.';

type Answer = Awaited<ReturnType<typeof callFor>>;

function callFor({ session }: FetchOptions, updateIds: readonly ListedIdentity[]) {
  return session.call('GetUpdateData', { updateIds: [...updateIds] });
}

/** Faults that say something of the revisions are answers, others end the synchronisation. */
async function ask(options: FetchOptions, asked: readonly ListedIdentity[]): Promise<Answer | UpstreamFault> {
  try {
    return await callFor(options, asked);
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    if (error.code === 'InternalServerError' || error.code === 'InvalidParameters') return error;
    throw error.code === 'ServerChanged' ? error : refused(options.upstream, error);
  }
}

async function read(
  { limits }: FetchOptions,
  asked: readonly ListedIdentity[],
  { updates, fileUrls }: Answer,
): Promise<{ fetched: Fetched; left: ListedIdentity[] }> {
  const left = new Map(asked.map((one) => [nameOf(one), one]));
  const revisions: StagedBatch['revisions'][number][] = [];
  const failures: StagedBatch['failures'][number][] = [];
  for (const data of updates) {
    const id = data.id && left.get(nameOf(data.id));
    if (!id) continue;
    left.delete(nameOf(id));
    const result = await readUpdate(id, data, limits);
    if ('revision' in result) revisions.push(result.revision);
    else failures.push({ ...toIdentity(id), ...result });
  }
  const files = new Set(revisions.flatMap((revision) => revision.files.map(({ sha1 }) => sha1)));
  const sources = sourcesIn(fileUrls, limits).filter(({ sha1 }) => files.has(sha1));
  return { fetched: { revisions, failures, sources }, left: [...left.values()] };
}

function sourcesIn(
  fileUrls: Answer['fileUrls'],
  { addressCharacters }: Pick<FetchOptions['limits'], 'addressCharacters'>,
): Fetched['sources'] {
  return fileUrls.flatMap(({ fileDigest, muUrl = '' }) => {
    const url = muUrl.trim();
    const isGood = fileDigest?.length === 20 && url.length <= addressCharacters && isPublicFileUrl(url);
    return isGood ? [{ sha1: Buffer.from(fileDigest).toString('hex'), url }] : [];
  });
}

function failed(ids: readonly ListedIdentity[], message: string): Fetched {
  const failures = ids.map((id) => ({ ...toIdentity(id), code: 'ADMINISTRATION_UPSTREAM_REFUSED', message }));
  return { revisions: [], failures, sources: [] };
}

function toIdentity({
  updateId,
  revisionNumber,
}: ListedIdentity): Pick<StagedBatch['failures'][number], 'updateId' | 'revisionNumber'> {
  return { updateId: updateId as StagedBatch['failures'][number]['updateId'], revisionNumber };
}

function nameOf({ updateId, revisionNumber }: ListedIdentity): string {
  return `${updateId}@${revisionNumber}`;
}
