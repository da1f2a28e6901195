import { cookie } from '../soap/cookie.ts';
import { base64, boolean, dateTime, guid, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { optional, record, required } from '../soap/shape.ts';

export const getRequiredInventoryType = operation(
  record({
    cookie: optional('cookie', cookie),
    rulesId: required('rulesId', guid),
    rulesVersion: optional('rulesVersion', text),
  }),
  record({ result: required('GetRequiredInventoryTypeResult', integer) }),
);

export const reportInventory = operation(
  record({
    cookie: optional('cookie', cookie),
    clientTime: required('clientTime', dateTime),
    inventory: optional(
      'inventory',
      record({
        isCompressed: required('IsCompressed', boolean),
        rawXml: optional('RawXml', text),
        compressedXml: optional('CompressedXml', base64),
      }),
    ),
  }),
  record({ result: required('ReportInventoryResult', boolean) }),
);
