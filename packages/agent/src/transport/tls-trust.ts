// Whom an https server must be certified by: the operator whose CA this machine has pinned, the system's store, or either.
import type { SecureContext } from 'node:tls';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';

/** `any`: the operator, the system's store, or the authorities that Node brings. */
export const tlsTrusts = ['any', 'operator', 'system'] as const;
export type TlsTrust = (typeof tlsTrusts)[number];

export interface TlsTrusted {
  trust: TlsTrust;
  /** Made when it is first needed: hundreds of certificates. Throws AgentError AGENT_TRANSPORT_TLS. */
  context(): SecureContext;
}

/** `operatorCaPem`: undefined while none is pinned. */
export function trustedByTls(trust: TlsTrust, operatorCaPem: string | undefined): TlsTrusted {
  let made: SecureContext | undefined;
  return {
    trust,
    context() {
      made ??= tls().createSecureContext({ ca: authorities(trust, operatorCaPem) });
      return made;
    },
  };
}

/** The name of the trust in a message. */
export function describeTrust(trust: TlsTrust): string {
  if (trust === 'operator') return "the operator's CA that this machine has pinned (TlsTrust is operator)";
  if (trust === 'system') return "an authority of this system's store (TlsTrust is system)";
  return "the operator's CA or an authority that this system trusts";
}

export function isTlsTrust(text: string): text is TlsTrust {
  return tlsTrusts.some((known) => known === text);
}

function authorities(trust: TlsTrust, operatorCaPem: string | undefined): string[] {
  const operator = operatorCaPem === undefined ? [] : [operatorCaPem];
  if (trust === 'operator' && operator.length === 0) {
    const text =
      'TlsTrust is operator, and no CA of an operator is pinned. Install the agent with --operator-cert FILE.';
    throw new AgentError('AGENT_TRANSPORT_TLS', text, { hresult: hresult.tlsUnknownCa });
  }
  if (trust === 'operator') return operator;
  if (trust === 'system') return storeOf('system');
  return [...operator, ...storeOf('system'), ...storeOf('default')];
}

/** A store that cannot be read has no authorities: the error then is that the server is not trusted. */
function storeOf(which: 'system' | 'default'): string[] {
  try {
    return tls().getCACertificates(which);
  } catch {
    return which === 'default' ? [...tls().rootCertificates] : [];
  }
}

/** Loaded when it is first needed, as in request.ts. */
function tls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}
