// The only home of the errors of administration, in the words of the field. A command or a page adds its own names for
// things.
import { ServerError } from '@moult/store/errors';

type AdministrationErrorCode =
  /** No server is where it was looked for, or none was named. */
  | 'ADMINISTRATION_NO_SERVER'
  /** The server has no keys yet: it was never started. */
  | 'ADMINISTRATION_NO_KEYS'
  /** A file that the configuration or a publication names cannot be read. */
  | 'ADMINISTRATION_UNREADABLE'
  /** Something of a server is there, and this user may not look at it. */
  | 'ADMINISTRATION_NOT_ALLOWED'
  /** The clock of the server is not believed, and the work goes by age. */
  | 'ADMINISTRATION_CLOCK'
  /** A part of bundles is decided on with them only. */
  | 'ADMINISTRATION_BUNDLE_MEMBER'
  /** Its publisher expired the update. */
  | 'ADMINISTRATION_EXPIRED'
  | 'ADMINISTRATION_CANNOT_UNINSTALL'
  /** A deadline that is over, or of an action that has none. */
  | 'ADMINISTRATION_DEADLINE'
  /** The update has license terms that no administrator accepted. */
  | 'ADMINISTRATION_LICENSE_TERMS'
  /** Policy on the computers says which groups they are in. */
  | 'ADMINISTRATION_CLIENT_TARGETING'
  /** A file holds no packages of a vendor. */
  | 'ADMINISTRATION_NOT_A_CATALOG'
  /** A vendor's catalog was changed after it was signed. */
  | 'ADMINISTRATION_CATALOG_SIGNATURE'
  /** A vendor's catalog has another signer than before. */
  | 'ADMINISTRATION_CATALOG_SIGNER'
  /** A download failed. */
  | 'ADMINISTRATION_FETCH'
  /** A catalog names an address of a private network. */
  | 'ADMINISTRATION_PRIVATE_ADDRESS'
  /** A downloaded file is not the one that its package names. */
  | 'ADMINISTRATION_FILE_DIGEST'
  /** A vendor's package that cannot be translated whole. */
  | 'ADMINISTRATION_PACKAGE_WITHHELD'
  /** The rules of an update fit every computer. */
  | 'ADMINISTRATION_REACHES_ALL'
  /** A name, a password or a token that cannot be used. */
  | 'ADMINISTRATION_BAD_ACCOUNT'
  /** The upstream server does not answer, or is busy for too long. */
  | 'ADMINISTRATION_UPSTREAM_AWAY'
  /** The upstream server does not do what it is asked. */
  | 'ADMINISTRATION_UPSTREAM_REFUSED'
  /** The answer does not come from an upstream server. */
  | 'ADMINISTRATION_UPSTREAM_ANSWER'
  /** Its certificate is not trusted. */
  | 'ADMINISTRATION_UPSTREAM_TRUST'
  /** An update that is not at the upstream server, or that cannot be found there. */
  | 'ADMINISTRATION_UPSTREAM_UPDATE'
  /** A product, classification or language that the catalog does not have. */
  | 'ADMINISTRATION_SYNC_CHOICE'
  | 'ADMINISTRATION_SYNC_STOPPED'
  /** Groups and decisions of a replica come from its upstream server. */
  | 'ADMINISTRATION_REPLICA'
  /** A rule that says something impossible. */
  | 'ADMINISTRATION_RULE'
  /** A list of known issues that was changed, is old, or is of an authority that no administrator trusted. */
  | 'ADMINISTRATION_HOLD_LIST'
  /** A webhook that cannot be. */
  | 'ADMINISTRATION_NOTICE'
  /** A file of an update does not fit on the disk or into its quota. */
  | 'ADMINISTRATION_CONTENT_ROOM'
  /** The address of a file of an update is unknown. */
  | 'ADMINISTRATION_CONTENT_SOURCE'
  /** A folder that a bundle cannot be written into. */
  | 'ADMINISTRATION_BUNDLE_FOLDER'
  /** A bundle, or an acknowledgement, of another state of the catalog. */
  | 'ADMINISTRATION_BUNDLE_STATE'
  /** A bundle that is incomplete, or was changed. */
  | 'ADMINISTRATION_BUNDLE_DAMAGED'
  /** A bundle of an operator that is not trusted. */
  | 'ADMINISTRATION_BUNDLE_SIGNER'
  /** A bundle that does not fit the catalog here: documents are missing or differ, or languages are missing. */
  | 'ADMINISTRATION_BUNDLE_UNFIT'
  /** A file of a WSUS that cannot be taken over. */
  | 'ADMINISTRATION_MIGRATION'
  /** A filter fits another number of updates than the administrator saw. */
  | 'ADMINISTRATION_COUNT_MOVED'
  /** A change waits for a second person, and this is not one. */
  | 'ADMINISTRATION_SECOND_PERSON'
  /** A log-on by an issuer of OpenID Connect that cannot be. */
  | 'ADMINISTRATION_LOG_ON'
  /** Some of many updates may not be decided on so. */
  | 'ADMINISTRATION_SOME_REFUSED'
  | 'SERVER_NOT_FOUND'
  | 'SERVER_REFUSED';

/** The kind of thing that was not found. A caller can name the command or page that lists such things. */
type Subject =
  | 'computer'
  | 'group'
  | 'update'
  | 'user'
  | 'token'
  | 'rule'
  | 'hold'
  | 'ring'
  | 'downstream server'
  | 'request';

export class AdministrationError extends Error {
  readonly code: AdministrationErrorCode;
  readonly subject: Subject | undefined;
  /** How many the server counted, when that is what the error is about. */
  readonly count: number | undefined;
  /** The status that another server answered, if the error is about one. */
  readonly httpStatus: number | undefined;

  constructor(
    code: AdministrationErrorCode,
    message: string,
    options: { subject?: Subject | undefined; count?: number; httpStatus?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AdministrationError';
    this.code = code;
    this.subject = options.subject;
    this.count = options.count;
    this.httpStatus = options.httpStatus;
  }
}

/** A refusal of the store as one of administration. Every other error stays as it is. */
export function asAdministrationError(error: unknown, subject: Subject): unknown {
  if (!(error instanceof ServerError) || (error.code !== 'SERVER_NOT_FOUND' && error.code !== 'SERVER_REFUSED'))
    return error;
  const options = error.code === 'SERVER_NOT_FOUND' ? { subject, cause: error } : { cause: error };
  return new AdministrationError(error.code, error.message, options);
}
