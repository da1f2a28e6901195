// Operations on the steps of the set-up, from the first account to the first approved update.
import { noteSetUpStep, readSetUp, setUpSteps, updateSources } from '@moult/administration/set-up';
import * as z from 'zod';
import { route } from '../route.ts';
import { instant } from '../shapes.ts';

const topic = 'Set-up';
const state = z.enum(['open', 'done', 'skipped']);
const source = z.enum(updateSources);

const answer = z.looseObject({
  steps: z.array(
    z.looseObject({
      ...{ step: z.enum(setUpSteps), state, by: z.string().optional().describe('Who noted it') },
      at: instant.optional(),
    }),
  ),
  source: source.optional().describe('As a person chose it. The settings decide'),
  upstream: z.string().describe('The upstream server that the settings name'),
  isMicrosoft: z.boolean().describe("It is Microsoft's public service"),
});

export const setUpRoutes = [
  route(['readSetUp', 'GET', '/set-up/steps', 'read', topic], {
    summary: 'Show which steps of the set-up are open',
    answer,
    handle: ({ administration }) => readSetUp(administration),
  }),
  route(['noteSetUpStep', 'POST', '/set-up/steps/{step}', 'administer', topic], {
    pathSchema: z.object({ step: z.enum(setUpSteps) }),
    summary: 'Leave a step of the set-up out, open it again, or note that it is done. No setting changes',
    bodySchema: z.strictObject({
      state: state.describe('A step whose result the server has stays done. Only "clients" can be done by a note'),
      source: source.optional().describe('Of the step "source": where updates come from'),
    }),
    answer,
    handle: ({ administration, path, body }) => noteSetUpStep(administration, path.step, body),
  }),
];
