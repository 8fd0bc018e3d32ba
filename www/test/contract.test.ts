import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type * as contract from '../src/api.d.ts';
import type * as built from '../src/index.ts';

// Checked by the compiler: what is built is what the contract declares.
type Same<A, B> = A extends B ? (B extends A ? true : never) : never;
const open: Same<typeof built.open, typeof contract.open> = true;
const destroy: Same<typeof built.destroy, typeof contract.destroy> = true;
const version: Same<typeof built.version, typeof contract.version> = true;
const error: InstanceType<typeof built.SpvError> extends InstanceType<typeof contract.SpvError> ? true : never = true;
const shape: typeof built extends typeof contract ? true : never = true;

test('the built module has the contract’s shape', () => {
  assert.ok(open && destroy && version && error && shape);
});

/** What the declarations shipped have beyond the contract; without it they are the contract to the letter. */
const ADDITIONS = [
  /; \/\*\* Addition: [^\n]* \*\/ history\?: number(?= };\n)/,
  /(?<=verified: boolean; )\/\*\* Addition: [^\n]* \*\/ (?=members: Hex\[\] }\n)/,
  /\n {2}\/\*\* Addition: [^\n]* \*\/\n {2}quorumRequests: {[^{}\n]*};(?=\n)/,
  /\n {2}\/\*\* Addition: [^\n]* \*\/\n {2}\| { type: 'broadcast'; [^{}\n]* }(?=\n)/,
];

test('the declarations shipped are the contract, with additions', t => {
  const shared = join(process.env['WWW'] ?? '.', '../../shared/api.d.ts');
  if (!existsSync(shared)) {
    t.skip('the contract is not beside the project');
    return;
  }
  const own = readFileSync(join(process.env['WWW'] ?? '.', 'src/api.d.ts'), 'utf8');
  const without = ADDITIONS.reduce((text, addition) => {
    assert.match(text, addition);
    return text.replace(addition, '');
  }, own);
  assert.equal(without, readFileSync(shared, 'utf8'));
});
