// SOAP faults of the update services ([MS-WUSP] 2.2.2.4): ErrorCode, the parameter in its message, and the method decide.
import type { Rule } from './rule.ts';

/** In order: the first that holds decides. */
export const soapFaults: readonly Rule[] = [
  {
    id: 'soap-too-many-prerequisites',
    when: { parameters: { errorCode: /^InvalidParameters$/i, parameter: /InstalledNonLeafUpdateIDs/i } },
    is: 'DOCTOR_TOO_MANY_INSTALLED',
    values: { setting: 'maxInstalledPrerequisites', from: '400', to: '800' },
  },
  {
    id: 'soap-too-many-cached',
    when: { parameters: { errorCode: /^InvalidParameters$/i, parameter: /OtherCachedUpdateIDs/i } },
    is: 'DOCTOR_TOO_MANY_INSTALLED',
    values: { setting: 'maxCachedUpdates', from: '22000', to: '44000' },
  },
  {
    id: 'soap-parameters-refused',
    when: { parameters: { errorCode: /^InvalidParameters$/i } },
    is: 'DOCTOR_PARAMETERS_REFUSED',
  },
  {
    id: 'soap-cookie',
    when: {
      parameters: {
        errorCode:
          /^(?:InvalidCookie|CookieExpired|ConfigChanged|ServerChanged|RegistrationRequired|RegistrationNotRequired|InvalidAuthorizationCookie)$/i,
      },
    },
    is: 'DOCTOR_COOKIE_REFUSED',
  },
  {
    id: 'soap-incompatible',
    when: { parameters: { errorCode: /^IncompatibleProtocolVersion$/i } },
    is: 'DOCTOR_PARAMETERS_REFUSED',
  },
  {
    id: 'soap-file-locations',
    when: { parameters: { errorCode: /^FileLocationChanged$/i } },
    is: 'DOCTOR_COOKIE_REFUSED',
  },
  {
    id: 'soap-server-fault',
    when: { parameters: { errorCode: /^(?:InternalServerError|Unknown)$/i } },
    is: 'DOCTOR_SERVICE_FAULT',
  },
];
