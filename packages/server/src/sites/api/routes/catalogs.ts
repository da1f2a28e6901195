// Operations on catalogs of vendors, and on updates that wait for others.
import { listWaiting } from '@moult/administration/imports';
import {
  addVendorCatalog,
  listVendorCatalogs,
  listVendorPackages,
  removeVendorCatalog,
  updateVendorCatalogs,
} from '@moult/administration/vendors';
import { pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { onInput } from '../errors.ts';
import { route } from '../route.ts';
import { id, instant, listDocument, listQuery, pageOf, someText } from '../shapes.ts';

const catalog = z.looseObject({
  ...{ name: z.string(), address: z.string(), signer: z.string().optional(), signerName: z.string().optional() },
  ...{ packages: z.int(), withheld: z.int(), published: z.int(), addedAt: instant, updatedAt: instant },
});

const vendorPackage = z.looseObject({
  ...{ packageId: id, catalog: z.string(), title: z.string(), vendor: z.string(), product: z.string() },
  ...{ classification: z.string(), state: z.string(), isListed: z.boolean(), reboot: z.string(), sizeBytes: z.int() },
  ...{ code: z.string().describe('Why it is withheld, or empty'), reason: z.string() },
  publishedRevision: z.int().optional(),
});

const report = z.looseObject({
  ...{ name: z.string(), address: z.string(), new: z.int(), changed: z.int(), unchanged: z.int(), unlisted: z.int() },
  ...{ expired: z.int(), bytes: z.int(), signerBefore: z.string().optional() },
  ...{ withheld: z.array(z.looseObject({})), refused: z.array(z.looseObject({ name: z.string(), code: z.string() })) },
});

const reading = {
  acceptSigner: z.boolean().optional().describe('Accept that another certificate signed the catalog than before'),
  dryRun: z.boolean().optional().describe('Answer what would change, and change nothing'),
};
const address = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/[^\s]+$/i);
const refusals = { 409: 'It cannot be fetched or read, or another certificate signed it. Nothing changes' };
const topic = 'Catalogs';

export const catalogRoutes = [
  route(['listCatalogs', 'GET', '/catalogs', 'read', topic], {
    isList: true,
    summary: 'List the catalogs of vendors',
    querySchema: listQuery({}),
    answer: pageOf(catalog),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) =>
      listDocument(cutPage('vendors', await listVendorCatalogs(administration), query, ({ name }) => name)),
  }),
  route(['addCatalog', 'POST', '/catalogs', 'administer', topic], {
    summary:
      "Add a vendor's catalog of updates (SDP) from a web address, or read it again. Computers get nothing before you approve a package",
    bodySchema: z.strictObject({
      ...{ address, name: someText(64).optional().describe('Made of the name of the file when it is left out') },
      allowPrivate: z.boolean().optional().describe('Allow addresses of a private network for it and its files'),
      ...reading,
    }),
    answer: report,
    refusals,
    isLong: true,
    handle: ({ administration, log, body: { address: source, ...options } }) =>
      onInput(() => addVendorCatalog(administration, source, options, log)),
  }),
  route(['refreshCatalog', 'POST', '/catalogs/{catalog}/refresh', 'administer', topic], {
    summary: "Read a vendor's catalog again from where it was read last",
    pathSchema: z.object({ catalog: someText(64) }),
    bodySchema: z.strictObject(reading),
    answer: report,
    refusals: { 404: 'The catalog is not there', ...refusals },
    isLong: true,
    async handle({ administration, log, path, body }) {
      const [done] = await onInput(() => updateVendorCatalogs(administration, [path.catalog], body, log));
      return done;
    },
  }),
  route(['removeCatalog', 'DELETE', '/catalogs/{catalog}', 'administer', topic], {
    summary: "Remove a vendor's catalog. Updates that were published from it stay",
    pathSchema: z.object({ catalog: someText(64) }),
    refusals: { 404: 'The catalog is not there' },
    handle: ({ administration, path }) => removeVendorCatalog(administration, path.catalog),
  }),
  route(['listPackages', 'GET', '/packages', 'read', topic], {
    isList: true,
    summary: 'List the packages in the catalogs of vendors. The operation approveUpdates publishes and approves them',
    querySchema: listQuery({
      catalog: someText(64).optional().describe('Only packages of this catalog'),
      search: someText().optional().describe('A part of the title'),
    }),
    answer: pageOf(vendorPackage),
    refusals: { 404: 'The catalog is not there', 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) =>
      listDocument(
        cutPage('packages', await listVendorPackages(administration, query), query, ({ packageId }) => packageId),
      ),
  }),
  route(['listWaiting', 'GET', '/waiting', 'read', topic], {
    isList: true,
    summary: 'List updates that wait for others: half bundles, and prerequisites that cannot be satisfied',
    querySchema: listQuery({}),
    answer: pageOf(z.looseObject({ update: z.string(), code: z.string(), message: z.string() })),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) =>
      listDocument(cutPage('waiting', await listWaiting(administration.store), query, ({ update }) => update)),
  }),
];
