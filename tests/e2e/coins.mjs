// A key with its address on regtest, and transactions that spend what it was paid: written down here by the rules, since
// the package holds no keys.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Regtest's prefix of addresses that name the hash of a key. */
const PREFIX = 140;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const hash = (name, bytes) => createHash(name).update(bytes).digest();
const sha256d = bytes => hash('sha256', hash('sha256', bytes));
const number = bytes => BigInt(`0x${bytes.toString('hex')}`);
const bytes32 = value => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

function base58check(payload) {
  const bytes = Buffer.concat([payload, sha256d(payload).subarray(0, 4)]);
  let value = number(bytes);
  let text = '';
  for (; value > 0n; value /= 58n) text = ALPHABET[Number(value % 58n)] + text;
  return '1'.repeat(bytes.findIndex(byte => byte !== 0)) + text;
}

/** A fresh key: its address and script, and its signature over a spend. */
export function key() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const compressed = Buffer.concat([Buffer.from([2 + (y[31] & 1)]), x]);
  const keyHash = hash('ripemd160', hash('sha256', compressed));
  const script = Buffer.concat([Buffer.from('76a914', 'hex'), keyHash, Buffer.from('88ac', 'hex')]);
  const signature = preimage => {
    // One of both hashes is the signer's own.
    const raw = sign('sha256', hash('sha256', preimage), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const s = number(raw.subarray(32));
    return der(raw.subarray(0, 32), bytes32(s > ORDER / 2n ? ORDER - s : s));
  };
  return { address: base58check(Buffer.concat([Buffer.from([PREFIX]), keyHash])), script, compressed, signature };
}

function der(r, s) {
  const integer = bytes => {
    const trimmed = bytes.subarray(bytes.findIndex(byte => byte !== 0));
    const positive = trimmed[0] & 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed;
    return Buffer.concat([Buffer.from([2, positive.length]), positive]);
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** A transaction in hex that spends one output of a key (`txid:vout`) to a script, all of it but a fee. */
export function spend(from, outpoint, value, to, fee = 1_000n) {
  const [txid, vout] = outpoint.split(':');
  const u32 = value => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(Number(value));
    return bytes;
  };
  const u64 = value => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const short = bytes => Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const whole = scriptSig =>
    Buffer.concat([
      u32(2),
      Buffer.from([1]),
      Buffer.from(txid, 'hex').reverse(),
      u32(vout),
      short(scriptSig),
      u32(0xffffffff),
      Buffer.from([1]),
      u64(BigInt(value) - fee),
      short(to),
      u32(0),
    ]);
  const signature = from.signature(Buffer.concat([whole(from.script), u32(1)]));
  const pushed = short(Buffer.concat([signature, Buffer.from([1])]));
  return whole(Buffer.concat([pushed, short(from.compressed)])).toString('hex');
}
