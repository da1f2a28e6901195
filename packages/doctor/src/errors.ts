// The only home of the doctor's own errors. A fault of others is a finding, not an error.

type DoctorErrorCode =
  | 'CLI_DOCTOR_PAGE_MISSING'
  | 'CLI_DOCTOR_INPUT_UNREADABLE'
  | 'CLI_DOCTOR_NOTHING_TO_READ'
  | 'CLI_DOCTOR_COMPUTER_UNKNOWN'
  | 'CLI_DOCTOR_UNDO_INVALID';

export class DoctorError extends Error {
  readonly code: DoctorErrorCode;

  constructor(code: DoctorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DoctorError';
    this.code = code;
  }
}

/** The doctor cannot use a request or an input: an address, a file, a moment. A command ends with exit code 2. */
export class RequestError extends Error {
  readonly code = 'CLI_USAGE';
}
