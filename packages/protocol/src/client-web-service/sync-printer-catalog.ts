import { cookie } from '../soap/cookie.ts';
import { integer } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record } from '../soap/shape.ts';
import { syncInfo } from './sync-updates.ts';

export const syncPrinterCatalog = operation(
  record({
    cookie: optional('cookie', cookie),
    installedNonLeafUpdateIds: list('installedNonLeafUpdateIDs', 'int', integer),
    printerUpdateIds: list('printerUpdateIDs', 'int', integer),
  }),
  record({ result: optional('SyncPrinterCatalogResult', syncInfo) }),
);
