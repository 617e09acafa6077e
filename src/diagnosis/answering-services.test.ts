import { expect, test } from 'vitest';
import { buildSpan } from '../signature/span-builder.js';
import type { Span } from '../trace/span.js';
import { answeringServices } from './answering-services.js';
import { linkSpans } from './culprit/links.js';
import { peerServices } from './culprit/visit.js';
import { peerDirectory } from './finding.js';

const answered = (trace: string, service: string, address: string): readonly Span[] => [
  buildSpan({ id: 'call', trace, service: 'front', kind: 'client', attributes: { 'server.address': address } }), buildSpan({ id: 'answer', parent: 'call', trace, service, kind: 'server' }),
];

test('an address at which several services answer names none of them, in whichever order they are met', () => {
  const answers = [['proxy', 'cart'], ['price.svc', 'price'], ['proxy', 'stock'], ['proxy', 'cart']] as const;
  for (const met of [answers, answers.toReversed()]) {
    expect([...answeringServices(met)]).toEqual([['price.svc', 'price']]);
    const spans = met.map(([address, service], index) => answered(`t${index}`, service, address));
    expect([...peerDirectory(spans.map((own) => ({ spans: own, badSpanId: own[0]!.spanId })))]).toEqual([['price.svc', 'price']]);
    expect([...peerServices([linkSpans(spans.flat())])]).toEqual([['price.svc', 'price']]);
  }
});
