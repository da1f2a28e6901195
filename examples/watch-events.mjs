// Prints each new event of a Moult server as it happens:
//   node examples/watch-events.mjs http://127.0.0.1:8530
// The stream sends whole documents (docs/home-page.md), so a lost connection costs nothing.
const server = process.argv[2] ?? 'http://127.0.0.1:8530';
const known = new Set();
let wasTold = false;

const answer = await fetch(new URL('/api/home/events', server));
if (!answer.ok || !answer.body) throw new Error(`${server} answers ${answer.status}`);
let text = '';
for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
  text += piece;
  const messages = text.split('\n\n');
  text = messages.pop() ?? '';
  for (const message of messages) if (/^event: home$/m.test(message)) show(JSON.parse(dataOf(message)));
}

function show({ events, names }) {
  if (!names.shown && !wasTold) console.error('This server shows events on its own machine only: docs/home-page.md.');
  wasTold = true;
  for (const { id, at, computer, outcome, headline, detail } of events.toReversed()) {
    if (known.has(id)) continue;
    known.add(id);
    console.log([at, JSON.stringify(computer), outcome, headline, detail ?? ''].join('\t'));
  }
}

function dataOf(message) {
  return message
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
}
