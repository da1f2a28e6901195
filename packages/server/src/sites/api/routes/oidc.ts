// Log-ons by an issuer of OpenID Connect.
import { accountOfIdentity } from '@moult/administration/accounts';
import * as z from 'zod';
import { Reply, route } from '../route.ts';
import { flowCookie } from '../session-cookie.ts';
import { loggedOn, openSessionFor } from './sessions.ts';

const topic = 'Sessions';

export const oidcRoutes = [
  route(['showLogOnWays', 'GET', '/session/ways', 'anyone', topic], {
    summary: 'Show how people log on: by password, and by an issuer of OpenID Connect if one is set',
    answer: z.looseObject({ password: z.boolean(), issuer: z.string().nullable().describe('The host of the issuer') }),
    async handle({ oidc, administration: { store } }) {
      await store.loadSetting('server-id');
      return { password: true, issuer: oidc.issuerHost ?? null };
    },
  }),
  route(['beginLogOn', 'POST', '/session/issuer', 'anyone', topic], {
    summary: 'Begin a log-on by the issuer. The answer says where the browser goes, and sets a cookie',
    bodySchema: z.strictObject({}),
    answer: z.looseObject({ location: z.string() }),
    isSecret: true,
    refusals: { 409: 'No issuer is set, or it does not answer' },
    async handle({ oidc, visitor, administration: { store } }) {
      // While the database is away, log-ons fail: said before the person goes to the issuer.
      await store.loadSetting('server-id');
      const { location, secret } = await oidc.begin(visitor.address);
      return new Reply({ location }, { 'set-cookie': flowCookie(secret, visitor.isSecure) });
    },
  }),
  route(['finishLogOn', 'POST', '/session/issuer/return', 'anyone', topic], {
    summary:
      'End a log-on by the issuer, with what it sent the browser back with. The answer sets the cookie of a session',
    bodySchema: z.strictObject({ search: z.string().min(1).max(8192) }),
    answer: loggedOn,
    isSecret: true,
    refusals: {
      409: 'The log-on was not begun here, or the issuer did not confirm it, or no group has a role',
      429: 'Too many log-ons failed from this address',
    },
    async handle(call) {
      const { oidc, administration, visitor, logOns, flowSecret, body } = call;
      await administration.store.loadSetting('server-id');
      return logOns.once(
        visitor.address,
        async () => {
          const identity = await oidc.finish(flowSecret, body.search);
          const author = { ...administration.author, name: `issuer ${oidc.issuerHost} (${visitor.address})` };
          return openSessionFor(call, await accountOfIdentity({ ...administration, author }, identity));
        },
        'issuer ',
      );
    },
  }),
];
