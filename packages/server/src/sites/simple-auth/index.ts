// SimpleAuth: a client says who it is and gets a sealed cookie. It holds no secret: MS-WUSP has none.

import { type simpleAuth, simpleTargeting } from '@moult/protocol/simple-auth';
import type { AuthorizedComputer } from '@moult/store';
import { callBounds } from '../../bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { Handlers } from '../../update-service/soap-site.ts';
import { requireGuid, type UpdateService } from '../../update-service/update-service.ts';

export function simpleAuthHandlers(service: UpdateService): Handlers<(typeof simpleAuth)['operations']> {
  return {
    async GetAuthorizationCookie({ clientId, targetGroupName, dnsName }, { clientAddress }) {
      const computerId = requireGuid(clientId, 'clientId');
      if (!dnsName || dnsName.length > callBounds.maxNameCharacters)
        throw new SoapFault('InvalidParameters', 'dnsName');
      const requestedGroups = groupsIn(targetGroupName);
      const at = service.now();
      const assign = service.config.targeting === 'client';
      const computer = { computerId, dnsName, address: clientAddress, requestedGroups, at };
      await admit(service, computer);
      const mayRecord = () => service.admission.admit('targeting-record', clientAddress);
      await service.store.noteAuthorization(computer, { assign, mayRecord });
      const cookieData = service.cookies.sealAuthorization({ computerId }, at);
      return { result: { plugInId: simpleTargeting, cookieData } };
    },
  };
}

/** Throws ServerBusy for what costs new rows, when the address or the server had enough of it. */
async function admit({ store, admission }: UpdateService, computer: AuthorizedComputer): Promise<void> {
  const acquaintance = await store.findAcquaintance(computer);
  if (acquaintance === 'known') return;
  const what = acquaintance === 'stranger' ? 'new-computer' : 'new-name';
  if (!admission.admit(what, computer.address)) throw new SoapFault('ServerBusy', '');
}

/** Policy separates several names by semicolons. */
function groupsIn(targetGroupName: string | undefined): string[] {
  const names = (targetGroupName ?? '').split(';').map((name) => name.trim());
  const distinct = [...new Set(names.filter((name) => name !== ''))];
  if (distinct.length > callBounds.maxGroups || distinct.some((name) => name.length > callBounds.maxNameCharacters)) {
    throw new SoapFault('InvalidParameters', 'targetGroupName');
  }
  return distinct;
}
