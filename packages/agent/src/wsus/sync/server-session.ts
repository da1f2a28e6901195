// The state that a client keeps about its server: configuration, cookie, registration. And what each fault of the
// closed list asks for (MS-WUSP 3.2.5): get that again, then repeat the call.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ComputerInfo, type Cookie, clientWebService } from '@moult/protocol/client-web-service';
import { hresult } from '@moult/protocol/hresult';
import { simpleAuth, simpleTargeting } from '@moult/protocol/simple-auth';
import { parseDateTime, writtenDateTime } from '@moult/protocol/soap';
import { programBounds } from '../../bounds.ts';
import { AgentError } from '../../errors.ts';
import { readCopy, writeFileAtomically } from '../../machine/atomic-file.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';
import type { WebServices } from '../web-services.ts';
import { readSessionState, type SessionState } from './session-state.ts';

interface ServerSessionParts {
  root: MachineRoot;
  services: WebServices;
  clientId: string;
  targetGroup: string | undefined;
  computer: ComputerInfo;
  now(): Date;
  /** After InvalidCookie or ServerChanged: the ids in the cache mean nothing any more. */
  refreshCache(cookie: Cookie): Promise<void>;
  note(component: 'PT' | 'Agent', text: string): void;
}

const protocolVersion = '1.8';

export class ServerSession {
  readonly #parts: ServerSessionParts;
  readonly #file: string;
  #state: SessionState;

  constructor(parts: ServerSessionParts) {
    this.#parts = parts;
    this.#file = join(parts.root.dataStoreFolder, 'session.json');
    this.#state = this.#load();
  }

  /** MaxExtendedUpdatesPerRequest, at most the 50 that agents keep to. */
  get maxExtendedUpdates(): number {
    return this.#state.config?.maxExtendedUpdates ?? 50;
  }

