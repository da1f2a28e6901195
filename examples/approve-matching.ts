// Shows the updates that nobody decided on and whose title has a text, and approves them for a group:
//   MOULT_TOKEN=... NODE_EXTRA_CA_CERTS=operator-ca.cer.pem node approve-matching.ts https://SERVER:8531 Defender Pilot
import { connect, MoultError } from 'moult/client';

const [url = 'https://127.0.0.1:8531', search = 'Defender', group = 'Pilot'] = process.argv.slice(2);
const filter = { approval: 'unapproved', search } as const;

try {
  const moult = connect({ url, token: process.env.MOULT_TOKEN ?? '' });
  let expected = 0;
  for await (const { title, needed = 0 } of moult.all('listUpdates', { query: filter })) {
    console.log(`${JSON.stringify(title)} is needed by ${needed} computers`);
    expected += 1;
  }
  // The server counts again. If the list changed meanwhile, no update changes.
  const { count } = await moult.approveMatchingUpdates({ body: { filter, expected, groups: [group] } });
  console.log(`${count} updates are approved for ${group}`);
} catch (error) {
  if (!(error instanceof MoultError)) throw error;
  console.error(error.status === 202 ? 'A second person must confirm it.' : error.message);
  process.exitCode = 1;
}
