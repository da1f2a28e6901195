// The client of the operator's TUF repository.
export { clientLimits, httpLimits } from '../bounds.ts';
export { type DownloadOptions, downloadTarget, isTarget, targetPath } from './download.ts';
export { type DownloadedRelease, downloadRelease, type ReleaseDownload } from './download-release.ts';
export { type FileCalls, nodeFileCalls, syncFolder, writeDurably } from './durable-files.ts';
export { type Fetch, type FetchAnswer, type FetchRequest, fetchBytes, isRangeAsked } from './fetch.ts';
export { createHttpFetch, type HttpFetchOptions, type HttpLimits } from './http-fetch.ts';
export { createPace, type Pace } from './pace.ts';
export { type Alarm, refreshOrGoOn, type Standing } from './policy.ts';
export { type MetadataStore, memoryStore, openStore } from './store.ts';
export { type Expired, type ExpiryMode, TrustedSet } from './trusted-set.ts';
export { type ClientLimits, type ClientOptions, type FoundTarget, UpdateClient } from './updater.ts';
