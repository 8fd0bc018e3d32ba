//! Blocks as judges of filters, and the clues of inputs.

use super::{block, block_hash, bytes, input, output, script, scripts, transaction};
use crate::filters::clues::spent_script;
use crate::filters::contents::{self, Elements, MissingPrevout, build};
use crate::filters::gcs;
use crate::filters::judge::{Fault, judge};
use bitcoin_hashes::hash160;
use dash_protocol::{Block, BlockHash, OutPoint};
use fastrand::Rng;
use std::collections::HashMap;

/// A push of bytes.
fn push(bytes: &[u8]) -> Vec<u8> {
    match bytes.len() {
        short @ 0..=75 => [&[short as u8], bytes].concat(),
        long @ 76..=255 => [&[0x4c, long as u8], bytes].concat(),
        long => [&[0x4d][..], &(long as u16).to_le_bytes(), bytes].concat(),
    }
}

fn signature(rng: &mut Rng) -> Vec<u8> {
    let mut signature = bytes(rng, 71);
    signature[..4].copy_from_slice(&[0x30, 68, 2, 32]);
    signature
}

fn key(rng: &mut Rng) -> Vec<u8> {
    [&[2 + rng.u8(..2)][..], &bytes(rng, 32)].concat()
}

fn key_hash_script(key: &[u8]) -> Vec<u8> {
    [&[0x76, 0xa9, 20][..], &hash160::Hash::hash(key).to_byte_array(), &[0x88, 0xac]].concat()
}

fn script_hash_script(script: &[u8]) -> Vec<u8> {
    [&[0xa9, 20][..], &hash160::Hash::hash(script).to_byte_array(), &[0x87]].concat()
}

#[test]
fn a_payment_to_a_keys_hash_shows_the_key() {
    let mut rng = Rng::with_seed(1);
    let (signature, key) = (signature(&mut rng), key(&mut rng));
    let script_sig = [push(&signature), push(&key)].concat();
    assert_eq!(spent_script(&script_sig), Some(key_hash_script(&key)));
    let long = [&[4][..], &bytes(&mut rng, 64)].concat();
    assert_eq!(spent_script(&[push(&signature), push(&long)].concat()), Some(key_hash_script(&long)));
}

#[test]
fn a_payment_to_a_scripts_hash_shows_the_script() {
    let mut rng = Rng::with_seed(2);
    let keys = [key(&mut rng), key(&mut rng), key(&mut rng)];
    let signatures = [push(&signature(&mut rng)), push(&signature(&mut rng))].concat();
    let multisig = [&[0x52][..], &keys.map(|key| push(&key)).concat(), &[0x53, 0xae]].concat();
    let script_sig = [&[0][..], &signatures, &push(&multisig)].concat();
    assert_eq!(spent_script(&script_sig), Some(script_hash_script(&multisig)));
    let single = [&push(&key(&mut rng))[..], &[0xac]].concat();
    let script_sig = [push(&signature(&mut rng)), push(&single)].concat();
    assert_eq!(spent_script(&script_sig), Some(script_hash_script(&single)));
}

#[test]
fn nothing_is_read_into_inputs_of_other_forms() {
    let mut rng = Rng::with_seed(3);
    let (one, two, key) = (signature(&mut rng), signature(&mut rng), key(&mut rng));
    let checks = [&push(&key)[..], &[0xac]].concat();
    for (script_sig, form) in [
        (vec![], "nothing"),
        (push(&one), "a payment to a bare key"),
        ([&[0][..], &push(&one), &push(&two)].concat(), "a payment to several bare keys"),
        ([push(&bytes(&mut rng, 32)), push(&key)].concat(), "a key without a signature"),
        ([push(&one), push(&bytes(&mut rng, 32))].concat(), "a signature and something else"),
        (push(&checks), "a script without a signature"),
        ([&push(&one)[..], &push(&key), &[0x75]].concat(), "more than pushes"),
        ([push(&one), push(&[checks.clone(), vec![9]].concat())].concat(), "a script that is cut short"),
        ([push(&one), push(&[checks, vec![0x75; 600]].concat())].concat(), "a script too long to push"),
        ([&push(&one)[..], &[0x4c]].concat(), "a push without its length"),
        ([&push(&one)[..], &[0x4e, 1, 0, 0, 0, 7]].concat(), "a push of four bytes' length"),
    ] {
        assert_eq!(spent_script(&script_sig), None, "{form}");
    }
    for _ in 0..50_000 {
        let len = rng.usize(..40);
        let mut random = bytes(&mut rng, len);
        random.iter_mut().for_each(|byte| *byte %= 0x70);
        spent_script(&random);
    }
}

