import { cookie } from '../soap/cookie.ts';
import { base64 } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record } from '../soap/shape.ts';
import { fileLocation } from './get-extended-update-info.ts';

/** The place of content now. Asked after the fault FileLocationChanged. A digest is SHA-1, 20 bytes. */
export const getFileLocations = operation(
  record({ cookie: optional('cookie', cookie), fileDigests: list('fileDigests', 'base64Binary', base64) }),
  record({
    result: optional(
      'GetFileLocationsResult',
      record({
        fileLocations: list('FileLocations', 'FileLocation', fileLocation),
        newCookie: optional('NewCookie', cookie),
      }),
    ),
  }),
);
