import { base64, dateTime } from './scalars.ts';
import { optional, record, required, type Value } from './shape.ts';

/** MS-WUSP 2.2.3.5. The same members in each service's own namespace. */
export const cookie = record({
  expiration: required('Expiration', dateTime),
  encryptedData: optional('EncryptedData', base64),
});
export type Cookie = Value<typeof cookie>;
