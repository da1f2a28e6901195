// SimpleAuth (MS-WUSP 2.2.2.1, 3.1.5.3): a client says who it is, and gets a sealed cookie that says so.
import { base64, text } from '../soap/scalars.ts';
import { operation, type Service } from '../soap/service.ts';
import { optional, record } from '../soap/shape.ts';

const authorizationCookie = record({
  plugInId: optional('PlugInId', text),
  cookieData: optional('CookieData', base64),
});

/** The only plug-in of WSUS, and the only one that GetConfig offers. */
export const simpleTargeting = 'SimpleTargeting';

const operations = {
  GetAuthorizationCookie: operation(
    record({
      clientId: optional('clientId', text),
      targetGroupName: optional('targetGroupName', text),
      dnsName: optional('dnsName', text),
    }),
    record({ result: optional('GetAuthorizationCookieResult', authorizationCookie) }),
  ),
};

export const simpleAuth: Service<typeof operations> = {
  namespace: 'http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService',
  paths: ['/SimpleAuthWebService/SimpleAuth.asmx'],
  envelope: 'soap',
  operations,
};
