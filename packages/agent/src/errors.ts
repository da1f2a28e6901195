// The only home of this package's errors. Codes are grouped by phase, so that the code alone says how far the agent
// came: CONFIG, HOST, SERVICE, TRANSPORT, SELFUPDATE, SYNC, UPDATE (its cover), DOWNLOAD, INSTALL, REPORT. PANEL is what a person asks.

import type { HResult } from '@moult/protocol/hresult';
import type { FaultCode } from '@moult/protocol/soap';

/** Closed list. Each code has a paragraph in docs/errors (held by a test). */
export type AgentErrorCode =
  | 'AGENT_CONFIG_NOT_INSTALLED'
  | 'AGENT_CONFIG_NO_SERVER'
  | 'AGENT_CONFIG_BAD_SERVER'
  | 'AGENT_CONFIG_NO_OPERATOR'
  | 'AGENT_CONFIG_BAD_REGISTRY'
  | 'AGENT_CONFIG_DISABLED'
  | 'AGENT_CONFIG_NO_RELEASE'
  | 'AGENT_CONFIG_BAD_TRUST_ROOT'
  | 'AGENT_CONFIG_BAD_PROXY'
  | 'AGENT_CONFIG_BAD_TLS_TRUST'
  | 'AGENT_CONFIG_BAD_LIMIT'
  | 'AGENT_HOST_RUNNING'
  | 'AGENT_HOST_LOCKED'
  | 'AGENT_HOST_DISK'
  | 'AGENT_HOST_INSTALLING'
  | 'AGENT_HOST_NO_WORKING_VERSION'
  | 'AGENT_HOST_PROGRAM_DIED'
  | 'AGENT_SERVICE_FOREIGN'
  | 'AGENT_SERVICE_UNSAFE'
  | 'AGENT_TRANSPORT_NAME'
  | 'AGENT_TRANSPORT_CONNECT'
  | 'AGENT_TRANSPORT_TIMEOUT'
  | 'AGENT_TRANSPORT_CUT'
  | 'AGENT_TRANSPORT_STATUS'
  | 'AGENT_TRANSPORT_TOO_LARGE'
  | 'AGENT_TRANSPORT_NOT_A_CABINET'
  | 'AGENT_TRANSPORT_TLS'
  | 'AGENT_TRANSPORT_PROXY'
  | 'AGENT_TRANSPORT_ENCODING'
  | 'AGENT_TRANSPORT_BAD_URL'
  | 'AGENT_SELFUPDATE_BAD_SIGNATURE'
  | 'AGENT_SELFUPDATE_WRONG_PURPOSE'
  | 'AGENT_SELFUPDATE_STALE_IDENT'
  | 'AGENT_SELFUPDATE_BAD_CABINET'
  | 'AGENT_SELFUPDATE_BAD_IDENT'
  | 'AGENT_SELFUPDATE_BAD_RELEASE'
  | 'AGENT_SELFUPDATE_DOWNGRADE'
  | 'AGENT_SELFUPDATE_UNSUPPORTED'
  | 'AGENT_SELFUPDATE_FAILED_BEFORE'
  | 'AGENT_SELFUPDATE_TRIAL_FAILED'
  | 'AGENT_SELFUPDATE_DISK'
  | 'AGENT_SELFUPDATE_NOT_COVERED'
  | 'AGENT_SELFUPDATE_ALTERED'
  | 'AGENT_SELFUPDATE_FLOOR_MISSING'
  | 'AGENT_SELFUPDATE_UNVERIFIED'
  | 'AGENT_SYNC_FAULT'
  | 'AGENT_SYNC_BAD_ANSWER'
  | 'AGENT_SYNC_TOO_MANY_TRIPS'
  | 'AGENT_DOWNLOAD_BAD_DIGEST'
  | 'AGENT_DOWNLOAD_NO_LOCATION'
  | 'AGENT_DOWNLOAD_TOO_LARGE'
  | 'AGENT_INSTALL_BAD_CONTENT'
  | 'AGENT_INSTALL_UNSUPPORTED'
  | 'AGENT_INSTALL_FAILED'
  | 'AGENT_INSTALL_NOT_APPLIED'
  | 'AGENT_TRUST_EXPIRED'
  | 'AGENT_TRUST_UNREACHABLE'
  | 'AGENT_UPDATE_NOT_COVERED'
  | 'AGENT_UPDATE_ALTERED'
  | 'AGENT_UPDATE_NOT_APPROVED'
  | 'AGENT_PANEL_DECIDED'
  | 'AGENT_PANEL_BAD_CHOICE'
  | 'AGENT_REPORT_REFUSED';

interface AgentErrorDetails {
  /** The Windows Update code that logs, pings and reports carry. */
  hresult: HResult;
  /** The code before it was mapped (0x8019xxxx for a status), for the Misc lines of the log. */
  transportResult?: HResult;
  url?: string;
  /** Which fault a web service answered with. */
  fault?: FaultCode;
  /** How long a busy server asked to be left alone. */
  retryAfterMs?: number;
  cause?: unknown;
}

export class AgentError extends Error {
  readonly code: AgentErrorCode;
  readonly hresult: HResult;
  readonly transportResult: HResult;
  readonly url: string | undefined;
  readonly fault: FaultCode | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: AgentErrorCode, message: string, details: AgentErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AgentError';
    this.code = code;
    this.hresult = details.hresult;
    this.transportResult = details.transportResult ?? details.hresult;
    this.url = details.url;
    this.fault = details.fault;
    this.retryAfterMs = details.retryAfterMs;
  }
}
