// The causes behind what WSUS's programs write when they fail, by their place in the server's work. Data.
import type { Causes } from '../line-rule.ts';

/** The same wherever the server meets them: they are the database's or the disk's. */
export const databaseCauses: Causes = {
  'sql-connect': 'DOCTOR_DATABASE',
  'sql-login': 'DOCTOR_DATABASE_LOGIN',
  'sql-denied': 'DOCTOR_DATABASE_LOGIN',
  'sql-timeout': 'DOCTOR_DATABASE_SLOW',
  'sql-full': 'DOCTOR_DATABASE_FULL',
  'sql-schema': 'DOCTOR_POST_INSTALL',
  'sql-damaged': 'DOCTOR_DATABASE',
  'disk-full': 'DOCTOR_SERVER_DISK_FULL',
  memory: 'DOCTOR_SERVER_MEMORY',
};

/** While the server fetches its catalog from upstream, or its files. */
export const upstreamCauses: Causes = {
  ...databaseCauses,
  trust: 'DOCTOR_UPSTREAM_TLS',
  tls: 'DOCTOR_UPSTREAM_TLS_OUTDATED',
  proxy: 'DOCTOR_UPSTREAM_PROXY',
  name: 'DOCTOR_UPSTREAM_UNREACHABLE',
  refused: 'DOCTOR_UPSTREAM_UNREACHABLE',
  timeout: 'DOCTOR_UPSTREAM_UNREACHABLE',
  cut: 'DOCTOR_UPSTREAM_UNREACHABLE',
  status: 'DOCTOR_UPSTREAM_REFUSED',
};

/** While the server fetches files from upstream: what it is answered is told of the file. */
export const downloadCauses: Causes = {
  ...upstreamCauses,
  status: 'DOCTOR_CONTENT_MISSING',
  range: 'DOCTOR_UPSTREAM_RANGES',
  signature: 'DOCTOR_CONTENT_REFUSED',
  denied: 'DOCTOR_CONTENT_FOLDER',
  path: 'DOCTOR_CONTENT_FOLDER',
};

/** While the server asks its own web services whether they work. */
export const ownCheckCauses: Causes = {
  ...databaseCauses,
  trust: 'DOCTOR_SERVER_CERTIFICATE',
  tls: 'DOCTOR_SERVER_CERTIFICATE',
};

/** While the server works with its content folder. */
export const contentCauses: Causes = {
  ...databaseCauses,
  denied: 'DOCTOR_CONTENT_FOLDER',
  path: 'DOCTOR_CONTENT_FOLDER',
};
