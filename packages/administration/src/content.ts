// Update files by digest: taken in, read again, and which are missing.
import { type ListedContent, type Log, type Page, pageOf } from '@moult/store';
import { type ContentStore, createContentStore } from '@moult/store/content';
import type { Administration } from './open-server.ts';
import { type ListRequest, paged, toPageRequest } from './pages.ts';

interface AddedContent {
  path: string;
  sha1: string;
  added: boolean;
  /** Why not. */
  because?: string;
}

export interface CheckedContent {
  sha1: string;
  fileName: string | undefined;
  state: 'present' | 'damaged' | 'missing';
}

interface ContentSum {
  files: number;
  bytes: number;
}

/** Files with how many there are of each state, all pages together. */
type ContentPage = Page<ListedContent> & Record<ListedContent['state'], ContentSum>;

/**
 * Files of approved updates. `all`: of every update, and files that no update has. `state` narrows the list, not the
 * sums. Throws AdministrationError SERVER_REFUSED for a cursor of another list.
 */
export async function listContent(
  { store }: Administration,
  {
    all = false,
    state,
    ...request
  }: ListRequest & { all?: boolean | undefined; state?: ListedContent['state'] | undefined },
): Promise<ContentPage> {
  const known = (await store.listContent()).filter(({ isApproved }) => all || isApproved);
  const found = state === undefined ? known : known.filter((file) => file.state === state);
  const page = await paged((async () => pageOf('content', found, toPageRequest(request), ({ sha1 }) => sha1))());
  return {
    ...page,
    ...{ present: sumOf(known, 'present'), missing: sumOf(known, 'missing'), damaged: sumOf(known, 'damaged') },
  };
}

function sumOf(files: readonly ListedContent[], state: ListedContent['state']): ContentSum {
  const counted = files.filter((file) => file.state === state);
  return { files: counted.length, bytes: counted.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0) };
}

/** Takes in files that updates of the catalog have. Each is compared with both digests, and recorded. */
export async function addContent(
  administration: Administration,
  paths: readonly string[],
  log: Log,
): Promise<AddedContent[]> {
  const content = contentOf(administration, log);
  const { store, author } = administration;
  const done: AddedContent[] = [];
  for (const path of paths) {
    const result = await content.addFile(path);
    if (result.kind === 'added') {
      const { sha1, sha256, sizeBytes } = result.file;
      await store.recordChange(author, {
        action: 'add content',
        subject: sha1,
        after: { sha256, sizeBytes, from: path },
      });
      done.push({ path, sha1, added: true });
    } else done.push({ path, sha1: result.sha1, added: false, because: result.because });
  }
  return done;
}

/** Reads every file again, and those that were copied into the folder. Damaged ones are moved away, on record. */
export async function verifyContent(administration: Administration, log: Log): Promise<CheckedContent[]> {
  const content = contentOf(administration, log);
  const checked: CheckedContent[] = [];
  for (const listed of await administration.store.listContent()) {
    const state = await verifyOne(content, administration, listed);
    if (state) checked.push({ sha1: listed.sha1, fileName: listed.fileName, state });
  }
  return checked;
}

/** Undefined for a file that is not here, and was not before. One that was copied into the folder is found. */
async function verifyOne(
  content: ContentStore,
  { store }: Administration,
  { sha1, extension, state }: ListedContent,
): Promise<CheckedContent['state'] | undefined> {
  if (state === 'present' && extension !== undefined) return content.verifyAgain({ sha1, extension });
  const before = await store.findContentFile(sha1);
  if (await content.locate(sha1)) return 'present';
  const after = await store.findContentFile(sha1);
  return after?.state === 'damaged' && after.verifiedAt > (before?.verifiedAt ?? new Date(0)) ? 'damaged' : undefined;
}

function contentOf({ store, server, author }: Administration, log: Log): ContentStore {
  return createContentStore({
    folder: server.contentDir,
    facts: store,
    now: () => new Date(),
    log,
    actor: author.name,
  });
}
