/** A wallet that pretends: every watch has the same made-up history, and every broadcast gets a stage a second. */

const STAGES = ['sent', 'echoed', 'instantlocked', 'mined', 'chainlocked'];
const FINALITIES = ['seen', 'instantlocked', 'mined', 'chainlocked'];
const AMOUNTS = ['250000000', '-125000226', '1771428571', '1', '-90000000000', '123456789012345678'];

const hex = (seed, bytes) =>
  [...Array(bytes)].map((_, i) => ((seed * 7919 + i * 104_729) % 251).toString(16).padStart(2, '0')).join('');
const bad = (name, why) => ({
  code: 'bad-input',
  message: `option \`${name}\`: ${why}`,
  retryable: false,
  details: name,
});

export class FakeWallet {
  #watches = new Map();
  #broadcasts = new Map();

  constructor(event, height) {
    this.event = event;
    this.height = height;
  }

  has(method) {
    return /^(watch|broadcast|transaction)/.test(method);
  }

  watch(target) {
    const text = target.address ?? target.xpub ?? target.descriptor;
    if (target.address && !/^[Xy7][1-9A-Za-z]{33}$/.test(text)) throw bad('target', 'the address cannot be read');
    const id = hex(text.length + text.charCodeAt(text.length - 2), 16);
    this.#watches.set(id, target);
    return { id };
  }

  watches() {
    return [...this.#watches.keys()].map(id => ({ id }));
  }

  'watch.balance'() {
    return {
      chainlocked: '123456787781943247',
      instantlocked: '250000000',
      mined: '0',
      pending: '1',
      immature: '1771428571',
      total: '123456789803371819',
    };
  }

  'watch.history'(_id, _before, limit) {
    const record = n => {
      const finality = FINALITIES[Math.min(3, n)];
      const height = this.height - n * 7;
      const inBlock = finality === 'mined' || finality === 'chainlocked';
      return {
        txid: hex(n + 3, 32),
        raw: new Uint8Array(10),
        delta: AMOUNTS[n % AMOUNTS.length],
        finality,
        block: inBlock ? { height, hash: hex(n, 32), time: Date.now() - n * 1_050_000 } : null,
        conflictsWith: n === 0 ? [hex(99, 32)] : [],
        type: { 2: 5, 4: 8 }[n] ?? 0,
      };
    };
    return [...Array(Math.min(limit, 31))].map((_, n) => record(n));
  }

  'watch.nextAddress'(id) {
    if (this.#watches.get(id)?.address) throw { code: 'unsupported', message: 'it has no branch', retryable: false };
    return 'yP8A3cbdxRtLRduy5mXDsBnJtMzHWs6ZXr';
  }

  'watch.remove'(id) {
    this.#watches.delete(id);
  }

  broadcast(raw) {
    if (!/^([0-9a-f]{2})+$/i.test(raw)) throw bad('rawTx', 'must be hexadecimal digits, two for each byte');
    const broadcast = { txid: hex(raw.length, 32), stage: null, peers: 0 };
    this.#broadcasts.set(broadcast.txid, broadcast);
    const timer = setInterval(() => {
      if (!this.#broadcasts.has(broadcast.txid)) return clearInterval(timer);
      broadcast.stage = STAGES[STAGES.indexOf(broadcast.stage) + 1];
      broadcast.peers = 3;
      // What ends in zeros is rejected, so that this can be seen, too.
      if (broadcast.stage === 'instantlocked' && raw.endsWith('00')) {
        broadcast.rejected = { code: 'rejected', message: 'a conflicting transaction is locked', retryable: false };
      }
      if (broadcast.rejected || broadcast.stage === 'chainlocked') clearInterval(timer);
      this.event({ type: 'broadcast', broadcast: { ...broadcast } });
    }, 1_000);
    return { ...broadcast };
  }

  broadcasts() {
    return [...this.#broadcasts.values()];
  }

  'broadcast.stop'(txid) {
    this.#broadcasts.delete(txid);
  }
}
