// The exclusion that keeps SharePoint's hands off self-update (managed paths of type "excluded"), said to the proxies
// of today: these paths go to the update server, without logon, without cache, in any letter case, before any other
// rule.

export const proxyKinds = ['nginx', 'apache', 'caddy', 'haproxy', 'iis-arr'] as const;
type ProxyKind = (typeof proxyKinds)[number];

/** Single files in the root of the site, as regular expressions. */
const files = ['iuident\\.cab', 'wutrack\\.bin'];
/** Whole folders. The first two are the page's. Clients that came that far need the others too. */
const folders = ['selfupdate', 'clientwebservice', 'simpleauthwebservice', 'reportingwebservice', 'content'];

const pattern = `^/+(?:${files.join('|')}|(?:${folders.join('|')})(?:/.*)?)$`;

export function isProxyKind(text: string): text is ProxyKind {
  return proxyKinds.some((kind) => kind === text);
}

/** Configuration ready to paste. `updateServer` is where the update server itself answers, scheme, host and port. */
export function proxySnippet(kind: ProxyKind, updateServer: URL): string {
  return writers[kind](updateServer);
}

const writers: Record<ProxyKind, (server: URL) => string> = {
  nginx: (server) => `# nginx: inside the server { } block of port 80, above the other locations.
location ~* "${pattern}" {
    auth_basic off;
    auth_request off;
    proxy_pass ${server.origin};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_cache off;
    proxy_force_ranges on;
    client_max_body_size 16m;
}
`,
  apache: (server) => `# Apache: inside the <VirtualHost> of port 80, above other ProxyPass lines.
# Needs mod_proxy, mod_proxy_http and mod_authz_core: a2enmod proxy proxy_http
ProxyPreserveHost On
ProxyPassMatch "(?i)${pattern.replace('^/+(?:', '^/+((?:').replace(/\)\$$/, '))$')}" "${server.origin}/$1"
<LocationMatch "(?i)${pattern}">
    AuthType None
    AuthMerging Off
    Require all granted
    SetEnv no-gzip 1
</LocationMatch>
`,
  caddy: (server) => `# Caddy 2: inside the site block of port 80 (http://…), above other handlers.
@selfupdate path_regexp selfupdate (?i)${pattern}
handle @selfupdate {
    reverse_proxy ${server.host} {
        header_up Host {http.request.host}
    }
}
`,
  haproxy: (server) => `# HAProxy: in the frontend of port 80, above other http-request and use_backend lines.
    acl is_selfupdate path_reg -i ${pattern}
    http-request allow if is_selfupdate
    use_backend update_server if is_selfupdate

# HAProxy: a backend of its own.
backend update_server
    mode http
    option forwardfor
    server update1 ${server.hostname}:${server.port || (server.protocol === 'https:' ? 443 : 80)}${server.protocol === 'https:' ? ' ssl verify required' : ''}
`,
  'iis-arr': (
    server,
  ) => `<!-- IIS with Application Request Routing: web.config of the site on port 80, first rule of <system.webServer><rewrite><rules>.
     Switch the proxy on: Application Request Routing Cache, Server Proxy Settings, Enable proxy. -->
<rule name="Self-update goes to the update server" stopProcessing="true">
  <match url="${pattern.replace('^/+', '^/*')}" ignoreCase="true" />
  <action type="Rewrite" url="${server.origin}/{R:0}" />
</rule>
<!-- And anonymous access for these paths, beside <rewrite>: -->
<!-- <location path="selfupdate"><system.webServer><security><authentication>
       <anonymousAuthentication enabled="true" /><windowsAuthentication enabled="false" />
     </authentication></security></system.webServer></location> -->
`,
};
