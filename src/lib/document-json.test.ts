import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeDocument, encodeDocument } from './document-json.js';

const leaf = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null), fc.constant(undefined));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('tree')), fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', 'v')), tie('tree'), { noNullPrototype: true })),
}));

test('any tree of plain values comes back as it was, keys with undefined values included', () => {
  fc.assert(fc.property(tree, (document) => { expect(decodeDocument(encodeDocument(document))).toStrictEqual(document); }));
});

test('text of an unknown version is refused, never guessed at', () => {
  expect(() => decodeDocument('{"v":2,"document":{}}')).toThrow('version 2');
});
