// GetExtendedUpdateInfo, its newer form, and GetFileLocations (MS-WUSP 3.1.5.8 to 3.1.5.10).
import { contentPath, effectiveDeployment, type RevisionId, toUpdateId } from '@moult/catalog';
import type {
  clientWebService,
  FileLocation,
  UpdateData,
  XmlUpdateFragmentType,
} from '@moult/protocol/client-web-service';
import { escapedXml, type RequestOf, type ResponseOf } from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import { type Client, type UpdateService, wireCookie } from '../soap/update-service.ts';

type Operations = (typeof clientWebService)['operations'];
type Answer<Name extends keyof Operations> = NonNullable<
  ResponseOf<Operations[Name]> extends { result?: infer Result } ? Result : never
>;

interface Wanted {
  revisionIds: number[];
  infoTypes: readonly XmlUpdateFragmentType[];
  locales: readonly string[];
  geoId: string | undefined;
}

const mostLocales = 64;
const sha1Bytes = 20;

export async function getExtendedUpdateInfo(
  service: UpdateService,
  { deployments }: Client,
  request: RequestOf<Operations['GetExtendedUpdateInfo']>,
  contentRoot: string,
): Promise<Answer<'GetExtendedUpdateInfo'>> {
  if (request.revisionIds.length > service.config.maxExtendedUpdates) {
    throw new SoapFault('InvalidParameters', 'revisionIDs');
  }
  requireInfoTypes(request);
  const asked = [...new Set(request.revisionIds)];
  const { index } = service.catalogue;
  const isDeployed = (id: number) => effectiveDeployment(index, deployments, id as RevisionId) !== undefined;
  const wanted: Wanted = { ...request, geoId: request.geoId, revisionIds: asked.filter(isDeployed) };
  return {
    updates: await loadUpdates(service, wanted),
    fileLocations: request.infoTypes.includes('Extended')
      ? await loadFileLocations(service, wanted.revisionIds, contentRoot)
      : [],
    outOfScopeRevisionIds: asked.filter((id) => !isDeployed(id)),
  };
}

export async function getExtendedUpdateInfo2(
  service: UpdateService,
  { deployments }: Client,
  request: RequestOf<Operations['GetExtendedUpdateInfo2']>,
  contentRoot: string,
): Promise<Answer<'GetExtendedUpdateInfo2'>> {
  if (request.updateIds.length > service.config.maxExtendedUpdates)
    throw new SoapFault('InvalidParameters', 'updateIDs');
  requireInfoTypes(request);
  const { index } = service.catalogue;
  const revisionIds: number[] = [];
  for (const { updateId, revisionNumber } of request.updateIds) {
    const id = toUpdateId(updateId);
    const revision = id && index.find({ updateId: id, revisionNumber });
    if (revision && effectiveDeployment(index, deployments, revision.revisionId)) revisionIds.push(revision.revisionId);
  }
  const wanted: Wanted = { ...request, geoId: undefined, revisionIds: [...new Set(revisionIds)] };
  const wantsFiles = request.infoTypes.includes('Extended') || request.infoTypes.includes('FileUrl');
  return {
    updates: await loadUpdates(service, wanted),
    fileLocations: wantsFiles ? await loadFileLocations(service, wanted.revisionIds, contentRoot) : [],
    // Nothing here is encrypted.
    fileDecryptionData: [],
    fileDecryptionData2: [],
    updateEncryptionDetails: [],
  };
}

export async function getFileLocations(
  service: UpdateService,
  { claims }: Client,
  { fileDigests }: RequestOf<Operations['GetFileLocations']>,
  contentRoot: string,
): Promise<Answer<'GetFileLocations'>> {
  if (fileDigests.length === 0 || fileDigests.some((digest) => digest.length !== sha1Bytes)) {
    throw new SoapFault('InvalidParameters', 'fileDigests');
  }
  const asked = [...new Set(fileDigests.map((digest) => Buffer.from(digest).toString('hex')))];
  const files = await service.store.findFiles(asked);
  return {
    fileLocations: asked.flatMap((sha1) => {
      const file = files.get(sha1);
      return file ? [locationOf(sha1, file.fileName, contentRoot)] : [];
    }),
    newCookie: wireCookie(service, claims),
  };
}

/** As real WSUS orders it: all fragments of the first type, then all of the next. */
async function loadUpdates({ fragments }: UpdateService, wanted: Wanted): Promise<UpdateData[]> {
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

async function loadFileLocations(
  { store }: UpdateService,
  revisionIds: readonly number[],
  contentRoot: string,
): Promise<FileLocation[]> {
  const files = await store.loadFilesOf(revisionIds);
  return files.map(({ sha1, fileName }) => locationOf(sha1, fileName, contentRoot));
}

function locationOf(sha1: string, fileName: string, contentRoot: string): FileLocation {
  const fileDigest = Buffer.from(sha1, 'hex');
  return { fileDigest, url: contentRoot + contentPath({ sha1: fileDigest.toString('base64'), fileName }) };
}

function requireInfoTypes({ infoTypes, locales }: { infoTypes: readonly string[]; locales: readonly string[] }): void {
  if (infoTypes.length === 0) throw new SoapFault('InvalidParameters', 'infoTypes');
  const needsLocales = infoTypes.includes('LocalizedProperties') || infoTypes.includes('Eula');
  if ((needsLocales && locales.length === 0) || locales.length > mostLocales) {
    throw new SoapFault('InvalidParameters', 'locales');
  }
}
