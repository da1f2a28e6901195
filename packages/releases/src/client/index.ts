// The client of the operator's TUF repository.
export { downloadTarget, targetPath } from './download.ts';
export { downloadRelease } from './download-release.ts';
export { type FileCalls, nodeFileCalls } from './durable-files.ts';
export { type Fetch, isRangeAsked } from './fetch.ts';
export { createHttpFetch, type HttpLimits } from './http-fetch.ts';
export { createPace } from './pace.ts';
export { refreshOrGoOn, type Standing } from './policy.ts';
export { type MetadataStore, memoryStore, openStore } from './store.ts';
export { type ExpiryMode, TrustedSet } from './trusted-set.ts';
export { type FoundTarget, UpdateClient } from './updater.ts';
