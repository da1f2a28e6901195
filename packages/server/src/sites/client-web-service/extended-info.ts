// The common answer of both forms of GetExtendedUpdateInfo and of GetFileLocations: fragments by type, files by address.

import { contentPath } from '@moult/catalog';
import type { FileLocation, UpdateData, XmlUpdateFragmentType } from '@moult/protocol/client-web-service';
import { escapedXml } from '@moult/protocol/soap';
import { callBounds } from '../../bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';

interface WantedFragments {
  revisionIds: number[];
  infoTypes: readonly XmlUpdateFragmentType[];
  locales: readonly string[];
  geoId?: string | undefined;
}

/** As real WSUS orders it: all fragments of the first type, then all of the next. */
export async function loadUpdates({ fragments }: UpdateService, wanted: WantedFragments): Promise<UpdateData[]> {
  const { revisionIds, locales, geoId } = wanted;
  const updates: UpdateData[] = [];
  for (const infoType of new Set(wanted.infoTypes)) {
    if (infoType === 'Core' || infoType === 'Extended') {
      const texts = await fragments.load(infoType === 'Core' ? 'core' : 'extended', revisionIds);
      for (const id of revisionIds) add(updates, id, texts.get(id));
    } else if (infoType === 'LocalizedProperties') {
      const texts = await fragments.localized(revisionIds, locales);
      for (const id of revisionIds) for (const text of texts.get(id) ?? []) add(updates, id, text);
    } else if (infoType === 'Eula') {
      const texts = await fragments.eula(revisionIds, locales, geoId);
      for (const id of revisionIds) add(updates, id, texts.get(id));
    }
  }
  return updates;
}

function add(updates: UpdateData[], id: number, escaped: string | undefined): void {
  if (escaped) updates.push({ id, xml: escapedXml(escaped) });
}

export async function loadFileLocations(
  service: UpdateService,
  revisionIds: readonly number[],
  contentRoot: string,
): Promise<FileLocation[]> {
  const files = await service.store.loadFilesOf(revisionIds);
  return locationsOf(service, files, contentRoot);
}

/** With `content-fetch = never`, a file is where its publisher has it, as far as an upstream server said. */
export async function locationsOf(
  { store, config }: UpdateService,
  files: readonly { sha1: string; fileName: string }[],
  contentRoot: string,
): Promise<FileLocation[]> {
  const isElsewhere = config.contentFetch === 'never';
  const sources = isElsewhere ? await store.findContentSources(files.map(({ sha1 }) => sha1)) : undefined;
  return files.map(({ sha1, fileName }) => {
    const here = locationOf(sha1, fileName, contentRoot);
    return { ...here, url: sources?.get(sha1) ?? here.url };
  });
}

function locationOf(sha1: string, fileName: string, contentRoot: string): FileLocation {
  const fileDigest = Buffer.from(sha1, 'hex');
  return { fileDigest, url: contentRoot + contentPath({ sha1: fileDigest.toString('base64'), fileName }) };
}

export function requireInfoTypes({
  infoTypes,
  locales,
}: {
  infoTypes: readonly string[];
  locales: readonly string[];
}): void {
  if (infoTypes.length === 0) throw new SoapFault('InvalidParameters', 'infoTypes');
  const needsLocales = infoTypes.includes('LocalizedProperties') || infoTypes.includes('Eula');
  if ((needsLocales && locales.length === 0) || locales.length > callBounds.maxLocales) {
    throw new SoapFault('InvalidParameters', 'locales');
  }
}
