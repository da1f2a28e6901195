// Files from the web: one way to fetch them, for vendors' packages as for the content of updates.
export { fetchFile } from './fetch-file.ts';
export { isPublicFileUrl, publicLookup, requirePublicHost } from './public-address.ts';
