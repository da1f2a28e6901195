import { cookie } from '../soap/cookie.ts';
import { boolean, guid, integer } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, listThatMustBe, optional, record, required, type Value } from '../soap/shape.ts';
import { deployment } from './deployment.ts';

export const updateIdentity = record({
  updateId: required('UpdateID', guid),
  revisionNumber: required('RevisionNumber', integer),
});

const refreshCacheResult = record({
  revisionId: required('RevisionID', integer),
  globalId: optional('GlobalID', updateIdentity),
  isLeaf: required('IsLeaf', boolean),
  deployment: optional('Deployment', deployment),
});
export type RefreshCacheResult = Value<typeof refreshCacheResult>;

/** Only after ServerChanged or InvalidCookie: what are the ids of these updates on this server (MS-WUSP 3.1.5.8)? */
export const refreshCache = operation(
  record({
    cookie: optional('cookie', cookie),
    globalIds: listThatMustBe('globalIDs', 'UpdateIdentity', updateIdentity),
  }),
  record({ results: list('RefreshCacheResult', 'RefreshCacheResult', refreshCacheResult) }),
);
