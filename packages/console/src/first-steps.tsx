// The first steps on a server that no computer has contacted yet.
import type { ReactNode } from 'react';

export function FirstSteps(): ReactNode {
  const server = location.origin;
  return (
    <section aria-labelledby="first-heading" className="card">
      <h2 id="first-heading">No computer has contacted this server yet</h2>
      {isLoopback(location.hostname) && (
        <p className="dim">
          You look at it from the server itself. For other computers, put its name in place of {location.hostname}{' '}
          below.
        </p>
      )}
      <ol className="steps">
        <li>
          <h3>Point a Windows computer here</h3>
          <p>
            By Group Policy (“Specify intranet Microsoft update service location”), or on one computer as administrator:
          </p>
          <Commands
            label="Commands for one Windows computer"
            lines={[
              `reg add ${policyKey} /v WUServer /t REG_SZ /d ${server} /f`,
              `reg add ${policyKey} /v WUStatusServer /t REG_SZ /d ${server} /f`,
              `reg add ${policyKey}\\AU /v UseWUServer /t REG_DWORD /d 1 /f`,
              'net stop wuauserv',
              'net start wuauserv',
            ]}
          />
        </li>
        <li>
          <h3>Or try it with an agent in a folder</h3>
          <p>A whole old computer in one directory: a SUS client that finds this server and replaces itself.</p>
          <Commands
            label="Commands for an agent in a folder"
            lines={[
              `npx moult agent install --root old-computer --generation sus --server ${server}`,
              'npx moult agent run --root old-computer --now',
            ]}
          />
        </li>
        <li>
          <h3>Check the way from a client</h3>
          <p>
            In a browser on the client, both must offer a download: <a href="/iuident.cab">{server}/iuident.cab</a> and{' '}
            <a href="/selfupdate/wuident.cab">{server}/selfupdate/wuident.cab</a>. You do not need to save them. A
            client does not update itself this way.
          </p>
        </li>
      </ol>
    </section>
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}

const policyKey = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';

function Commands({ lines, label }: { lines: string[]; label: string }): ReactNode {
  return (
    // Long lines scroll, and what scrolls must be reachable by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region needs focus
    <section className="commands" tabIndex={0} aria-label={label}>
      <pre>{lines.join('\n')}</pre>
    </section>
  );
}
