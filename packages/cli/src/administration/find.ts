// From what a person types to what is meant. Ambiguous is an error that lists the candidates, never a guess.
import { type KnownComputer, type ListedRevision, ServerError, type Store } from '@moult/server';

/** A computer by SusClientId, address or DNS name (whole or its first label). Throws SERVER_NOT_FOUND. */
export async function findComputer(store: Store, text: string): Promise<KnownComputer> {
  const found = await store.findComputers(text);
  const [only] = found;
  if (only && found.length === 1) return only;
  if (!only) {
    throw new ServerError('SERVER_NOT_FOUND', `There is no computer "${text}". "moult computers list" lists them.`);
  }
  const candidates = found.map(({ computerId, dnsName }) => `${dnsName} (${computerId})`).join(', ');
  throw new ServerError('SERVER_NOT_FOUND', `"${text}" fits several computers: ${candidates}. Name one by its id.`);
}

/** An update by its GUID (with or without @revision), by its whole title, or by a part of one title only. */
export async function findUpdate(store: Store, text: string): Promise<ListedRevision> {
  const guid = /^\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?(?:@(\d+))?$/i.exec(text.trim());
  if (guid) {
    const revisions = await store.findRevisions((guid[1] ?? '').toLowerCase());
    const wanted =
      guid[2] === undefined ? revisions.at(-1) : revisions.find((one) => one.revisionNumber === Number(guid[2]));
    if (wanted) return wanted;
  } else {
    const found = await store.listUpdates({ search: text.trim(), limit: mostCandidates });
    const exact = found.filter(({ title }) => title.toLowerCase() === text.trim().toLowerCase());
    const [only] = exact.length > 0 ? exact : found;
    if (only && (exact.length === 1 || found.length === 1)) return only;
    if (only) {
      const candidates = found.map(({ updateId, title }) => `${title} (${updateId})`).join(', ');
      throw new ServerError('SERVER_NOT_FOUND', `"${text}" fits several updates: ${candidates}. Name one by its id.`);
    }
  }
  throw new ServerError('SERVER_NOT_FOUND', `There is no update "${text}". "moult updates list" lists them.`);
}

const mostCandidates = 10;
