// The WSUS client's program, bundled to agent.mjs.
import { runProgram } from '../program/shell.ts';
import { WsusClient } from './client.ts';

runProgram(import.meta.dirname, process.argv.slice(2), (context) => new WsusClient(context));