/// A block of three payments, its hash, what it spends, and its filter.
struct Case {
    hash: BlockHash,
    block: Block,
    prevouts: HashMap<OutPoint, Vec<u8>>,
    filter: Vec<u8>,
}

impl Case {
    /// Two inputs show a key each; with `silent` another one shows nothing.
    fn new(rng: &mut Rng, silent: bool) -> Self {
        let (mut inputs, mut prevouts) = (vec![], HashMap::new());
        for _ in 0..2 {
            let key = key(rng);
            let script_sig = [push(&signature(rng)), push(&key)].concat();
            inputs.push(input(rng, script_sig));
            prevouts.insert(inputs[inputs.len() - 1].previous, key_hash_script(&key));
        }
        if silent {
            let script_sig = push(&signature(rng));
            inputs.push(input(rng, script_sig));
            prevouts.insert(inputs[2].previous, [&push(&key(rng))[..], &[0xac]].concat());
        }
        let outputs = |rng: &mut Rng| scripts(rng, 2).iter().map(|script| output(script)).collect::<Vec<_>>();
        let mut transactions = vec![transaction(vec![], outputs(rng)), transaction(inputs, outputs(rng))];
        // One output is spent in the block itself.
        let script_sig = push(&signature(rng));
        let mut chained = input(rng, script_sig);
        chained.previous = OutPoint { txid: transactions[1].txid(), vout: 1 };
        transactions.push(transaction(vec![chained], outputs(rng)));
        Self::of(rng, block(transactions), prevouts)
    }

    fn of(rng: &mut Rng, block: Block, prevouts: HashMap<OutPoint, Vec<u8>>) -> Self {
        let hash = block_hash(rng);
        let filter = build(&hash, &block, |place| prevouts.get(place).map(|script| &script[..])).unwrap();
        Self { hash, block, prevouts, filter }
    }

    fn elements(&self) -> Elements {
        let mut elements = Elements::new();
        contents::add_created(&self.block, &mut elements);
        elements.extend(self.prevouts.values().cloned());
        elements
    }

    /// The filter without these, with others in their places if they are `replaced`.
    fn without(&self, rng: &mut Rng, lacking: &[&Vec<u8>], replaced: bool) -> Vec<u8> {
        let mut elements = self.elements();
        for element in lacking {
            assert!(elements.remove(*element));
            if replaced {
                elements.insert(script(rng));
            }
        }
        gcs::encode(&self.hash, &elements)
    }

    fn judge(&self, filters: &[&[u8]]) -> Vec<Option<Fault>> {
        judge(&self.hash, &self.block, filters)
    }

    fn spent(&self, input: usize) -> &Vec<u8> {
        &self.prevouts[&self.block.transactions[1].inputs[input].previous]
    }
}

#[test]
fn a_filter_needs_the_scripts_of_what_its_block_spends() {
    let mut rng = Rng::with_seed(4);
    let case = Case::new(&mut rng, true);
    assert_eq!(case.filter, gcs::encode(&case.hash, &case.elements()));
    let first = case.block.transactions[1].inputs[0].previous;
    assert_eq!(build(&case.hash, &case.block, |_| None), Err(MissingPrevout(first)));
}

#[test]
fn a_filter_without_an_output_is_convicted_whatever_the_others_say() {
    let mut rng = Rng::with_seed(5);
    for silent in [true, false] {
        let case = Case::new(&mut rng, silent);
        for hidden in case.block.transactions.iter().flat_map(|transaction| &transaction.outputs) {
            for replaced in [false, true] {
                let lie = case.without(&mut rng, &[&hidden.script], replaced);
                let fault = Some(Fault::Lacks(hidden.script.clone()));
                assert_eq!(case.judge(&[&case.filter, &lie]), [None, fault.clone()]);
                assert_eq!(case.judge(&[&lie, &lie]), [fault.clone(), fault.clone()]);
                assert_eq!(case.judge(&[&lie]), [fault]);
            }
        }
    }
}

#[test]
fn a_filter_without_a_spend_that_its_input_shows_is_convicted_by_one_that_has_it() {
    let mut rng = Rng::with_seed(6);
    let case = Case::new(&mut rng, true);
    for at in 0..2 {
        let hidden = case.spent(at).clone();
        let lie = case.without(&mut rng, &[&hidden], true);
        let fault = Some(Fault::LacksSpent(hidden));
        assert_eq!(case.judge(&[&lie, &case.filter]), [fault.clone(), None]);
        assert_eq!(case.judge(&[&case.filter, &lie, &lie]), [None, fault.clone(), fault]);
    }
}

