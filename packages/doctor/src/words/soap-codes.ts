// The ErrorCodes of SOAP faults that update services send (MS-WUSP 2.2.2.4), for people who have one.
import type { FindingCode } from './codes.ts';

export interface SoapCode {
  meaning: string;
  finding: FindingCode;
}

/** By ErrorCode, as the fault has it. */
export const soapCodes: Readonly<Record<string, SoapCode>> = {
  InvalidParameters: {
    meaning:
      'The server does not take a parameter of the call. The fault names it, for example parameters.InstalledNonLeafUpdateIDs: the client lists more installed updates than the server accepts (maxInstalledPrerequisites in web.config of ClientWebService).',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  InternalServerError: {
    meaning: 'The server failed inside while it answered, often in its database.',
    finding: 'DOCTOR_CLIENT_WEB_SERVICE',
  },
  InvalidCookie: {
    meaning:
      'The server cannot read the cookie of the client, for example because the server was set up again. The client gets a new one by itself.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  InvalidAuthorizationCookie: {
    meaning: 'The server cannot read the authorization cookie of the client. The client gets a new one by itself.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  CookieExpired: {
    meaning: 'The cookie of the client is too old. The client gets a new one by itself; nothing is wrong.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  ConfigChanged: {
    meaning:
      'The configuration of the server changed. The client asks for it again by itself; nothing is wrong unless it comes back at every call.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  RegistrationRequired: {
    meaning: 'The server wants the client to register first. The client does so by itself.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  RegistrationNotRequired: {
    meaning: 'The client registered although the server does not want it.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  ServerChanged: {
    meaning:
      'The server is another one than before, or its database was restored. The client makes its list of updates anew.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  ServerBusy: { meaning: 'The server is at its limits. The client tries again later.', finding: 'DOCTOR_SERVER_BUSY' },
  FileLocationChanged: {
    meaning: 'The addresses of update files changed. The client asks for them again by itself.',
    finding: 'DOCTOR_SOAP_FAULT',
  },
  IncompatibleProtocolVersion: {
    meaning: 'The client speaks a version of the protocol that the server does not take.',
    finding: 'DOCTOR_SETUP_VERSION',
  },
};