  /** Runs a call with a valid cookie, registered, and repeats it after what its fault asks for. */
  async call<T>(operation: (cookie: Cookie) => Promise<T>): Promise<T> {
    for (let recovery = 0; ; recovery++) {
      try {
        return await operation(await this.#ready());
      } catch (error) {
        const fault = error instanceof AgentError ? error.fault : undefined;
        if (fault === undefined || recovery === programBounds.maxRecoveries) throw error;
        if (!(await this.#recover(fault))) throw error;
      }
    }
  }

  /** NewCookie of an answer replaces the one before. */
  keepCookie(cookie: Cookie | undefined): void {
    if (!cookie?.encryptedData) return;
    this.#state.cookie = {
      expiration: writtenDateTime(cookie.expiration),
      encryptedData: Buffer.from(cookie.encryptedData).toString('base64'),
    };
    this.#save();
  }

  async #ready(): Promise<Cookie> {
    if (!this.#state.config) await this.#getConfig();
    if (!this.#state.cookie || new Date(this.#state.cookie.expiration) <= this.#parts.now()) await this.#getCookie();
    const mark = createHash('sha256').update(JSON.stringify(this.#parts.computer)).digest('hex');
    if (this.#state.config?.isRegistrationRequired && this.#state.registered !== mark) await this.#register(mark);
    return this.#cookie();
  }

  /** False: nothing that the client gets again helps. */
  async #recover(fault: string): Promise<boolean> {
    this.#parts.note('PT', `WARNING: the server answered with fault ${fault}`);
    const { config: _config, cookie: _cookie, registered: _registered, ...bare } = this.#state;
    switch (fault) {
      case 'ConfigChanged':
        this.#state = { ...bare, ...keep('registered', _registered) };
        return true;
      case 'CookieExpired':
      case 'InvalidAuthorizationCookie':
        this.#state = { ...bare, ...keep('config', _config), ...keep('registered', _registered) };
        return true;
      case 'RegistrationRequired':
        this.#state = {
          ...bare,
          ...keep('config', _config && { ..._config, isRegistrationRequired: true }),
          ...keep('cookie', _cookie),
        };
        return true;
      case 'RegistrationNotRequired':
        if (_config) this.#state.config = { ..._config, isRegistrationRequired: false };
        return true;
      case 'InvalidCookie':
      case 'ServerChanged':
        this.#state = bare;
        await this.#getConfig();
        await this.#getCookie();
        await this.#parts.refreshCache(this.#cookie());
        return true;
      case 'FileLocationChanged':
        // GetFileLocations is for clients that keep addresses. This one asks for them with every detection.
        return true;
      default:
        return false;
    }
  }

  async #getConfig(): Promise<void> {
    const { result } = await this.#parts.services.call(clientWebService, 'GetConfig', { protocolVersion });
    if (!result) throw badAnswer('GetConfig returned no configuration');
    const plugIn = result.authInfo.find(({ plugInId }) => plugInId === simpleTargeting) ?? result.authInfo[0];
    if (!plugIn) throw badAnswer('GetConfig named no authorization plug-in', hresult.noAuthPlugIn);
    const limit = Number(result.properties.find(({ name }) => name === 'MaxExtendedUpdatesPerRequest')?.value ?? 50);
    this.#state.config = {
      lastChange: writtenDateTime(result.lastChange),
      isRegistrationRequired: result.isRegistrationRequired,
      authPath: `/${(plugIn.serviceUrl ?? simpleAuth.paths[0] ?? '').replace(/^\/+/, '')}`,
      maxExtendedUpdates: Number.isInteger(limit) && limit > 0 ? Math.min(limit, 50) : 50,
    };
    this.#save();
  }

  async #getCookie(): Promise<void> {
    const { services, clientId, targetGroup, computer, now, note } = this.#parts;
    const config = this.#state.config;
    if (!config) throw badAnswer('there is no configuration');
    const dnsName = computer.dnsName ?? '';
    note(
      'PT',
      `  + Initializing simple targeting cookie, clientId = ${clientId}, target group = ${targetGroup ?? ''}, DNS name = ${dnsName}`,
    );
    note('PT', `  Server URL = ${services.server}${config.authPath}`);
    const authorization = await services.call(
      simpleAuth,
      'GetAuthorizationCookie',
      { clientId, dnsName, ...(targetGroup === undefined ? {} : { targetGroupName: targetGroup }) },
      config.authPath,
    );
    if (!authorization.result) throw badAnswer('GetAuthorizationCookie returned no cookie', hresult.noAuthCookie);
    const time = now();
    const { result } = await services.call(clientWebService, 'GetCookie', {
      authCookies: [authorization.result],
      oldCookie: { expiration: time },
      lastChange: parseDateTime(config.lastChange) ?? new Date(0),
      currentTime: time,
      protocolVersion,
    });
    if (!result?.encryptedData) throw badAnswer('GetCookie returned no cookie');
    this.keepCookie(result);
  }

  async #register(mark: string): Promise<void> {
    const { services, computer, note } = this.#parts;
    note('PT', 'PT: Registering this computer');
    await services.call(clientWebService, 'RegisterComputer', { cookie: this.#cookie(), computerInfo: computer });
    this.#state.registered = mark;
    this.#save();
  }

  #cookie(): Cookie {
    const { expiration = '', encryptedData = '' } = this.#state.cookie ?? {};
    return {
      expiration: parseDateTime(expiration) ?? new Date(0),
      encryptedData: Buffer.from(encryptedData, 'base64'),
    };
  }

  #load(): SessionState {
    const { clientId, targetGroup, services } = this.#parts;
    const fresh: SessionState = { server: services.server, clientId, targetGroup };
    const state = readSessionState(readCopy(this.#file)?.toString('utf8') ?? '');
    const same = state?.server === fresh.server && state.clientId === clientId && state.targetGroup === targetGroup;
    return same ? state : fresh;
  }

  #save(): void {
    writeFileAtomically(this.#file, JSON.stringify(this.#state));
  }
}

function keep<K extends keyof SessionState>(key: K, value: SessionState[K] | undefined): Partial<SessionState> {
  return value === undefined ? {} : ({ [key]: value } as Partial<SessionState>);
}

function badAnswer(what: string, result: number = hresult.soapParse): AgentError {
  return new AgentError('AGENT_SYNC_BAD_ANSWER', `The server's answer cannot be used: ${what}.`, { hresult: result });
}