#[test]
fn nobody_is_convicted_by_clues_that_no_filter_holds_all_of() {
    let mut rng = Rng::with_seed(7);
    let case = Case::new(&mut rng, true);
    let (first, second) = (case.spent(0).clone(), case.spent(1).clone());
    let one = case.without(&mut rng, &[&first], true);
    let two = case.without(&mut rng, &[&second], true);
    assert_eq!(case.judge(&[&one, &two]), [None, None]);
    assert_eq!(case.judge(&[&one, &one]), [None, None]);
}

#[test]
fn a_spend_that_nothing_shows_convicts_nobody() {
    let mut rng = Rng::with_seed(8);
    let case = Case::new(&mut rng, true);
    let hidden = case.spent(2).clone();
    for replaced in [false, true] {
        let lie = case.without(&mut rng, &[&hidden], replaced);
        assert_eq!(case.judge(&[&case.filter, &lie]), [None, None]);
    }
}

/// A miner can spend an output of an odd form by bytes that look like a payment to a key's hash.
#[test]
fn a_false_clue_does_not_convict_a_true_filter_by_itself() {
    let mut rng = Rng::with_seed(9);
    let script_sig = [push(&signature(&mut rng)), push(&key(&mut rng))].concat();
    let odd = input(&mut rng, script_sig);
    let prevouts = HashMap::from([(odd.previous, vec![0x6d, 0x51])]);
    let outputs = vec![output(&script(&mut rng))];
    let transactions = vec![transaction(vec![], outputs.clone()), transaction(vec![odd], outputs)];
    let case = Case::of(&mut rng, block(transactions), prevouts);
    let lie = case.without(&mut rng, &[&vec![0x6d, 0x51]], true);
    assert_eq!(case.judge(&[&case.filter, &lie]), [None, None]);
}

#[test]
fn a_filter_of_more_elements_than_its_block_can_have_is_convicted() {
    let mut rng = Rng::with_seed(10);
    let case = Case::new(&mut rng, true);
    let mut elements = case.elements();
    elements.insert(script(&mut rng));
    let lie = gcs::encode(&case.hash, &elements);
    // Six outputs and three inputs whose spends are not certain.
    let fault = Fault::Count { found: 10, least: 6, most: 9 };
    assert_eq!(case.judge(&[&case.filter, &lie]), [None, Some(fault)]);
}

#[test]
fn a_block_that_spends_nothing_foreign_has_one_filter() {
    let mut rng = Rng::with_seed(11);
    let outputs: Vec<_> = scripts(&mut rng, 3).iter().map(|script| output(script)).collect();
    let coinbase = transaction(vec![], outputs);
    let mut own = input(&mut rng, vec![]);
    own.previous = OutPoint { txid: coinbase.txid(), vout: 0 };
    let spend = transaction(vec![own], vec![output(&script(&mut rng))]);
    let case = Case::of(&mut rng, block(vec![coinbase, spend]), HashMap::new());
    assert_eq!(case.judge(&[&case.filter]), [None]);
    let hidden = case.elements().pop_first().unwrap();
    let lie = case.without(&mut rng, &[&hidden], true);
    assert_eq!(case.judge(&[&case.filter, &lie]), [None, Some(Fault::Lacks(hidden))]);
    let other = gcs::encode(&block_hash(&mut rng), &case.elements());
    assert!(case.judge(&[&other])[0].is_some(), "a filter under another block's key");
}

#[test]
fn what_is_no_filter_is_convicted() {
    let mut rng = Rng::with_seed(12);
    let case = Case::new(&mut rng, true);
    let cut = &case.filter[..case.filter.len() - 1];
    let longer = [&case.filter[..], &[0]].concat();
    let faults = case.judge(&[cut, &case.filter, &longer, &[]]);
    assert!(matches!(
        &faults[..],
        [Some(Fault::Malformed(_)), None, Some(Fault::Malformed(_)), Some(Fault::Malformed(_))]
    ));
}

#[test]
fn outputs_that_nobody_can_spend_and_empty_scripts_are_in_no_filter() {
    let mut rng = Rng::with_seed(13);
    let kept = script(&mut rng);
    let outputs = [&[0x6a, 1, 2][..], &[], &kept].map(output).to_vec();
    let mut spend = input(&mut rng, vec![]);
    let returned = spend.previous;
    spend.script = vec![0x51];
    let transactions = vec![transaction(vec![], outputs), transaction(vec![spend], vec![output(&kept)])];
    // What is spent is held whatever it begins with, but not if it is empty.
    let case = Case::of(&mut rng, block(transactions.clone()), HashMap::from([(returned, vec![0x6a])]));
    assert_eq!(case.filter, gcs::encode(&case.hash, &Elements::from([kept.clone(), vec![0x6a]])));
    let case = Case::of(&mut rng, block(transactions), HashMap::from([(returned, vec![])]));
    assert_eq!(case.filter, gcs::encode(&case.hash, &Elements::from([kept])));
}
