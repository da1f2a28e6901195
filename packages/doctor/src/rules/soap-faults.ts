// SOAP faults of the update services ([MS-WUSP] 2.2.2.4): ErrorCode, the parameter in its message, and the method
// decide.
import type { Rule } from './rule.ts';

/** The meaning of the ErrorCodes, for people who have one. The rules below say what comes of it. */
export const errorCodeMeanings: Readonly<Record<string, string>> = {
  InvalidParameters:
    'The server does not take a parameter of the call. The fault names it, for example parameters.InstalledNonLeafUpdateIDs: the client lists more installed updates than the server accepts (maxInstalledPrerequisites in web.config of ClientWebService).',
  InternalServerError: 'The server failed inside while it answered, often in its database.',
  InvalidCookie:
    'The server cannot read the cookie of the client, for example because the server was set up again. The client gets a new one by itself.',
  InvalidAuthorizationCookie:
    'The server cannot read the authorization cookie of the client. The client gets a new one by itself.',
  CookieExpired: 'The cookie of the client is too old. The client gets a new one by itself; nothing is wrong.',
  ConfigChanged:
    'The configuration of the server changed. The client asks for it again by itself; nothing is wrong unless it comes back at every call.',
  RegistrationRequired: 'The server wants the client to register first. The client does so by itself.',
  RegistrationNotRequired: 'The client registered although the server does not want it.',
  ServerChanged:
    'The server is another one than before, or its database was restored. The client makes its list of updates again.',
  ServerBusy: 'The server is at its limits. The client tries again later.',
  FileLocationChanged: 'The addresses of update files changed. The client asks for them again by itself.',
  IncompatibleProtocolVersion: 'The client speaks a version of the protocol that the server does not take.',
};

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
